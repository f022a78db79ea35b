package torture

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// disturb runs the subject from its beginning with one fault, and then to its end. where
// is the call, and end how the program has taken it. It is an error if the end of the run
// is not that of one in peace.
func (s *subject) disturb(t *testing.T, peace map[string]string, n int, f fault) (where call, end string, err error) {
	s.again(t)
	cmd, said := s.command(t, s.begin...)
	_, status, err := trace(cmd, s.place, func(i int, c call) fault {
		if i != n {
			return fault{}
		}
		where = c
		return f
	})
	switch {
	case err != nil:
		return where, "not traced", err
	case status.Signaled():
		end = "died"
		if f.errno != 0 {
			return where, end, fmt.Errorf("%v: %s", status, said())
		}
	case status.ExitStatus() == 0:
		end = "went on"
	default:
		end = "said so"
		if err := oneLine(said()); err != nil || status.ExitStatus() != 1 {
			return where, end, fmt.Errorf("exit code %d: %w", status.ExitStatus(), err)
		}
	}
	if end != "went on" {
		if s.before != "" && n%2 == 0 { // a run that can be resumed, whichever it is
			cmd, said := s.command(t, "train", "--run", s.dir, "--resume")
			if err := cmd.Run(); err != nil {
				return where, end, fmt.Errorf("%w: %s", err, said())
			}
		}
		if err := s.goOn(t); err != nil {
			return where, end, err
		}
	}
	if how := s.differs(t, peace); how != "" {
		return where, end, fmt.Errorf("%s", how)
	}
	return where, end, nil
}

// Wherever a process dies, or a call that changes a file fails, the run goes on to the
// same end.
func TestEveryCallThatChangesAFile(t *testing.T) {
	faults := []fault{{kill: true}, {tear: true}, {errno: unix.ENOSPC}, {errno: unix.EIO}}
	subjects := map[string]func(t *testing.T) *subject{
		// Made longer, it is the run before, cut off, or the longer one at every moment.
		"mle, extended": func(t *testing.T) *subject { return extended(t, "mle", "--mle-steps", "9") },
	}
	for name := range models {
		subjects[name] = func(t *testing.T) *subject { return newSubject(t, name) }
	}
	for name, subject := range subjects {
		t.Run(name, func(t *testing.T) {
			s := subject(t)
			cmd, said := s.command(t, s.begin...)
			calls, status, err := trace(cmd, s.place, func(int, call) fault { return fault{} })
			if errors.Is(err, unix.EPERM) || errors.Is(err, unix.ENOSYS) {
				t.Skipf("processes cannot be traced here: %v", err)
			}
			require.NoError(t, err)
			require.NotEmpty(t, calls)
			require.Zero(t, status.ExitStatus(), said())
			peace := s.ended(t)
			require.Empty(t, s.differs(t, peace))

			sample := 8 // of the calls, for each fault
			if testing.Short() {
				sample = 2
			}
			ends := map[string]int{}
			for k, f := range faults {
				stride := max(1, len(calls)/sample)
				first := 1 + k*stride/len(faults)
				if all {
					stride, first = 1, 1
				}
				for n := first; n <= len(calls); n += stride {
					if f.tear && calls[n-1].name != "write" {
						continue
					}
					where, end, err := s.disturb(t, peace, n, f)
					if ends[fmt.Sprint(f, ": ", end)]++; err != nil {
						t.Errorf("%v at call %d of %d, %v: %v", f, n, len(calls), where, err)
					}
				}
			}
			t.Logf("%s: %d calls that change files; %v", name, len(calls), ends)
		})
	}
}

// The same for processes that are killed at any moment, as often as it takes.
func TestKilledAtRandom(t *testing.T) {
	runs := 3
	if testing.Short() {
		runs = 1
	}
	if all {
		runs = 60
	}
	draw := rand.New(rand.NewPCG(1, 2))
	for name := range models {
		t.Run(name, func(t *testing.T) {
			s := newSubject(t, name)
			begun := time.Now()
			require.NoError(t, s.goOn(t))
			whole := time.Since(begun)
			peace := s.ended(t)
			kills := 0
			for range runs {
				s.again(t)
				for range 3 { // at most, and then in peace
					args := []string{"train", "--run", s.dir, "--resume"}
					if _, err := os.Stat(s.dir); err != nil {
						args = s.begin
					}
					cmd, _ := s.command(t, args...)
					require.NoError(t, cmd.Start())
					time.Sleep(time.Duration(draw.Float64() * float64(whole)))
					if cmd.Process.Signal(syscall.SIGKILL) == nil {
						kills++
					}
					_ = cmd.Wait()
				}
				require.NoError(t, s.goOn(t))
				require.Empty(t, s.differs(t, peace))
			}
			t.Logf("%s: %d runs, %d kills", name, runs, kills)
		})
	}
}
