package rundir

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// lock is a lock file that this process holds. The system unlocks it when the file
// is closed or the process ends, however it ends. The file's content, the process
// that holds it, is for messages only.
type lock struct {
	file *os.File
	was  []byte // what it held before
	made bool   // was it not there before?
}

// takeLock locks the file at path, which is made if it is not there. A link is not
// followed: what it points to is none of the run's.
func takeLock(path string) (*lock, error) {
	for range 10 { // each time after a process that has removed its lock again
		l, err := tryTake(path)
		if l != nil || err != nil {
			return l, err
		}
	}
	return nil, fmt.Errorf("lock %s: other processes take it in turns; try again", path)
}

// tryTake is takeLock; it returns nil if the file was replaced meanwhile.
func tryTake(path string) (*lock, error) {
	there, err := os.Lstat(path)
	if err == nil && !there.Mode().IsRegular() {
		return nil, fmt.Errorf("lock %s is %s; remove it", path, kind(there.Mode()))
	}
	l := &lock{made: errors.Is(err, fs.ErrNotExist)}
	flag := os.O_RDWR
	if l.made {
		flag |= os.O_CREATE | os.O_EXCL
	}
	l.file, err = os.OpenFile(path, flag, 0o666)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrExist) { // another one has just removed or made it
		if _, gone := os.Stat(filepath.Dir(path)); gone == nil {
			return nil, nil
		}
	}
	if err != nil {
		return nil, err
	}
	held, err := tryLock(l.file)
	if err == nil {
		l.was, err = io.ReadAll(io.LimitReader(l.file, 200))
	}
	if err != nil {
		l.file.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if held {
		l.file.Close()
		return nil, fmt.Errorf("the run is being written by another process (%s); wait for it or stop it", bytes.TrimSpace(l.was))
	}
	opened, err := l.file.Stat()
	if err == nil {
		there, err = os.Lstat(path)
	}
	if err != nil || !os.SameFile(opened, there) {
		l.file.Close()
		return nil, nil
	}
	host, _ := os.Hostname()
	if err := l.write(fmt.Appendf(nil, "pid %d on %s\n", os.Getpid(), host)); err != nil {
		l.undo()
		return nil, fmt.Errorf("lock: %w", err)
	}
	return l, nil
}

func (l *lock) write(content []byte) error {
	if err := l.file.Truncate(0); err != nil {
		return err
	}
	_, err := l.file.WriteAt(content, 0)
	return err
}

// undo gives the lock up and leaves its file as it was.
func (l *lock) undo() {
	if l.made { // while it is held: nobody else can have taken it yet
		_ = os.Remove(l.file.Name())
	} else {
		_ = l.write(l.was)
	}
	l.file.Close()
}

// Busy reports whether a process is writing the run in dir.
func Busy(dir string) bool {
	f, err := openRegular(filepath.Join(dir, lockFile), os.O_RDWR)
	if err != nil {
		return false
	}
	defer f.Close()
	held, err := tryLock(f)
	return err == nil && held
}
