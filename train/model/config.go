package model

import (
	"fmt"
	"slices"

	"textgan/corpora"
	"textgan/generator"
	"textgan/internal/config"
	"textgan/vocab"
)

// Config is what a finished model has to know of the run that made it: what it
// is, and the text that it has learnt. The tags are rows of the table behind
// flags, environment, config files and defaults (package internal/config), of
// which package train has the rest.
type Config struct {
	Model string `opt:"model" default:"gan" check:"oneof=gan|mle|vae" doc:"gan: likelihood training, then against a discriminator; mle: likelihood training alone; vae: a sentence VAE by its bound on the likelihood"`

	Backwards bool `opt:"backwards" doc:"read and write lines from their end to their beginning (--model mle): what textgan critic holds against a generator"`

	Corpus        string         `opt:"corpus" default:"builtin:captions" doc:"text to learn: FILE (a line each, JSON, CSV, Parquet, ..., .gz, .zst), several with commas, a directory, a pattern, - or builtin:NAME" meta:"FILE"`
	Format        corpora.Format `opt:"format" default:"auto" doc:"format of the texts; auto: what content and ending say" group:"corpus"`
	Field         string         `opt:"field" doc:"field or column that holds the sentence, such as data.text; default text" group:"corpus"`
	MaxLineBytes  int            `opt:"max-line-bytes" default:"65536" check:"min=1,max=1099511627776" doc:"longest line of a text" group:"corpus"`
	MaxBytes      int            `opt:"max-bytes" default:"1073741824" check:"min=1,max=1099511627776" doc:"most text to read" group:"corpus"`
	CorpusLines   int            `opt:"corpus-lines" default:"10000" check:"min=2,max=100000000" doc:"sentences to generate for a builtin corpus" group:"corpus"`
	Oracle        string         `opt:"oracle" doc:"weights of builtin:oracle from a safetensors file, such as SeqGAN's published ones; docs/metrics.md" group:"corpus" meta:"FILE"`
	Valid         string         `opt:"valid" doc:"held-out text; without it a fraction of the corpus is held out" meta:"FILE"`
	ValidFraction float64        `opt:"valid-fraction" default:"0.05" check:"min=0,max=0.9" doc:"share of the corpus to hold out" group:"corpus"`
	Tokenizer     string         `opt:"tokenizer" default:"word" check:"oneof=word|whitespace|char|smiles|code|bpe|wordpiece" doc:"what a token is; bpe: pieces of words learnt of the text, as many as --vocab-size (4096 if that is 0)"`
	TokenizerFile string         `opt:"tokenizer-file" doc:"a tokenizer.json of Hugging Face to cut by: BPE over bytes as of GPT-2, or WordPiece; the run keeps it" meta:"FILE"`
	Case          string         `opt:"case" check:"oneof=keep|lower" doc:"what becomes of capitals; default lower for word and whitespace, keep for the others"`
	VocabSize     int            `opt:"vocab-size" default:"0" check:"min=0,max=16777216" doc:"largest vocabulary, special tokens included; 0: no limit" group:"corpus"`
	MinCount      int            `opt:"min-count" default:"1" check:"min=1,max=1000000000" doc:"words seen less often become <unk>; of bpe, pairs seen less often are not merged" group:"corpus"`
	MaxLen        int            `opt:"max-len" default:"0" check:"min=0,max=100000" doc:"longest sentence in tokens; 0: the longest of the corpus (at most 200)" group:"corpus"`
	Truncate      bool           `opt:"truncate" doc:"cut longer sentences instead of refusing them" group:"corpus"`

	Cell    string  `opt:"cell" default:"lstm" check:"oneof=lstm|gru|relational|transformer" doc:"recurrence of the generator, or a transformer" group:"generator"`
	Emb     int     `opt:"emb" default:"64" check:"min=1,max=65536" doc:"size of the generator's embeddings" group:"generator"`
	Hidden  int     `opt:"hidden" default:"128" check:"min=1,max=65536" doc:"units of a recurrent layer; of a slot of a relational memory" group:"generator"`
	Slots   int     `opt:"slots" default:"1" check:"min=1,max=4096" doc:"slots of a relational memory" group:"generator"`
	Heads   int     `opt:"heads" default:"2" check:"min=1,max=4096" doc:"heads of the attention of a relational memory or transformer; they divide --hidden" group:"generator"`
	Layers  int     `opt:"layers" default:"1" check:"min=1,max=256" doc:"recurrent layers; blocks of a transformer" group:"generator"`
	Dropout float64 `opt:"dropout" default:"0.4" check:"min=0,max=0.95" doc:"dropout in likelihood training" group:"generator"`
	Tie     bool    `opt:"tie" doc:"use the embeddings as output weights (emb = hidden)" group:"generator"`

	GeneratorModel string `opt:"generator" default:"lm" check:"oneof=lm|vae" doc:"what a GAN's generator is: a language model, or the decoder of a sentence VAE, which gets a code of the prior for every sentence" group:"adversarial"`

	Latent        string `opt:"latent" default:"gaussian" check:"oneof=gaussian|logistic|laplace|categorical" doc:"distribution of the code of a sentence" group:"vae"`
	LatentDim     int    `opt:"latent-dim" default:"16" check:"min=1,max=65536" doc:"numbers of a code; choices of a categorical one" group:"vae"`
	Categories    int    `opt:"latent-categories" default:"10" check:"min=2,max=65536" doc:"categories of a choice" group:"vae"`
	LearnedPrior  bool   `opt:"learned-prior" doc:"learn the prior of a categorical code instead of a uniform one" group:"vae"`
	EncHidden     int    `opt:"enc-hidden" default:"0" check:"min=0,max=65536" doc:"units of the encoder, per direction; 0: as many as the decoder's" group:"vae"`
	Bidirectional bool   `opt:"bidirectional" default:"true" doc:"let the encoder read in both directions" group:"vae"`

	Seed      uint64 `opt:"seed" default:"1" doc:"seed of every random stream of training"`
	SplitSeed uint64 `opt:"split-seed" default:"1" doc:"which lines are held out, and which sentences of a built-in corpus are drawn: runs of several --seed are judged on the same"`
}

