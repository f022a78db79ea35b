package torture

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/kernel"
	"textgan/train"
	"textgan/train/rundir"
)

// held is what this process holds when garbage has been given back.
type held struct {
	resident, live          float64 // bytes: of the process, and of what its code still refers to
	descriptors, goroutines int
}

func holds(t *testing.T) (h held) {
	debug.FreeOSMemory()
	f, err := os.Open("/proc/self/status")
	require.NoError(t, err)
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if fields := strings.Fields(in.Text()); fields[0] == "VmRSS:" {
			kilobytes, err := strconv.ParseFloat(fields[1], 64)
			require.NoError(t, err)
			h.resident = 1024 * kilobytes
		}
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	h.live = float64(m.HeapAlloc)
	open, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	h.descriptors, h.goroutines = len(open), runtime.NumGoroutine()
	return h
}

// A long game holds no more at its end than it did when it had settled, logging,
// evaluating and saving as it goes: memory, open files, goroutines.
func TestSoak(t *testing.T) {
	settled, steps := 200, 800
	if testing.Short() {
		settled, steps = 50, 150
	}
	if os.Getenv("TEXTGAN_SOAK") != "" {
		settled, steps = 5000, 40_000
	}
	rate := runtime.MemProfileRate
	runtime.MemProfileRate = 0 // whose tables grow
	defer func() { runtime.MemProfileRate = rate }()
	kernel.SetThreads(1)
	defer kernel.SetThreads(0)
	c := train.Options.Defaults()
	c.CorpusLines, c.Hidden, c.Emb, c.DEmb, c.DFilters, c.DWidths, c.Batch = 100_000, 16, 16, 8, 4, []int{2, 3}, 8
	c.MLESteps, c.DPre, c.AdvSteps, c.EvalSamples = 100, 2, steps, 50
	c.LogEvery, c.EvalEvery, c.SaveEvery, c.Keep = 10, 250, 250, 2
	tr, w, err := train.Start(c, filepath.Join(t.TempDir(), "run"), nil, rundir.Start{})
	require.NoError(t, err)
	defer w.Close()
	var begin, end []held // three at either side, of which the least counts: what moves at random is not held
	adversarial := 0
	require.NoError(t, tr.Run(context.Background(), train.Watcher{Step: func(p train.Progress) {
		if p.Phase != train.Adversarial {
			return
		}
		adversarial++
		const apart = 20
		if after := adversarial - settled; after >= 0 && after%apart == 0 && len(begin) < 3 {
			begin = append(begin, holds(t))
		}
		if before := steps - adversarial; before%apart == 0 && before < 3*apart {
			end = append(end, holds(t))
		}
	}}))
	require.Equal(t, steps, adversarial)
	was, is := least(begin), least(end)
	t.Logf("after %d steps %v; after %d steps %v: %+.2f %% resident, %+.2f %% live", settled, was, steps, is, 100*(is.resident/was.resident-1), 100*(is.live/was.live-1))
	require.LessOrEqual(t, is.descriptors, was.descriptors)
	require.LessOrEqual(t, is.goroutines, was.goroutines)
	require.Less(t, is.live, 1.01*was.live)
	if os.Getenv("TEXTGAN_SOAK") != "" { // in a short one pages of the program are still read for the first time
		require.Less(t, is.resident, 1.02*was.resident)
	}
}

func least(all []held) held {
	l := all[0]
	for _, h := range all {
		l = held{min(l.resident, h.resident), min(l.live, h.live), min(l.descriptors, h.descriptors), min(l.goroutines, h.goroutines)}
	}
	return l
}

func (h held) String() string {
	return fmt.Sprintf("%.1f MB resident, %.2f MB live, %d descriptors, %d goroutines", h.resident/1e6, h.live/1e6, h.descriptors, h.goroutines)
}
