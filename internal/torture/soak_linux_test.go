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
	resident, program, live float64 // bytes: of the process, of its own file among them, and of what its code still refers to
	descriptors, goroutines int
}

func holds(t *testing.T) (h held) {
	debug.FreeOSMemory()
	f, err := os.Open("/proc/self/status")
	require.NoError(t, err)
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		fields := strings.Fields(in.Text())
		for name, to := range map[string]*float64{"VmRSS:": &h.resident, "RssFile:": &h.program} {
			if fields[0] == name {
				kilobytes, err := strconv.ParseFloat(fields[1], 64)
				require.NoError(t, err)
				*to = 1024 * kilobytes
			}
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
		settled, steps = 1000, 40_000
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
		take := func(to *[]held, first int) {
			if after := adversarial - first; after >= 0 && after%apart == 0 && len(*to) < 3 {
				*to = append(*to, holds(t))
			}
		}
		take(&begin, settled)
		take(&end, steps-2*apart)
	}}))
	require.Equal(t, steps, adversarial)
	was, is := least(begin), least(end)
	own := func(h held) float64 { return h.resident - h.program }
	t.Logf("after %d steps %v; after %d %v: %+.2f %% without the file, %+.2f %% with it, %+.2f %% live",
		settled, was, steps, is, 100*(own(is)/own(was)-1), 100*(is.resident/was.resident-1), 100*(is.live/was.live-1))
	require.LessOrEqual(t, is.descriptors, was.descriptors)
	require.LessOrEqual(t, is.goroutines, was.goroutines)
	require.Less(t, is.live, 1.01*was.live)
	if os.Getenv("TEXTGAN_SOAK") != "" {
		// Pages of the program's file are mapped when they are first read, and counted
		// apart: the last are tables that the collector looks stacks up in, which it
		// finds at random places.
		require.Less(t, own(is), 1.02*own(was))
	}
}

func least(all []held) held {
	l := all[0]
	for _, h := range all {
		l = held{min(l.resident, h.resident), min(l.program, h.program), min(l.live, h.live), min(l.descriptors, h.descriptors), min(l.goroutines, h.goroutines)}
	}
	return l
}

func (h held) String() string {
	return fmt.Sprintf("%.2f MB resident (%.2f of the program's file), %.2f MB live, %d descriptors, %d goroutines", h.resident/1e6, h.program/1e6, h.live/1e6, h.descriptors, h.goroutines)
}
