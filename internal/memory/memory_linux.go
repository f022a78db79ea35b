package memory

import (
	"syscall"
	"unsafe"
)

// hugePages asks the kernel to back x by huge pages; nothing depends on whether
// it does.
func hugePages(x []float32) {
	at := uintptr(unsafe.Pointer(&x[0]))
	skip := -at & (page - 1)
	if n := (uintptr(len(x))*4 - min(skip, uintptr(len(x))*4)) &^ (page - 1); n > 0 {
		_ = syscall.Madvise(unsafe.Slice((*byte)(unsafe.Add(unsafe.Pointer(&x[0]), skip)), n), syscall.MADV_HUGEPAGE)
	}
}
