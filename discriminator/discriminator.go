package discriminator

import (
	"fmt"
	"strings"

	G "gorgonia.org/gorgonia"

	"textgan/network"
)

// Discriminator is a network with its weights.
type Discriminator interface {
	// Params are the weights, shared with every graph the network is bound to.
	Params() network.Params
	// State is what moves with the weights but is not trained; it is saved with
	// them.
	State() network.Params
	// MinT is the least number of steps a graph must have room for.
	MinT() int
	// Bind puts the network into a graph. With train set gradients flow to the
	// nodes of Net.Params, dropout is applied with the draws that key names, and
	// State takes a step per run; otherwise the weights are constants and key is
	// not read.
	Bind(g *network.Graph, key *G.Node, train bool) Net
}

// Net is a discriminator inside a graph.
type Net interface {
	// Table [V,De] is what a rollout embeds its relaxed tokens with.
	Table() *G.Node
	// Params are the nodes of the weights, in the order of the network's.
	Params() []*G.Node
	// Embed looks up ids [B,T] of sentences with lengths [B]: [B,T,De].
	Embed(ids, lengths *G.Node) *G.Node
	// Score gives each sentence R scores [B,R], one from each representation,
	// from its embedded tokens [B,T,De]. A score is a logit, before any sigmoid.
	Score(tokens, lengths *G.Node) *G.Node
}

// Featured is a Net whose scores are those of features: one row a sentence [B,F],
// without dropout.
type Featured interface {
	Net
	Features(tokens, lengths *G.Node) *G.Node
}

// Config is the architecture of a discriminator.
type Config struct {
	Kind         string  `json:"kind"`          // one of Kinds; empty for the first of them
	Vocab        int     `json:"vocab"`         // V, special ids included
	Emb          int     `json:"emb"`           // De, size of an embedding
	Widths       []int   `json:"widths"`        // tokens a filter spans
	Filters      int     `json:"filters"`       // filters of each width
	Highway      bool    `json:"highway"`       // a highway layer behind the filters
	Dropout      float64 `json:"dropout"`       // share of features dropped in the discriminator's own step
	SpectralNorm bool    `json:"spectral_norm"` // divide each weight matrix by its largest singular value

	Representations int `json:"representations,omitempty"` // R of a relgan: its tables, side by side in Emb

	Cell  string `json:"cell,omitempty"`  // of an rnn: lstm or gru
	Units int    `json:"units,omitempty"` // of an rnn, from each end

	Tune bool `json:"tune,omitempty"` // of a reverse-lm: is its backwards model trained?
}

// Options are the rows that a discriminator has in the table of a run's settings
// (package internal/config): the same as Config, without what follows from the
// text.
type Options struct {
	DKind        string  `opt:"discriminator" default:"cnn" doc:"network that tells real sentences from generated ones: cnn; relgan, with a score for each of --d-reps embeddings; rnn, recurrent from both ends; reverse-lm, the log ratio of a backwards language model to the generator" group:"discriminator"`
	DEmb         int     `opt:"d-emb" default:"64" check:"min=1,max=65536" doc:"size of the discriminator's embeddings" group:"discriminator"`
	DWidths      []int   `opt:"d-widths" default:"2,3,4,5" check:"min=1,max=1000" doc:"tokens that the discriminator's filters span" group:"discriminator"`
	DFilters     int     `opt:"d-filters" default:"64" check:"min=1,max=65536" doc:"filters of each width" group:"discriminator"`
	DHighway     bool    `opt:"d-highway" default:"true" doc:"highway layer behind the filters" group:"discriminator"`
	DDropout     float64 `opt:"d-dropout" default:"0.25" check:"min=0,max=0.95" doc:"dropout of the discriminator" group:"discriminator"`
	DReps        int     `opt:"d-reps" default:"16" check:"min=1,max=65536" doc:"embeddings of a sentence that a relgan reads; they divide --d-emb" group:"discriminator"`
	DCell        string  `opt:"d-cell" default:"lstm" check:"oneof=lstm|gru" doc:"layers of an rnn" group:"discriminator"`
	DUnits       int     `opt:"d-units" default:"64" check:"min=1,max=65536" doc:"units of an rnn, from each end of a sentence" group:"discriminator"`
	DTune        bool    `opt:"d-tune" doc:"let training move the backwards model of a reverse-lm too, not the weight and offset of the log ratio alone" group:"discriminator"`
	SpectralNorm bool    `opt:"spectral-norm" doc:"spectral normalisation of the discriminator" group:"discriminator"`
}

// Config is the architecture over v ids.
func (o Options) Config(v int) Config {
	c := Config{Kind: o.DKind, Vocab: v, Emb: o.DEmb, Widths: o.DWidths, Filters: o.DFilters, Highway: o.DHighway, Dropout: o.DDropout, SpectralNorm: o.SpectralNorm}
	switch o.DKind {
	case "relgan":
		c.Representations = o.DReps
	case "rnn":
		c.Cell, c.Units = o.DCell, o.DUnits
	case ReverseLM:
		c.Tune = o.DTune
	}
	return c
}

// Kind is a kind of discriminator. Check and New get what the options say; New's
// weights are a function of it and the seed.
type Kind struct {
	Name, Summary string
	Check         func(c Config) error
	New           func(c Config, seed uint64) Discriminator
}

// Kinds are all of them. A program that has one of its own appends it before it
// trains or reads a run.
var Kinds = []Kind{
	{"cnn", "convolutions over words, the largest of each filter, a highway layer", Config.checkCNN, newCNN},
	{"relgan", "several embeddings of a sentence, each through one such network to a score of its own", Config.checkRelGAN, newRelGAN},
	{"rnn", "an LSTM or GRU from each end; mean, maximum and attention over the words", Config.checkRNN, newRNN},
	{ReverseLM, "log ratio of a language model that reads backwards to the generator", Config.checkReverseLM, newReverseLM},
}

func (c Config) kind() (Kind, error) {
	var names []string
	for _, k := range Kinds {
		if k.Name == c.Kind || c.Kind == "" {
			return k, nil
		}
		names = append(names, k.Name)
	}
	return Kind{}, fmt.Errorf("discriminator: %q is not known; use %s", c.Kind, strings.Join(names, ", "))
}

// Check reports the first setting that makes no sense.
func (c Config) Check() error {
	k, err := c.kind()
	if err != nil {
		return err
	}
	return k.Check(c)
}

// New returns a discriminator with fresh weights, a function of the
// configuration and the seed (Init stream).
func New(c Config, seed uint64) (Discriminator, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	k, err := c.kind()
	if err != nil {
		return nil, err
	}
	return k.New(c, seed), nil
}
