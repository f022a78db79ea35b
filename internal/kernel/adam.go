package kernel

import (
	"math"
	"sync"
)

// Adam is one fused step of the optimiser, on all cores, with g = gscale*grad:
//
//	m = b1 m + (1-b1) g
//	v = b2 v + (1-b2) g^2
//	w = w - lr ((m/c1) / (sqrt(v/c2) + eps) + wd w)
//
// gscale is the factor of a clipped gradient, c1 and c2 are the corrections
// 1-b1^t and 1-b2^t, wd the decoupled weight decay (0: none).
//
// Kingma and Ba, ICLR 2015, https://arxiv.org/abs/1412.6980, algorithm 1;
// Loshchilov and Hutter, ICLR 2019, https://arxiv.org/abs/1711.05101, for wd.
func Adam(w, m, v, grad []float32, lr, b1, b2, eps, c1, c2, gscale, wd float32) {
	sameLength("Adam", len(m), len(w))
	sameLength("Adam", len(v), len(w))
	sameLength("Adam", len(grad), len(w))
	u := updates.get()
	u.w, u.m, u.v, u.grad = w, m, v, grad
	u.scale, u.eps = gscale, eps
	u.keepM, u.takeM, u.keepV, u.takeV = b1, 1-b1, b2, 1-b2
	u.correct, u.step, u.decay = 1/c2, lr/c1, lr*wd
	Parallel(len(w), adamGrain, u.run)
	u.w, u.m, u.v, u.grad = nil, nil, nil, nil
	updates.put(u)
}

// adamGrain values are work enough to be worth a core.
const adamGrain = 4096

// update is a call of Adam under way, with the factors of its formula.
type update struct {
	w, m, v, grad                                                []float32
	scale, keepM, takeM, keepV, takeV, correct, eps, step, decay float32

	run func(lo, hi int) // part, as a value that need not be made again
}

var updates = freeList[update]{make: func() *update {
	u := new(update)
	u.run = u.part
	return u
}}

func (u *update) part(lo, hi int) {
	isa.adam(u.w[lo:hi], u.m[lo:hi], u.v[lo:hi], u.grad[lo:hi],
		u.scale, u.keepM, u.takeM, u.keepV, u.takeV, u.correct, u.eps, u.step, u.decay)
}

func adamGeneric(w, m, v, grad []float32, scale, keepM, takeM, keepV, takeV, correct, eps, step, decay float32) {
	for i, g := range grad {
		g *= scale
		m[i] = keepM*m[i] + takeM*g
		v[i] = keepV*v[i] + takeV*(g*g)
		w[i] -= step*m[i]/(float32(math.Sqrt(float64(correct*v[i])))+eps) + decay*w[i]
	}
}

// freeList keeps the objects of finished calls for the next, so that calls
// allocate nothing. Unlike a sync.Pool it is not emptied by the collector: it
// holds as many as there were calls at once.
type freeList[T any] struct {
	make func() *T
	mu   sync.Mutex
	free []*T
}

func (l *freeList[T]) get() *T {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.free)
	if n == 0 {
		return l.make()
	}
	x := l.free[n-1]
	l.free = l.free[:n-1]
	return x
}

func (l *freeList[T]) put(x *T) {
	l.mu.Lock()
	l.free = append(l.free, x)
	l.mu.Unlock()
}
