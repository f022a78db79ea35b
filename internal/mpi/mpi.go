//go:build mpi

package mpi

/*
#cgo pkg-config: ompi-c
#include <mpi.h>

static int start(int *rank, int *size) {
	int got = 0;
	if (MPI_Init_thread(0, 0, MPI_THREAD_FUNNELED, &got) || got < MPI_THREAD_FUNNELED) return 1;
	return MPI_Comm_rank(MPI_COMM_WORLD, rank) || MPI_Comm_size(MPI_COMM_WORLD, size);
}
static void gather(void *dst, void *src, int n) { MPI_Allgather(src, n, MPI_BYTE, dst, n, MPI_BYTE, MPI_COMM_WORLD); }
static void swap(void *dst, void *src, int n) { MPI_Alltoall(src, n, MPI_BYTE, dst, n, MPI_BYTE, MPI_COMM_WORLD); }
static void broadcast(void *data, int n) { MPI_Bcast(data, n, MPI_BYTE, 0, MPI_COMM_WORLD); }
static void sum(void *data, int n) { MPI_Allreduce(MPI_IN_PLACE, data, n, MPI_FLOAT, MPI_SUM, MPI_COMM_WORLD); }
static void stop(int code) { MPI_Abort(MPI_COMM_WORLD, code); }
static void finalize(void) { MPI_Finalize(); }
*/
import "C"

import (
	"errors"
	"math"
	"os"
	"runtime"
	"unsafe"
)

// Team is the processes of a job. Its methods but Abort are called by all of them, in the same
// order, with as much data; an error of MPI ends the job. One goroutine calls them at a time.
type Team struct {
	rank, size int
	calls      chan func()
	done       chan struct{}
}

// Start joins the processes of the job. It returns nil if mpirun has not started this one.
func Start() (*Team, error) {
	if !launched() {
		return nil, nil
	}
	// The library would catch the signals by which Go finds nil pointers.
	if _, given := os.LookupEnv("OMPI_MCA_opal_signal"); !given {
		os.Setenv("OMPI_MCA_opal_signal", "")
	}
	t := &Team{calls: make(chan func()), done: make(chan struct{})}
	var rank, size, failed C.int
	go func() {
		runtime.LockOSThread() // MPI_THREAD_FUNNELED: one thread makes all calls
		for f := range t.calls {
			f()
			t.done <- struct{}{}
		}
	}()
	t.call(func() { failed = C.start(&rank, &size) })
	if failed != 0 {
		return nil, errors.New("mpi: MPI_Init_thread failed")
	}
	t.rank, t.size = int(rank), int(size)
	return t, nil
}

func (t *Team) call(f func()) {
	t.calls <- f
	<-t.done
}

// Rank is the number of this process, from 0; 0 of a nil Team.
func (t *Team) Rank() int {
	if t == nil {
		return 0
	}
	return t.rank
}

// Size is the number of processes; 1 of a nil Team.
func (t *Team) Size() int {
	if t == nil {
		return 1
	}
	return t.size
}

// Gather sets dst to the src of all processes, in the order of ranks: MPI_Allgather.
func (t *Team) Gather(dst, src []byte) { t.transfer(dst, src, len(src), t.size, 1) }

// Swap hands block r of src to process r, and sets block r of dst to what that has for this
// one: MPI_Alltoall. A slice holds as many blocks as there are processes.
func (t *Team) Swap(dst, src []byte) { t.transfer(dst, src, len(src)/t.size, t.size, t.size) }

// Broadcast sets data to that of rank 0.
func (t *Team) Broadcast(data []byte) {
	for len(data) > 0 {
		n := min(len(data), math.MaxInt32)
		t.call(func() { C.broadcast(unsafe.Pointer(&data[0]), C.int(n)) })
		data = data[n:]
	}
}

// Sum sets data to the sum of that of all processes, in an order that is MPI's: MPI_Allreduce.
func (t *Team) Sum(data []float32) {
	for len(data) > 0 {
		n := min(len(data), math.MaxInt32)
		t.call(func() { C.sum(unsafe.Pointer(&data[0]), C.int(n)) })
		data = data[n:]
	}
}

// transfer moves blocks of n bytes: as many into dst and out of src.
func (t *Team) transfer(dst, src []byte, n, into, outOf int) {
	if n == 0 {
		return
	}
	if n > math.MaxInt32 || len(dst) != into*n || len(src) != outOf*n {
		panic("mpi: blocks do not fit, or are larger than 2 GB")
	}
	to, from := unsafe.Pointer(&dst[0]), unsafe.Pointer(&src[0])
	t.call(func() {
		if outOf == 1 {
			C.gather(to, from, C.int(n))
		} else {
			C.swap(to, from, C.int(n))
		}
	})
}

// Abort ends the job: all processes, with that exit code of mpirun.
func (t *Team) Abort(code int) { t.call(func() { C.stop(C.int(code)) }) }

// Close leaves the job when all have come to this point.
func (t *Team) Close() { t.call(func() { C.finalize() }) }
