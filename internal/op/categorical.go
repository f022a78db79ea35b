package op

import (
	"math"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"textgan/internal/rng"
)

// Categorical draws a code of N choices among K for every sentence, with the
// gradient of a relaxation. logits [B,N*K] give [B,N*K]: one-hots or relaxed
// rows, choice by choice. tau [1] divides the logits; choice n of sentence b
// draws from row rows[b]*N+n of the Noise stream under key.
func (g *Graph) Categorical(r Relaxation, K int, logits, tau, rows, key *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	B, NK := logits.Shape()[0], logits.Shape()[1]
	if K < 1 || NK%K != 0 || rows.Shape()[0] != B {
		return g.fail("Categorical: logits %v, %d categories and rows %v do not fit", logits.Shape(), K, rows.Shape())
	}
	c := &categorical{r: r, N: NK / K, K: K, y: zeros(B, NK), saved: make([]float32, B*NK), id: make([]int, B*NK/K)}
	return g.apply("Categorical", c, c.y, logits, tau, rows, key)
}

type categorical struct {
	r     Relaxation
	N, K  int
	y     *tensor.Dense
	saved []float32 // [B,N*K] what the relaxation keeps
	id    []int     // [B,N] the category drawn

	rows []int32 // of the current run
	key  RunKey
	tau  float32
}

func (c *categorical) choiceKey(i int) rng.Key {
	return c.key.stream(rng.Noise, uint32(c.rows[i/c.N])*uint32(c.N)+uint32(i%c.N))
}

func (c *categorical) forward(in []G.Value) G.Value {
	c.tau, c.rows, c.key = f32(in[1])[0], i32(in[2]), KeyOf(in[3])
	copy(c.saved, f32(in[0]))
	y := f32(c.y)
	for i := range c.id {
		c.id[i] = c.r.Forward(c.saved[i*c.K:][:c.K], c.tau, c.choiceKey(i))
	}
	if !c.r.Hard() {
		copy(y, c.saved)
		return c.y
	}
	clear(y)
	for i, id := range c.id {
		y[i*c.K+id] = 1
	}
	return c.y
}

func (c *categorical) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	dy := f32(grad)
	for i, id := range c.id {
		c.r.Backward(dIn[0][i*c.K:][:c.K], c.saved[i*c.K:][:c.K], dy[i*c.K:][:c.K], id, c.tau, c.choiceKey(i))
	}
}

// CategoricalKL is the exact divergence [B,N] of every choice from its prior,
// in nats: the sum over categories of q (log q - log p), with q = softmax of
// logits [B,N*K] and p = softmax of prior [N*K], both choice by choice. A prior
// of zeros is uniform.
func (g *Graph) CategoricalKL(K int, logits, prior *G.Node) *G.Node {
	if g.err != nil {
		return nil
	}
	B, NK := logits.Shape()[0], logits.Shape()[1]
	if K < 1 || NK%K != 0 || prior.Shape()[0] != NK {
		return g.fail("CategoricalKL: logits %v, %d categories and prior %v do not fit", logits.Shape(), K, prior.Shape())
	}
	k := &categoricalKL{N: NK / K, K: K, kl: zeros(B, NK/K), logQ: make([]float64, K), logP: make([]float64, NK), dPrior: make([]float64, NK)}
	return g.apply("CategoricalKL", k, k.kl, logits, prior)
}

type categoricalKL struct {
	N, K         int
	kl           *tensor.Dense
	logQ         []float64 // [K]
	logP, dPrior []float64 // [N*K]
}

func (k *categoricalKL) forward(in []G.Value) G.Value {
	logits, kl := f32(in[0]), f32(k.kl)
	for n := range k.N {
		LogSoftmax64(k.logP[n*k.K:][:k.K], f32(in[1])[n*k.K:])
	}
	for i := range kl {
		LogSoftmax64(k.logQ, logits[i*k.K:])
		kl[i] = float32(CategoricalDivergence(k.logQ, k.logP[i%k.N*k.K:]))
	}
	return k.kl
}

func (k *categoricalKL) backward(in []G.Value, grad G.Value, dIn [][]float32) {
	logits, K := f32(in[0]), k.K
	clear(k.dPrior)
	for i, g := range f32(grad) {
		logP := k.logP[i%k.N*K:][:K]
		LogSoftmax64(k.logQ, logits[i*K:])
		kl := CategoricalDivergence(k.logQ, logP)
		for j, lq := range k.logQ {
			q := math.Exp(lq)
			if dIn[0] != nil {
				dIn[0][i*K+j] = g * float32(q*(lq-logP[j]-kl))
			}
			k.dPrior[i%k.N*K+j] += float64(g) * (math.Exp(logP[j]) - q)
		}
	}
	for i := range dIn[1] {
		dIn[1][i] = float32(k.dPrior[i])
	}
}

// LogSoftmax64 fills dst with the log probabilities of as many logits.
func LogSoftmax64(dst []float64, logits []float32) {
	top := math.Inf(-1)
	for i := range dst {
		dst[i] = float64(logits[i])
		top = max(top, dst[i])
	}
	sum := 0.0
	for _, v := range dst {
		sum += math.Exp(v - top)
	}
	lse := top + math.Log(sum)
	for i := range dst {
		dst[i] -= lse
	}
}

// CategoricalDivergence is KL(q || p) in nats from the log probabilities of
// both.
func CategoricalDivergence(logQ, logP []float64) (kl float64) {
	for i, lq := range logQ {
		kl += math.Exp(lq) * (lq - logP[i])
	}
	return kl
}
