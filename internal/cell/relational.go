package cell

import (
	"math"

	"textgan/internal/kernel"
	"textgan/internal/memory"
)

// Relational is the relational memory of Santoro et al. 2018
// (https://arxiv.org/abs/1806.01822), in the form that RelGAN (Nie, Narodytska
// and Patel 2019) uses: one block of attention, two layers behind it, gates for
// every unit. A memory m of S slots of M units reads x [E]:
//
//	u = x Win + bin                                            [M]
//	q, k, v = norm([m ; u] Wqkv)                               [S+1,3M], M/heads columns of each a head
//	a = softmax(q k' / sqrt(3M/heads)) v                       [S,M], a head at a time
//	y = norm(m + a)    z = norm(y + relu(y W1 + b1) W2 + b2)   [S,M]
//	i, f = tanh(m) Wm + u Wu                                   [S,M] each
//	m' = sigmoid(i) tanh(z) + sigmoid(f+1) m
//
// norm is a layer normalisation of each slot with gain and bias. It hands out m'
// [S M]. The first memory is the identity, padded or cut: slots differ.
//
// The authors of RelGAN normalise all slots of a sentence together, which for a
// single slot differs in q, k, v alone.
type Relational struct {
	Slots, Heads int // Heads divides the units of a slot
}

// Core returns a memory of M units a slot. Its share is u Wqkv, u Wu and u
// [6M].
func (c Relational) Core(E, M int) Core {
	r := &relational{Relational: c, E: E, M: M, head: M / c.Heads}
	r.scale = float32(1 / math.Sqrt(float64(3*r.head)))
	S := c.Slots
	for _, f := range []struct {
		at   *int
		size int
	}{
		{&r.hat, 3 * M * (S + 1)}, {&r.qkv, 3 * M * (S + 1)}, {&r.attention, c.Heads * S * (S + 1)},
		{&r.hat1, M * S}, {&r.y, M * S}, {&r.hidden, M * S}, {&r.hat2, M * S}, {&r.z, M * S}, {&r.tanh, M * S}, {&r.gates, 2 * M * S},
		{&r.deviation, S + 1 + 2*S}, {&r.dNormed, 3 * M * (S + 1)}, {&r.dqkv, 3 * M * S}, {&r.dAttention, S + 1},
		{&r.dSum1, M * S}, {&r.dy, M * S}, {&r.dHidden, M * S}, {&r.dSum2, M * S}, {&r.dz, M * S}, {&r.dTanh, M * S},
	} {
		*f.at = r.tape
		r.tape += f.size
	}
	r.weights = r.list()
	return r
}

// Weights of a relational memory, in their order.
const (
	relWin = iota
	relBin
	relWqkv
	relGain
	relBias
	relGain1
	relBias1
	relW1
	relB1
	relW2
	relB2
	relGain2
	relBias2
	relWu
	relWm
	relWeights
)

// relational says where on the tape of a row is what.
type relational struct {
	Relational
	Products
	E, M, head int
	scale      float32
	tape       int // size of the tape
	weights    []Weight

	hat, qkv      int // [S+1,3M] normalised without and with gain and bias
	attention     int // [heads,S,S+1]
	hat1, y       int // [S,M]
	hidden        int // [S,M] behind its ReLU
	hat2, z, tanh int // [S,M]; z behind its tanh; tanh is that of m
	gates         int // [S,2M] behind their sigmoid
	deviation     int // 1 over the standard deviation in each normalisation [(S+1) + S + S]

	// Gradients. Those of the gates replace them, and the terms of those of a
	// gain replace what it multiplied.
	dNormed    int // [S+1,3M] of qkv
	dqkv       int // [S,3M] of what is normalised there
	dAttention int // [S+1]
	dSum1, dy  int // [S,M] of what is normalised to y, and of y
	dHidden    int // [S,M]
	dSum2, dz  int // [S,M] of what is normalised to z, and of z
	dTanh      int // [S,M]

	w  [relWeights][]float32 // of the run
	wT [relWeights][]float32 // matrices transposed
}

func (r *relational) Sizes() Sizes {
	return Sizes{In: r.E, Out: r.Slots * r.M, State: r.Slots * r.M, Share: 6 * r.M, Cond: 5 * r.M, Tape: r.tape}
}

func (r *relational) Used([]float32) int { return r.Slots * r.M }

func (r *relational) Weights() []Weight { return r.weights }

