package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"textgan/train/sweep"
)

// runAll does the runs of a sweep in processes of their own, some at a time. The
// output of a run goes to a file beside its directory. A run that fails does not stop
// the others, and one that another process is writing is left to it.
func runAll(c call[sweepRunOptions], plan *sweep.Plan) error {
	if err := plan.Unchanged(plan.Cells...); errors.Is(err, sweep.ErrChanged) {
		return usage("textgan sweep run", "%w", err)
	} else if err != nil {
		return err
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	threads := c.opt.Threads
	if threads == 0 {
		threads = max(1, runtime.NumCPU()/c.opt.Jobs)
	}
	if err := os.MkdirAll(plan.Dir, 0o777); err != nil {
		return err
	}
	ctx, stop := c.untilInterrupted(c.ctx, nil)
	defer stop()
	again := []string{"sweep", "run", plan.File, "--all"}
	if c.opt.Jobs > 1 {
		again = append(again, "--jobs", strconv.Itoa(c.opt.Jobs))
	}
	table := c.onSweep(c.opt.sweepOptions, "sweep", "table", plan.File)
	var (
		mu             sync.Mutex // of what follows
		failed, others []string
		work           sync.WaitGroup
	)
	next := make(chan sweep.Cell)
	for range c.opt.Jobs {
		work.Go(func() {
			for cell := range next {
				begun := c.now()
				var err error
				left := plan.Running(cell)
				if !left {
					err = runElsewhere(ctx, self, c, plan, cell, threads)
					left = err != nil && ctx.Err() == nil && taken(cell, plan, false) // by one that was faster
				}
				mu.Lock()
				if left {
					others = append(others, fmt.Sprint(cell.Index))
					fmt.Fprintf(c.talk, "run %d of %d is left to another process: %s\n", cell.Index, len(plan.Cells), plan.RunDir(cell))
				} else {
					if err != nil && ctx.Err() == nil {
						failed = append(failed, fmt.Sprint(cell.Index))
					}
					fmt.Fprintf(c.talk, "run %d of %d %s in %s: %s\n", cell.Index, len(plan.Cells), outcome(err, ctx), c.now().Sub(begun).Round(time.Second), plan.RunDir(cell))
				}
				mu.Unlock()
			}
		})
	}
	for _, cell := range plan.Cells {
		select {
		case next <- cell:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(next)
	work.Wait()
	if ctx.Err() != nil {
		return fmt.Errorf("%w; go on with: %s", cmp.Or(context.Cause(ctx), ctx.Err()), c.onSweep(c.opt.sweepOptions, again...))
	}
	if len(failed) > 0 {
		return fmt.Errorf("%d of %d runs failed: %s; %s says why", len(failed), len(plan.Cells), strings.Join(failed, ", "), table)
	}
	if len(others) > 0 {
		fmt.Fprintf(c.talk, "%d of %d runs are left to other processes: %s; %s tells how far they are\n", len(others), len(plan.Cells), strings.Join(others, ", "), table)
	}
	return nil
}

func outcome(err error, ctx context.Context) string {
	switch {
	case err == nil:
		return "done"
	case ctx.Err() != nil:
		return "stopped"
	}
	return "failed (" + err.Error() + ")"
}

// runElsewhere is sweep run --index in a process of its own, which is asked to save
// and stop when ctx ends.
func runElsewhere(ctx context.Context, self string, c call[sweepRunOptions], plan *sweep.Plan, cell sweep.Cell, threads int) error {
	log, err := os.OpenFile(plan.RunDir(cell)+".log", os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
	if err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, self, "sweep", "run", fmt.Sprintf("--index=%d", cell.Index), fmt.Sprintf("--threads=%d", threads), "--dir="+plan.Dir, "--", plan.File)
	cmd.Stderr, cmd.Env = log, c.environ
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	return errors.Join(cmd.Run(), log.Close())
}
