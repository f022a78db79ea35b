package main

import (
	"cmp"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"textgan/corpora"
	"textgan/eval/variance"
	"textgan/generator"
	"textgan/internal/atomicfile"
	"textgan/internal/npy"
	"textgan/train/model"
)

// decodeOptions shape the sentences that are written from codes.
type decodeOptions struct {
	Temperature float64 `opt:"temperature" default:"1" check:"min=0.001,max=1000" doc:"divides the logits of the words" group:"decoding"`
	TopK        int     `opt:"top-k" default:"1" check:"min=0,max=16777216" doc:"draw among the K likeliest words; 1: take the likeliest; 0: all" group:"decoding"`
	Seed        uint64  `opt:"seed" default:"1" doc:"of the draws" group:"decoding"`
	MaxLen      int     `opt:"max-len" default:"0" check:"min=0,max=10000" doc:"longest sentence in tokens, its end included; 0: that of the training text" group:"decoding"`
}

// sample are the options as the decoder wants them.
func (d decodeOptions) sample(m model.VAE) (generator.SampleOptions, error) {
	o := generator.SampleOptions{MaxLen: d.MaxLen, Temperature: d.Temperature, TopK: d.TopK, NoUnk: true}
	if o.MaxLen == 0 {
		o.MaxLen = m.Config.MaxLen + 1
	}
	if err := o.Check(m.Vocab.Size()); err != nil {
		return o, usage("textgan", "%w", err)
	}
	return o, nil
}

// encodeFile loads a VAE and gives each sentence of a text a posterior.
func encodeFile(p *process, o modelOptions, name string, in textInput) (m model.VAE, text *corpora.Corpus, post *generator.Posteriors, err error) {
	if m, err = loadVAE(o); err != nil {
		return m, nil, nil, err
	}
	if text, err = p.openAs(asReference, m.Model, name, in); err != nil {
		return m, nil, nil, err
	}
	post, err = m.Encode(text.Lines)
	return m, text, post, err
}

// loadVAE is model.Load for a VAE.
func loadVAE(o modelOptions) (model.VAE, error) {
	m, err := model.Load(o.Run, o.Checkpoint)
	if err != nil {
		return model.VAE{}, err
	}
	return m.VAE()
}

// checkWords refuses a sentence without words, and says which of them the model
// reads as <unk>.
func checkWords(p *process, m model.VAE, flag, text string) error {
	words := m.Vocab.Tokenizer().Tokenize(text)
	if len(words) == 0 {
		return usage("textgan vae interpolate", "%s %q: give a sentence", flag, text)
	}
	var unknown []string
	for _, w := range words {
		if _, ok := m.Vocab.ID(w); !ok {
			unknown = append(unknown, strconv.Quote(w))
		}
	}
	if len(unknown) > 0 {
		p.warn("%s: the model does not know %s and reads <unk>", flag, strings.Join(unknown, ", "))
	}
	return nil
}

