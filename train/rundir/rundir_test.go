package rundir

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"
)

// clock is a wall clock that stands still until told to go on.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { return c.at }

func newClock() *clock { return &clock{time.Unix(1_700_000_000, 0)} }

var content = Content{
	Config:   []byte("seed = 7\n"),
	Vocab:    []byte("{}\n"),
	Manifest: Manifest{Model: "gan", Seed: 7, Corpus: Corpus{Name: "builtin:captions", SHA256: "ab", Lines: 3}},
}

func create(t *testing.T, dir string, opt Options) *Writer {
	t.Helper()
	if opt.Now == nil {
		opt.Now = newClock().now
	}
	w, err := Create(dir, content, Start{Command: []string{"textgan", "train"}, Go: "go1.26"}, opt)
	require.NoError(t, err)
	t.Cleanup(func() { w.Close() })
	return w
}

// save saves a checkpoint of two small files that depend on the step.
func save(t *testing.T, w *Writer, step int, best bool) {
	t.Helper()
	put := func(name string) File {
		return File{name, func(out io.Writer) error {
			_, err := fmt.Fprintf(out, "%s of step %d\n", name, step)
			return err
		}}
	}
	require.NoError(t, w.SaveCheckpoint(step, []File{put("weights.safetensors"), put("state.json")}, best))
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(path...))
	require.NoError(t, err)
	return string(b)
}

// tree lists all files below dir.
func tree(t *testing.T, dir string) (paths []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			path, err = filepath.Rel(dir, path)
			paths = append(paths, filepath.ToSlash(path))
		}
		return err
	}))
	return paths
}

// A manifest that somebody has changed is told from one that was written, and a resumed run,
// which writes it anew, says so in it.
func TestManifestIsSealed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	w := create(t, dir, Options{})
	require.NoError(t, w.CheckManifest())
	save(t, w, 3, true)
	require.NoError(t, w.Close())
	path := filepath.Join(dir, manifestFile)
	whole := read(t, path)
	for was, is := range map[string]string{`"seed": 7`: `"seed": 8`, `"lines": 3`: `"lines": 33`, "{": "{ ", `"manifest_sha256": "6`: `"manifest_sha256": "7`} {
		require.Contains(t, whole, was)
		require.NoError(t, os.WriteFile(path, []byte(strings.Replace(whole, was, is, 1)), 0o600))
		require.ErrorContains(t, w.CheckManifest(), "manifest.json was changed since it was written", was)
	}
	w, _, err := Resume(dir, Start{}, Options{}, nil)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Contains(t, w.Note, "manifest.json was changed since it was written")
	require.Contains(t, w.Manifest.Starts[1].Note, w.Note)
	require.NoError(t, w.CheckManifest())
}

func TestLayout(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "runs", "a")
	w := create(t, dir, Options{})
	require.NoError(t, w.Log(20, Field{"phase", "mle"}, Field{"loss/g", 1.5}))
	require.NoError(t, w.SaveSamples(20, []string{"a dog .", ""}))
	save(t, w, 20, true)
	host, err := os.Hostname()
	require.NoError(t, err)
	require.Equal(t, []string{
		".lock",
		"checkpoints/best",
		"checkpoints/last",
		"checkpoints/step-20/SHA256SUMS",
		"checkpoints/step-20/record.json",
		"checkpoints/step-20/state.json",
		"checkpoints/step-20/weights.safetensors",
		"config.toml",
		"events.out.tfevents.1700000000." + host,
		"manifest.json",
		"metrics.jsonl",
		"samples/step-20.txt",
		"vocab.json",
	}, tree(t, dir))
	require.Equal(t, "seed = 7\n", read(t, dir, ConfigFile))
	require.Equal(t, "a dog .\n\n", read(t, dir, "samples/step-20.txt"))
	require.Equal(t, "step-20\n", read(t, dir, "checkpoints/last"))
	require.Equal(t, `{
  "format": 1,
  "model": "gan",
  "seed": 7,
  "corpus": {
    "name": "builtin:captions",
    "sha256": "ab",
    "lines": 3
  },
  "config_sha256": "6fd2e91cbec40237585cbfbce854f12dcca7c1ad12208f9caf8965c8b1978dca",
  "starts": [
    {
      "step": 0,
      "time": "2023-11-14T22:13:20Z",
      "command": [
        "textgan",
        "train"
      ],
      "textgan": "",
      "go": "go1.26",
      "os": "",
      "arch": "",
      "isa": ""
    }
  ],
  "manifest_sha256": "68b9cba7bd3af6a07b23bf4518873d625071c22cd898a86b98f6afca9a6c22da"
}
`, read(t, dir, "manifest.json"))

	r, err := Open(dir)
	require.NoError(t, err)
	require.Equal(t, w.Manifest, r.Manifest)
}

