package atomicfile_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"textgan/internal/atomicfile"

	"github.com/stretchr/testify/require"
)

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

// names lists a directory, leftovers included.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	out := []string{}
	for _, e := range entries {
		out = append(out, e.Name())
	}
	return out
}

func TestWriteReplaces(t *testing.T) {
	path := filepath.Join(t.TempDir(), "last")
	require.NoError(t, atomicfile.WriteBytes(path, []byte("step-1\n")))
	require.NoError(t, atomicfile.WriteBytes(path, []byte("step-2\n")))
	require.Equal(t, "step-2\n", read(t, path))
	require.Equal(t, []string{"last"}, names(t, filepath.Dir(path)))
}

func TestFailedFillKeepsTheOld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "vocab.json")
	require.NoError(t, atomicfile.WriteBytes(path, []byte("old")))
	other := &fs.PathError{Op: "open", Path: "corpus.txt", Err: fs.ErrNotExist}
	err := atomicfile.Write(path, func(w io.Writer) error {
		io.WriteString(w, "half of the new")
		return other
	})
	require.Same(t, other, err, "an error of fill keeps the path it names")
	require.Equal(t, "old", read(t, path))
	require.Equal(t, []string{"vocab.json"}, names(t, filepath.Dir(path)))
}

func TestErrorsNameThePath(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "no", "such", "file")
	err := atomicfile.WriteBytes(missing, nil)
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.EqualError(t, err, "write "+missing+": no such file or directory")

	err = atomicfile.WriteDir(missing, func(string) error { return nil })
	require.EqualError(t, err, "write "+missing+": no such file or directory")

	taken := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(taken, "d"), 0o777))
	err = atomicfile.WriteBytes(filepath.Join(taken, "d"), nil)
	require.EqualError(t, err, "write "+filepath.Join(taken, "d")+": is a directory")
	require.Equal(t, []string{"d"}, names(t, taken))
}

func TestReadOnlyDirectory(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	require.NoError(t, os.Chmod(dir, 0o555))
	err := atomicfile.WriteBytes(filepath.Join(dir, "f"), nil)
	require.ErrorIs(t, err, fs.ErrPermission)
}

func TestWriteDirReplacesTheWhole(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "step-20")
	put := func(files ...string) func(string) error {
		return func(aside string) error {
			for _, f := range files {
				if err := os.WriteFile(filepath.Join(aside, f), []byte(f), 0o666); err != nil {
					return err
				}
			}
			return nil
		}
	}
	require.NoError(t, atomicfile.WriteDir(path, put("a", "b")))
	require.NoError(t, atomicfile.WriteDir(path, put("b", "c")))
	require.Equal(t, []string{"b", "c"}, names(t, path))

	full := errors.New("no room")
	err := atomicfile.WriteDir(path, func(aside string) error {
		_ = put("x")(aside)
		return full
	})
	require.ErrorIs(t, err, full)
	require.Equal(t, []string{"b", "c"}, names(t, path))
	require.Equal(t, []string{"step-20"}, names(t, dir))

	require.NoError(t, atomicfile.RemoveDir(path))
	require.Empty(t, names(t, dir))
}

// An interruption is a fill that never comes back: what it leaves is not
// taken for content, does not block the next write, and can be swept up.
func TestLeftovers(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "step-20")
	require.Panics(t, func() {
		_ = atomicfile.Write(path, func(io.Writer) error { panic("power cut") })
	})
	require.Len(t, names(t, dir), 1)
	require.True(t, atomicfile.IsAside(names(t, dir)[0]))
	require.NoError(t, atomicfile.WriteBytes(path, []byte("new")))
	require.Len(t, names(t, dir), 2)
	require.NoError(t, atomicfile.Clean(dir))
	require.Equal(t, []string{"step-20"}, names(t, dir))
	require.False(t, atomicfile.IsAside(".lock"))
}
