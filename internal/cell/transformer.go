package cell

import (
	"fmt"
	"math"

	"textgan/internal/kernel"
	"textgan/internal/memory"
)

// Transformer is a decoder of Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762)
// with the normalisation in front (Xiong et al. 2020) and rotary positions (Su et
// al. 2021, https://arxiv.org/abs/2104.09864). It reads x [E] into a stream s of M
// units, which every block reads and adds to:
//
//	s = x Win + bin + given
//	q, k, v = norm(s) Wqkv                                    M/heads columns of each a head
//	s += (softmax(R(q) R(k)' / sqrt(M/heads)) v) Wo           over this token and those before
//	s += relu(norm(s) W1 + b1) W2 + b2                        4M units between
//
// and hands out norm(s) [M]. norm is a layer normalisation with gain and bias. R
// turns the values j and j+size/2 of a head of token t by t 10000^(-2j/size).
//
// Its state is given [M], which is zero unless a condition gives it; the number of
// tokens read; and of each of the last Context tokens the turned keys and the values
// of every block. Tokens further back are forgotten.
type Transformer struct {
	Blocks, Heads int // Heads divides the units into heads of an even size
	Context       int
}

// Core returns a decoder of M units. Its share is x Win + bin [M].
func (c Transformer) Core(E, M int) Core {
	t := &transformer{Transformer: c, E: E, M: M, F: 4 * M, size: M / c.Heads}
	t.scale = float32(1 / math.Sqrt(float64(t.size)))
	place := func(at *int, size int) {
		*at = t.tape
		t.tape += size
	}
	place(&t.stream, M)
	place(&t.hat, M)
	place(&t.deviation, 1)
	place(&t.dOut, M)
	place(&t.dFound, M)
	place(&t.dAttention, c.Context)
	t.blocks = make([]transformerBlock, c.Blocks)
	for i := range t.blocks {
		b := &t.blocks[i]
		b.first = 2 + i*blockWeights
		b.cache = M + 1 + i*2*M
		for _, f := range []struct {
			at   *int
			size int
		}{
			{&b.hat1, M}, {&b.normed1, M}, {&b.qkv, 3 * M}, {&b.attention, c.Heads * c.Context}, {&b.found, M},
			{&b.hat2, M}, {&b.normed2, M}, {&b.hidden, t.F}, {&b.deviations, 2},
			{&b.dqkv, 3 * M}, {&b.dNormed1, M}, {&b.dFirst, M}, {&b.dNormed2, M}, {&b.dHidden, t.F}, {&b.dSecond, M},
		} {
			place(f.at, f.size)
		}
	}
	t.cos, t.sin = make([]float32, c.Context*t.size/2), make([]float32, c.Context*t.size/2)
	for i := range t.cos {
		t.cos[i], t.sin[i] = t.angle(2*i/t.size, i%(t.size/2))
	}
	t.weights = t.list()
	t.w, t.wT = make([][]float32, len(t.weights)), make([][]float32, len(t.weights))
	return t
}

// Weights of a block, in their order; win and bin stand before those of the first,
// gain and bias of the last normalisation behind those of the last.
const (
	blockGain1 = iota
	blockBias1
	blockWqkv
	blockWo
	blockGain2
	blockBias2
	blockW1
	blockB1
	blockW2
	blockB2
	blockWeights
)

// transformer says where on the tape of a row is what.
type transformer struct {
	Transformer
	Products
	E, M, F, size int // F units between, size of a head
	scale         float32
	tape          int
	weights       []Weight
	blocks        []transformerBlock
	cos, sin      []float32 // [Context,size/2]

	stream         int // [M] s
	hat, deviation int // [M], [1] of the last normalisation
	dOut, dFound   int // [M] gradients of what is handed out, and of what attention has found
	dAttention     int // [Context]

	w, wT [][]float32 // of the run; matrices transposed
}

// transformerBlock is the same for a block. Normalised values, the terms of the
// gradient of a gain in their place after the way back, and what they become.
type transformerBlock struct {
	first, cache                 int // weight; place in the state of the first token's keys and values [2M]
	hat1, normed1, hat2, normed2 int // [M]
	qkv                          int // [3M], q and k turned
	attention                    int // [heads,Context]
	found                        int // [M] before Wo
	hidden                       int // [F] behind its ReLU
	deviations                   int // [2]

	dqkv, dNormed1, dFirst     int // gradients: of qkv, normed1, and of what Wo adds
	dNormed2, dHidden, dSecond int // of normed2, hidden, and of what W2 adds
}

