package torture

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A call is a system call that changes a file, or makes a change durable.
type call struct {
	name, path string
}

func (c call) String() string { return c.name + " " + filepath.Base(c.path) }

// fault says what becomes of a call.
type fault struct {
	kill  bool          // the process dies before it
	tear  bool          // half of the bytes are written, and the process dies
	errno syscall.Errno // the call fails with this and does nothing
}

func (f fault) String() string {
	switch {
	case f.kill:
		return "kill"
	case f.tear:
		return "tear"
	case f.errno != 0:
		return unix.ErrnoName(f.errno)
	}
	return "nothing"
}

// trace runs a command to its end. calls are those that changed files below the
// directory watched; at is asked for the fault of each. Two processes must not be traced
// from one thread at a time.
func trace(cmd *exec.Cmd, watched string, at func(n int, c call) fault) (calls []call, status syscall.WaitStatus, err error) {
	runtime.LockOSThread() // a tracer is a thread
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Setpgid: true}
	if err := cmd.Start(); err != nil {
		return nil, 0, err
	}
	pid := cmd.Process.Pid
	defer cmd.Process.Release()
	defer time.AfterFunc(2*time.Minute, func() { _ = syscall.Kill(pid, syscall.SIGKILL) }).Stop()
	if _, err := syscall.Wait4(pid, &status, 0, nil); err != nil || !status.Stopped() {
		return nil, status, fmt.Errorf("waiting for the process to begin: %v, %v", status, err)
	}
	if err := syscall.PtraceSetOptions(pid, unix.PTRACE_O_TRACESYSGOOD|unix.PTRACE_O_TRACECLONE|unix.PTRACE_O_EXITKILL); err != nil {
		return nil, status, err
	}
	if err := syscall.PtraceSyscall(pid, 0); err != nil {
		return nil, status, err
	}
	inside := map[int]*fault{} // threads between the entry to a call and its exit; nil for one that is let be
	for {
		var status syscall.WaitStatus
		tid, err := syscall.Wait4(-pid, &status, unix.WALL, nil)
		if err == syscall.EINTR {
			continue
		}
		if err != nil {
			return calls, status, err
		}
		if status.Exited() || status.Signaled() {
			if tid == pid {
				return calls, status, nil
			}
			continue
		}
		signal := status.StopSignal()
		switch {
		case signal == syscall.SIGTRAP|0x80:
			signal = 0
			f, exits := inside[tid]
			if delete(inside, tid); exits {
				leave(pid, tid, f)
				break
			}
			inside[tid] = nil
			c, regs, ok := entered(tid, pid, watched)
			if !ok {
				break
			}
			calls = append(calls, c)
			if f := at(len(calls), c); f != (fault{}) {
				inside[tid] = &f
				enter(pid, tid, regs, f)
			}
		case signal == syscall.SIGTRAP, signal == syscall.SIGSTOP: // a thread was made, or begins
			signal = 0
		}
		_ = syscall.PtraceSyscall(tid, int(signal)) // fails for a thread that has just been killed
	}
}

// enter does the part of a fault that comes before the call.
func enter(pid, tid int, regs syscall.PtraceRegs, f fault) {
	switch {
	case f.kill:
		_ = syscall.Kill(pid, syscall.SIGKILL)
	case f.tear:
		regs.Rdx /= 2
		_ = syscall.PtraceSetRegs(tid, &regs)
	default: // no such call
		regs.Orig_rax = ^uint64(0)
		_ = syscall.PtraceSetRegs(tid, &regs)
	}
}

// leave does the part of a fault that comes behind the call.
func leave(pid, tid int, f *fault) {
	var regs syscall.PtraceRegs
	switch {
	case f == nil:
	case f.tear:
		_ = syscall.Kill(pid, syscall.SIGKILL)
	case f.errno != 0 && syscall.PtraceGetRegs(tid, &regs) == nil:
		regs.Rax = -uint64(f.errno)
		_ = syscall.PtraceSetRegs(tid, &regs)
	}
}

// byDescriptor and byPath are the calls that are counted: by the number of the argument
// that names the file.
var (
	byDescriptor = map[uint64]string{
		unix.SYS_WRITE: "write", unix.SYS_PWRITE64: "pwrite", unix.SYS_WRITEV: "writev",
		unix.SYS_FSYNC: "fsync", unix.SYS_FDATASYNC: "fdatasync", unix.SYS_FTRUNCATE: "ftruncate", unix.SYS_COPY_FILE_RANGE: "copy",
	}
	byPath = map[uint64]string{
		unix.SYS_OPENAT: "open", unix.SYS_MKDIRAT: "mkdir", unix.SYS_UNLINKAT: "unlink",
		unix.SYS_RENAMEAT: "rename", unix.SYS_RENAMEAT2: "rename", unix.SYS_LINKAT: "link", unix.SYS_SYMLINKAT: "symlink",
	}
)

// entered tells the call that a thread enters, and whether it is counted.
func entered(tid, pid int, watched string) (c call, regs syscall.PtraceRegs, ok bool) {
	if syscall.PtraceGetRegs(tid, &regs) != nil {
		return c, regs, false
	}
	if name := byDescriptor[regs.Orig_rax]; name != "" {
		path, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, int32(regs.Rdi)))
		return call{name, path}, regs, err == nil && strings.HasPrefix(path, watched)
	}
	name := byPath[regs.Orig_rax]
	if name == "" || name == "open" && regs.Rdx&(unix.O_WRONLY|unix.O_RDWR|unix.O_CREAT|unix.O_TRUNC) == 0 {
		return c, regs, false
	}
	path := stringAt(pid, int64(regs.Rsi))
	if !filepath.IsAbs(path) { // of a directory that is open
		at, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", pid, int32(regs.Rdi)))
		if err != nil {
			return c, regs, false
		}
		path = filepath.Join(at, path)
	}
	return call{name, path}, regs, strings.HasPrefix(path, watched)
}

// stringAt reads a C string from a process.
func stringAt(pid int, at int64) string {
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		return ""
	}
	defer memory.Close()
	var text []byte
	for page := make([]byte, 256); len(text) < 4096; at += int64(len(page)) {
		n, err := memory.ReadAt(page, at)
		for i, b := range page[:n] {
			if b == 0 {
				return string(append(text, page[:i]...))
			}
		}
		text = append(text, page[:n]...)
		if err != nil {
			break
		}
	}
	return ""
}
