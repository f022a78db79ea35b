package kernel

import (
	"fmt"
	"math"
)

// LSTM computes n rows of the new state of a long short-term memory with H
// units out of its four gates, blocks i f o g of a row of gates [n,4H], which
// become their activations:
//
//	i, f, o = sigmoid(i), sigmoid(f), sigmoid(o)    g = tanh(g)
//	c = f cPrev + i g    u = tanh(c)    h = o u
//
// cPrev, u, h and c are [n,H]; c may be cPrev.
func LSTM(n, H int, gates, cPrev, u, h, c []float32) {
	checkCell("LSTM", n, H, gates, cPrev, u, h, c)
	for r := range n {
		lo, hi := r*H, (r+1)*H
		isa.lstm(gates[4*lo:4*hi], cPrev[lo:hi], u[lo:hi], h[lo:hi], c[lo:hi])
	}
}

func lstmGeneric(gates, cPrev, u, h, c []float32) {
	H := len(c)
	i, f, o, g := gates[:H], gates[H:2*H], gates[2*H:3*H], gates[3*H:]
	sigmoidGeneric(gates[:3*H], gates[:3*H])
	tanhGeneric(g, g)
	for j, was := range cPrev {
		c[j] = f[j]*was + i[j]*g[j]
		u[j] = float32(math.Tanh(float64(c[j])))
		h[j] = o[j] * u[j]
	}
}

// LSTMBackward goes back through LSTM: act are the gates it left, dh [n,H] the
// gradient of h. dc [n,H] holds the gradient of c and is replaced by that of
// cPrev; dgates [n,4H] receives that of the gates.
func LSTMBackward(n, H int, act, u, cPrev, dh, dc, dgates []float32) {
	checkCell("LSTMBackward", n, H, act, u, cPrev, dh, dc)
	checkCell("LSTMBackward", n, H, dgates)
	for r := range n {
		lo, hi := r*H, (r+1)*H
		isa.lstmBack(act[4*lo:4*hi], u[lo:hi], cPrev[lo:hi], dh[lo:hi], dc[lo:hi], dgates[4*lo:4*hi])
	}
}

func lstmBackGeneric(act, u, cPrev, dh, dc, dgates []float32) {
	H := len(dc)
	i, f, o, g := act[:H], act[H:2*H], act[2*H:3*H], act[3*H:]
	di, df, do, dg := dgates[:H], dgates[H:2*H], dgates[2*H:3*H], dgates[3*H:]
	for j, dhj := range dh {
		dcj := dc[j] + dhj*o[j]*(1-u[j]*u[j])
		di[j] = dcj * g[j] * i[j] * (1 - i[j])
		df[j] = dcj * cPrev[j] * f[j] * (1 - f[j])
		do[j] = dhj * u[j] * o[j] * (1 - o[j])
		dg[j] = dcj * i[j] * (1 - g[j]*g[j])
		dc[j] = dcj * f[j]
	}
}

// checkCell panics if the gates or a row of units are too short.
func checkCell(function string, n, H int, gates []float32, rows ...[]float32) {
	short := len(gates) < 4*n*H
	for _, s := range rows {
		short = short || len(s) < n*H
	}
	if short {
		panic(fmt.Sprintf("kernel: %s: a slice is too short for %d rows of %d units", function, n, H))
	}
}