func (t *transformer) Sizes() Sizes {
	return Sizes{In: t.E, Out: t.M, State: t.M + 1 + t.Context*t.token(), Share: t.M, Cond: t.M, Tape: t.tape}
}

func (t *transformer) Used(state []float32) int {
	return t.M + 1 + min(t.position(state), t.Context)*t.token()
}

// token is how many values a state has of a token: keys and values of all blocks.
func (t *transformer) token() int { return t.Blocks * 2 * t.M }

func (t *transformer) Weights() []Weight { return t.weights }

func (t *transformer) list() (ws []Weight) {
	ones := func(w []float32) {
		for i := range w {
			w[i] = 1
		}
	}
	zeros := func(w []float32) { clear(w) }
	M, F := t.M, t.F
	ws = []Weight{{"win", []int{t.E, M}, nil}, {"bin", []int{M}, zeros}}
	for i := range t.Blocks {
		for _, w := range []Weight{
			{"norm1.gain", []int{M}, ones}, {"norm1.bias", []int{M}, zeros}, {"wqkv", []int{M, 3 * M}, nil}, {"wo", []int{M, M}, nil},
			{"norm2.gain", []int{M}, ones}, {"norm2.bias", []int{M}, zeros},
			{"w1", []int{M, F}, nil}, {"b1", []int{F}, zeros}, {"w2", []int{F, M}, nil}, {"b2", []int{M}, zeros},
		} {
			w.Name = fmt.Sprintf("block%d.%s", i, w.Name)
			ws = append(ws, w)
		}
	}
	return append(ws, Weight{"norm.gain", []int{M}, ones}, Weight{"norm.bias", []int{M}, zeros})
}

func (t *transformer) Bind(w [][]float32) { copy(t.w, w) }

func (t *transformer) BindBack() {
	for i, w := range t.weights {
		if len(w.Shape) < 2 {
			continue
		}
		if t.wT[i] == nil {
			t.wT[i] = memory.Floats(len(t.w[i]))[0]
		}
		kernel.Transpose(t.wT[i], t.w[i], w.Shape[0], w.Shape[1])
	}
}

// Start leaves keys and values as they are: nobody reads those of no token.
func (t *transformer) Start(state []float32) { clear(state[:t.M+1]) }

func (t *transformer) Input(n int, x, share []float32) {
	t.GemmBias(false, false, n, t.M, t.E, x, t.E, t.w[0], t.M, t.w[1], share, t.M)
}

func (t *transformer) InputBack(n int, dShare, dx []float32) {
	if dx != nil {
		t.Gemm(false, false, n, t.E, t.M, 1, dShare, t.M, t.wT[0], t.E, 0, dx, t.E)
	}
}

// angle is the turn of value j of a head at a position.
func (t *transformer) angle(position, j int) (cos, sin float32) {
	s, c := math.Sincos(float64(position) * math.Pow(10000, -2*float64(j)/float64(t.size)))
	return float32(c), float32(s)
}

// turn turns a row of heads [M] by its position; back, the other way.
func (t *transformer) turn(x []float32, position int, back bool) {
	half := t.size / 2
	for j := range half {
		var cos, sin float32
		if position < t.Context {
			cos, sin = t.cos[position*half+j], t.sin[position*half+j]
		} else {
			cos, sin = t.angle(position, j)
		}
		if back {
			sin = -sin
		}
		for h := j; h < t.M; h += t.size {
			a, b := x[h], x[h+half]
			x[h], x[h+half] = a*cos-b*sin, a*sin+b*cos
		}
	}
}

// seen is the number of tokens that token number position sees, itself included, and
// its place among them.
func (t *transformer) seen(position int) (n, place int) {
	return min(position+1, t.Context), position % t.Context
}

func (t *transformer) position(state []float32) int { return int(state[t.M]) }

// keyValue is what the state has of the token at a place.
func (t *transformer) keyValue(state []float32, b *transformerBlock, place int) (k, v []float32) {
	kv := state[b.cache+place*t.token():][:2*t.M]
	return kv[:t.M], kv[t.M:]
}