// SHA256SUMS is what sha256sum(1) writes: the digest of "abc" is that of FIPS
// 180-4.
func TestSums(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	abc := File{"abc.txt", func(out io.Writer) error { _, err := io.WriteString(out, "abc"); return err }}
	require.NoError(t, w.SaveCheckpoint(1, []File{abc}, false))
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  abc.txt\n",
		strings.SplitAfter(read(t, dir, "checkpoints/step-1/SHA256SUMS"), "\n")[0])
}

func TestCreateOverwritesNothing(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "thesis.tex"), []byte("x"), 0o666))
	_, err := Create(dir, content, Start{}, Options{})
	require.ErrorIs(t, err, ErrExists)
	require.EqualError(t, err, "rundir: "+dir+" holds other files: directory is not empty; give --run a new or an empty directory")
	require.Equal(t, []string{"thesis.tex"}, tree(t, dir))

	dir = t.TempDir()
	w := create(t, dir, Options{})
	save(t, w, 40, false)
	require.NoError(t, w.Close())
	before := tree(t, dir)
	_, err = Create(dir, content, Start{}, Options{})
	require.ErrorIs(t, err, ErrExists)
	require.EqualError(t, err, "rundir: "+dir+" holds a run (last checkpoint at step 40): directory is not empty; continue it with --resume or give --run a new directory")
	require.Equal(t, before, tree(t, dir))

	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	_, err = Create(filepath.Join(file, "run"), content, Start{}, Options{})
	require.ErrorContains(t, err, "rundir: create run directory: mkdir "+file)
}

