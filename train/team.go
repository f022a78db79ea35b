package train

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"time"

	"textgan/internal/config"
	"textgan/internal/kernel"
	"textgan/internal/mpi"
	"textgan/train/rundir"
)

// Team is processes that train one run together: package mpi has them. All call the same
// methods in the same order.
type Team interface {
	Rank() int              // of this process, from 0
	Size() int              // processes
	Gather(dst, src []byte) // dst becomes the src of all, in the order of ranks
	Swap(dst, src []byte)   // block r of src goes to process r; block r of dst comes from there
	Broadcast(data []byte)  // data becomes that of rank 0
	Sum(data []float32)     // data becomes the sum of that of all, in any order
}

// Follow is Start for a process that is not the first of a team: nothing is written. Join has
// to be called then.
func Follow(c Config) (*Trainer, error) {
	t, _, err := prepare(c, nil)
	return t, err
}

// FollowRun is Resume for a process that is not the first of a team.
func FollowRun(dir string) (*Trainer, error) {
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, err
	}
	return reopen(r, nil)
}

// CheckTeam reports whether n processes cannot divide the parts of a step among them.
func (c Config) CheckTeam(n int) error {
	if c.Accumulate%n != 0 {
		return &config.Error{Msg: fmt.Sprintf("train: the %d parts of a step (--accumulate) cannot be divided among %d processes; start a number of them that divides it", c.Accumulate, n)}
	}
	return nil
}

// Join lets a run be trained by a team, each process running its share of the parts of a step.
// All have to have the same settings, text, program and instructions; then they are given the
// state of the first, and stay equal: each adds up the same gradients in the same order.
func (t *Trainer) Join(team Team) error {
	if team.Size() == 1 {
		return nil
	}
	if err := t.Config.CheckTeam(team.Size()); err != nil {
		return err
	}
	if err := t.checkEqual(team); err != nil {
		return err
	}
	if err := t.takeOver(team); err != nil {
		return err
	}
	t.common.cut.team = &counted{Team: team}
	return nil
}

// TeamWork is what it costs a process to be one of a team.
type TeamWork struct {
	Processes int
	Steps     int
	Took      time.Duration // by all steps
	Waited    time.Duration // for the slowest to have gone through its parts
	Added     time.Duration // exchanging gradients and adding them up
	Received  int64         // bytes from other processes
}

// TeamWork is that of this process so far; false without a team.
func (t *Trainer) TeamWork() (TeamWork, bool) {
	c := t.common.cut
	if c.team == nil {
		return TeamWork{}, false
	}
	c.work.Processes, c.work.Received = c.team.Size(), c.team.received
	return c.work, true
}

// counted is a team that counts what it receives.
type counted struct {
	Team
	received int64
}

func (c *counted) Gather(dst, src []byte) {
	c.received += int64(len(dst) - len(src))
	c.Team.Gather(dst, src)
}

func (c *counted) Swap(dst, src []byte) {
	c.received += int64(len(dst) - len(dst)/c.Size())
	c.Team.Swap(dst, src)
}

// Sum receives at least this much.
func (c *counted) Sum(data []float32) {
	c.received += int64(8 * len(data) * (c.Size() - 1) / c.Size())
	c.Team.Sum(data)
}

// checkEqual compares what decides the arithmetic.
func (t *Trainer) checkEqual(team Team) error {
	program, _ := debug.ReadBuildInfo()
	about := []struct{ what, is string }{
		{"settings", string(Options.TOML(t.Config))},
		{"text", t.Data.SHA256 + t.Data.Vocab.Hash() + t.Data.Valid.SHA256},
		{"program", fmt.Sprint(runtime.GOARCH, program)},
		{"instructions (TEXTGAN_ISA)", kernel.ISA()},
	}
	var own []byte
	for _, a := range about {
		sum := sha256.Sum256([]byte(a.is))
		own = append(own, sum[:]...)
	}
	all := make([]byte, team.Size()*len(own))
	team.Gather(all, own)
	for rank := range team.Size() {
		for i, a := range about {
			at := i * sha256.Size
			if !slices.Equal(all[rank*len(own)+at:][:sha256.Size], all[at:][:sha256.Size]) {
				return fmt.Errorf("train: rank %d has other %s than rank 0; equal weights need the same everywhere", rank, a.what)
			}
		}
	}
	return nil
}

// takeOver gives all processes the state of the first.
func (t *Trainer) takeOver(team Team) error {
	saved := t.saved()
	for _, f := range saved.files() {
		for _, p := range f.params {
			team.Broadcast(mpi.Bytes(p.Data))
		}
	}
	state, err := saved.state()
	if err != nil {
		return err
	}
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("train: state: %w", err)
	}
	length := []float64{float64(len(text))}
	team.Broadcast(mpi.Bytes(length))
	text = append(text, make([]byte, max(0, int(length[0])-len(text)))...)[:int(length[0])]
	team.Broadcast(text)
	if team.Rank() == 0 {
		return nil
	}
	clear(state)
	if err := json.Unmarshal(text, &state); err != nil {
		return fmt.Errorf("train: state: %w", err)
	}
	return saved.setState(state, func(name string) error { return io.ErrUnexpectedEOF })
}

// any reports whether a process of the team says yes.
func (c *cut) any(yes bool) bool {
	if c.team == nil {
		return yes
	}
	own, all := []float64{0}, make([]float64, c.team.Size())
	if yes {
		own[0] = 1
	}
	c.team.Gather(mpi.Bytes(all), mpi.Bytes(own))
	return slices.Max(all) > 0
}
