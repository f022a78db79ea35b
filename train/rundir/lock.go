package rundir

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// takeLock opens the lock file and locks it for this process; the system
// unlocks it when the file is closed or the process ends, however it ends.
// The file's content, the process that holds it, is for messages only.
func takeLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	held, err := tryLock(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	if held {
		defer f.Close()
		by := make([]byte, 100)
		n, _ := f.Read(by)
		return nil, fmt.Errorf("the run is being written by another process (%s); wait for it or stop it", strings.TrimSpace(string(by[:n])))
	}
	host, _ := os.Hostname()
	if err := f.Truncate(0); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock: %w", err)
	}
	if _, err := fmt.Fprintf(f, "pid %d on %s\n", os.Getpid(), host); err != nil {
		f.Close()
		return nil, fmt.Errorf("lock: %w", err)
	}
	return f, nil
}

// Busy reports whether a process is writing the run in dir.
func Busy(dir string) bool {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	defer f.Close()
	held, err := tryLock(f)
	return err == nil && held
}