// A directory is a run or is not there: neither a failed nor an interrupted creation
// leaves a name that nobody accepts, and of many at once one wins.
func TestCreateIsAllOrNothing(t *testing.T) {
	parent := t.TempDir()
	dir := filepath.Join(parent, "run")
	failing := content
	failing.Manifest.Corpus.Name = "text"
	full := func(what string) error { return fmt.Errorf("no space for %s", what) }
	for n := range 6 { // the n-th write fails
		left := n
		write := func(name string) error {
			if left--; left < 0 {
				return full(name)
			}
			return nil
		}
		_, err := createWith(dir, failing, Start{}, Options{}, write)
		if n < 3 {
			require.ErrorContains(t, err, "no space for")
			require.Empty(t, tree(t, parent), "write %d", n)
		}
		if err == nil {
			require.NoError(t, os.RemoveAll(dir))
		}
	}

	// What a crash has left aside is in nobody's way, and swept up when it is old.
	for name, age := range map[string]time.Duration{".run.new-1-1": 2 * time.Hour, ".run.new-2-1": time.Minute, ".other.new-1-1": 2 * time.Hour} {
		path := filepath.Join(parent, name)
		require.NoError(t, os.MkdirAll(filepath.Join(path, "samples"), 0o777))
		at := time.Now().Add(-age)
		require.NoError(t, os.Chtimes(path, at, at))
	}
	require.NoError(t, os.Mkdir(dir, 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(dir, lockFile), nil, 0o666))
	w, err := Create(dir, content, Start{}, Options{})
	require.NoError(t, err)
	require.NoError(t, w.Close())

	require.NoDirExists(t, filepath.Join(parent, ".run.new-1-1"))
	require.DirExists(t, filepath.Join(parent, ".run.new-2-1"))
	require.DirExists(t, filepath.Join(parent, ".other.new-1-1"))

	var won atomic.Int32
	var all sync.WaitGroup
	contested := filepath.Join(parent, "contested")
	for range 8 {
		all.Go(func() {
			w, err := Create(contested, content, Start{}, Options{})
			if err == nil {
				won.Add(1)
				_ = w.Close()
			} else if !errors.Is(err, ErrExists) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	require.EqualValues(t, 1, won.Load())
	_, err = Open(contested)
	require.NoError(t, err)
}

// Settings that were edited behind a run's back are refused; those of older runs,
// which have no checksum, are not held against one.
func TestSettingsAreThoseOfTheStart(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	got, err := w.Settings()
	require.NoError(t, err)
	require.Equal(t, content.Config, got)
	require.NoError(t, os.WriteFile(w.Path(ConfigFile), append(got, "seed = 9\n"...), 0o666))
	_, err = w.Settings()
	require.ErrorContains(t, err, "config.toml was changed since the run was started")
	w.Manifest.Config = ""
	_, err = w.Settings()
	require.NoError(t, err)
	require.NoError(t, w.Close())
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(filepath.Join(dir, "none"))
	require.ErrorIs(t, err, ErrNotRun)
	require.EqualError(t, err, "rundir: "+filepath.Join(dir, "none")+": not a run directory (no such directory)")
	_, err = Open(dir)
	require.EqualError(t, err, "rundir: "+dir+": not a run directory (it has no manifest.json)")
	require.Empty(t, RunIn(err))
	parent := t.TempDir()
	in := func(name string) string { return filepath.Join(parent, name) }
	require.NoError(t, os.Mkdir(in("no run"), 0o777))
	for _, x := range []struct{ run, want string }{
		{"b", in("b")},
		{"d", in("b") + ", " + in("d")},
		{"c", in("b") + ", " + in("c") + ", " + in("d")},
		{"e", in("b") + ", " + in("c") + ", " + in("d") + " and 1 more"},
	} {
		require.NoError(t, os.Mkdir(in(x.run), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(in(x.run), "manifest.json"), nil, 0o666))
		_, err = Open(parent)
		require.ErrorIs(t, err, ErrNotRun)
		require.EqualError(t, err, "rundir: "+parent+": not a run directory but a directory that holds runs; give one of them: "+x.want)
		require.Equal(t, in("b"), RunIn(err))
	}
	for text, want := range map[string]string{
		"{": "unexpected end of JSON input", "[]": "the file holds array; it must be an object", `{"corpus":{"lines":"x"}}`: "corpus.lines holds string; it must be a whole number",
		`{"format":2}`: "format 2, of a newer textgan; this one knows format 1: take the newer one", `{}`: "format 0; this textgan knows format 1",
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "manifest.json"), []byte(text), 0o666))
		_, err = Open(dir)
		require.EqualError(t, err, "rundir: "+filepath.Join(dir, "manifest.json")+": "+want)
	}
}

// A file that is no run is not read into memory to find that out.
func TestLargeFilesAreNoRuns(t *testing.T) {
	const large = 64 << 20
	noRun := func(path, want string) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Open(path)
		runtime.ReadMemStats(&after)
		require.ErrorIs(t, err, ErrNotRun)
		require.ErrorContains(t, err, path+": not a run directory")
		require.ErrorContains(t, err, want)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(large/8), path)
	}
	video, archive := filepath.Join(t.TempDir(), "video"), filepath.Join(t.TempDir(), "a.zip")
	require.NoError(t, os.WriteFile(video, []byte("\x00\x00\x00\x20ftyp"), 0o666))
	require.NoError(t, os.Truncate(video, large))
	noRun(video, "a run is a directory, or a file that textgan export --format single wrote")
	require.NoError(t, os.WriteFile(video, []byte("PK\x03\x04"), 0o666))
	require.NoError(t, os.Truncate(video, large))
	noRun(video, "the file is cut off or damaged; export it again")

	f, err := os.Create(archive)
	require.NoError(t, err)
	z := zip.NewWriter(f)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "holiday.mp4", Method: zip.Store})
	require.NoError(t, err)
	for part := make([]byte, 1<<20); ; {
		if _, err = w.Write(part); err != nil {
			break
		}
		if at, err := f.Seek(0, io.SeekCurrent); err != nil || at >= large {
			break
		}
	}
	require.NoError(t, errors.Join(err, z.Close(), f.Close()))
	noRun(archive, "it has no manifest.json")
}

