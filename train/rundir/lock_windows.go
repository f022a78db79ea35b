package rundir

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// tryLock locks f, or says that another open file holds the lock. The locked
// byte lies beyond the content, which stays readable.
func tryLock(f *os.File) (held bool, err error) {
	at := &windows.Overlapped{Offset: 1 << 20}
	err = windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return true, nil
	}
	return false, err
}
