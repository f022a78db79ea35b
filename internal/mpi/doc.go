// Package mpi joins the processes that mpirun has started. It is a thin layer over Open MPI,
// in programs built with the tag mpi (and cgo); the others have one process.
package mpi

import (
	"os"
	"unsafe"
)

// launched reports whether this process was started by mpirun, or by srun with PMIx or PMI2,
// and not on its own.
func launched() bool {
	for _, name := range []string{"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

// Bytes is the memory of a slice.
func Bytes[T float32 | float64](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), len(s)*int(unsafe.Sizeof(s[0])))
}