func vaeReconstructCommand(p *process) *cli.Command {
	type options struct {
		modelOptions
		Corpus  string `opt:"corpus" check:"required" doc:"text to reconstruct, one sentence per line" meta:"FILE"`
		Samples int    `opt:"samples" default:"0" check:"min=0,max=10000" doc:"draws of the code of each sentence; 0: its mean, or its likeliest categories"`
		decodeOptions
		textInput
		jsonOption
	}
	type reconstruction struct {
		Text            string   `json:"text"`
		Reconstructions []string `json:"reconstructions"`
	}
	return command(p, cli.Command{
		Name: "reconstruct", Usage: "sentences through the code of a VAE and back, one per line",
		Description: "With --samples N, N lines for every sentence.",
	}, func(c call[options]) error {
		m, text, post, err := encodeFile(c.process, c.opt.modelOptions, c.opt.Corpus, c.opt.textInput)
		if err != nil {
			return err
		}
		o, err := c.opt.sample(m)
		if err != nil {
			return err
		}
		all := make([]reconstruction, len(text.Lines))
		for k := range max(1, c.opt.Samples) {
			codes := post.Codes()
			if c.opt.Samples > 0 {
				codes = post.Draws(generator.Key{Seed: c.opt.Seed, Step: uint32(k)})
			}
			lines, err := m.Decode(codes, o, c.opt.Seed+uint64(k))
			if err != nil {
				return err
			}
			for i, line := range lines {
				all[i].Text = text.Lines[i]
				all[i].Reconstructions = append(all[i].Reconstructions, line)
			}
		}
		for _, r := range all {
			if c.opt.JSON {
				err = c.printJSON(r)
			} else {
				err = c.printSentences(r.Reconstructions, false)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func vaeInterpolateCommand(p *process) *cli.Command {
	type options struct {
		modelOptions
		From  string `opt:"from" check:"required" doc:"sentence to begin at"`
		To    string `opt:"to" check:"required" doc:"sentence to end at"`
		Steps int    `opt:"steps" default:"7" check:"min=2,max=10000" doc:"codes on the way, both ends included"`
		decodeOptions
		jsonOption
	}
	return command(p, cli.Command{
		Name: "interpolate", Usage: "the sentences on the straight line between the codes of two",
	}, func(c call[options]) error {
		m, err := loadVAE(c.opt.modelOptions)
		if err != nil {
			return err
		}
		o, err := c.opt.sample(m)
		if err != nil {
			return err
		}
		if err := cmp.Or(checkWords(c.process, m, "--from", c.opt.From), checkWords(c.process, m, "--to", c.opt.To)); err != nil {
			return err
		}
		post, err := m.Encode([]string{c.opt.From, c.opt.To})
		if err != nil {
			return err
		}
		codes, Z := post.Codes(), m.Width()
		lines, err := m.Decode(generator.Path(codes[:Z], codes[Z:], c.opt.Steps), o, c.opt.Seed)
		if err != nil {
			return err
		}
		return c.printSentences(lines, c.opt.JSON)
	})
}

func vaeEncodeCommand(p *process) *cli.Command {
	type options struct {
		modelOptions
		Corpus string `opt:"corpus" check:"required" doc:"text to encode, one sentence per line" meta:"FILE"`
		NPY    string `opt:"npy" doc:"write the means, or the probabilities of the categories, as a float32 matrix for NumPy instead" meta:"FILE"`
		textInput
	}
	type posterior struct {
		Text          string    `json:"text"`
		Mean          []float32 `json:"mean,omitempty"`
		LogScale2     []float32 `json:"log_scale2,omitempty"` // of a Gaussian the log-variance
		Probabilities []float32 `json:"probabilities,omitempty"`
	}
	return command(p, cli.Command{
		Name: "encode", Usage: "the posterior that a VAE gives to each sentence, as JSON lines",
		Description: "Blank lines are skipped.",
	}, func(c call[options]) error {
		if err := fileToWrite("textgan vae encode", "npy", c.opt.NPY); err != nil {
			return err
		}
		m, text, post, err := encodeFile(c.process, c.opt.modelOptions, c.opt.Corpus, c.opt.textInput)
		if err != nil {
			return err
		}
		if c.opt.NPY != "" {
			var all []float32
			for i := range post.Len() {
				all = append(all, post.Moments(i)...)
			}
			err := atomicfile.Write(c.opt.NPY, func(w io.Writer) error {
				return npy.Write(w, all, post.Len(), len(all)/post.Len())
			})
			if err == nil {
				fmt.Fprintf(c.talk, "%d x %d values in %s\n", post.Len(), len(all)/post.Len(), c.opt.NPY)
			}
			return err
		}
		for i, line := range text.Lines {
			p := posterior{Text: line}
			if m.Categorical() {
				p.Probabilities = post.Moments(i)
			} else {
				p.Mean = post.Moments(i)
				p.LogScale2 = post.Stats(i)[len(p.Mean):]
			}
			if err := c.printJSON(p); err != nil {
				return err
			}
		}
		return nil
	})
}

func vaeGradientsCommand(p *process) *cli.Command {
	type options struct {
		Latent  string  `opt:"latent" default:"gaussian" check:"oneof=gaussian|logistic|laplace" doc:"distribution of the draw"`
		Mean    float64 `opt:"mean" default:"0.7" check:"min=-1e6,max=1e6" doc:"of the draw"`
		LogVar  float64 `opt:"log-var" default:"-0.6" check:"min=-20,max=20" doc:"logarithm of the squared scale of the draw"`
		Samples int     `opt:"samples" default:"100000" check:"min=1000,max=100000000" doc:"draws"`
		Seed    uint64  `opt:"seed" default:"1" doc:"of the draws"`
		jsonOption
	}
	return command(p, cli.Command{
		Name: "gradients", Usage: "gradients through a continuous draw: along it, and by the score function",
		Description: "Mean and variance of one estimate of the derivatives of E[x^2] and E[cos x], beside the exact ones.",
	}, func(c call[options]) error {
		rows, err := variance.Continuous(variance.ContinuousOptions{Family: c.opt.Latent, Mean: c.opt.Mean, LogVar: c.opt.LogVar, Samples: c.opt.Samples, Seed: c.opt.Seed})
		if err != nil {
			return err
		}
		return c.show(c.opt.JSON, rows, func(w io.Writer) error { return variance.WriteContinuous(w, rows) })
	})
}
