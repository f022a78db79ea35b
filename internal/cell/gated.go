package cell

import (
	"textgan/internal/kernel"
	"textgan/internal/memory"
)

// Gated is a cell with gates.
type Gated int

// The gated cells.
const (
	// LSTM of Hochreiter and Schmidhuber 1997 with a forget gate (Gers 2000).
	// Gate blocks i f o g of H columns each; bias [4H]. Its state is h and c.
	LSTM Gated = iota
	// GRU of Cho et al. 2014 in the form with the reset gate behind the
	// recurrent product (as cuDNN): n = tanh(x Wxn + bn + r (h Whn + bhn)).
	// Gate blocks r z n; bias [4H] with bhn as its last block.
	GRU
)

// Gates is the number of gate blocks.
func (c Gated) Gates() int {
	if c == GRU {
		return 3
	}
	return 4
}

// Core returns a layer of H units with weights Wx [E,GH], Wh [H,GH] and b [4H].
// Its share is the gates [GH].
func (c Gated) Core(E, H int) Core {
	g := gates{E: E, H: H, GH: c.Gates() * H}
	if c == GRU {
		return &gru{g}
	}
	return &lstm{g}
}

// gates is what an LSTM and a GRU have in common.
type gates struct {
	E, H, GH  int
	Wx, Wh, b []float32
	WxT, WhT  []float32
	back      struct{ Wx, Wh kernel.Weights } // transposed
	Products
}

func (g *gates) weights(bias func(b []float32)) []Weight {
	return []Weight{{"wx", []int{g.E, g.GH}, nil}, {"wh", []int{g.H, g.GH}, nil}, {"b", []int{4 * g.H}, bias}}
}

func (g *gates) Bind(w [][]float32) { g.Wx, g.Wh, g.b = w[0], w[1], w[2] }

func (g *gates) BindBack() {
	if g.WxT == nil {
		transposed := memory.Floats(len(g.Wx), len(g.Wh))
		g.WxT, g.WhT = transposed[0], transposed[1]
	}
	kernel.Transpose(g.WxT, g.Wx, g.E, g.GH)
	kernel.Transpose(g.WhT, g.Wh, g.H, g.GH)
	g.Hold(&g.back.Wx, g.GH, g.E, g.WxT, g.E)
	g.Hold(&g.back.Wh, g.GH, g.H, g.WhT, g.H)
}

func (g *gates) Start(state []float32) { clear(state) }

func (g *gates) Input(n int, x, share []float32) {
	g.GemmBias(false, false, n, g.GH, g.E, x, g.E, g.Wx, g.GH, g.b[:g.GH], share, g.GH)
}

func (g *gates) InputBack(n int, dShare, dx []float32) {
	if dx != nil {
		g.back.Wx.Gemm(0, g.E, n, 1, dShare, g.GH, 0, dx, g.E)
	}
}

// grads sets the gradients of the weights from those of the input's share and of
// the recurrent share of the gates. Rows of prev are stride apart.
func (g *gates) grads(n int, x, prev []float32, stride int, dShare, dRec []float32, d [][]float32) {
	if d[0] != nil {
		g.Gemm(true, false, g.E, g.GH, n, 1, x, g.E, dShare, g.GH, 0, d[0], g.GH)
	}
	if d[1] != nil {
		g.Gemm(true, false, g.H, g.GH, n, 1, prev, stride, dRec, g.GH, 0, d[1], g.GH)
	}
	if d[2] != nil {
		clear(d[2])
		kernel.AddColumnSums(d[2][:g.GH], dShare, n, g.GH, g.GH)
	}
}

// lstm has the state h, c [2H] and keeps tanh(c) [H].
type lstm struct{ gates }

func (l *lstm) Used([]float32) int { return 2 * l.H }

func (l *lstm) Sizes() Sizes {
	return Sizes{In: l.E, Out: l.H, State: 2 * l.H, Share: l.GH, Cond: l.GH, Tape: l.H}
}

// The forget gate is open at first.
func (l *lstm) Weights() []Weight {
	return l.weights(func(b []float32) {
		for j := range l.H {
			b[l.H+j] = 1
		}
	})
}