const oracle = "builtin:oracle"

var options = config.New[Config]()

// SomeWords is the size of a vocabulary that is not known yet, to check an architecture with.
const SomeWords = 1000

// Check reports the first setting that does not fit with the others.
func (c Config) Check() error {
	const specials = int(vocab.Unk) + 1 // which is the last of them
	switch {
	case c.Oracle != "" && c.Corpus != oracle && c.Valid != oracle:
		return fmt.Errorf("model: --oracle has the weights of --corpus %s; take that corpus, or drop it", oracle)
	case c.VocabSize > 0 && c.VocabSize <= specials:
		return fmt.Errorf("model: --vocab-size %d leaves no room for words beside the %d special tokens", c.VocabSize, specials)
	case c.Cell == "relational" && c.Hidden%c.Heads != 0:
		return fmt.Errorf("model: the heads of a relational memory divide its slots: --hidden %d is no multiple of --heads %d", c.Hidden, c.Heads)
	case c.Cell == "transformer" && c.Hidden%(2*c.Heads) != 0:
		return fmt.Errorf("model: the heads of a transformer are of an even size: --hidden %d is no multiple of twice --heads %d", c.Hidden, c.Heads)
	case c.Tokenizer == "wordpiece" && c.TokenizerFile == "":
		return fmt.Errorf("model: --tokenizer wordpiece is for a table that is given; say which with --tokenizer-file, or take --tokenizer bpe, which learns one")
	case c.TokenizerFile != "" && !slices.Contains([]string{options.Defaults().Tokenizer, "bpe", "wordpiece"}, c.Tokenizer):
		return fmt.Errorf("model: --tokenizer-file says what a token is; drop --tokenizer %s", c.Tokenizer)
	case c.Tokenizer == "bpe" && c.TokenizerFile == "" && c.VocabSize > 0 && c.VocabSize < specials+256:
		return fmt.Errorf("model: --vocab-size %d leaves no room beside the %d special tokens and the 256 bytes; use at least %d", c.VocabSize, specials, specials+256)
	case c.Tie && c.Cell == "relational" && c.Emb != c.Slots*c.Hidden:
		return fmt.Errorf("model: --tie needs --emb equal to --slots times --hidden, not %d and %d x %d", c.Emb, c.Slots, c.Hidden)
	case c.Tie && c.Cell != "relational" && c.Emb != c.Hidden:
		return fmt.Errorf("model: --tie needs --emb equal to --hidden, not %d and %d", c.Emb, c.Hidden)
	case c.Valid == "" && c.ValidFraction == 0:
		return fmt.Errorf("model: nothing is held out; give --valid FILE or --valid-fraction")
	case c.GeneratorModel == "vae" && c.Model == "mle":
		return fmt.Errorf("model: --generator vae is for a GAN; drop it, or take --model vae")
	}
	return c.Architecture(SomeWords).Check()
}

// Generator is the architecture of the generator over v ids.
func (c Config) Generator(v int) generator.Config {
	g := generator.Config{Cell: c.Cell, Vocab: v, Emb: c.Emb, Hidden: c.Hidden, Layers: c.Layers, Dropout: c.Dropout, Tie: c.Tie}
	if c.Cell == "relational" {
		g.Slots, g.Heads = c.Slots, c.Heads
	}
	if c.Cell == "transformer" { // which sees whole sentences, with their end
		g.Heads, g.Context = c.Heads, c.MaxLen+1
	}
	return g
}

// Architecture is that of the model over v ids, which is a VAE, its decoder the
// generator, if there is an encoder.
func (c Config) Architecture(v int) generator.Architecture {
	if !c.HasVAE() {
		return c.Generator(v)
	}
	hidden := c.EncHidden
	if hidden == 0 {
		hidden = c.Hidden
	}
	g := generator.VAEConfig{Decoder: c.Generator(v), Hidden: hidden, Bidirectional: c.Bidirectional, Latent: c.Latent, Dim: c.LatentDim, LearnedPrior: c.LearnedPrior}
	if g.Categorical() {
		g.Categories = c.Categories
	}
	return g
}

// HasVAE reports whether there is an encoder, and a code for every sentence.
func (c Config) HasVAE() bool {
	return c.Model == "vae" || c.Model == "gan" && c.GeneratorModel == "vae"
}

// HoldsOutAs reports whether c holds lines of the corpus out, the same as other.
func (c Config) HoldsOutAs(other Config) bool {
	return c.Valid == "" && other.Valid == "" && c.SplitSeed == other.SplitSeed && c.ValidFraction == other.ValidFraction
}
