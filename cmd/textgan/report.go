package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"textgan/cmd/textgan/report"
	"textgan/corpora"
	"textgan/train/model"
	"textgan/train/rundir"
	"textgan/vocab"
)

func reportCommand(p *process) *cli.Command {
	type options struct {
		Run   string `opt:"run" check:"required" doc:"run directory" meta:"DIR"`
		Train string `opt:"train" doc:"text that the model was trained on, if it is no longer where it was" meta:"FILE"`
		textInput
		jsonOption
	}
	return command(p, cli.Command{
		Name: "report", Usage: "what a run did, as one HTML page and a model card",
		Description: "Writes report.html, which needs no network, and model-card.md into the run directory; train does\n" +
			"so by itself. SVG files in its directory figures, such as those of eval frontier --svg, become part of it.",
	}, func(c call[options]) error {
		m, err := model.Load(c.opt.Run, rundir.Last)
		if err != nil {
			return err
		}
		var lines []string
		var language corpora.Language
		if c.opt.Train != "" {
			text, err := c.open(c.opt.Train, c.opt.textInput.of(m), 0, m.Config.Seed)
			if err != nil {
				return err
			}
			lines = text.Lines
		} else if text, _, err := m.Text(); err != nil {
			c.warn("without nearest training lines: %v", err)
		} else {
			lines, language = text.Lines, text.Language
		}
		r, err := rundir.Open(c.opt.Run)
		if err != nil {
			return err
		}
		if err := writeReport(r, m.Vocab, lines, language); err != nil {
			return err
		}
		if c.opt.JSON {
			return c.printJSON(map[string]string{"report": r.Path(report.HTMLFile), "model_card": r.Path(report.CardFile)})
		}
		_, err = fmt.Fprintf(c.out, "%s\n%s\n", r.Path(report.HTMLFile), r.Path(report.CardFile))
		return err
	})
}

// writeReport writes the report of a run that has learnt lines, of a language if they
// were generated.
func writeReport(r *rundir.Run, v *vocab.Vocab, lines []string, language corpora.Language) error {
	return report.Write(r, report.Options{Train: lines, Tokenize: v.Tokenizer().Tokenize, Language: language})
}
