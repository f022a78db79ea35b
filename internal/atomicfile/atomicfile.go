// Package atomicfile replaces files and directories as a whole: whoever looks
// finds the old content or the new one, never a part of it, also after a
// crash, a full disk or a power cut.
//
// The new content is written aside (a sibling whose name starts with a dot,
// so on the same file system), synced to the disk, renamed, and the rename is
// synced too. A failure leaves what was there before as it was.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// mark is part of the name of everything that is being written aside.
const mark = ".aside-"

// Write puts at path a file with what fill writes. An existing file is
// replaced (a symbolic link too: the link itself, not what it points to).
// An error of fill is returned as it is; the others name the path.
func Write(path string, fill func(io.Writer) error) (err error) {
	f, err := createAside(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	w := bufio.NewWriterSize(f, 1<<16)
	errFill := fill(w)
	if err := w.Flush(); err != nil { // the disk's error, also when fill met it first
		return named(path, err)
	}
	if errFill != nil {
		return errFill
	}
	if err := f.Sync(); err != nil {
		return named(path, err)
	}
	if err := f.Close(); err != nil {
		return named(path, err)
	}
	if err := os.Rename(f.Name(), path); err != nil {
		if there, errThere := os.Lstat(path); errThere == nil && there.IsDir() { // of which the system says that it exists
			err = errors.New("is a directory")
		}
		return named(path, err)
	}
	return syncDir(filepath.Dir(path))
}

// WriteBytes is Write of data.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteDir puts at path a directory with the files that fill creates in the
// directory aside whose name it is given. The files are synced by WriteDir.
//
// A directory that exists at path is replaced. No portable call swaps two
// directories, so there is a moment when path names nothing; a pointer to
// the directory should therefore be written after it (Write is atomic).
func WriteDir(path string, fill func(aside string) error) (err error) {
	aside, err := mkdirAside(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.RemoveAll(aside)
		}
	}()
	if err := fill(aside); err != nil {
		return err
	}
	if err := syncTree(aside); err != nil {
		return err
	}
	old := ""
	if _, err := os.Lstat(path); err == nil {
		if old, err = moveAside(path); err != nil {
			return err
		}
	}
	if err := os.Rename(aside, path); err != nil {
		if old != "" {
			err = errors.Join(err, os.Rename(filepath.Join(old, filepath.Base(path)), path), os.Remove(old))
		}
		return named(path, err)
	}
	if err := syncDir(filepath.Dir(path)); err != nil || old == "" {
		return err
	}
	if err := os.RemoveAll(old); err != nil {
		return named(path, err)
	}
	return nil
}

// RemoveDir removes a directory in such a way that a crash leaves all of it
// or none of it under its name.
func RemoveDir(path string) error {
	old, err := moveAside(path)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(old); err != nil {
		return named(path, err)
	}
	return nil
}

// CanWrite is the error, nil for none, with which a Write or WriteDir to path would begin now.
// It leaves nothing behind.
func CanWrite(path string) error {
	aside, err := mkdirAside(path)
	if err != nil {
		return err
	}
	return os.Remove(aside)
}

// moveAside moves path into a new directory beside it.
func moveAside(path string) (into string, err error) {
	into, err = mkdirAside(path)
	if err != nil {
		return "", err
	}
	if err := os.Rename(path, filepath.Join(into, filepath.Base(path))); err != nil {
		os.Remove(into)
		return "", named(path, err)
	}
	return into, nil
}

// Clean removes from a directory what an interrupted Write, WriteDir or
// RemoveDir has left aside. Nobody else may be writing there.
func Clean(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return named(dir, err)
	}
	for _, e := range entries {
		if IsAside(e.Name()) {
			if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
				return named(dir, err)
			}
		}
	}
	return nil
}

// IsAside tells whether a name (not a path) is that of content still being
// written, or left behind by an interruption.
func IsAside(name string) bool {
	return strings.HasPrefix(name, ".") && strings.Contains(name, mark)
}

// createAside opens a new file beside path. The mode is left to the umask,
// which os.CreateTemp would not do.
func createAside(path string) (f *os.File, err error) {
	err = asideName(path, func(name string) (err error) {
		f, err = os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		return err
	})
	return f, err
}

func mkdirAside(path string) (dir string, err error) {
	err = asideName(path, func(name string) error {
		dir = name
		return os.Mkdir(name, 0o777)
	})
	return dir, err
}

// asideName tries one name after the other until create does not find it
// taken.
func asideName(path string, create func(name string) error) error {
	const most = 1000 // leftovers of this many crashes, or of something else gone wrong
	var err error
	for i := range most {
		name := fmt.Sprintf(".%s%s%d", filepath.Base(path), mark, i)
		err = create(filepath.Join(filepath.Dir(path), name))
		if !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return named(path, err)
	}
	return nil
}

// syncTree syncs every file and directory below dir, and dir.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return named(path, err)
		}
		if d.IsDir() {
			return syncDir(path)
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return named(path, err)
		}
		defer f.Close()
		if err := f.Sync(); err != nil {
			return named(path, err)
		}
		return nil
	})
}

// syncDir makes renames and creations inside dir durable. Windows neither
// needs nor offers it.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	f, err := os.Open(dir)
	if err != nil {
		return named(dir, err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return named(dir, err)
	}
	return nil
}

// named says which path could not be written and why. The name of the file
// aside, which the user does not know, is left out.
func named(path string, err error) error {
	var pe *fs.PathError
	var le *os.LinkError
	switch {
	case errors.As(err, &pe):
		err = pe.Err
	case errors.As(err, &le):
		err = le.Err
	}
	return fmt.Errorf("write %s: %w", path, err)
}