func (l *lstm) Step(n int, start bool, share, prev, next, out, tape []float32) {
	H := l.H
	if !start {
		l.Gemm(false, false, n, l.GH, H, 1, prev, 2*H, l.Wh, l.GH, 1, share, l.GH)
	}
	for r := range n {
		h := out[r*H:][:H]
		kernel.LSTM(1, H, share[r*l.GH:][:l.GH], prev[r*2*H+H:][:H], tape[r*H:][:H], h, next[r*2*H+H:][:H])
		copy(next[r*2*H:][:H], h)
	}
}

func (l *lstm) StepBack(n int, share, prev, tape, dOut, d, dShare []float32) {
	H := l.H
	for r := range n {
		dh, dc := d[r*2*H:][:H], d[r*2*H+H:][:H]
		kernel.Add(dh, dOut[r*H:][:H])
		kernel.LSTMBackward(1, H, share[r*l.GH:][:l.GH], tape[r*H:][:H], prev[r*2*H+H:][:H], dh, dc, dShare[r*l.GH:][:l.GH])
	}
	l.back.Wh.Gemm(0, H, n, 1, dShare, l.GH, 0, d, 2*H)
}

func (l *lstm) Grads(n int, x, _, prev, _, dShare []float32, d [][]float32) {
	l.grads(n, x, prev, 2*l.H, dShare, dShare, d)
}

// gru has the state h [H] and keeps the recurrent share of the gates [3H] with
// bhn added, of which StepBack leaves the gradient.
type gru struct{ gates }

func (l *gru) Used([]float32) int { return l.H }

func (l *gru) Sizes() Sizes {
	return Sizes{In: l.E, Out: l.H, State: l.H, Share: l.GH, Cond: l.GH, Tape: l.GH}
}

func (l *gru) Weights() []Weight { return l.weights(func([]float32) {}) }

func (l *gru) Step(n int, start bool, share, prev, next, out, tape []float32) {
	H, GH, bhn := l.H, l.GH, l.b[l.GH:]
	if start {
		clear(tape[:n*GH])
	} else {
		l.Gemm(false, false, n, GH, H, 1, prev, H, l.Wh, GH, 0, tape, GH)
	}
	for r := range n {
		a, q, hp, h := share[r*GH:][:GH], tape[r*GH:][:GH], prev[r*H:][:H], out[r*H:][:H]
		for j := range 2 * H {
			a[j] += q[j]
		}
		kernel.Sigmoid(a[:2*H], a[:2*H])
		for j := range H {
			q[2*H+j] += bhn[j]
			a[2*H+j] += a[j] * q[2*H+j]
		}
		kernel.Tanh(a[2*H:], a[2*H:])
		for j := range h {
			z, cand := a[H+j], a[2*H+j]
			h[j] = cand + z*(hp[j]-cand)
		}
	}
	copy(next[:n*H], out)
}

func (l *gru) StepBack(n int, share, prev, tape, dOut, d, dShare []float32) {
	H, GH := l.H, l.GH
	kernel.Add(d[:n*H], dOut[:n*H])
	for r := range n {
		a, q, hp := share[r*GH:][:GH], tape[r*GH:][:GH], prev[r*H:][:H]
		dh, dx := d[r*H:][:H], dShare[r*GH:][:GH]
		for j, dhj := range dh {
			rj, z, cand := a[j], a[H+j], a[2*H+j]
			dn := dhj * (1 - z) * (1 - cand*cand)
			dz := dhj * (hp[j] - cand) * z * (1 - z)
			dr := dn * q[2*H+j] * rj * (1 - rj)
			dx[j], dx[H+j], dx[2*H+j] = dr, dz, dn
			q[j], q[H+j], q[2*H+j] = dr, dz, dn*rj
			dh[j] = dhj * z
		}
	}
	l.back.Wh.Gemm(0, H, n, 1, tape, GH, 1, d, H)
}

func (l *gru) Grads(n int, x, _, prev, tape, dShare []float32, d [][]float32) {
	l.grads(n, x, prev, l.H, dShare, tape, d)
	if d[2] != nil && n > 0 {
		kernel.AddColumnSums(d[2][l.GH:], tape[2*l.H:], n, l.H, l.GH)
	}
}
