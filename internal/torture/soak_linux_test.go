package torture

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

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
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	h.resident, h.program = statusBytes(t, status, "VmRSS:"), statusBytes(t, status, "RssFile:")
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
}

// The same of the program itself, as it is: with its default options, of one thread,
// TEXTGAN_SOAK adversarial steps. All that is resident counts, the program's file too. It
// goes up and down as garbage is collected, so thousands of steps are compared: the mean,
// and the largest so far.
func TestSoakOfTheProgram(t *testing.T) {
	steps, err := strconv.Atoi(os.Getenv("TEXTGAN_SOAK"))
	if err != nil || steps < 4000 {
		t.Skip("takes long: TEXTGAN_SOAK says how many steps, 4000 at least")
	}
	path, err := program()
	require.NoError(t, err)
	dir := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command(path, "train", "--run", dir, "--threads", "1", "--adv-steps", strconv.Itoa(steps))
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	type sample struct {
		step                      int // adversarial
		resident, most, ofProgram float64
		descriptors               int
	}
	var all []sample
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for running := true; running; {
		select {
		case err := <-ended:
			require.NoError(t, err)
			running = false
		case <-tick.C:
			status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			open, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", cmd.Process.Pid))
			step := adversarialStep(filepath.Join(dir, rundir.MetricsFile))
			if err != nil || step == 0 || !strings.Contains(string(status), "VmRSS:") {
				continue // not yet, or no more
			}
			all = append(all, sample{step, statusBytes(t, status, "VmRSS:"), statusBytes(t, status, "VmHWM:"), statusBytes(t, status, "RssFile:"), len(open)})
		}
	}
	// over are all samples of steps in [from, to); files that are being written are open for a moment only.
	over := func(from, to int) (mean, most, file float64, held int) {
		n, descriptors := 0., math.MaxInt
		for _, s := range all {
			if from <= s.step-all[0].step && s.step-all[0].step < to {
				n++
				mean, most, file, descriptors = mean+s.resident, s.most, s.ofProgram, min(descriptors, s.descriptors)
			}
		}
		require.Greater(t, n, 20., "samples between steps %d and %d", from, to)
		return mean / n, most, file, descriptors
	}
	was, mostWas, fileWas, openWas := over(1000, 2000)
	for from := 2000; from+1000 <= steps; from += 1000 {
		is, most, file, open := over(from, min(from+1000, steps-100)) // the end writes a report
		t.Logf("steps %d to %d: %.2f MB (%+.2f %%), most so far %.2f MB (%+.2f %%), of the program's file %.2f MB (%+.2f MB), %d descriptors",
			from, from+1000, is/1e6, 100*(is/was-1), most/1e6, 100*(most/mostWas-1), file/1e6, (file-fileWas)/1e6, open)
		require.Less(t, is, 1.02*was)
		require.Less(t, most, 1.02*mostWas)
		require.LessOrEqual(t, open, openWas)
	}
}

// adversarialStep is the last step of the adversarial phase that a record tells of; 0
// before there is one.
func adversarialStep(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return 0
	}
	defer f.Close()
	end, _ := f.Seek(0, io.SeekEnd)
	_, _ = f.Seek(max(0, end-1<<14), io.SeekStart)
	text, _ := io.ReadAll(f)
	last := 0
	for line := range strings.Lines(string(text)) {
		var r struct {
			Step  int
			Phase string
		}
		if json.Unmarshal([]byte(line), &r) == nil && r.Phase == train.Adversarial {
			last = r.Step
		}
	}
	return last
}

// statusBytes is a number of /proc/PID/status.
func statusBytes(t *testing.T, status []byte, name string) float64 {
	_, rest, _ := strings.Cut(string(status), name)
	kilobytes, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	require.NoError(t, err)
	return 1024 * kilobytes
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
