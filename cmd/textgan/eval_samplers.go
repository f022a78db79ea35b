package main

import (
	"github.com/urfave/cli/v2"

	"textgan/eval/variance"
)

func evalSamplersCommand(p *process) *cli.Command {
	type options struct {
		Draws  int     `opt:"draws" default:"1000000" check:"min=1000,max=1000000000" doc:"draws of each sampler, for its frequencies"`
		Vocabs []int   `opt:"vocabs" default:"10,100,1000,10000" check:"min=1,max=16777216" doc:"vocabulary sizes to time"`
		Effort float64 `opt:"effort" default:"0.02" check:"above=0,max=60" doc:"seconds of each timing"`
		Seed   uint64  `opt:"seed" default:"1" doc:"of the logits and the draws"`
		jsonOption
	}
	return command(p, cli.Command{
		Name: "samplers", Usage: "which ways of drawing a word draw from the softmax, and what they cost",
		Description: "Gumbel-max against argmax with other noises, inverse CDF, rejection and alias tables: frequencies\n" +
			"by chi-square, nanoseconds per draw as the vocabulary grows.",
	}, func(c call[options]) error {
		r, err := variance.Samplers(c.ctx, variance.SamplerOptions{Draws: c.opt.Draws, Vocabs: c.opt.Vocabs, Seed: c.opt.Seed, Effort: c.opt.Effort})
		if err != nil {
			return err
		}
		return c.show(c.opt.JSON, r, r.WriteText)
	})
}