// Owner knows every file that a run has, and what would lie among its checkpoints; not
// what others put beside them.
func TestOwner(t *testing.T) {
	parent, err := filepath.EvalSymlinks(t.TempDir())
	require.NoError(t, err)
	dir := filepath.Join(parent, "run")
	w := create(t, dir, Options{})
	require.NoError(t, w.Log(1, Field{"loss", 1.0}))
	save(t, w, 1, true)
	files := 0
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if path != dir {
			files++
			require.Equal(t, dir, Owner(path), path)
		}
		return err
	}))
	require.Greater(t, files, 8)
	require.Equal(t, dir, Owner(filepath.Join(dir, "checkpoints/step-9/new")))
	require.Equal(t, dir, Owner(dir+"/critic/x", "critic"))
	require.NoError(t, os.Symlink(dir, filepath.Join(parent, "link")))
	require.Equal(t, dir, Owner(filepath.Join(parent, "link", ConfigFile)))
	t.Chdir(dir)
	require.Equal(t, dir, Owner(ConfigFile))
	for _, path := range []string{"m.textgan", "figures/f.svg", "figures/samples.svg", "../config.toml", "../none/config.toml", "../new.safetensors"} {
		require.Empty(t, Owner(path), path)
	}
}

func TestOneWriter(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	host, _ := os.Hostname()
	_, _, err := Resume(dir, Start{}, Options{}, nil)
	require.EqualError(t, err, fmt.Sprintf("rundir: the run is being written by another process (pid %d on %s); wait for it or stop it", os.Getpid(), host))
	_, err = Open(dir) // reading is free
	require.NoError(t, err)
	require.NoError(t, w.Close())
	again, _, err := Resume(dir, Start{}, Options{}, nil)
	require.NoError(t, err)
	require.NoError(t, again.Close())
}

// train is a run of 60 steps that logs every 5 and saves every 20. It stops
// with a torn line before step stop is saved, as a power cut would.
func train(t *testing.T, w *Writer, from, stop int) {
	t.Helper()
	for step := from + 1; step <= 60; step++ {
		if step%5 == 0 {
			require.NoError(t, w.Log(step, Field{"loss", 1 / float64(step)}))
		}
		if step == stop {
			_, err := w.metrics.WriteString(`{"step":`)
			require.NoError(t, err)
			return
		}
		if step%20 == 0 {
			save(t, w, step, step == 40)
		}
	}
}

func TestResumedEqualsUninterrupted(t *testing.T) {
	for _, stop := range []int{3, 35, 40, 60} {
		whole, cut := t.TempDir(), t.TempDir()
		w := create(t, whole, Options{})
		train(t, w, 0, -1)

		c := newClock()
		w = create(t, cut, Options{Now: c.now})
		train(t, w, 0, stop)
		require.NoError(t, w.Close())
		// Left behind by an interrupted save, and one that did not get to last.
		require.NoError(t, os.Mkdir(filepath.Join(cut, "checkpoints", ".step-40.aside-0"), 0o777))

		w, ck, err := Resume(cut, Start{Command: []string{"textgan", "train", "--resume"}}, Options{Now: c.now}, nil)
		require.NoError(t, err)
		from := (stop - 1) / 20 * 20
		if from == 0 {
			require.Nil(t, ck)
		} else {
			require.Equal(t, from, ck.Step)
			path, err := ck.Path("state.json")
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("state.json of step %d\n", from), read(t, path))
			_, err = ck.Path("vocab.json")
			require.EqualError(t, err, "rundir: checkpoint "+ck.Dir+" has no vocab.json")
		}
		train(t, w, from, -1)
		require.NoError(t, w.Close())
		require.Equal(t, read(t, whole, MetricsFile), read(t, cut, MetricsFile), "stopped at %d", stop)
		require.Len(t, w.Manifest.Starts, 2)
		require.Equal(t, from, w.Manifest.Starts[1].Step)
		// The same files, but for the events of the second start.
		require.Len(t, tree(t, cut), len(tree(t, whole))+1)
	}
}

func TestNamedCheckpointsAndPruning(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{Keep: 2})
	_, err := w.LoadCheckpoint(Last)
	require.ErrorIs(t, err, ErrNoCheckpoint)
	require.EqualError(t, err, "rundir: "+dir+": no last checkpoint yet: no such checkpoint")
	for step := 10; step <= 50; step += 10 {
		save(t, w, step, step == 20)
	}
	steps, err := w.Checkpoints()
	require.NoError(t, err)
	require.Equal(t, []int{20, 40, 50}, steps)
	for which, step := range map[string]int{Last: 50, Best: 20, "40": 40, "step-40": 40} {
		ck, err := w.LoadCheckpoint(which)
		require.NoError(t, err)
		require.Equal(t, step, ck.Step)
	}
	_, err = w.LoadCheckpoint("30")
	require.ErrorIs(t, err, ErrNoCheckpoint)
	require.ErrorContains(t, err, "(there are 20, 40, 50)")
	for _, bad := range []string{"", "worst", "-1", "007", "../../etc"} {
		_, err = w.LoadCheckpoint(bad)
		require.EqualError(t, err, fmt.Sprintf("rundir: checkpoint %q: want last, best or the number of a step", bad))
	}
	save(t, w, 60, true) // the best so far is no longer kept
	steps, err = w.Checkpoints()
	require.NoError(t, err)
	require.Equal(t, []int{50, 60}, steps)
}