func (r *relational) list() []Weight {
	ones := func(w []float32) {
		for i := range w {
			w[i] = 1
		}
	}
	zeros := func(w []float32) { clear(w) }
	M := r.M
	return []Weight{
		{"win", []int{r.E, M}, nil}, {"bin", []int{M}, zeros},
		{"wqkv", []int{M, 3 * M}, nil}, {"norm.gain", []int{3 * M}, ones}, {"norm.bias", []int{3 * M}, zeros},
		{"norm1.gain", []int{M}, ones}, {"norm1.bias", []int{M}, zeros},
		{"w1", []int{M, M}, nil}, {"b1", []int{M}, zeros}, {"w2", []int{M, M}, nil}, {"b2", []int{M}, zeros},
		{"norm2.gain", []int{M}, ones}, {"norm2.bias", []int{M}, zeros},
		{"wu", []int{M, 2 * M}, nil}, {"wm", []int{M, 2 * M}, nil},
	}
}

func (r *relational) Bind(w [][]float32) { copy(r.w[:], w) }

func (r *relational) BindBack() {
	for i, w := range r.weights {
		if len(w.Shape) < 2 {
			continue
		}
		if r.wT[i] == nil {
			r.wT[i] = memory.Floats(len(r.w[i]))[0]
		}
		kernel.Transpose(r.wT[i], r.w[i], w.Shape[0], w.Shape[1])
	}
}

func (r *relational) Start(state []float32) {
	clear(state)
	for s := range min(r.Slots, r.M) {
		state[s*r.M+s] = 1
	}
}

func (r *relational) Input(n int, x, share []float32) {
	M := r.M
	u := share[5*M:]
	r.GemmBias(false, false, n, M, r.E, x, r.E, r.w[relWin], M, r.w[relBin], u, 6*M)
	r.Gemm(false, false, n, 3*M, M, 1, u, 6*M, r.w[relWqkv], 3*M, 0, share, 6*M)
	r.Gemm(false, false, n, 2*M, M, 1, u, 6*M, r.w[relWu], 2*M, 0, share[3*M:], 6*M)
}

func (r *relational) InputBack(n int, dShare, dx []float32) {
	M := r.M
	if n == 0 {
		return
	}
	du := dShare[5*M:]
	r.Gemm(false, false, n, M, 3*M, 1, dShare, 6*M, r.wT[relWqkv], M, 0, du, 6*M)
	r.Gemm(false, false, n, M, 2*M, 1, dShare[3*M:], 6*M, r.wT[relWu], M, 1, du, 6*M)
	if dx != nil {
		r.Gemm(false, false, n, r.E, M, 1, du, 6*M, r.wT[relWin], r.E, 0, dx, r.E)
	}
}

func (r *relational) Step(n int, _ bool, share, prev, next, out, tape []float32) {
	S, M, T := r.Slots, r.M, r.tape
	for s := range S {
		r.Gemm(false, false, n, 3*M, M, 1, prev[s*M:], S*M, r.w[relWqkv], 3*M, 0, tape[r.hat+s*3*M:], T)
	}
	for i := range n {
		t, m := tape[i*T:][:T], prev[i*S*M:][:S*M]
		copy(t[r.hat+S*3*M:][:3*M], share[i*6*M:])
		for s := range S + 1 {
			hat := t[r.hat+s*3*M:][:3*M]
			t[r.deviation+s] = kernel.Normalise(t[r.qkv+s*3*M:][:3*M], hat, hat, r.w[relGain], r.w[relBias])
		}
		sum := t[r.hat1:][:S*M]
		copy(sum, m)
		r.attend(t, sum)
		for s := range S {
			x := sum[s*M:][:M]
			t[r.deviation+S+1+s] = kernel.Normalise(t[r.y+s*M:][:M], x, x, r.w[relGain1], r.w[relBias1])
		}
		kernel.Tanh(t[r.tanh:][:S*M], m)
	}
	for s := range S {
		r.GemmBias(false, false, n, M, M, tape[r.y+s*M:], T, r.w[relW1], M, r.w[relB1], tape[r.hidden+s*M:], T)
		for i := range n {
			hidden := tape[i*T+r.hidden+s*M:][:M]
			kernel.ReLU(hidden, hidden)
		}
		r.GemmBias(false, false, n, M, M, tape[r.hidden+s*M:], T, r.w[relW2], M, r.w[relB2], tape[r.hat2+s*M:], T)
		r.Gemm(false, false, n, 2*M, M, 1, tape[r.tanh+s*M:], T, r.w[relWm], 2*M, 0, tape[r.gates+s*2*M:], T)
	}
	for i := range n {
		t, m, o := tape[i*T:][:T], prev[i*S*M:][:S*M], out[i*S*M:][:S*M]
		for s := range S {
			x, z, g := t[r.hat2+s*M:][:M], t[r.z+s*M:][:M], t[r.gates+s*2*M:][:2*M]
			kernel.Add(x, t[r.y+s*M:][:M])
			t[r.deviation+S+1+S+s] = kernel.Normalise(z, x, x, r.w[relGain2], r.w[relBias2])
			kernel.Tanh(z, z)
			kernel.Add(g, share[i*6*M+3*M:][:2*M])
			for j := range M {
				g[M+j]++
			}
			kernel.Sigmoid(g, g)
			for j, c := range z {
				o[s*M+j] = g[j]*c + g[M+j]*m[s*M+j]
			}
		}
	}
	copy(next[:n*S*M], out)
}

