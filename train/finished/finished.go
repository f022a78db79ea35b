package finished

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"

	"textgan/generator/sampling"
	"textgan/internal/config"
	"textgan/internal/jsonerr"
	"textgan/internal/location"
	"textgan/internal/nn"
	"textgan/train/rundir"
	"textgan/vocab"
)

// settings are those of a run that say what its model is; package model has the
// whole table.
type settings struct {
	Model     string `opt:"model" default:"gan"`
	Backwards bool   `opt:"backwards"`
	MaxLen    int    `opt:"max-len" default:"0"`

	Cell   string `opt:"cell" default:"lstm"`
	Emb    int    `opt:"emb" default:"64"`
	Hidden int    `opt:"hidden" default:"128"`
	Slots  int    `opt:"slots" default:"1"`
	Heads  int    `opt:"heads" default:"2"`
	Layers int    `opt:"layers" default:"1"`
	Tie    bool   `opt:"tie"`

	Generator    string `opt:"generator" default:"lm"`
	Latent       string `opt:"latent" default:"gaussian"`
	LatentDim    int    `opt:"latent-dim" default:"16"`
	Categories   int    `opt:"latent-categories" default:"10"`
	LearnedPrior bool   `opt:"learned-prior"`
}

var options = config.New[settings]()

// Model is a trained generator with its vocabulary. It may be used by any number of
// goroutines at the same time.
type Model struct {
	vocab     *vocab.Vocab
	net       *sampling.Network
	condition *sampling.Condition // of a VAE, else nil
	maxLen    int                 // of the training text
	backwards bool
	step      int
}

// Open reads a run whose directory is the root of files, such as os.DirFS(dir):
// the weights that it ended with, or of the checkpoint that which names ("last",
// "best" or the number of a step). Checksums are verified.
func Open(files fs.FS, which ...string) (*Model, error) {
	r, err := rundir.OpenFS(files, "run")
	if err != nil {
		return nil, err
	}
	switch len(which) {
	case 0:
		return load(r, rundir.Last)
	case 1:
		return load(r, which[0])
	}
	return nil, fmt.Errorf("finished: %d checkpoints %q are named; a model is of one", len(which), which)
}

// Read reads what "textgan export --format single" wrote, such as a file embedded
// into a program (//go:embed model.textgan).
func Read(content []byte) (*Model, error) {
	files, err := rundir.Unpack(content)
	if err != nil {
		return nil, err
	}
	return Open(files)
}

func load(r *rundir.Run, which string) (*Model, error) {
	content, err := r.Settings()
	if err != nil {
		return nil, err
	}
	layer, err := config.Parse(r.Path(rundir.ConfigFile), content)
	if err != nil {
		return nil, err
	}
	c, err := options.Resolve(options.Own(layer))
	if err != nil {
		return nil, err
	}
	if content, err = r.ReadFile(rundir.VocabFile); err != nil {
		return nil, err
	}
	m := &Model{maxLen: c.MaxLen, backwards: c.Backwards}
	if m.vocab, err = vocab.Load(bytes.NewReader(content)); err != nil {
		return nil, fmt.Errorf("%s: %w", r.Path(rundir.VocabFile), err)
	}
	hash := m.vocab.Hash()
	if c.Backwards {
		m.vocab = m.vocab.Backwards()
	}
	weights, err := m.build(c)
	if err != nil {
		return nil, err
	}
	ck, err := r.ReadCheckpoint(which, func(ck *rundir.Checkpoint) error {
		text, err := ck.ReadFile("state.json")
		if err != nil {
			return err
		}
		var state struct{ Vocab string }
		if err := json.Unmarshal(text, &state); err != nil {
			return fmt.Errorf("finished: %s: state.json: %w", ck.Dir, jsonerr.Plain(err, "the file"))
		}
		if state.Vocab != hash {
			return fmt.Errorf("finished: %s was made with another vocabulary than the run's %s; put that file back", ck.Dir, rundir.VocabFile)
		}
		return ck.ReadAt("weights.safetensors", weights.Read)
	})
	if err != nil {
		return nil, err
	}
	m.step = ck.Step
	m.net.Fix()
	return m, nil
}

// build makes the networks, and lists the weights that a run has for them.
func (m *Model) build(c settings) (weights nn.Params, err error) {
	n := sampling.Config{Cell: c.Cell, Vocab: m.vocab.Size(), Emb: c.Emb, Hidden: c.Hidden, Layers: c.Layers, Tie: c.Tie}
	if c.Cell == "relational" {
		n.Slots, n.Heads = c.Slots, c.Heads
	}
	if c.Cell == "transformer" {
		n.Heads, n.Context = c.Heads, c.MaxLen+1
	}
	if m.net, err = sampling.New(n, 0); err != nil {
		return nil, err
	}
	if c.Model != "vae" && (c.Model != "gan" || c.Generator != "vae") {
		return m.net.Params, nil
	}
	var prior sampling.Prior
	if c.Latent == "categorical" {
		choices := sampling.NewCategorical(c.LatentDim, c.Categories)
		if c.LearnedPrior {
			weights = append(weights, choices.Logits)
		}
		prior = choices
	} else {
		family, err := location.Parse(c.Latent)
		if err != nil {
			return nil, err
		}
		prior = sampling.LocationScale{Family: family, D: c.LatentDim}
	}
	m.condition = sampling.NewCondition(m.net, &weights, prior.Width(), 0).From(prior)
	return append(weights, m.net.Params...), nil
}

// Step is that of the checkpoint that the model was read from.
func (m *Model) Step() int { return m.step }