func (t *transformer) Step(n int, _ bool, share, prev, next, out, tape []float32) {
	M, F, T, size := t.M, t.F, t.tape, t.Sizes().State
	for i := range n {
		from, to, s := prev[i*size:][:size], next[i*size:][:size], tape[i*T+t.stream:][:M]
		copy(s, share[i*M:])
		kernel.Add(s, from[:M])
		copy(to, from[:t.Used(from)])
		to[M] = from[M] + 1
	}
	for k := range t.blocks {
		b := &t.blocks[k]
		w := t.w[b.first:]
		for i := range n {
			r := tape[i*T:][:T]
			r[b.deviations] = kernel.Normalise(r[b.normed1:][:M], r[b.hat1:][:M], r[t.stream:][:M], w[blockGain1], w[blockBias1])
		}
		t.Gemm(false, false, n, 3*M, M, 1, tape[b.normed1:], T, w[blockWqkv], 3*M, 0, tape[b.qkv:], T)
		for i := range n {
			t.attend(b, tape[i*T:][:T], prev[i*size:][:size], next[i*size:][:size])
		}
		t.Gemm(false, false, n, M, M, 1, tape[b.found:], T, w[blockWo], M, 1, tape[t.stream:], T)
		for i := range n {
			r := tape[i*T:][:T]
			r[b.deviations+1] = kernel.Normalise(r[b.normed2:][:M], r[b.hat2:][:M], r[t.stream:][:M], w[blockGain2], w[blockBias2])
		}
		t.GemmBias(false, false, n, F, M, tape[b.normed2:], T, w[blockW1], F, w[blockB1], tape[b.hidden:], T)
		for i := range n {
			hidden := tape[i*T+b.hidden:][:F]
			kernel.ReLU(hidden, hidden)
		}
		t.Gemm(false, false, n, M, F, 1, tape[b.hidden:], T, w[blockW2], M, 1, tape[t.stream:], T)
		for i := range n {
			kernel.Add(tape[i*T+t.stream:][:M], w[blockB2])
		}
	}
	w := t.w[len(t.w)-2:]
	for i := range n {
		r := tape[i*T:][:T]
		r[t.deviation] = kernel.Normalise(out[i*M:][:M], r[t.hat:][:M], r[t.stream:][:M], w[0], w[1])
	}
}

// attend adds a token to the keys and values of its row, and finds something in them.
func (t *transformer) attend(b *transformerBlock, r, prev, next []float32) {
	M, d := t.M, t.size
	position := t.position(prev)
	n, place := t.seen(position)
	q, k, v := r[b.qkv:][:M], r[b.qkv+M:][:M], r[b.qkv+2*M:][:M]
	t.turn(q, position, false)
	t.turn(k, position, false)
	keys, values := t.keyValue(next, b, place)
	copy(keys, k)
	copy(values, v)
	found := r[b.found:][:M]
	for h := range t.Heads {
		a := r[b.attention+h*t.Context:][:n]
		for s := range a {
			k, _ := t.keyValue(next, b, s)
			a[s] = kernel.Dot(q[h*d:][:d], k[h*d:][:d])
		}
		kernel.SoftmaxScaled(a, a, t.scale)
		kernel.Gemm(false, false, 1, d, n, 1, a, n, next[b.cache+M+h*d:], t.token(), 0, found[h*d:], d)
	}
}

// attendBack takes the gradient of what a row has found for that of its qkv, and of
// keys and values before.
func (t *transformer) attendBack(b *transformerBlock, r, prev, d []float32) {
	M, size := t.M, t.size
	position := t.position(prev)
	n, place := t.seen(position)
	q, k, v := r[b.qkv:][:M], r[b.qkv+M:][:M], r[b.qkv+2*M:][:M]
	dq, dFound := r[b.dqkv:][:M], r[t.dFound:][:M]
	clear(dq)
	for h := range t.Heads {
		lo, hi := h*size, (h+1)*size
		a, da := r[b.attention+h*t.Context:][:n], r[t.dAttention:][:n]
		for s, w := range a {
			values := v
			if s != place {
				_, values = t.keyValue(prev, b, s)
			}
			_, dv := t.keyValue(d, b, s)
			da[s] = kernel.Dot(values[lo:hi], dFound[lo:hi])
			kernel.Axpy(w, dFound[lo:hi], dv[lo:hi])
		}
		kernel.SoftmaxBackward(da, a, da, t.scale)
		for s, w := range da {
			keys := k
			if s != place {
				keys, _ = t.keyValue(prev, b, s)
			}
			dk, _ := t.keyValue(d, b, s)
			kernel.Axpy(w, keys[lo:hi], dq[lo:hi])
			kernel.Axpy(w, q[lo:hi], dk[lo:hi])
		}
	}
	// What was at this place before, this token does not see, and none after it.
	own := d[b.cache+place*t.token():][:2*M]
	copy(r[b.dqkv+M:][:2*M], own)
	clear(own)
	t.turn(dq, position, true)
	t.turn(r[b.dqkv+M:][:M], position, true)
}