// A checkpoint that is removed while it is read, as one is beside a training that keeps
// one, is read again where it is now.
func TestReadingBesideAWriter(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{Keep: 1})
	write := func(step int) error {
		return w.SaveCheckpoint(step, []File{{"weights", func(out io.Writer) error { _, err := fmt.Fprint(out, step); return err }}}, true)
	}
	require.NoError(t, write(1))
	stop, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for step := 2; ; step++ {
			select {
			case <-stop:
				return
			default:
				if err := write(step); err != nil {
					t.Error(err)
					return
				}
			}
		}
	}()
	r, err := Open(dir)
	require.NoError(t, err)
	for i := range 200 {
		which := []string{Last, Best}[i%2]
		ck, err := r.ReadCheckpoint(which, func(ck *Checkpoint) error {
			path, err := ck.Path("weights")
			if err != nil {
				return err
			}
			_, err = os.ReadFile(path)
			return err
		})
		require.NoError(t, err)
		require.Positive(t, ck.Step)
	}
	close(stop)
	<-ended
	gone := errors.New("gone")
	_, err = r.ReadCheckpoint(Last, func(*Checkpoint) error { return gone }) // nothing moves: no other try
	require.ErrorIs(t, err, gone)
}

// A save that was interrupted before it removed the oldest is made good on resuming.
func TestResumePrunes(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	for step := 10; step <= 50; step += 10 {
		save(t, w, step, step == 20)
	}
	require.NoError(t, w.Close())
	w, _, err := Resume(dir, Start{}, Options{Keep: 2}, nil)
	require.NoError(t, err)
	steps, err := w.Checkpoints()
	require.NoError(t, err)
	require.Equal(t, []int{20, 40, 50}, steps)
	require.NoError(t, w.Close())
}

func TestSavingTwice(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	save(t, w, 10, false)
	sums := filepath.Join(dir, "checkpoints", "step-10", sumsFile)
	before, err := os.Stat(sums)
	require.NoError(t, err)
	save(t, w, 10, true) // same content: the directory stays, best moves
	after, err := os.Stat(sums)
	require.NoError(t, err)
	require.True(t, os.SameFile(before, after))
	ck, err := w.LoadCheckpoint(Best)
	require.NoError(t, err)
	require.Equal(t, 10, ck.Step)

	other := File{"other", func(out io.Writer) error { return nil }}
	require.NoError(t, w.SaveCheckpoint(10, []File{other}, false))
	ck, err = w.LoadCheckpoint(Last)
	require.NoError(t, err)
	_, err = ck.Path("other")
	require.NoError(t, err)
}

func TestFailedSaveKeepsTheLast(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	save(t, w, 10, false)
	before := tree(t, dir)
	failing := File{"weights", func(out io.Writer) error {
		fmt.Fprint(out, "half")
		return errors.New("no space left on device")
	}}
	err := w.SaveCheckpoint(20, []File{failing}, true)
	require.EqualError(t, err, "rundir: checkpoint of step 20 not saved: weights: no space left on device")
	require.Equal(t, before, tree(t, dir))
	for _, name := range []string{"", "a/b", ".hidden", "SHA256SUMS"} {
		require.Error(t, w.SaveCheckpoint(20, []File{{name, func(io.Writer) error { return nil }}}, false))
	}
	ck, err := w.LoadCheckpoint(Last)
	require.NoError(t, err)
	require.Equal(t, 10, ck.Step)
}

