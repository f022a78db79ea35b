package train

import (
	"encoding/json"
	"fmt"
	"io"

	"textgan/generator/relax"
	"textgan/internal/nn"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

// Phase is what a step of a run does.
type Phase string

// The phases, in their order.
const (
	Likelihood    Phase = "likelihood"    // teacher forcing on real sentences
	ELBO          Phase = "elbo"          // the same for a VAE, by its bound
	Discriminator Phase = "discriminator" // the discriminator catches up with a fixed generator
	Adversarial   Phase = "adversarial"   // both move
	Done          Phase = "done"
)

// byLikelihood reports whether a phase fits real sentences, with a validation
// score that says when to stop.
func (p Phase) byLikelihood() bool { return p == Likelihood || p == ELBO }

// State is what a run remembers besides tensors. Together with the
// configuration and the tensors of a checkpoint it decides everything that
// follows.
type State struct {
	Vocab string `json:"vocab"` // hash of the vocabulary that the weights belong to
	Phase Phase  `json:"phase"`
	Step  int    `json:"step"`  // steps taken, over all phases
	Since int    `json:"since"` // steps taken in this phase

	MLE int `json:"mle_updates"` // updates by likelihood, those inside the adversarial phase included
	D   int `json:"d_updates"`   // of the discriminator
	G   int `json:"g_updates"`   // of the generator, adversarial

	Scored  bool    `json:"scored"` // has validation been scored in the likelihood phase?
	BestNLL float64 `json:"best_nll"`
	Worse   int     `json:"worse"`     // evaluations since the best
	Decays  int     `json:"lr_decays"` // times that the likelihood step size was cut

	Encoder  int     `json:"encoder_updates"` // of a VAE
	CaughtUp bool    `json:"caught_up"`       // does the encoder no longer take steps of its own?
	LastMI   float64 `json:"last_mi"`         // mutual information of the last evaluation

	Batches  int     `json:"batches"` // batches drawn so far
	Tau      float64 `json:"tau"`     // where an adaptive schedule stands
	LastLoss float64 `json:"last_loss"`

	Baseline [2]float64 `json:"baseline"` // of a moving average of rewards
}

// Names of the files of a checkpoint.
const (
	weightsFile   = model.WeightsFile
	bestFile      = "best.safetensors"
	optimiserFile = "optimiser.safetensors"
	stateFile     = model.StateFile
)

var tensorFiles = []string{weightsFile, bestFile, optimiserFile}

// tensors lists what goes into each file of a checkpoint.
func (t *Trainer) tensors() map[string]nn.Params {
	weights := t.model()
	moments := t.optMLE.State()
	if t.vae != nil {
		moments = append(moments, t.vae.opt.State()...)
	}
	for _, p := range t.optG.State() { // the generator has two optimisers
		moments = append(moments, &nn.Param{Name: "adversarial." + p.Name, Shape: p.Shape, Data: p.Data})
	}
	if t.dis != nil {
		weights = append(append(weights, t.dis.Params()...), t.dis.State()...)
		moments = append(moments, t.optD.State()...)
	}
	return map[string]nn.Params{weightsFile: weights, bestFile: t.best, optimiserFile: moments}
}

// files is a checkpoint of the present state, ready to be written.
func (t *Trainer) files() ([]rundir.File, error) {
	t.State.Batches = t.batches.Position()
	t.State.Vocab = t.Data.Vocab.Hash()
	if a, ok := t.tau.(*relax.Adaptive); ok {
		t.State.Tau = a.State()
	}
	if m := t.game.movingAverage(); m != nil {
		t.State.Baseline = m.State()
	}
	state, err := json.MarshalIndent(t.State, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("train: state: %w", err)
	}
	all := t.tensors()
	var out []rundir.File
	for _, name := range tensorFiles {
		ps := all[name]
		out = append(out, rundir.File{Name: name, Write: func(w io.Writer) error { return ps.Write(w) }})
	}
	return append(out, rundir.File{Name: stateFile, Write: func(w io.Writer) error { _, err := w.Write(append(state, '\n')); return err }}), nil
}

// restore puts a checkpoint back.
func (t *Trainer) restore(c *rundir.Checkpoint) error {
	tensors := t.tensors()
	for _, name := range tensorFiles {
		path, err := c.Path(name)
		if err == nil {
			err = tensors[name].ReadFile(path)
		}
		if err != nil {
			return err
		}
	}
	state, err := readState(c, t.Data.Vocab)
	if err != nil {
		return err
	}
	t.State = state
	if a, ok := t.tau.(*relax.Adaptive); ok {
		a.Restore(t.State.Tau)
	}
	if m := t.game.movingAverage(); m != nil {
		m.Restore(t.State.Baseline)
	}
	t.optMLE.Restore(t.State.MLE)
	if t.vae != nil {
		t.vae.opt.Restore(t.State.Encoder)
	}
	t.setLR()
	t.optG.Restore(t.State.G)
	if t.dis != nil {
		t.optD.Restore(t.State.D)
	}
	return t.batches.Seek(t.State.Batches)
}

// readState reads the state of a checkpoint that was made with this vocabulary.
func readState(c *rundir.Checkpoint, v *vocab.Vocab) (s State, err error) {
	numbers, err := model.ReadState(c, v)
	if err != nil {
		return s, err
	}
	b, err := json.Marshal(numbers)
	if err != nil {
		return s, fmt.Errorf("train: state: %w", err)
	}
	return s, json.Unmarshal(b, &s)
}
