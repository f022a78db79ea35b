package rundir

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// recorded is a closed run with lines of metrics at steps 5 to 45 and checkpoints of
// 20 and 40.
func recorded(t *testing.T) string {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	train(t, w, 0, 45)
	require.NoError(t, w.Close())
	return dir
}

// contents are all files below dir.
func contents(t *testing.T, dir string) map[string]string {
	files := map[string]string{}
	for _, name := range tree(t, dir) {
		files[name] = read(t, dir, name)
	}
	return files
}

// A record that is not what it was when the checkpoint was saved is named and kept
// aside, and what can be read of it stays.
func TestRecordIsHeldAgainstItsCheckpoint(t *testing.T) {
	whole := strings.SplitAfter(read(t, recorded(t), MetricsFile), "\n")[:8] // up to step 40
	without := func(i int) []string { return append(append([]string{}, whole[:i]...), whole[i+1:]...) }
	for name, c := range map[string]struct {
		edit, keep []string
		says       string
	}{
		"untouched":    {whole, whole, ""},
		"torn":         {append(without(7), whole[7], `{"step":45,"lo`), whole, ""},
		"beyond":       {append(without(7), whole[7], "{\"step\":45}\n"), whole, ""},
		"line added":   {append(without(7), whole[7], whole[7]), append(without(7), whole[7], whole[7]), "up to step 40 were changed"},
		"dirt beyond":  {append(without(7), whole[7], "x\n"), whole, ":9: no line of metrics"},
		"line missing": {without(3), without(3), "has lost lines up to step 40"},
		"end missing":  {without(7), without(7), "has lost lines up to step 40"},
		"empty":        {nil, nil, "has lost lines up to step 40"},
		"edited":       {append(without(7), strings.Replace(whole[7], "0.0", "0.1", 1)), append(without(7), strings.Replace(whole[7], "0.0", "0.1", 1)), "up to step 40 were changed"},
		"no JSON":      {append(append([]string{}, whole[:2]...), append([]string{"emptied\n"}, whole[2:]...)...), whole, ":3: no line of metrics"},
		"out of order": {append(without(1), whole[1], whole[7]), append(without(1), whole[7]), ":8: step 10 after step 40"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := recorded(t)
			edited := strings.Join(c.edit, "")
			require.NoError(t, os.WriteFile(filepath.Join(dir, MetricsFile), []byte(edited), 0o666))
			w, ck, err := Resume(dir, Start{}, Options{}, nil)
			require.NoError(t, err)
			require.Equal(t, 40, ck.Step)
			require.Equal(t, strings.Join(c.keep, ""), read(t, dir, MetricsFile))
			aside := filepath.Join(dir, MetricsFile+".before-40")
			if c.says == "" {
				require.Empty(t, w.Note)
				require.NoFileExists(t, aside)
			} else {
				require.Contains(t, w.Note, c.says)
				require.Contains(t, w.Note, "metrics.jsonl.before-40")
				require.Equal(t, w.Note, w.Manifest.Starts[1].Note)
				require.Equal(t, edited, read(t, aside))
			}
			// What was mended once is not named again, and from here on the run is as good as
			// any.
			require.NoError(t, w.Close())
			w, _, err = Resume(dir, Start{}, Options{}, nil)
			require.NoError(t, err)
			require.Empty(t, w.Note)
			train(t, w, 40, -1)
			require.NoError(t, w.Close())
			w, ck, err = Resume(dir, Start{}, Options{}, nil)
			require.NoError(t, err)
			require.Equal(t, 60, ck.Step)
			require.Empty(t, w.Note)
			require.NoError(t, w.Close())
		})
	}
}

// A record that is gone is named; two that were kept aside do not overwrite one another.
func TestRecordLostTwice(t *testing.T) {
	dir := recorded(t)
	require.NoError(t, os.Remove(filepath.Join(dir, MetricsFile)))
	for i, want := range []string{"lost lines", "", "no line of metrics", "no line of metrics"} {
		if i > 0 {
			require.NoError(t, os.WriteFile(filepath.Join(dir, MetricsFile), []byte(strings.Repeat("[]\n", i-1)), 0o666))
		}
		w, _, err := Resume(dir, Start{}, Options{}, nil)
		require.NoError(t, err)
		require.Contains(t, w.Note, want)
		require.Equal(t, want == "", w.Note == "")
		require.NoError(t, w.Close())
	}
	require.Equal(t, "[]\n", read(t, dir, MetricsFile+".before-40"))
	require.Equal(t, "[]\n[]\n", read(t, dir, MetricsFile+".before-40-2"))
}