func (t *transformer) StepBack(n int, _, prev, tape, dOut, d, dShare []float32) {
	M, F, T, size := t.M, t.F, t.tape, t.Sizes().State
	gain := t.w[len(t.w)-2]
	for i := range n {
		r := tape[i*T:][:T]
		copy(r[t.dOut:][:M], dOut[i*M:])
		kernel.NormaliseBackward(dShare[i*M:][:M], r[t.dOut:][:M], r[t.hat:][:M], gain, r[t.deviation])
	}
	// dShare is the gradient of the stream from here on.
	for k := len(t.blocks) - 1; k >= 0; k-- {
		b := &t.blocks[k]
		w, wT := t.w[b.first:], t.wT[b.first:]
		for i := range n {
			copy(tape[i*T+b.dSecond:][:M], dShare[i*M:])
		}
		t.Gemm(false, false, n, F, M, 1, dShare, M, wT[blockW2], F, 0, tape[b.dHidden:], T)
		for i := range n {
			dHidden := tape[i*T+b.dHidden:][:F]
			kernel.ReLUBackward(dHidden, tape[i*T+b.hidden:][:F], dHidden)
		}
		t.Gemm(false, false, n, M, F, 1, tape[b.dHidden:], T, wT[blockW1], M, 0, tape[b.dNormed2:], T)
		for i := range n {
			r := tape[i*T:][:T]
			kernel.NormaliseBackward(r[t.stream:][:M], r[b.dNormed2:][:M], r[b.hat2:][:M], w[blockGain2], r[b.deviations+1])
			kernel.Add(dShare[i*M:][:M], r[t.stream:][:M])
			copy(r[b.dFirst:][:M], dShare[i*M:])
		}
		t.Gemm(false, false, n, M, M, 1, dShare, M, wT[blockWo], M, 0, tape[t.dFound:], T)
		for i := range n {
			t.attendBack(b, tape[i*T:][:T], prev[i*size:][:size], d[i*size:][:size])
		}
		t.Gemm(false, false, n, M, 3*M, 1, tape[b.dqkv:], T, wT[blockWqkv], M, 0, tape[b.dNormed1:], T)
		for i := range n {
			r := tape[i*T:][:T]
			kernel.NormaliseBackward(r[t.stream:][:M], r[b.dNormed1:][:M], r[b.hat1:][:M], w[blockGain1], r[b.deviations])
			kernel.Add(dShare[i*M:][:M], r[t.stream:][:M])
		}
	}
	for i := range n {
		kernel.Add(d[i*size:][:M], dShare[i*M:][:M])
	}
}

func (t *transformer) Grads(n int, x, _, _, tape, dShare []float32, d [][]float32) {
	M, F, T := t.M, t.F, t.tape
	for _, dw := range d {
		clear(dw)
	}
	if n == 0 {
		return
	}
	product := func(w, rows, cols int, a []float32, lda int, b []float32, ldb int) {
		if d[w] != nil {
			t.Gemm(true, false, rows, cols, n, 1, a, lda, b, ldb, 0, d[w], cols)
		}
	}
	sums := func(w, cols int, b []float32, ldb int) {
		if d[w] != nil {
			kernel.AddColumnSums(d[w], b, n, cols, ldb)
		}
	}
	product(0, t.E, M, x, t.E, dShare, M)
	sums(1, M, dShare, M)
	for i := range t.blocks {
		b := &t.blocks[i]
		sums(b.first+blockGain1, M, tape[b.hat1:], T)
		sums(b.first+blockBias1, M, tape[b.dNormed1:], T)
		product(b.first+blockWqkv, M, 3*M, tape[b.normed1:], T, tape[b.dqkv:], T)
		product(b.first+blockWo, M, M, tape[b.found:], T, tape[b.dFirst:], T)
		sums(b.first+blockGain2, M, tape[b.hat2:], T)
		sums(b.first+blockBias2, M, tape[b.dNormed2:], T)
		product(b.first+blockW1, M, F, tape[b.normed2:], T, tape[b.dHidden:], T)
		sums(b.first+blockB1, F, tape[b.dHidden:], T)
		product(b.first+blockW2, F, M, tape[b.hidden:], T, tape[b.dSecond:], T)
		sums(b.first+blockB2, M, tape[b.dSecond:], T)
	}
	sums(len(d)-2, M, tape[t.hat:], T)
	sums(len(d)-1, M, tape[t.dOut:], T)
}
