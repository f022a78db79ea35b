package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// parts runs Parallel and checks that its parts are whole grains and cover
// [0, n) once.
func parts(t *testing.T, n, grain int) int64 {
	var calls atomic.Int64
	seen := make([]atomic.Int32, n)
	Parallel(n, grain, func(lo, hi int) {
		calls.Add(1)
		if lo%grain != 0 || hi <= lo || hi > n || hi < n && hi%grain != 0 {
			t.Errorf("part [%d,%d) of %d by %d", lo, hi, n, grain)
			return
		}
		for i := lo; i < hi; i++ {
			seen[i].Add(1)
		}
	})
	for i := range seen {
		require.EqualValues(t, 1, seen[i].Load(), "%d of %d by %d", i, n, grain)
	}
	return calls.Load()
}

func TestParallel(t *testing.T) {
	defer SetThreads(0)
	for threads := 1; threads <= 5; threads++ {
		SetThreads(threads)
		require.Equal(t, threads, Threads())
		for _, n := range []int{0, 1, 2, 7, 48, 100, 1000} {
			for _, grain := range []int{1, 3, 48} {
				parts(t, n, grain)
			}
		}
		time.Sleep(2 * spin) // the helpers park
		parts(t, 1000, 7)
	}
	SetThreads(0)
	require.Equal(t, min(runtime.GOMAXPROCS(0), runtime.NumCPU()), Threads())
}

// No part is longer than another by more than a grain.
func TestParallelEven(t *testing.T) {
	defer SetThreads(0)
	SetThreads(2)
	for _, n := range []int{1, 47, 48, 64, 100, 1200, 4700} {
		for _, grain := range []int{1, 8, 48} {
			var least, most atomic.Int64
			least.Store(int64(n))
			Parallel(n, grain, func(lo, hi int) {
				if hi < n { // the last may end short
					for size := int64(hi - lo); ; {
						if l := least.Load(); size < l && !least.CompareAndSwap(l, size) {
							continue
						}
						if m := most.Load(); size > m && !most.CompareAndSwap(m, size) {
							continue
						}
						break
					}
				}
			})
			require.LessOrEqual(t, most.Load()-least.Load(), int64(grain), "%d by %d", n, grain)
		}
	}
}

func TestParallelOnOneProcessor(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	defer SetThreads(0)
	require.Equal(t, 1, Threads())
	SetThreads(3)
	for range 100 {
		parts(t, 100, 3)
	}
}

// A call inside a part and a second caller run alone.
func TestParallelNested(t *testing.T) {
	defer SetThreads(0)
	SetThreads(3)
	Parallel(10, 1, func(lo, hi int) {
		require.EqualValues(t, 1, parts(t, 100, 1))
	})
	var callers sync.WaitGroup
	for range 4 {
		callers.Go(func() {
			for range 200 {
				parts(t, 100, 7)
			}
		})
	}
	callers.Wait()
}

// A panic reaches the caller from whichever core, and the pool lives on.
func TestParallelPanics(t *testing.T) {
	defer SetThreads(0)
	SetThreads(3)
	for bad := range 3 {
		for range 20 {
			var all sync.WaitGroup // three parts at once, so on three goroutines
			all.Add(3)
			require.PanicsWithValue(t, "no", func() {
				Parallel(3, 1, func(lo, hi int) {
					all.Done()
					all.Wait()
					if lo == bad {
						panic("no")
					}
				})
			})
			parts(t, 100, 7)
		}
	}
}

func TestParallelAllocatesNothing(t *testing.T) {
	defer SetThreads(0)
	SetThreads(2)
	var sum atomic.Int64
	f := func(lo, hi int) { sum.Add(int64(hi - lo)) }
	require.Zero(t, testing.AllocsPerRun(100, func() { Parallel(1000, 1, f) }))
	require.EqualValues(t, 101*1000, sum.Load())
}
