package main

import (
	"cmp"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"textgan/generator"
	"textgan/internal/rng"
	"textgan/train/critic"
	"textgan/train/model"
	"textgan/vocab"
)

// drawAtOnce bounds the memory of a large sample. The sentences do not depend
// on it.
const drawAtOnce = 4096

func sampleCommand(p *process) *cli.Command {
	type options struct {
		modelOptions
		N           int     `opt:"n" default:"10" check:"min=1,max=4294967295" doc:"sentences"`
		Temperature float64 `opt:"temperature" default:"1" check:"min=0.001,max=1000" doc:"divides the logits: below 1 safer, above 1 wilder"`
		TopK        int     `opt:"top-k" default:"0" check:"min=0,max=16777216" doc:"draw among the K likeliest tokens only; 0: all"`
		TopP        float64 `opt:"top-p" default:"1" check:"above=0,max=1" doc:"draw among the likeliest tokens of this total probability"`
		Prompt      string  `opt:"prompt" doc:"words that every sentence begins with"`
		Seed        uint64  `opt:"seed" default:"1" doc:"of the draws"`
		MaxLen      int     `opt:"max-len" default:"0" check:"min=0,max=10000" doc:"longest sentence in tokens, its end included; 0: that of the training text" group:"limits"`
		AllowUnk    bool    `opt:"allow-unk" doc:"let <unk> be drawn" group:"limits"`
		precision
		criticOptions
		jsonOption
	}
	return command(p, cli.Command{
		Name: "sample", Usage: "sentences that a trained model makes up, one per line",
		Description: "Equal options give equal sentences, and more of them (-n) begin with the same.",
	}, func(c call[options]) error {
		if err := c.opt.criticOptions.check("textgan sample", c.given); err != nil {
			return err
		}
		m, err := model.Load(c.opt.Run, c.opt.criticOptions.checkpoint(c.opt.Run, c.opt.Checkpoint, c.has("checkpoint")))
		if err != nil {
			return err
		}
		if m.Config.Backwards && c.opt.Prompt != "" {
			return usage("textgan sample", "--prompt: the model of %s writes from the end of a sentence (--backwards); leave the prompt out", c.opt.Run)
		}
		prompt, err := encodePrompt(m.Vocab, c.opt.Prompt)
		if err != nil {
			return err
		}
		opt := generator.SampleOptions{
			MaxLen: c.opt.MaxLen, Temperature: c.opt.Temperature, TopK: c.opt.TopK, TopP: c.opt.TopP,
			NoUnk: !c.opt.AllowUnk, Prompt: prompt, BF16: c.opt.bf16(),
		}
		if opt.MaxLen == 0 {
			// A prompt leaves room for at least its own length again.
			opt.MaxLen = max(m.Config.MaxLen, 2*len(prompt)) + 1
		}
		if err := opt.Check(m.Vocab.Size()); err != nil {
			return usage("textgan", "%w", err)
		}
		if c.opt.Critic {
			k, err := critic.Load(c.opt.Run, m)
			if err != nil {
				return err
			}
			s, err := c.opt.criticOptions.sampler(k, opt, c.opt.Seed)
			if err != nil {
				return err
			}
			err = c.printDraws(m.Vocab, c.opt.N, c.opt.JSON, func(_, n int) ([][]int32, error) { return s.Draw(n) })
			if err == nil {
				c.tellStats(s, c.opt.Method)
			}
			return err
		}
		s, err := m.Generator.NewSampler(opt)
		if err != nil {
			return err
		}
		key := rng.Key{Seed: c.opt.Seed, Stream: rng.Sample}
		return c.printDraws(m.Vocab, c.opt.N, c.opt.JSON, func(first, n int) ([][]int32, error) { return s.Rows(n, key, first), nil })
	})
}

// encodePrompt refuses words that the model has never seen.
func encodePrompt(v *vocab.Vocab, prompt string) (ids []int32, err error) {
	for _, token := range v.Tokenizer().Pieces(prompt) {
		more := v.EncodeToken(token)
		if token == vocab.Unknown { // what a wordpiece makes of it
			return nil, usage("textgan sample", "--prompt: the model does not know a word of %q", prompt)
		}
		if slices.Contains(more, vocab.Unk) {
			return nil, usage("textgan sample", "--prompt: the model does not know the word %q", cmp.Or(strings.TrimSpace(token), token))
		}
		ids = append(ids, more...)
	}
	return ids, nil
}

// printDraws prints n sentences, of which draw makes n from number first on.
func (p *process) printDraws(v *vocab.Vocab, n int, asJSON bool, draw func(first, n int) ([][]int32, error)) error {
	for first := 0; first < n; {
		ids, err := draw(first, min(drawAtOnce, n-first))
		if err != nil {
			return err
		}
		if err := p.printSentences(v.DecodeAll(ids), asJSON); err != nil {
			return err
		}
		first += len(ids)
	}
	return nil
}
