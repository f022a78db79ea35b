package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"textgan/train"
	"textgan/train/critic"
	"textgan/train/model"
	"textgan/train/rundir"
)

func verifyCommand(p *process) *cli.Command {
	type options struct {
		Run    string `opt:"run" check:"required" doc:"run directory" meta:"DIR"`
		Repair bool   `opt:"repair" doc:"first mend the names of checkpoints and remove what interruptions have left behind"`
		jsonOption
	}
	return command(p, cli.Command{
		Name: "verify", Usage: "what of a run is intact, and whether it can be resumed, sampled and compared",
		Description: "Every checksum is computed and every checkpoint loaded, as resuming would. Without --repair nothing is\n" +
			"written. The exit code is 0 if all is well. docs/reliability.md",
	}, func(c call[options]) error {
		var did []string
		var err error
		if c.opt.Repair {
			if did, err = train.Repair(c.opt.Run); err != nil {
				return err
			}
		}
		findings, err := train.Verify(c.opt.Run, c.in)
		if err != nil {
			return err
		}
		findings = append(findings, c.verifyCritic(c.opt.Run)...)
		wrong := 0
		for i, f := range findings {
			if !f.OK {
				wrong++
				findings[i].Says = oneLine(errors.New(f.Says))
			}
		}
		if c.opt.JSON {
			err = c.printJSON(struct {
				OK       bool            `json:"ok"`
				Repaired []string        `json:"repaired,omitempty"`
				Findings []train.Finding `json:"findings"`
			}{wrong == 0, did, findings})
		} else {
			table := tabwriter.NewWriter(c.out, 0, 0, 2, ' ', 0)
			for _, what := range did {
				fmt.Fprintf(table, "repaired\t\t%s\n", what)
			}
			for _, f := range findings {
				word := "ok"
				if !f.OK {
					word = "WRONG"
				}
				fmt.Fprintf(table, "%s\t%s\t%s\n", f.What, word, f.Says)
			}
			err = table.Flush()
		}
		if err == nil && wrong > 0 {
			err = fmt.Errorf("%s: %d of %d findings are wrong", c.opt.Run, wrong, len(findings))
		}
		return err
	})
}

// verifyCritic is the finding about the critic of a run, if there is one or should be.
func (p *process) verifyCritic(dir string) []train.Finding {
	if _, err := os.Lstat(filepath.Join(dir, critic.Dir)); errors.Is(err, fs.ErrNotExist) {
		if !owesCritic(dir) {
			return nil
		}
		return []train.Finding{{What: critic.Dir, Says: "is not there, and the run ends with one; train it: " + p.commandLine("train", "--run", dir, "--resume")}}
	}
	of := rundir.Last
	if step, ok := critic.Step(dir); ok {
		of = strconv.Itoa(step)
	}
	m, err := model.Load(dir, of)
	if err == nil {
		_, err = critic.Load(dir, m)
	}
	f := train.Finding{What: critic.Dir, OK: err == nil, Says: "of step " + of}
	if err != nil {
		f.Says = err.Error()
	}
	return []train.Finding{f}
}

// owesCritic reports whether a run that has taken all its steps is to have a critic by its settings.
func owesCritic(dir string) bool {
	if done, err := train.Finished(dir); err != nil || !done || rundir.Busy(dir) { // one that is busy may be training it
		return false
	}
	r, err := rundir.Open(dir)
	if err != nil {
		return false
	}
	settings, err := model.Settings(r)
	if err != nil {
		return false
	}
	c, err := train.Options.Resolve(train.Options.Own(settings))
	return err == nil && keepsCritic(c)
}