// columns of q, k and v of slot s in a head.
func (r *relational) columns(qkv []float32, s, head int) (q, k, v []float32) {
	d := r.head
	x := qkv[s*3*r.M+head*3*d:][:3*d]
	return x[:d], x[d : 2*d], x[2*d:]
}

// attend adds to the slots what they find in a row's values.
func (r *relational) attend(t, sum []float32) {
	S, d := r.Slots, r.head
	qkv := t[r.qkv:][:(S+1)*3*r.M]
	for h := range r.Heads {
		for s := range S {
			q, _, _ := r.columns(qkv, s, h)
			a := t[r.attention+(h*S+s)*(S+1):][:S+1]
			for j := range a {
				_, k, _ := r.columns(qkv, j, h)
				a[j] = kernel.Dot(q, k)
			}
			kernel.SoftmaxScaled(a, a, r.scale)
			for j, w := range a {
				_, _, v := r.columns(qkv, j, h)
				kernel.Axpy(w, v, sum[s*r.M+h*d:][:d])
			}
		}
	}
}

// attendBack sets the gradient of q, k and v from dSum [S,M], that of what attend
// added to.
func (r *relational) attendBack(t, dSum []float32) {
	S, d := r.Slots, r.head
	qkv, dNormed, da := t[r.qkv:], t[r.dNormed:][:(S+1)*3*r.M], t[r.dAttention:][:S+1]
	clear(dNormed)
	for h := range r.Heads {
		for s := range S {
			q, _, _ := r.columns(qkv, s, h)
			dq, _, _ := r.columns(dNormed, s, h)
			a, out := t[r.attention+(h*S+s)*(S+1):][:S+1], dSum[s*r.M+h*d:][:d]
			for j, w := range a {
				_, _, v := r.columns(qkv, j, h)
				_, _, dv := r.columns(dNormed, j, h)
				da[j] = kernel.Dot(v, out)
				kernel.Axpy(w, out, dv)
			}
			kernel.SoftmaxBackward(da, a, da, r.scale)
			for j, w := range da {
				_, k, _ := r.columns(qkv, j, h)
				_, dk, _ := r.columns(dNormed, j, h)
				kernel.Axpy(w, k, dq)
				kernel.Axpy(w, q, dk)
			}
		}
	}
}

