package main

import (
	"fmt"
	"math"

	"github.com/urfave/cli/v2"

	"textgan/eval"
	"textgan/generator"
	"textgan/internal/machine"
	"textgan/train/model"
)

// modelOptions choose a trained model.
type modelOptions struct {
	Run        string `opt:"run" check:"required" doc:"run directory of the model" meta:"DIR"`
	Checkpoint string `opt:"checkpoint" default:"last" doc:"last, best (by the metric of train --best; NLL of held-out text if none was given) or the number of a step" meta:"NAME"`
}

// precision is part of the options of commands that use a model and not its record.
type precision struct {
	Precision string `opt:"precision" default:"float32" check:"oneof=float32|bf16" doc:"of the operands of matrix products: bf16 as in train --precision bf16, whatever the run was trained with"`
}

func (p precision) bf16() bool { return p.Precision == "bf16" }

func evalNLLCommand(p *process) *cli.Command {
	type options struct {
		modelOptions
		Corpus      string  `opt:"corpus" check:"required" doc:"text to score, one sentence per line" meta:"FILE"`
		Temperature float64 `opt:"temperature" default:"1" check:"min=0.001,max=1000" doc:"of the model that is asked: divides its logits, as in sample"`
		Samples     int     `opt:"samples" default:"100" check:"min=1,max=1000000000" doc:"draws of the code of each sentence, of a VAE: more are nearer to its likelihood"`
		precision
		textInput
		jsonOption
	}
	type report struct {
		NLL        float64 `json:"nll"` // nats per token, ends of sentences included
		Perplexity float64 `json:"perplexity"`
		KnownNLL   float64 `json:"nll_known"` // the same over the tokens that the vocabulary holds
		Lines      int     `json:"lines"`
		Tokens     int     `json:"tokens"`
		Unknown    int     `json:"unknown"` // tokens that the vocabulary lacks
		Run        string  `json:"run"`
		Step       int     `json:"step"`
	}
	return command(p, cli.Command{
		Name: "nll", Usage: "how well a model predicts text: nats per token, perplexity",
		Description: "Every real token counts, the end of the sentence included; padding does not.",
	}, func(c call[options]) error {
		m, err := model.Load(c.opt.Run, c.opt.Checkpoint)
		if err != nil {
			return err
		}
		text, err := c.openAs(asReference, m, c.opt.Corpus, c.opt.textInput)
		if err != nil {
			return err
		}
		if err := foresee(m.Vocab.Tokenizer().Tokenize, 1, func(of func([]string) eval.Forecast) machine.Need {
			return eval.NLLNeeds(of(text.Lines))
		}); err != nil {
			return err
		}
		if v, err := m.VAE(); err == nil {
			switch {
			case c.opt.bf16():
				return usage("textgan eval nll", "--precision bf16: the bound of a VAE is worked out in float32")
			case c.opt.Temperature != 1:
				return usage("textgan eval nll", "--temperature %v: the bound of a VAE is that of temperature 1", c.opt.Temperature)
			}
			return printBounds(c.process, v, text.Lines, c.opt.Samples, c.opt.JSON)
		}
		tally, err := m.NLLAs(text.Lines, generator.ScoreOptions{Temperature: c.opt.Temperature, BF16: c.opt.bf16()})
		if err != nil {
			return err
		}
		r := report{
			NLL: tally.PerToken(), Perplexity: math.Exp(tally.PerToken()), KnownNLL: tally.PerKnown(),
			Lines: len(text.Lines), Tokens: tally.Tokens, Unknown: tally.Unk, Run: c.opt.Run, Step: m.Step,
		}
		if c.opt.JSON {
			return c.printJSON(r)
		}
		_, err = fmt.Fprintf(c.out, "%.4f nats per token, perplexity %.2f (%d tokens in %d lines, ends included)\n", r.NLL, r.Perplexity, r.Tokens, r.Lines)
		if err == nil && r.Unknown > 0 {
			_, err = fmt.Fprintf(c.out, "%.4f without the %d tokens that the vocabulary lacks\n", r.KnownNLL, r.Unknown)
		}
		return err
	})
}

// printBounds is the same for a VAE, of whose likelihood only bounds are known.
func printBounds(p *process, m model.VAE, lines []string, samples int, asJSON bool) error {
	t, err := m.ELBO(lines, samples, m.Config.Seed)
	if err != nil {
		return err
	}
	if asJSON {
		return p.printJSON(struct {
			NLL        float64   `json:"nll"`        // weighted bound, nats per token, ends of sentences included
			Perplexity float64   `json:"perplexity"` // of it
			ELBO       float64   `json:"elbo"`       // this and what follows: nats per sentence
			Rec        float64   `json:"reconstruction"`
			KL         float64   `json:"kl"`
			Weighted   float64   `json:"weighted_nll"`
			Samples    int       `json:"samples"`
			MI         float64   `json:"mutual_information"`
			Active     int       `json:"active_units"`
			Units      []float64 `json:"kl_units"`
			Lines      int       `json:"lines"`
			Tokens     int       `json:"tokens"`
			Unknown    int       `json:"unknown"`
			Step       int       `json:"step"`
		}{t.PerToken(t.Weighted), math.Exp(t.PerToken(t.Weighted)), t.ELBO(), t.Rec, t.KL, t.Weighted, t.Samples, t.MI, t.Active, t.Units, t.Sentences, t.Tokens, t.Unk, m.Step})
	}
	_, err = fmt.Fprintf(p.out, `at most %.4f nats per token, perplexity %.2f (%d tokens in %d lines, ends included), with %d draws of each code
per sentence: at most %.3f nats; ELBO %.3f = -(reconstruction %.3f + KL %.3f)
code: %d of %d units active, mutual information %.3f nats
`,
		t.PerToken(t.Weighted), math.Exp(t.PerToken(t.Weighted)), t.Tokens, t.Sentences, t.Samples,
		t.Weighted, t.ELBO(), t.Rec, t.KL, t.Active, len(t.Units), t.MI)
	if err == nil && t.MI < 0 {
		_, err = fmt.Fprintln(p.out, "(the mutual information is an estimate from draws of the codes, and may fall below 0 where the code says nothing)")
	}
	return err
}
