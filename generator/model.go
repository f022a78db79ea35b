package generator

import (
	"errors"

	"textgan/network"
)

// Architecture is what a Model is made from: a Config or a VAEConfig, which are
// equal if their models are.
type Architecture interface {
	Check() error // the first setting that makes no sense
	Size() Size
	New(seed uint64) (Model, error) // fresh weights; see New and NewVAE
}

// Model learns sentences by their likelihood: a *Generator, or a *VAE, which only
// bounds it.
type Model interface {
	// Params are all weights.
	Params() network.Params
	// NewSampler draws sentences; those of a VAE by codes of its prior.
	NewSampler(SampleOptions) (*Sampler, error)
	// NLL adds up -log p of sentences of ids of up to T tokens with their end, B at
	// once. Of a VAE it is the importance-weighted bound with ten draws by the seed.
	NLL(sentences [][]int32, B, T int, seed uint64) (Tally, error)
	// Scorer tells log p of sentences, and is ErrBounded of a VAE.
	Scorer(ScoreOptions) (*Scorer, error)
	// Features are vectors [N,H] of N sentences, and ErrNoFeatures of a VAE.
	Features(sentences [][]int32) ([]float64, error)
}

// Errors of what a VAE cannot do.
var (
	ErrBounded    = errors.New("generator: a VAE only bounds the likelihood of a sentence")
	ErrNoFeatures = errors.New("generator: a VAE has no features of a sentence without its code; take a language model")
)

func (c Config) New(seed uint64) (Model, error) { return New(c, seed) }

func (c VAEConfig) New(seed uint64) (Model, error) { return NewVAE(c, seed) }

func (g *Generator) NLL(sentences [][]int32, B, _ int, _ uint64) (Tally, error) {
	return NLL(g.NewScorer(), sentences, B)
}

// boundDraws is how many draws of each code stand for a likelihood.
const boundDraws = 10

func (v *VAE) NLL(sentences [][]int32, B, T int, seed uint64) (Tally, error) {
	s, err := v.NewEvaluator(B, T)
	if err != nil {
		return Tally{}, err
	}
	defer s.Close()
	t, err := s.Evaluate(sentences, boundDraws, seed)
	return t.Tally(), err
}

func (v *VAE) Scorer(ScoreOptions) (*Scorer, error) { return nil, ErrBounded }

func (v *VAE) Features([][]int32) ([]float64, error) { return nil, ErrNoFeatures }
