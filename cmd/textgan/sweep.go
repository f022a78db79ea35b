package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"textgan/internal/config"
	"textgan/train"
	"textgan/train/rundir"
	"textgan/train/sweep"
)

// sweepOptions are part of the options of every command on a sweep.
type sweepOptions struct {
	Dir string `opt:"dir" doc:"directory of the runs; default the name of FILE without .toml" meta:"DIR"`
}

// plan reads the file of a sweep.
func (p *process) plan(file string, o sweepOptions) (*sweep.Plan, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return sweep.Read(file, content, o.Dir)
}

// onSweep is a command line on the runs of a sweep, wherever they are.
func (p *process) onSweep(o sweepOptions, words ...string) string {
	if o.Dir != "" {
		words = append(words, "--dir", o.Dir)
	}
	return p.commandLine(words...)
}

// asFlags are settings as they are typed.
func asFlags(settings []sweep.Setting) string {
	words := make([]string, 0, len(settings))
	for _, s := range settings {
		words = append(words, config.Option{Name: s.Name}.Flag()+"="+shellQuote(s.Value))
	}
	return strings.Join(words, " ")
}

func sweepPlanCommand(p *process) *cli.Command {
	type options struct {
		sweepOptions
		jsonOption
	}
	type cell struct {
		Index   int             `json:"index"`
		Hash    string          `json:"hash"`
		Dir     string          `json:"dir"`
		Options []sweep.Setting `json:"options"`
	}
	return command(p, cli.Command{
		Name: "plan", ArgsUsage: "FILE", Usage: "the runs that a sweep's file makes, one per line: index, hash, options",
		Description: "FILE is TOML: [base] has options of train for all runs, [axes] lists of values of which every\n" +
			"combination is a run, [[cell]] one more run, [[exclude]] values of runs to leave out. docs/cluster\n" +
			"shows how Slurm, Kubernetes and GNU parallel run them.",
	}, func(c call[options]) error {
		plan, err := c.plan(c.args[0], c.opt.sweepOptions)
		if err != nil {
			return err
		}
		for _, x := range plan.Cells {
			if c.opt.JSON {
				err = c.printJSON(cell{x.Index, x.Hash, plan.RunDir(x), append(append([]sweep.Setting{}, x.Own...), x.Common...)})
			} else {
				_, err = fmt.Fprintf(c.out, "%d\t%s\t%s\n", x.Index, x.Hash, strings.TrimSpace(asFlags(x.Own)+" "+asFlags(x.Common)))
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

type sweepRunOptions struct {
	Index   int  `opt:"index" default:"-1" file:"no" check:"min=-1,max=1000000" doc:"of the run; default that of the Slurm array task (SLURM_ARRAY_TASK_ID) or the Kubernetes job (JOB_COMPLETION_INDEX)"`
	All     bool `opt:"all" file:"no" doc:"all runs, here, one after the other"`
	Jobs    int  `opt:"jobs" default:"1" file:"no" check:"min=1,max=4096" doc:"runs at a time with --all; each gets its share of the cores"`
	Threads int  `opt:"threads" default:"0" file:"no" check:"min=0,max=4096" doc:"cores of a run; 0: all, or a share of them with --jobs"`
	sweepOptions
	jsonOption
}

func sweepRunCommand(p *process) *cli.Command {
	return command(p, cli.Command{
		Name: "run", ArgsUsage: "FILE", Usage: "one run of a sweep, begun, gone on with, or found complete",
		Description: "What is run follows from FILE and the index alone. A run that exists is resumed; one that is\n" +
			"complete ends the command at once; one that another process is writing is left to it; one whose\n" +
			"options in FILE have changed is refused.",
	}, func(c call[sweepRunOptions]) error {
		plan, err := c.plan(c.args[0], c.opt.sweepOptions)
		if err != nil {
			return err
		}
		if c.opt.All {
			if c.opt.Index >= 0 {
				return usage("textgan sweep run", "--all and --index %d contradict each other; give one", c.opt.Index)
			}
			if c.opt.JSON {
				return usage("textgan sweep run", "--json does nothing with --all: what a run says is in a log beside its directory; drop it")
			}
			return runAll(c, plan)
		}
		if c.opt.Jobs > 1 {
			return usage("textgan sweep run", "--jobs goes with --all")
		}
		index, err := c.sweepIndex(c.opt.Index, plan)
		if err != nil {
			return err
		}
		return runCell(c, plan, plan.Cells[index])
	})
}

// indexVariables name the run that a cluster's scheduler wants.
var indexVariables = []string{"SLURM_ARRAY_TASK_ID", "JOB_COMPLETION_INDEX"}

// variable is a variable of the environment, "" if it is not set.
func (p *process) variable(name string) string {
	for _, e := range p.environ {
		if value, ok := strings.CutPrefix(e, name+"="); ok {
			return value
		}
	}
	return ""
}

// sweepIndex is the index of the run to do, from the flag or from a scheduler.
func (p *process) sweepIndex(flag int, plan *sweep.Plan) (int, error) {
	index, from := flag, "--index "+strconv.Itoa(flag)
	for _, name := range indexVariables {
		text := p.variable(name)
		if index >= 0 || text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return 0, usage("textgan sweep run", "%s=%s: want a whole number from 0", name, text)
		}
		index, from = n, name+"="+text
	}
	if index < 0 {
		return 0, usage("textgan sweep run", "which one? give --index N or --all; there are %d", len(plan.Cells))
	}
	if index >= len(plan.Cells) {
		return 0, usage("textgan sweep run", "%s: %s makes the runs 0 to %d", from, plan.File, len(plan.Cells)-1)
	}
	return index, nil
}

// runCell begins a run of a sweep or goes on with it.
func runCell(c call[sweepRunOptions], plan *sweep.Plan, cell sweep.Cell) error {
	state, _, err := plan.Look(cell)
	if errors.Is(err, sweep.ErrChanged) {
		return usage("textgan sweep run", "%w", err)
	}
	if err != nil {
		return err
	}
	dir := plan.RunDir(cell)
	if state == sweep.Done {
		fmt.Fprintf(c.talk, "run %d of %s is complete: %s\n", cell.Index, plan.File, dir)
		return nil
	}
	if state == sweep.Running {
		return busy(cell, plan)
	}
	o := trainOptions{Run: dir, Threads: c.opt.Threads, jsonOption: c.opt.jsonOption}
	given, err := train.WithPreset([]config.Layer{{}, {}, cell.Layer})
	if err != nil {
		return err
	}
	if _, err := rundir.Open(dir); !errors.Is(err, rundir.ErrNotRun) {
		o.Resume, given = true, nil
	} else if o.Config, err = train.Options.Resolve(given...); err != nil {
		return err
	}
	if err := plan.Note(cell, ""); err != nil { // an older attempt's
		return err
	}
	err = runTrain(call[trainOptions]{process: c.process, ctx: c.ctx, opt: o, given: given})
	if err == nil || errors.Is(err, train.ErrInterrupted) || errors.As(err, new(*interrupted)) {
		return err
	}
	// Another process may have begun it since, and that is no failure of the run.
	if taken(cell, plan, errors.Is(err, rundir.ErrExists)) {
		return busy(cell, plan)
	}
	_, message := exitCode(err)
	noted := plan.Note(cell, cmp.Or(message, err.Error()))
	var why, same syscall.Errno
	if errors.As(err, &why) && errors.As(noted, &same) && why == same { // both could not write the directory
		noted = nil
	}
	return errors.Join(err, noted)
}

// taken reports whether another process does the run of a cell, or has done it. One that has made the
// directory has not yet locked it: wait gives it two seconds for that.
func taken(cell sweep.Cell, plan *sweep.Plan, wait bool) bool {
	for range 20 {
		switch state, _, err := plan.Look(cell); {
		case err != nil || state == sweep.Failed:
			return false
		case state == sweep.Running || state == sweep.Done:
			return true
		case !wait:
			return false
		}
		time.Sleep(100 * time.Millisecond)
	}
	return false
}

// busy is the error of a run that is left to another process.
func busy(cell sweep.Cell, plan *sweep.Plan) error {
	return fmt.Errorf("run %d of %s is being written by another process: %s", cell.Index, plan.File, plan.RunDir(cell))
}

func sweepTableCommand(p *process) *cli.Command {
	type options struct {
		Format   string `opt:"format" default:"text" check:"oneof=text|csv|markdown|latex" doc:"of the table"`
		HTML     string `opt:"html" doc:"write the page of report --sweep too" meta:"FILE"`
		Frontier bool   `opt:"frontier" doc:"quality against diversity of all complete runs instead, by eval frontier with its defaults"`
		sweepOptions
		jsonOption
	}
	return command(p, cli.Command{
		Name: "table", ArgsUsage: "FILE", Usage: "what a sweep has come to: means over seeds, and what is missing",
		Description: "A row is a setting, its numbers mean and standard deviation over the seeds that are complete, of the\n" +
			"last evaluation of each run. What is not complete is listed on standard error.",
	}, func(c call[options]) error {
		if o := c.opt; c.has("format") && (o.JSON || o.Frontier) {
			other := "--json"
			if o.Frontier {
				other = "--frontier"
			}
			return usage("textgan sweep table", "--format %s does nothing with %s; drop one of them", o.Format, other)
		}
		if err := fileToWrite("textgan sweep table", "html", c.opt.HTML); err != nil {
			return err
		}
		plan, err := c.plan(c.args[0], c.opt.sweepOptions)
		if err != nil {
			return err
		}
		table, err := plan.Sum()
		if errors.Is(err, sweep.ErrChanged) {
			return usage("textgan sweep table", "%w", err)
		}
		if err != nil {
			return err
		}
		c.sayStates(table)
		if c.opt.HTML != "" {
			if err := c.compare(c.opt.HTML, plan.File, membersOf(table), reportOptions{}); err != nil {
				return err
			}
		}
		if c.opt.Frontier {
			return sweepFrontier(c.process, c.ctx, table, c.opt.jsonOption)
		}
		return c.show(c.opt.JSON, table, func(w io.Writer) error { return sweepFormats[c.opt.Format](w, table) })
	})
}

// sayStates counts the runs by state, and names those that are not done.
func (p *process) sayStates(t *sweep.Table) {
	count := map[sweep.State]int{}
	for _, c := range t.Cells {
		count[c.State]++
	}
	parts := []string{}
	for _, s := range []sweep.State{sweep.Done, sweep.Running, sweep.Stopped, sweep.Failed, sweep.Missing} {
		if n := count[s]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, s))
		}
	}
	fmt.Fprintf(p.talk, "runs: %s\n", strings.Join(parts, ", "))
	for _, c := range t.Cells {
		if c.State != sweep.Done && c.State != sweep.Missing {
			line := fmt.Sprintf("  %d %s: %s", c.Index, c.State, c.Dir)
			if c.Why != "" {
				line += ": " + c.Why
			}
			fmt.Fprintln(p.talk, line)
		}
	}
}
