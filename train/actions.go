package train

import (
	"slices"

	"textgan/generator/relax"
	"textgan/internal/rng"
)

// actions are the tokens that are valued at every place of the sampled
// sentences: S slots, of which slot 0 holds the token that the sentence has.
type actions struct {
	relax.Actions[float32]
	T, S   int
	key    rng.Key
	part   rng.Part
	ids    []int32   // [B,T,S]
	p      []float32 // [B,T,S+1]
	values []float32 // [B,T,S,m]
}

// newActions prepares to value several tokens at every place.
func newActions(g game) *actions {
	n, score := g.B*g.T, g.estimator.score
	S := score.actions.Slots()
	return &actions{Actions: score.actions, T: g.T, S: S,
		ids: make([]int32, n*S), p: make([]float32, n*(S+1)), values: make([]float32, n*S*score.rollouts)}
}

// choose is told of every token as it is drawn. The noise of sentence i of a batch is row
// i T + t of the Noise stream.
func (a *actions) choose(row, t int, logits []float32, id int32) {
	at := a.part.Index(row)*a.T + t
	key := a.key.At(a.key.Step, uint32(row*a.T+t))
	key.Stream = rng.Noise
	a.Choose(a.ids[at*a.S:][:a.S], a.p[at*(a.S+1):][:a.S+1], logits, int(id), key)
}

// weighByActions gives every token of every slot its weight. A value is the
// mean reward of m sentences that have the token there, of which the sentence
// itself is the first for the token that it has.
func (s *reinforceStep) weighByActions(key rng.Key) error {
	a, T, m, c := s.actions, s.game.T, s.estimator.score.rollouts, 0
	for t := range int(slices.Max(s.batch.Lengths)) {
		for draw := range a.S * m {
			err := s.complete(key, c, t, func(i int) (int32, *float32) {
				at := i*T + t
				id, value := a.ids[at*a.S+draw/m], &a.values[at*a.S*m+draw]
				if draw == 0 {
					*value = s.rewards[i]
				}
				if draw == 0 || id < 0 {
					return -1, nil
				}
				return id, value
			})
			if err != nil {
				return err
			}
			c++
		}
	}

	// The weights of log p: of the drawn tokens, and of the graph's others.
	w, n := make([]float32, a.S), float32(s.sentences())
	for at, mask := range s.mask {
		clear(w)
		if mask > 0 {
			a.Weigh(w, a.p[at*(a.S+1):][:a.S+1], a.values[at*a.S*m:][:a.S*m])
		}
		s.weights[at] = w[0] / n
		for j, o := range s.Others {
			o.IDs[at], o.Weights[at] = max(a.ids[at*a.S+1+j], 0), w[1+j]/n
		}
	}
	return nil
}
