package op

import (
	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// Joint is a gradient through the choices of a batch that looks at the other
// sentences of it: package generator/relax says what each method is.
type Joint interface {
	Choice
	Own() bool
	Surveys() bool
	Survey(saved, mean []float32, id int) [4]float64
	Weigh(weights, shares []float64, seen [][4]float64)
	BackwardJoint(dLogits, saved, dy, mean []float32, id int, weight float64, tau float32, key rng.Key)
}

// jointBack is what the way back of a Joint has for the whole batch. All sums
// are in the order of sentences and tokens, whatever the number of cores.
type jointBack struct {
	Joint
	sum     []float32    // [T,De] direct gradients of all sentences
	token   [][4]float64 // [B,T] what was seen of each
	seen    [][4]float64 // [B]
	shares  []float64    // [B]
	weights []float64    // [B]

	groupsFn, stepFn func(lo, hi int)
}

func newJoint(r *rollout, j Joint) *jointBack {
	B, T := r.cfg.B, r.cfg.T
	s := &jointBack{Joint: j, sum: make([]float32, T*r.De), token: make([][4]float64, B*T),
		seen: make([][4]float64, B), shares: make([]float64, B), weights: make([]float64, B)}
	s.groupsFn = func(lo, hi int) {
		for _, c := range r.groups[lo:hi] {
			for c.t = 0; c.t < c.plan.Steps; c.t++ {
				for b := range c.blocks() {
					from, to := c.block(b)
					s.survey(c, from, to)
				}
			}
		}
	}
	s.stepFn = func(lo, hi int) { r.eachBlock(lo, hi, s.survey) }
	return s
}

// begin adds up what the sentences say, and weighs them if that is wanted.
func (s *jointBack) begin(r *rollout) {
	T, De := r.cfg.T, r.De
	clear(s.sum)
	for i, n := range i32(r.lengths) {
		kernel.Add(s.sum[:int(n)*De], r.grad[i*T*De:][:int(n)*De])
	}
	if !s.Surveys() {
		return
	}
	if r.groupACore() {
		kernel.Parallel(len(r.groups), 1, s.groupsFn)
	} else {
		for t := range T {
			for _, c := range r.groups {
				c.t = t
			}
			kernel.Parallel(r.stepBlocks(), 1, s.stepFn)
		}
	}
	for i, n := range i32(r.lengths) {
		s.seen[i] = [4]float64{}
		for _, x := range s.token[i*T:][:n] {
			for k, v := range x {
				s.seen[i][k] += v
			}
		}
	}
	r.cfg.Shares(s.shares)
	s.Weigh(s.weights, s.shares, s.seen)
}

// others sets mean [n,V] to what the other sentences say of packed rows lo..hi-1
// of c's step.
func (s *jointBack) others(c *rolloutGroup, lo, hi int) (mean []float32) {
	De, V := c.De, c.V
	rest := float32(max(c.cfg.B-1, 1))
	for p := lo; p < hi; p++ {
		at := c.plan.Off[c.t] + p
		own, dst := c.grad[int(c.token[at])*De:][:De], c.mean[p*De:][:De]
		for k, v := range s.sum[c.t*De:][:De] {
			dst[k] = (v - own[k]) / rest
		}
		if c.cfg.B == 1 {
			clear(dst)
		}
	}
	mean = c.others[lo*V : hi*V]
	c.Gemm(false, false, hi-lo, V, De, 1, c.mean[lo*De:], De, c.gradTable[(c.gradCols-De)*c.stride:], c.stride, 0, mean, V)
	return mean
}

// survey sees packed rows lo..hi-1 of c's step.
func (s *jointBack) survey(c *rolloutGroup, lo, hi int) {
	mean := s.others(c, lo, hi)
	for p := lo; p < hi; p++ {
		at := c.plan.Off[c.t] + p
		s.token[c.token[at]] = s.Survey(c.y[at*c.stride:][:c.V], mean[(p-lo)*c.V:][:c.V], int(c.ids[at]))
	}
}

// tokensBack sets the gradients of the logits of packed rows lo..hi-1 of c's
// step, and dh [hi-lo,H].
func (s *jointBack) tokensBack(c *rolloutGroup, lo, hi int, dh []float32) {
	n, V, ld, gc := hi-lo, c.V, c.stride, c.gradCols
	dLogits := c.step[(c.free+lo)*ld:][:n*ld]
	mean := s.others(c, lo, hi)
	if s.Own() {
		c.held.gradTable.Gemm(0, V, n, 1, c.dOut[lo*gc:], gc, 0, dLogits, ld)
	}
	for p := range n {
		at := c.plan.Off[c.t] + lo + p
		d := dLogits[p*ld:][:V]
		s.BackwardJoint(d, c.y[at*ld:][:V], d, mean[p*V:][:V], int(c.ids[at]), s.weights[c.row[at]], c.tau, c.rowKey(at))
	}
	c.held.WT.Gemm(0, c.H, n, 1, dLogits, ld, 0, dh, c.H)
}