// Where the last checkpoint or its name is damaged, a run goes on from the newest one
// that is whole and says so, what was recorded beyond it is kept aside, and the name
// is mended. Damage elsewhere is an error.
func TestDamage(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	save(t, w, 10, false)
	require.NoError(t, w.Log(15, Field{"loss", 1}))
	save(t, w, 20, false)
	require.NoError(t, w.Close())
	ck := filepath.Join(dir, "checkpoints", "step-20")
	last := filepath.Join(dir, "checkpoints", "last")
	damage := func(path string, change func([]byte) []byte, want string) {
		t.Helper()
		old, err := os.ReadFile(path)
		require.NoError(t, err)
		if b := change(append([]byte{}, old...)); b != nil {
			require.NoError(t, os.WriteFile(path, b, 0o666))
		} else {
			require.NoError(t, os.Remove(path))
		}
		r, err := Open(dir)
		require.NoError(t, err)
		record, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl"))
		require.NoError(t, err)
		_, err = r.LoadCheckpoint(Last)
		require.ErrorContains(t, err, want)
		w, ck, err := Resume(dir, Start{}, Options{}, nil)
		require.NoError(t, err)
		require.NotEqual(t, "", w.Note)
		require.Contains(t, w.Note, "newest checkpoint that is whole")
		named, err := r.LoadCheckpoint(Last)
		require.NoError(t, err)
		require.Equal(t, ck.Step, named.Step)
		require.NoError(t, w.Close())
		if ck.Step == 10 {
			kept, err := os.ReadFile(filepath.Join(dir, "metrics.jsonl.before-10"))
			require.NoError(t, err)
			require.Equal(t, record, kept)
			require.NoError(t, os.WriteFile(filepath.Join(dir, "metrics.jsonl"), record, 0o666))
			require.NoError(t, os.Remove(filepath.Join(dir, "metrics.jsonl.before-10")))
		}
		require.NoError(t, os.WriteFile(path, old, 0o666))
		require.NoError(t, os.WriteFile(last, []byte("step-20\n"), 0o666))
	}
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	gone := func([]byte) []byte { return nil }
	text := func(s string) func([]byte) []byte { return func([]byte) []byte { return []byte(s) } }

	cure := "; write the name of another one (step-N) into " + last
	damage(filepath.Join(ck, "weights.safetensors"), flip, "weights.safetensors does not match its checksum: it is damaged"+cure)
	damage(filepath.Join(ck, "weights.safetensors"), cut, "does not match its checksum")
	damage(filepath.Join(ck, "weights.safetensors"), gone, "incomplete: open ")
	damage(filepath.Join(ck, "SHA256SUMS"), gone, "incomplete: open ")
	damage(filepath.Join(ck, "SHA256SUMS"), text("hello\n"), `SHA256SUMS is damaged: "hello"`)
	damage(last, text("20\n"), last+" does not name a checkpoint; write step-N into it")
	damage(last, text("step-30\n"), "step-30: last names it, but it is gone (there are 10, 20)")
	damage(last, gone, "no last checkpoint yet")
	r, err := Open(dir)
	require.NoError(t, err)
	_, err = r.LoadCheckpoint("20") // whole again
	require.NoError(t, err)

	// Nothing whole is left: the run is not begun anew.
	for _, step := range []string{"step-10", "step-20"} {
		require.NoError(t, os.Remove(filepath.Join(dir, "checkpoints", step, "SHA256SUMS")))
	}
	for _, name := range []string{"step-20\n", ""} {
		if name == "" {
			require.NoError(t, os.Remove(last))
		}
		_, _, err = Resume(dir, Start{}, Options{}, nil)
		require.ErrorContains(t, err, "none of its checkpoints is whole")
	}
}

