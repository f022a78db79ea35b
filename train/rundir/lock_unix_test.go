//go:build unix

package rundir

import (
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A lock that is a link is refused, and what it points to is left alone.
func TestLockIsNoLink(t *testing.T) {
	dir := recorded(t)
	mine := filepath.Join(t.TempDir(), "thesis.tex")
	require.NoError(t, os.WriteFile(mine, []byte("x"), 0o666))
	path := filepath.Join(dir, lockFile)
	require.NoError(t, os.Remove(path))
	require.NoError(t, os.Symlink(mine, path))
	_, _, err := Resume(dir, Start{}, Options{}, nil)
	require.EqualError(t, err, "rundir: lock "+path+" is a link; remove it")
	require.Equal(t, "x", read(t, mine))
}

// A pipe in the place of a file of a run, on which a reader would wait for ever, is
// refused by name.
func TestPipesAreRefused(t *testing.T) {
	for _, name := range []string{manifestFile, MetricsFile, "checkpoints/last", "checkpoints/step-40/weights.safetensors", "checkpoints/step-40/" + sumsFile, "checkpoints/step-40/" + markFile, lockFile} {
		dir := recorded(t)
		path := filepath.Join(dir, filepath.FromSlash(name))
		require.NoError(t, os.RemoveAll(filepath.Join(dir, "checkpoints", "step-20")))
		require.NoError(t, os.Remove(path))
		require.NoError(t, unix.Mkfifo(path, 0o666))
		w, _, err := Resume(dir, Start{}, Options{}, nil)
		if name == "checkpoints/last" { // the checkpoints themselves are whole
			require.NoError(t, err)
			require.Contains(t, w.Note, path+" is a pipe, not a file")
			require.NoError(t, w.Close())
			continue
		}
		require.ErrorContains(t, err, path+" is a pipe")
	}
}

// Of many that take a lock, give it up and take it again, one has it at a time.
func TestLockIsExclusive(t *testing.T) {
	path := filepath.Join(t.TempDir(), lockFile)
	var inside, taken atomic.Int32
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 300 {
				l, err := takeLock(path)
				if err != nil {
					continue
				}
				taken.Add(1)
				if inside.Add(1) != 1 {
					t.Error("two have the lock")
				}
				inside.Add(-1)
				l.undo()
			}
		})
	}
	all.Wait()
	require.Positive(t, taken.Load())
}