// Checkpoints of older versions say nothing of the record: it is cut at their step.
func TestRecordOfAnOlderCheckpoint(t *testing.T) {
	dir := recorded(t)
	ck := filepath.Join(dir, "checkpoints", "step-40")
	sums := strings.SplitAfter(read(t, ck, sumsFile), "\n")
	require.Contains(t, sums[2], markFile)
	require.NoError(t, os.WriteFile(filepath.Join(ck, sumsFile), []byte(sums[0]+sums[1]), 0o666))
	w, _, err := Resume(dir, Start{}, Options{}, nil)
	require.NoError(t, err)
	require.Empty(t, w.Note)
	require.NoError(t, w.Close())
	require.Equal(t, 8, strings.Count(read(t, dir, MetricsFile), "\n"))
}

// Whatever a resume is refused for, the run is left as it was, byte for byte.
func TestRefusedResumeLeavesNoTrace(t *testing.T) {
	refuse := map[string]func(dir string) func(*Checkpoint) error{
		"by the caller": func(string) func(*Checkpoint) error {
			return func(*Checkpoint) error { return errors.New("another corpus") }
		},
		"mark of no record": func(dir string) func(*Checkpoint) error {
			ck := filepath.Join(dir, "checkpoints", "step-40")
			was := read(t, ck, markFile)
			is := strings.Replace(was, `"bytes":`, `"bytes":-`, 1)
			require.NoError(t, os.WriteFile(filepath.Join(ck, markFile), []byte(is), 0o666))
			sums := strings.Replace(read(t, ck, sumsFile), hexSum([]byte(was)), hexSum([]byte(is)), 1)
			require.NoError(t, os.WriteFile(filepath.Join(ck, sumsFile), []byte(sums), 0o666))
			return nil
		},
		"a directory for a record": func(dir string) func(*Checkpoint) error {
			require.NoError(t, os.Remove(filepath.Join(dir, MetricsFile)))
			require.NoError(t, os.Mkdir(filepath.Join(dir, MetricsFile), 0o777))
			return nil
		},
		"no checkpoint whole": func(dir string) func(*Checkpoint) error {
			for _, step := range []string{"step-20", "step-40"} {
				require.NoError(t, os.Remove(filepath.Join(dir, "checkpoints", step, sumsFile)))
			}
			return nil
		},
		"no manifest": func(dir string) func(*Checkpoint) error {
			require.NoError(t, os.WriteFile(filepath.Join(dir, manifestFile), nil, 0o666))
			return nil
		},
	}
	for name, spoil := range refuse {
		for _, locked := range []bool{true, false} { // with the lock file of an earlier process, and without one
			t.Run(name, func(t *testing.T) {
				dir := recorded(t)
				require.NoError(t, os.WriteFile(filepath.Join(dir, lockFile), []byte("pid 1 on another\n"), 0o666))
				if !locked {
					require.NoError(t, os.Remove(filepath.Join(dir, lockFile)))
				}
				require.NoError(t, os.Mkdir(filepath.Join(dir, "checkpoints", ".step-60.aside-0"), 0o777))
				restore := spoil(dir)
				before := contents(t, dir)
				_, _, err := Resume(dir, Start{}, Options{}, restore)
				require.Error(t, err)
				require.Equal(t, before, contents(t, dir))
				require.DirExists(t, filepath.Join(dir, "checkpoints", ".step-60.aside-0"))
				require.False(t, Busy(dir))
			})
		}
	}
}

// Another program or instruction set is said, once.
func TestResumeSaysWhatIsOtherwise(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	save(t, w, 10, false)
	require.NoError(t, w.Close())
	now := Start{Go: "go1.27", ISA: "avx2", Textgan: "0.3", OS: "plan9", Command: []string{"else"}}
	for i, want := range []string{"begun with Go go1.26, now go1.27: from here on its bits may be others than those of a run that was never stopped", ""} {
		w, _, err := Resume(dir, now, Options{}, nil)
		require.NoError(t, err)
		require.Equal(t, want, w.Note)
		require.Equal(t, want, w.Manifest.Starts[i+1].Note)
		require.NoError(t, w.Close())
	}
}
