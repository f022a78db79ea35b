package atomicfile_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"textgan/internal/atomicfile"

	"github.com/stretchr/testify/require"
)

// TestFullDisk needs a file system that can be filled: a tmpfs of 64 KiB.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=65536"); err != nil {
		t.Skipf("cannot mount a tmpfs: %v", err)
	}
	defer func() { require.NoError(t, syscall.Unmount(dir, 0)) }()
	path := filepath.Join(dir, "weights")
	require.NoError(t, atomicfile.WriteBytes(path, []byte("old")))

	err := atomicfile.WriteBytes(path, make([]byte, 1<<20))
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.EqualError(t, err, "write "+path+": no space left on device")
	require.Equal(t, "old", read(t, path))

	ckpt := filepath.Join(dir, "step-1")
	err = atomicfile.WriteDir(ckpt, func(aside string) error {
		return os.WriteFile(filepath.Join(aside, "w"), make([]byte, 1<<20), 0o666)
	})
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.Equal(t, []string{"weights"}, names(t, dir))
}
