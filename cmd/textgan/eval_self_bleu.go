package main

import (
	"github.com/urfave/cli/v2"

	"textgan/eval"
	"textgan/internal/machine"
)

func evalSelfBLEUCommand(p *process) *cli.Command {
	type options struct {
		Hyp string `opt:"hyp" check:"required" doc:"text to score, one sentence per line; blank lines are empty sentences" meta:"FILE"`
		bleuOptions
	}
	return command(p, cli.Command{
		Name: "self-bleu", Usage: "how much the sentences of a text are alike: self-BLEU-1 to self-BLEU-n",
		Description: "Every sentence is scored against all others; high values mean little diversity.\nCompare texts of equal numbers of lines only.",
	}, func(c call[options]) error {
		opt, tokenize, err := c.opt.scoring()
		if err != nil {
			return err
		}
		protocol, published, err := c.opt.protocol(c.given, "max-n")
		if err != nil {
			return err
		}
		text, err := c.openAs(asJudged, nil, c.opt.Hyp, c.opt.textInput)
		if err != nil {
			return err
		}
		var score eval.Score
		if published {
			score, err = protocol.SelfBLEU(text.WithBlanks(), opt)
		} else {
			lines := text.WithBlanks()
			if err := foresee(tokenize, max(c.opt.MaxN, 5), func(of func([]string) eval.Forecast) machine.Need {
				return eval.SelfBLEUNeeds(of(lines))
			}); err != nil {
				return err
			}
			score, err = eval.SelfBLEU(eval.NewLexicon().Add(lines, tokenize), opt)
		}
		if err != nil {
			return err
		}
		return c.printScore("self-BLEU", score, c.opt.JSON)
	})
}
