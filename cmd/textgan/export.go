package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/urfave/cli/v2"

	"textgan/cmd/textgan/report"
	"textgan/internal/atomicfile"
	"textgan/train/critic"
	"textgan/train/model"
)

func exportCommand(p *process) *cli.Command {
	type options struct {
		modelOptions
		Format string `opt:"format" check:"required,oneof=pytorch|single" doc:"pytorch: a state_dict as safetensors (docs/python.md); single: one .textgan file that sample, eval and a Go program read like a run"`
		Out    string `opt:"out" check:"required" doc:"file to write" meta:"FILE"`
		Lines  bool   `opt:"training-lines" doc:"single: let a critic that counts n-grams into the file, and with it the training lines, which it holds"`
		jsonOption
	}
	return command(p, cli.Command{
		Name: "export", Usage: "a finished model as one file, for PyTorch or for this program",
		Description: "A .textgan file holds settings, vocabulary, weights and, if the run has them, critic and model card; not\n" +
			"the training text, the held-out lines or what a resume needs.",
	}, func(c call[options]) error {
		if err := fileToWrite("textgan export", "out", c.opt.Out); err != nil {
			return err
		}
		if run, err := os.Stat(c.opt.Run); err == nil {
			if out, err := os.Lstat(c.opt.Out); err == nil && out.Mode().IsRegular() && os.SameFile(run, out) {
				return usage("textgan export", "--out %s is the model itself, --run %s; give another name", c.opt.Out, c.opt.Run)
			}
		}
		m, err := model.Load(c.opt.Run, c.opt.Checkpoint)
		if err != nil {
			return err
		}
		write := m.WritePyTorch
		if c.opt.Format == "single" {
			write = func(w io.Writer) error { return c.pack(w, m, c.opt.Run, c.opt.Lines) }
		} else if c.opt.Lines {
			return usage("textgan export", "--training-lines does nothing with --format %s; drop it", c.opt.Format)
		}
		err = atomicfile.Write(c.opt.Out, write)
		if errors.Is(err, model.ErrNotPyTorch) {
			return usage("textgan export", "%w", errors.Unwrap(err))
		}
		if err != nil {
			return err
		}
		if c.opt.JSON {
			return c.printJSON(map[string]any{"file": c.opt.Out, "format": c.opt.Format, "step": m.Step})
		}
		_, err = fmt.Fprintln(c.out, c.opt.Out)
		return err
	})
}

// pack writes the model of a run as a single file, without training lines unless they are
// asked for.
func (p *process) pack(w io.Writer, m *model.Model, run string, lines bool) error {
	more := map[string][]byte{}
	if card, err := m.ReadFile(report.CardFile); err == nil {
		more[report.CardFile] = card
	}
	var dirs []string
	switch step, ok := critic.Step(run); {
	case ok && step == m.Step && !lines && critic.HoldsText(run):
		p.warn("without the critic, which keeps the training lines; --training-lines takes both")
	case ok && step == m.Step:
		dirs = append(dirs, critic.Dir)
	case ok:
		p.warn("without the critic, which belongs to step %d and not to step %d; --checkpoint %d takes both", step, m.Step, step)
	}
	return m.Pack(w, more, dirs...)
}
