package op

import "textgan/internal/kernel"

// Cell is the recurrence of a layer with H units.
type Cell int

// The recurrences.
const (
	// LSTM of Hochreiter and Schmidhuber 1997 with a forget gate (Gers 2000).
	// Gate blocks i f o g of H columns each; bias [4H].
	LSTM Cell = iota
	// GRU of Cho et al. 2014 in the form with the reset gate behind the
	// recurrent product (as cuDNN): n = tanh(x Wxn + bn + r (h Whn + bhn)).
	// Gate blocks r z n; bias [4H] with bhn as its last block.
	GRU
)

// Gates is the number of gate blocks.
func (c Cell) Gates() int {
	if c == GRU {
		return 3
	}
	return 4
}

// step computes n rows of the new state from the input's share gx [n,GH] (bias
// included) and the recurrent share rec [n,GH] of the gates; an LSTM takes nil
// for a share that is in gx already. It leaves the activations in act [n,GH],
// which may be gx, and what else the backward step needs in aux [n,H]: tanh of
// the new cell state, or the GRU's recurrent product. The GRU has no c.
func (k Cell) step(n, H int, gx, rec, bias, hPrev, cPrev, act, aux, h, c []float32) {
	if k == GRU {
		bhn := bias[3*H:]
		for r := range n {
			x, q, a := gx[r*3*H:][:3*H], rec[r*3*H:][:3*H], act[r*3*H:][:3*H]
			u, hp, hn := aux[r*H:][:H], hPrev[r*H:][:H], h[r*H:][:H]
			for j := range 2 * H {
				a[j] = x[j] + q[j]
			}
			kernel.Sigmoid(a[:2*H], a[:2*H])
			for j := range u {
				u[j] = q[2*H+j] + bhn[j]
				a[2*H+j] = x[2*H+j] + a[j]*u[j]
			}
			kernel.Tanh(a[2*H:], a[2*H:])
			for j := range hn {
				z, cand := a[H+j], a[2*H+j]
				hn[j] = cand + z*(hp[j]-cand)
			}
		}
		return
	}
	if &act[0] != &gx[0] {
		copy(act[:n*4*H], gx)
	}
	if rec != nil {
		kernel.Add(act[:n*4*H], rec[:n*4*H])
	}
	kernel.LSTM(n, H, act, cPrev, aux, h, c)
}

// stepBack goes back through step for n rows. dh is the gradient of the new h;
// dc holds that of the new c and is replaced by that of the previous c. It
// fills dgx and drec [n,GH] (the same slice for an LSTM) and dhPrev [n,H], to
// which the caller adds drec Wh^T.
func (k Cell) stepBack(n, H int, act, aux, hPrev, cPrev, dh, dc, dgx, drec, dhPrev []float32) {
	if k == GRU {
		for r := range n {
			a, u, hp := act[r*3*H:][:3*H], aux[r*H:][:H], hPrev[r*H:][:H]
			d, dp := dh[r*H:][:H], dhPrev[r*H:][:H]
			dx, dq := dgx[r*3*H:][:3*H], drec[r*3*H:][:3*H]
			for j, dhj := range d {
				rj, z, cand := a[j], a[H+j], a[2*H+j]
				dn := dhj * (1 - z) * (1 - cand*cand)
				dz := dhj * (hp[j] - cand) * z * (1 - z)
				dr := dn * u[j] * rj * (1 - rj)
				dx[j], dx[H+j], dx[2*H+j] = dr, dz, dn
				dq[j], dq[H+j], dq[2*H+j] = dr, dz, dn*rj
				dp[j] = dhj * z
			}
		}
		return
	}
	clear(dhPrev[:n*H])
	kernel.LSTMBackward(n, H, act, aux, cPrev, dh, dc, dgx)
}

// Step advances n rows by one token outside a graph: gx [n,GH] is the input's
// share of the gates with bias and is overwritten, rec [n,GH] the recurrent
// share, bias [4H]; aux [n,H] is scratch; h and c [n,H] receive the new state.
func Step(k Cell, n, H int, gx, rec, bias, hPrev, cPrev, aux, h, c []float32) {
	k.step(n, H, gx, rec, bias, hPrev, cPrev, gx, aux, h, c)
}
