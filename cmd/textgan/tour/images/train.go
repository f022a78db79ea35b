package images

import (
	"fmt"

	"textgan/generator/relax"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
)

// Options of a training.
type Options struct {
	Batch, Steps int
	LR           float64
	// Estimator of the gradient through choices, a spec of package relax: a relaxation,
	// or a score function with one reward a code. Gaussian codes need none.
	Estimator string
	Tau       string // schedule of a relaxation's temperature
	// Draws of each image that a score function makes in a step; the images of a batch
	// are as many fewer. The baseline is taken over these draws, or over the batch if
	// there is 1.
	Draws int
	Seed  uint64
}

// Trainer moves a VAE by its bound.
type Trainer struct {
	Options
	vae   *VAE
	set   *Set
	grads *graph
	draw  *graph // the codes and rewards that a score function weighs; nil for others
	base  relax.Baseline[float32]
	tau   relax.Schedule
	adam  *nn.Adam
	order []int // of the images in the current epoch
	which []int // the images of a batch [Batch]
	step  int
}

// NewTrainer prepares the training of a VAE on images, of which there must be as many
// as in a batch.
func NewTrainer(v *VAE, set *Set, o Options) (*Trainer, error) {
	t := &Trainer{Options: o, vae: v, set: set, which: make([]int, o.Batch)}
	t.Draws = max(t.Draws, 1)
	if set.Len() < o.Batch || o.Batch%t.Draws != 0 {
		return nil, fmt.Errorf("images: %d images for batches of %d, of %d draws an image", set.Len(), o.Batch, t.Draws)
	}
	var method relax.Method[float32]
	var err error
	if v.categorical() {
		if method, err = relax.New[float32](o.Estimator); err != nil {
			return nil, err
		}
		if b := method.Baseline; method.Relaxed == nil && (b == nil || b.Reads() != relax.RewardsAlone) {
			return nil, fmt.Errorf("images: estimator %q needs more than the rewards of whole codes; take a relaxation, reinforce or rloo", o.Estimator)
		}
		if t.tau, err = relax.ParseSchedule(o.Tau, o.Steps); err != nil {
			return nil, err
		}
		if t.base = method.Baseline; t.base != nil {
			hard, err := relax.Parse[float32]("straight-through") // to draw; nothing is differentiated
			if err != nil {
				return nil, err
			}
			if t.draw, err = v.bound(o.Batch, hard, false); err != nil {
				return nil, err
			}
		}
	}
	if t.grads, err = v.bound(o.Batch, method.Relaxed, true); err != nil {
		return nil, err
	}
	t.adam = nn.NewAdam(nn.AdamConfig{LR: o.LR, Beta1: .9, Beta2: .999, Eps: 1e-8}, v.Params())
	return t, nil
}

// Step takes the next batch and moves the weights.
func (t *Trainer) Step() error {
	t.next()
	if _, err := t.gradient(t.step); err != nil {
		return err
	}
	t.step++
	_, err := t.adam.Update(t.grads.Grad)
	return err
}

// next takes the images of the next batch in an order that is drawn anew when all have
// been taken: row 0 of the Data stream at the step of the epoch.
func (t *Trainer) next() {
	images := t.Batch / t.Draws
	for b := range images {
		at := (t.step*images + b) % t.set.Len()
		if at == 0 || t.order == nil {
			epoch := (t.step*images + b) / t.set.Len()
			t.order = rng.Key{Seed: t.Seed, Stream: rng.Data, Step: uint32(epoch)}.Rand().Perm(t.set.Len())
		}
		for d := range t.Draws {
			t.which[b*t.Draws+d] = t.order[at]
		}
	}
}

// gradient leaves the gradient for the images in which, with the draws of a step of
// the Noise stream.
func (t *Trainer) gradient(step int) (float64, error) {
	s, v := t.grads, t.vae
	t.set.load(s.x, t.which)
	if v.categorical() {
		s.tau[0] = float32(t.tau.At(t.step))
	}
	s.at(t.Seed, step)
	if t.draw == nil {
		return s.Run()
	}
	copy(t.draw.x, s.x)
	t.draw.at(t.Seed, step)
	loss, err := t.draw.Run()
	if err != nil {
		return 0, err
	}
	copy(s.given, t.draw.z())
	for i, z := range s.given {
		if z == 1 {
			s.ids[i/v.Categories] = int32(i % v.Categories)
		}
	}
	// The price of a code has a gradient of its own; what is rewarded is the image.
	rewards := make([]float32, t.Batch)
	for b, nats := range t.draw.rec() {
		rewards[b] = -nats
	}
	group := t.Draws
	if group == 1 {
		group = t.Batch
	}
	for b := 0; b < t.Batch; b += group {
		t.base.Advantage(rewards[b:b+group], rewards[b:b+group], nil)
	}
	relax.SequenceWeights(s.weights, rewards, repeat(len(s.weights), 1))
	_, err = s.Run()
	return loss, err
}

// Tally is means in nats an image.
type Tally struct {
	Rec float64 `json:"reconstruction"` // E_q[-log p(x|z)]
	KL  float64 `json:"kl"`             // KL(q(z|x) || p(z))
}

// Bound is the negative evidence lower bound, at or above -log p(x).
func (t Tally) Bound() float64 { return t.Rec + t.KL }

// Evaluate estimates the bound of images with one draw each: row i of the Noise stream
// at step 0 for image i. Choices are drawn hard.
func (v *VAE) Evaluate(set *Set, seed uint64) (t Tally, err error) {
	hard, err := relax.Parse[float32]("straight-through")
	if err != nil {
		return t, err
	}
	n := set.Len()
	s, err := v.bound(n, op.Relaxation(hard), false)
	if err != nil {
		return t, err
	}
	defer s.Close()
	for i, p := range set.Pixels {
		s.x[i] = float32(p)
	}
	s.at(seed, 0)
	if _, err = s.Run(); err != nil {
		return t, err
	}
	for _, r := range s.rec() {
		t.Rec += float64(r) / float64(n)
	}
	for _, k := range s.kl() {
		t.KL += float64(k) / float64(n)
	}
	return t, nil
}

// Taken is the number of steps taken.
func (t *Trainer) Taken() int { return t.step }
