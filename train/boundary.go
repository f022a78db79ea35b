package train

import (
	"encoding/json"
	"fmt"

	"textgan/internal/nn"
)

// longStep is the number of updates beyond which a step can be broken off between two of
// them. A shorter one is finished instead, and needs no copy of what it changes.
const longStep = 8

// longSteps reports whether adversarial steps can be broken off.
func (c Config) longSteps() bool { return c.DSteps > longStep || c.GSteps > longStep-c.DSteps }

// boundary is a copy of what a long step changes, from before its first update. The zero
// value is ready.
type boundary struct {
	weights, moments nn.Params
	state            map[string]json.RawMessage
}

// keep copies what is saved.
func (b *boundary) keep(s Saved) (err error) {
	if b.weights == nil {
		b.weights, b.moments = s.Weights.Clone(), s.Moments.Clone()
	} else if err = b.set(b.weights, b.moments, s.Weights, s.Moments); err != nil {
		return err
	}
	b.state, err = s.state()
	return err
}

// restore puts it back into s, the list that was kept.
func (b *boundary) restore(s Saved) error {
	if err := b.set(s.Weights, s.Moments, b.weights, b.moments); err != nil {
		return err
	}
	return s.setState(b.state, func(name string) error { return fmt.Errorf("%s was not kept", name) })
}

func (*boundary) set(weights, moments, fromWeights, fromMoments nn.Params) error {
	if err := weights.Set(fromWeights); err != nil {
		return err
	}
	return moments.Set(fromMoments)
}