func (r *relational) StepBack(n int, _, prev, tape, dOut, d, dShare []float32) {
	S, M, T := r.Slots, r.M, r.tape
	kernel.Add(d[:n*S*M], dOut[:n*S*M])
	for i := range n {
		t, m, dm, dGates := tape[i*T:][:T], prev[i*S*M:][:S*M], d[i*S*M:][:S*M], dShare[i*6*M+3*M:][:2*M]
		clear(dGates)
		for s := range S {
			z, dz, g := t[r.z+s*M:][:M], t[r.dz+s*M:][:M], t[r.gates+s*2*M:][:2*M]
			for j, c := range z {
				in, forget, dn := g[j], g[M+j], dm[s*M+j]
				g[j], g[M+j] = dn*c*in*(1-in), dn*m[s*M+j]*forget*(1-forget)
				dz[j] = dn * in * (1 - c*c)
				dm[s*M+j] = dn * forget
			}
			kernel.Add(dGates, g)
			kernel.NormaliseBackward(t[r.dSum2+s*M:][:M], dz, t[r.hat2+s*M:][:M], r.w[relGain2], t[r.deviation+S+1+S+s])
		}
		copy(t[r.dy:][:S*M], t[r.dSum2:])
	}
	for s := range S {
		r.Gemm(false, false, n, M, M, 1, tape[r.dSum2+s*M:], T, r.wT[relW2], M, 0, tape[r.dHidden+s*M:], T)
		for i := range n {
			dHidden := tape[i*T+r.dHidden+s*M:][:M]
			kernel.ReLUBackward(dHidden, tape[i*T+r.hidden+s*M:][:M], dHidden)
		}
		r.Gemm(false, false, n, M, M, 1, tape[r.dHidden+s*M:], T, r.wT[relW1], M, 1, tape[r.dy+s*M:], T)
		r.Gemm(false, false, n, M, 2*M, 1, tape[r.gates+s*2*M:], T, r.wT[relWm], M, 0, tape[r.dTanh+s*M:], T)
	}
	for i := range n {
		t, dm := tape[i*T:][:T], d[i*S*M:][:S*M]
		for j, v := range t[r.tanh:][:S*M] {
			dm[j] += t[r.dTanh+j] * (1 - v*v)
		}
		dSum := t[r.dSum1:][:S*M]
		for s := range S {
			kernel.NormaliseBackward(dSum[s*M:][:M], t[r.dy+s*M:][:M], t[r.hat1+s*M:][:M], r.w[relGain1], t[r.deviation+S+1+s])
		}
		kernel.Add(dm, dSum)
		r.attendBack(t, dSum)
		for s := range S + 1 {
			dx := dShare[i*6*M:][:3*M]
			if s < S {
				dx = t[r.dqkv+s*3*M:][:3*M]
			}
			kernel.NormaliseBackward(dx, t[r.dNormed+s*3*M:][:3*M], t[r.hat+s*3*M:][:3*M], r.w[relGain], t[r.deviation+s])
		}
	}
	for s := range S {
		r.Gemm(false, false, n, M, 3*M, 1, tape[r.dqkv+s*3*M:], T, r.wT[relWqkv], M, 1, d[s*M:], S*M)
	}
}

func (r *relational) Grads(n int, x, share, prev, tape, dShare []float32, d [][]float32) {
	S, M, T := r.Slots, r.M, r.tape
	for _, dw := range d {
		clear(dw)
	}
	if n == 0 {
		return
	}
	// product adds a' b of all rows to the gradient of a matrix, sums those of b to
	// that of a row.
	product := func(w, rows, cols int, a []float32, lda int, b []float32, ldb int) {
		if d[w] != nil {
			r.Gemm(true, false, rows, cols, n, 1, a, lda, b, ldb, 1, d[w], cols)
		}
	}
	sums := func(w, cols int, b []float32, ldb int) {
		if d[w] != nil {
			kernel.AddColumnSums(d[w], b, n, cols, ldb)
		}
	}
	u, du := share[5*M:], dShare[5*M:]
	product(relWin, r.E, M, x, r.E, du, 6*M)
	sums(relBin, M, du, 6*M)
	product(relWqkv, M, 3*M, u, 6*M, dShare, 6*M)
	product(relWu, M, 2*M, u, 6*M, dShare[3*M:], 6*M)
	for s := range S + 1 {
		sums(relGain, 3*M, tape[r.hat+s*3*M:], T)
		sums(relBias, 3*M, tape[r.dNormed+s*3*M:], T)
	}
	for s := range S {
		product(relWqkv, M, 3*M, prev[s*M:], S*M, tape[r.dqkv+s*3*M:], T)
		product(relWm, M, 2*M, tape[r.tanh+s*M:], T, tape[r.gates+s*2*M:], T)
		product(relW1, M, M, tape[r.y+s*M:], T, tape[r.dHidden+s*M:], T)
		product(relW2, M, M, tape[r.hidden+s*M:], T, tape[r.dSum2+s*M:], T)
		sums(relB1, M, tape[r.dHidden+s*M:], T)
		sums(relB2, M, tape[r.dSum2+s*M:], T)
		sums(relGain1, M, tape[r.hat1+s*M:], T)
		sums(relBias1, M, tape[r.dy+s*M:], T)
		sums(relGain2, M, tape[r.hat2+s*M:], T)
		sums(relBias2, M, tape[r.dz+s*M:], T)
	}
}
