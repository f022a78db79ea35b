package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// spin is how long an idle helper looks for work before it parks: longer than
// the serial work between the parallel loops of a step. Waking a parked
// goroutine on another core takes some 50 microseconds, as long as a whole small
// product.
const spin = 500 * time.Microsecond

// partsPerThread balances cores that are slower or busy with other work: a thread
// that has done its own parts takes those of others.
const partsPerThread = 2

var threads atomic.Int32 // 0: the default

// Threads returns the number of cores that Parallel uses.
func Threads() int {
	if n := int(threads.Load()); n > 0 {
		return n
	}
	return min(runtime.GOMAXPROCS(0), runtime.NumCPU())
}

// SetThreads sets the number of cores; 0 restores the default, the lesser of
// GOMAXPROCS and the number of CPUs.
func SetThreads(n int) { threads.Store(int32(max(n, 0))) }

// Parallel calls f on consecutive parts [lo,hi) of [0,n), every part but the
// last a multiple of grain, on up to Threads() cores. Which core does a part,
// and how long parts are, is not determined: f has to compute the same
// whatever the split.
//
// A call from within f, or while another call is under way, runs f(0,n) alone
// on its own goroutine. A panic of f on any core is raised on the caller.
// Nothing is allocated but f itself, if that is a closure.
func Parallel(n, grain int, f func(lo, hi int)) {
	if n <= 0 {
		return
	}
	if busy() {
		f(0, n)
		return
	}
	workers := min(Threads(), (n+grain-1)/grain)
	if workers <= 1 || !pool.caller.TryLock() {
		f(0, n)
		return
	}
	pool.f, pool.n, pool.grain, pool.workers = f, n, grain, workers
	for len(pool.helpers) < workers-1 {
		h := &helper{index: len(pool.helpers), wake: make(chan struct{}, 1)}
		pool.helpers = append(pool.helpers, h)
		go h.serve()
	}
	for len(pool.taken) < workers {
		pool.taken = append(pool.taken, new(counter))
	}
	for _, c := range pool.taken[:workers] {
		c.Store(0)
	}
	begin()
	defer finish()
	work(0)
}

// busy reports whether a call is under way, as it is within one. It changes
// nothing, so that cores which ask do not disturb each other.
func busy() bool { return pool.state.Load()&(isOpen|helpersIn) > 0 }

// pool is the call that is under way, at most one, and its helpers.
//
// A helper joins when it has woken up; one that is late finds no part left to do.
// The caller waits only for helpers that have joined, and the fields of a call
// stay as they are until they have left.
var pool = struct {
	caller  sync.Mutex // held by the goroutine whose call it is
	helpers []*helper

	f        func(lo, hi int)
	n, grain int
	workers  int        // the caller and the helpers wanted
	taken    []*counter // of the parts of each worker

	state atomic.Uint64 // serial number of the call, isOpen, helpers in it
	await atomic.Bool   // the caller sleeps until the last helper leaves
	empty chan struct{}

	failure  sync.Mutex
	failed   bool
	panicked any // by a helper
}{empty: make(chan struct{}, 1)}

// Parts of pool.state.
const (
	isOpen    = 1 << 16 // helpers may join
	helpersIn = isOpen - 1
	serial    = isOpen << 1
)

// counter has a cache line of its own.
type counter struct {
	atomic.Int64
	_ [56]byte
}

// work does parts until none is left. Part p belongs to worker p modulo workers,
// so that calls over the same rows or columns find them in the same core's
// cache; between cores that share none, that is worth more than any balance.
func work(me int) {
	// Parts differ by a grain at most, the longer first.
	parts := partsPerThread * pool.workers
	grains := (pool.n + pool.grain - 1) / pool.grain
	each, more := grains/parts, grains%parts
	begin := func(part int) int { return min((part*each+min(part, more))*pool.grain, pool.n) }
	for i := range pool.workers {
		owner := (me + i) % pool.workers
		for {
			k := int(pool.taken[owner].Add(1)) - 1
			if k >= partsPerThread {
				break
			}
			part := owner + k*pool.workers
			if lo, hi := begin(part), begin(part+1); lo < hi {
				pool.f(lo, hi)
			}
		}
	}
}

// begin opens the call to helpers and wakes those asleep.
func begin() {
	pool.state.Store(pool.state.Load() + serial | isOpen)
	for _, h := range pool.helpers[:pool.workers-1] {
		if h.asleep.CompareAndSwap(true, false) {
			h.wake <- struct{}{}
		}
	}
}

// finish closes the call to helpers and waits for those in it.
func finish() {
	for _, c := range pool.taken[:pool.workers] {
		c.Store(partsPerThread) // after a panic parts may be left
	}
	pool.state.And(^uint64(isOpen))
	for start := time.Now(); pool.state.Load()&helpersIn > 0; {
		for range 1000 {
			if pool.state.Load()&helpersIn == 0 {
				break
			}
		}
		runtime.Gosched()
		if time.Since(start) > spin { // a helper has lost its core: give up this one
			sleepUntilEmpty()
		}
	}
	failed, panicked := pool.failed, pool.panicked
	pool.f, pool.failed, pool.panicked = nil, false, nil
	pool.caller.Unlock()
	if failed {
		panic(panicked)
	}
}

func sleepUntilEmpty() {
	pool.await.Store(true)
	if pool.state.Load()&helpersIn == 0 && pool.await.CompareAndSwap(true, false) {
		return
	}
	<-pool.empty
}

// helper is a goroutine that works for others.
type helper struct {
	index  int
	last   uint64 // the state of the call that it knows
	asleep atomic.Bool
	wake   chan struct{}
}

func (h *helper) serve() {
	for {
		h.await()
		if h.join() {
			help(h.index + 1)
		}
	}
}

// news reports whether there is a call that h has not seen.
func (h *helper) news() bool {
	s := pool.state.Load()
	return s&isOpen != 0 && s&^helpersIn != h.last
}

// await returns when there is news: for a while it looks, then it sleeps.
func (h *helper) await() {
	for start := time.Now(); ; {
		for range 1000 {
			if h.news() {
				return
			}
		}
		runtime.Gosched()
		if time.Since(start) < spin {
			continue
		}
		h.asleep.Store(true)
		if h.news() && h.asleep.CompareAndSwap(true, false) {
			return
		}
		<-h.wake
		start = time.Now()
	}
}

// join enters the call unless that is closed or has helpers enough.
func (h *helper) join() bool {
	for {
		s := pool.state.Load()
		if s&isOpen == 0 {
			return false
		}
		if pool.state.CompareAndSwap(s, s+1) {
			h.last = s &^ helpersIn
			if h.index < pool.workers-1 {
				return true
			}
			leave()
			return false
		}
	}
}

// help works, keeps a panic for the caller, and leaves.
func help(me int) {
	defer func() {
		if p := recover(); p != nil {
			pool.failure.Lock()
			if !pool.failed {
				pool.failed, pool.panicked = true, p
			}
			pool.failure.Unlock()
		}
		leave()
	}()
	work(me)
}

func leave() {
	if s := pool.state.Add(^uint64(0)); s&(isOpen|helpersIn) == 0 && pool.await.CompareAndSwap(true, false) {
		pool.empty <- struct{}{}
	}
}