func TestMetrics(t *testing.T) {
	dir := t.TempDir()
	w := create(t, dir, Options{})
	require.NoError(t, w.Log(1, Field{"loss/d", float32(0.1)}, Field{"note", "<eos> \"é\""}, Field{"n", 3}))
	require.NoError(t, w.Log(1, Field{"a", math.NaN()}, Field{"b", math.Inf(1)}, Field{"c", float32(math.Inf(-1))}))
	require.NoError(t, w.Log(7, Field{"x", 1e-300}, Field{"y", 0.1}))
	require.Equal(t, `{"step":1,"loss/d":0.1,"note":"<eos> \"é\"","n":3}
{"step":1,"a":"NaN","b":"+Inf","c":"-Inf"}
{"step":7,"x":1e-300,"y":0.1}
`, read(t, dir, MetricsFile))

	_, err := w.metrics.WriteString(`{"step":8,"x"`) // being written
	require.NoError(t, err)
	var recs []Record
	for rec, err := range w.Metrics() {
		require.NoError(t, err)
		recs = append(recs, rec)
	}
	require.Len(t, recs, 3)
	require.Equal(t, Record{7, []Field{{"x", 1e-300}, {"y", 0.1}}}, recs[2])
	require.Equal(t, Field{"note", "<eos> \"é\""}, recs[0].Fields[1])
	for name, want := range map[string]float64{"b": math.Inf(1), "c": math.Inf(-1)} {
		got, ok := recs[1].Float(name)
		require.True(t, ok)
		require.Equal(t, want, got)
	}
	nan, ok := recs[1].Float("a")
	require.True(t, ok && math.IsNaN(nan))
	_, ok = recs[0].Float("note")
	require.False(t, ok)
	_, ok = recs[0].Float("none")
	require.False(t, ok)

	require.EqualError(t, w.Log(6), "rundir: metrics of step 6 after step 7")
	require.EqualError(t, w.Log(8, Field{"step", 1}), `rundir: metrics of step 8: field "step" is empty, reserved or given twice`)
	require.EqualError(t, w.Log(8, Field{"x", []int{}}), `rundir: metrics of step 8: field "x" is a []int`)
}

// What decodes can be logged, and decodes the same again.
func FuzzDecodeLine(f *testing.F) {
	for _, s := range []string{`{"step":1,"a":"NaN","b":1e9}`, `{"step":1.5}`, `{}`, `[`, `{"step":1}{}`, `{"a":null,"step":1}`, `{"step":1,"step":2}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		rec, err := decodeLine(line)
		if err != nil {
			return
		}
		out, _, err := encodeLine(rec.Step, rec.Fields)
		if err != nil { // a name that comes twice is read, but never written
			return
		}
		again, err := decodeLine(out)
		require.NoError(t, err)
		require.Equal(t, rec, again)
	})
}

// Whatever stands in manifest.json is refused, or is written and read again the same.
func FuzzManifest(f *testing.F) {
	dir := f.TempDir()
	w, err := Create(filepath.Join(dir, "run"), content, Start{Command: []string{"textgan", "train"}}, Options{})
	require.NoError(f, err)
	require.NoError(f, w.Close())
	manifest, err := os.ReadFile(w.Path(manifestFile))
	require.NoError(f, err)
	f.Add(manifest)
	f.Add([]byte(`{"format":1,"starts":[{"record":{"bytes":-1}},{"step":-1}],"held_out":{},"valid":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, manifestFile), text, 0o600))
		r, err := Open(dir)
		if err != nil {
			return
		}
		require.NoError(t, r.Manifest.save(dir))
		again, err := Open(dir)
		require.NoError(t, err)
		require.Equal(t, r, again)
	})
}

// Whatever stands in SHA256SUMS and record.json, a checkpoint is whole or it is not.
func FuzzCheckpoint(f *testing.F) {
	f.Add([]byte("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  record.json\n"), []byte("abc"))
	f.Add([]byte("x  ../../record.json\n"), []byte(`{"bytes":3,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}`))
	f.Add([]byte{}, []byte(`{"bytes":9223372036854775807,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}`))
	f.Fuzz(func(t *testing.T, sums, mark []byte) {
		run := Run{Dir: t.TempDir()}
		dir := run.stepDir(7)
		require.NoError(t, os.MkdirAll(dir, 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, markFile), mark, 0o600))
		require.NoError(t, os.WriteFile(run.Path(MetricsFile), []byte("{\"step\":1}\n"), 0o600))
		for _, list := range [][]byte{sums, fmt.Appendf(nil, "%s  %s\n", hexSum(mark), markFile)} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, sumsFile), list, 0o600))
			ck, err := run.LoadCheckpoint("7")
			if err != nil {
				continue
			}
			found, err := run.findRecord(ck)
			if err == nil {
				require.LessOrEqual(t, len(found.keep), len(found.content))
			}
		}
	})
}

// A file that is missing in a single file is told with the place where it should be.
func TestMissingInASingleFile(t *testing.T) {
	r, err := OpenFS(fstest.MapFS{"manifest.json": {Data: []byte(`{"format":1}`)}}, "m.textgan")
	require.NoError(t, err)
	_, err = r.ReadFile(VocabFile)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, filepath.Join("m.textgan", VocabFile)+": ")
}
