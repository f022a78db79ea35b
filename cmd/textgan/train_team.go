package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"syscall"
	"time"

	"textgan/internal/mpi"
	"textgan/train"
)

// joinTeam joins the processes that mpirun has started to train together. All but the first are
// silent.
func (p *process) joinTeam(args []string) (err error) {
	if !slices.Contains(args[1:], "train") {
		return nil
	}
	if p.team, err = mpi.Start(); err != nil {
		return &usageError{"textgan train", err}
	}
	if p.team.Rank() > 0 {
		p.out, p.talk, p.bar, p.width = io.Discard, io.Discard, io.Discard, nil
	}
	return nil
}

// aSecond is how long a process waits for the first one of its team to say what is wrong.
const aSecond = time.Second

// leaveTeam ends this process's part in its team, and reports whether it is the one to say how
// the command has ended. An error that others may not have ends them all, with its exit code.
func (p *process) leaveTeam(err error, code int, say func()) {
	var agreed *interrupted
	switch {
	case p.team == nil:
		say()
	case err == nil || errors.As(err, &agreed):
		if p.team.Rank() == 0 {
			say()
		}
		p.team.Close()
	default:
		if p.team.Rank() > 0 { // what all have met the first one says, and ends them
			time.Sleep(aSecond)
		}
		say()
		p.team.Abort(code)
	}
}

// divide completes the options of a run by a team.
func divide(c *call[trainOptions]) error {
	n := c.team.Size()
	switch {
	case n == 1 && c.opt.Reduce == "fast":
		return usage("textgan train", "--reduce %s does nothing in one process; drop it", c.opt.Reduce)
	case n == 1:
		return nil
	case c.opt.Corpus == "-" || c.opt.Valid == "-":
		return usage("textgan train", "standard input reaches one process of %d; give the text as a file", n)
	case !c.has("accumulate"):
		c.opt.Accumulate = n
	}
	return c.opt.CheckTeam(n)
}

// begun is what the first process sends the others when it has opened its run, which they may
// then read.
var begun = make([]byte, 1)

// follow takes part in a run without being the first of the team.
func follow(c call[trainOptions]) (err error) {
	var t *train.Trainer
	if c.opt.Resume || c.opt.Extend {
		c.team.Broadcast(begun)
		t, err = train.FollowRun(c.opt.Run)
	} else if err = complete(&c); err == nil {
		if err = divide(&c); err == nil {
			t, err = train.Follow(c.opt.Config)
		}
	}
	if err != nil {
		return err
	}
	if !c.opt.Resume && !c.opt.Extend {
		c.team.Broadcast(begun)
	}
	if err := t.Join(c.team); err != nil {
		return err
	}
	ctx, stop := c.untilInterrupted(c.ctx, func() {})
	defer stop()
	if err = t.Run(ctx, train.Watcher{}); errors.Is(err, train.ErrInterrupted) {
		err = fmt.Errorf("%w at step %d", why(ctx), t.Step)
	}
	return err
}

// why is what has interrupted a run: a signal to this process, or, in a team, to another.
func why(ctx context.Context) error {
	return cmp.Or[error](context.Cause(ctx), &interrupted{syscall.SIGTERM})
}
