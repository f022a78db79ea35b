package variance

import (
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/gonum/mat"

	"textgan/generator/relax"
	"textgan/internal/feedback"
	"textgan/internal/rng"
)

// The relaxed estimators of the laboratory alone: too dear for a vocabulary,
// or no better than those of training. All draw id ~ p and keep the logits.
type drawsID struct{}

func (drawsID) Hard() bool                    { return true }
func (drawsID) Given([]float64, int, float64) {}
func (drawsID) probabilities(logits []float64) (p []float64) {
	p = make([]float64, len(logits))
	relax.Softmax(p, logits, 1)
	return p
}

func (drawsID) Forward(row []float64, _ float64, key relax.Key) int {
	return argmaxOf(row, key)
}

// argmaxOf is the first argmax of logits + Gumbel noise.
func argmaxOf(logits []float64, key relax.Key) int {
	z := make([]float64, len(logits))
	relax.Gumbel(z, key)
	for i, l := range logits {
		z[i] += l
	}
	return argmax(z)
}

// darn is (g.(D - p)) (D - p).
//
// Gregor, Danihelka, Mnih, Blundell and Wierstra, ICML 2014, https://arxiv.org/abs/1310.8499.
type darn struct{ drawsID }

func (e darn) Backward(dLogits, saved, dy []float64, id int, _ float64, _ relax.Key) {
	p := e.probabilities(saved)
	c := dy[id] - dot(p, dy)
	for i, q := range p {
		dLogits[i] = -c * q
	}
	dLogits[id] += c
}

// mve has a row of weights for every drawn and every other id, of the least
// variance plus tau/2 times the squared error on quadratic f, among those that
// are exact for linear f; with tau infinite the least-norm rows that are exact
// for quadratic f too. It takes K^3 operations or more for every choice.
//
// Hooper and Shekhovtsov, AISTATS 2026; He and Wu, https://arxiv.org/abs/2610.07786.
type mve struct {
	drawsID
	tau float64
}

func (e mve) Backward(dLogits, saved, dy []float64, id int, _ float64, _ relax.Key) {
	p := e.probabilities(saved)
	rows := e.rows(p, id)
	out := make([]float64, len(p))
	for i, d := range dy {
		axpy(d, rows[i*len(p):(i+1)*len(p)], out)
	}
	copy(dLogits, out)
}

// rows are the weights [K,K] of the derivatives dy_i when id is drawn.
func (e mve) rows(p []float64, id int) []float64 {
	K := len(p)
	J := mat.NewDense(K, K, nil)
	for i := range p {
		for j := range p {
			J.Set(i, j, -p[i]*p[j])
		}
		J.Set(i, i, p[i]*(1-p[i]))
	}
	out := make([]float64, K*K)
	if math.IsInf(e.tau, 1) {
		// The Laplacian with weights p_i p_j/(p_i+p_j); 11'/K makes it regular,
		// and the columns of J sum to 0.
		G := mat.NewDense(K, K, nil)
		for i := range p {
			for j := range p {
				G.Set(i, j, G.At(i, j)+1/float64(K))
				if i != j {
					w := p[i] * p[j] / (p[i] + p[j])
					G.Set(i, j, G.At(i, j)-w)
					G.Set(i, i, G.At(i, i)+w)
				}
			}
		}
		var C mat.Dense
		if err := C.Solve(G, J); err != nil && !usable(err) {
			return out
		}
		for j := range p {
			for c := range p {
				if j == id {
					out[j*K+c] = -p[c] / 2
					if c == id {
						out[j*K+c] += .5
					}
				} else {
					out[j*K+c] = p[j] / (p[id] + p[j]) * (C.At(j, c) - C.At(id, c)) / 2
				}
			}
		}
		return out
	}
	// r_ab + tau (p_a r_ab + p_b r_ba - [a=b] J_a) + m_b = 0, sum_a p_a r_ab = J_b
	n := K*K + K
	A, B := mat.NewDense(n, n, nil), mat.NewDense(n, K, nil)
	for a := range K {
		for b := range K {
			at := a*K + b
			A.Set(at, at, 1+e.tau*p[a])
			A.Set(at, b*K+a, A.At(at, b*K+a)+e.tau*p[b])
			A.Set(at, K*K+b, 1)
			A.Set(K*K+b, at, p[a])
			for c := range K {
				if a == b {
					B.Set(at, c, e.tau*J.At(a, c))
				}
				B.Set(K*K+b, c, J.At(b, c))
			}
		}
	}
	var R mat.Dense
	if err := R.Solve(A, B); err != nil && !usable(err) {
		return out
	}
	for i := range K {
		for c := range K {
			out[i*K+c] = R.At(id*K+i, c)
		}
	}
	return out
}

// usable reports whether a solution is there though the matrix is badly
// conditioned.
func usable(err error) bool {
	_, ok := err.(mat.Condition)
	return ok
}

// imle is (D - D')/lambda with D' the argmax of logits - lambda g under the
// noise of D.
//
// Niepert, Minervini and Franceschi, NeurIPS 2021, https://arxiv.org/abs/2106.01798.
type imle struct {
	hard
	lambda float64
}

func (e imle) Backward(dLogits, saved, dy []float64, id int, _ float64, key relax.Key) {
	z := make([]float64, len(dy))
	for i, l := range saved {
		z[i] = l - e.lambda*dy[i]
	}
	other := argmaxOf(z, key)
	clear(dLogits)
	dLogits[id] += 1 / e.lambda
	dLogits[other] -= 1 / e.lambda
}

// hard draws an id whose noise the way back wants to see again: the id alone
// does not decide the gradient.
type hard struct{}

func (hard) Hard() bool { return true }

func (hard) Forward(row []float64, _ float64, key relax.Key) int { return argmaxOf(row, key) }

// tempered is a model whose logits are divided by a temperature.
type tempered struct {
	model
	tau float64
}

func (m tempered) logits(w *tape, t int, dst []float64) {
	m.model.logits(w, t, dst)
	for k := range dst {
		dst[k] /= m.tau
	}
}

func (m tempered) back(w *tape, t int, dLogits, grad []float64) {
	d := make([]float64, len(dLogits))
	axpy(1/m.tau, dLogits, d)
	m.model.back(w, t, d, grad)
}

// decoupled measures decoupled-st, whose sequences come from the tempered law.
// Its bias is against the gradient under the model itself; a second one is against
// that of the expectation under the tempered law.
func (l *lab) decoupled(forward, backward float64, feed feedback.Feedback) (o outcome, err error) {
	e, err := relax.Parse[float64](fmt.Sprintf("decoupled-st:forward=%g,backward=%g", forward, backward))
	if err != nil {
		return o, err
	}
	p := *l.Problem
	p.model = tempered{l.model, forward}
	law := enumerate(&p)
	c := newRelaxedChain(l.Problem, e, feed, 1)
	// The states of both laws stand in the same order.
	o.moments = law.sum(func(i int, out []float64) { c.estimate(out, rng.Key{}, l.idsOf(i)) }, nil)
	o.tempered = law.gradient
	return o, nil
}

// weightFamilies are the relaxed estimators beside those of training.
func weightFamilies() (list []family) {
	positives := func(s *states, a []float64) error {
		for i := range a {
			if err := positive(i)(s, a); err != nil {
				return err
			}
		}
		return nil
	}
	add := func(pattern, spelling, note string, defaults [][]float64, check func(*states, []float64) error, make func(a []float64) (relax.Relaxed[float64], float64)) {
		for _, feed := range []feedback.Feedback{feedback.Soft, feedback.Detached} {
			f := family{pattern: pattern, spelling: spelling, note: note, backward: 1, check: check,
				defaults: func(*states) [][]float64 { return defaults }}
			if feed == feedback.Detached {
				separator := ","
				if spelling == "" {
					separator = ""
				} else if !strings.Contains(spelling, ":") {
					separator = ":"
				}
				f.pattern += "_detached_feed"
				if spelling != "" {
					f.spelling += separator + "feedback=detached"
				}
				f.check, f.defaults = all(chained, check), func(*states) [][]float64 { return nil }
				f.note = "no gradient through the token that the next step receives"
			}
			f.measure = func(l *lab, a []float64) (o outcome, err error) {
				e, tau := make(a)
				o.moments = l.chainOf(e, feed, tau, l.Samples, patience*l.Samples/4, l.Seed)
				return o, nil
			}
			list = append(list, f)
		}
	}
	// instead measures the family added last, with either feedback, by a sum where
	// there is one.
	instead := func(sum func(l *lab, a []float64, feed feedback.Feedback) (moments, bool)) {
		for i, feed := range []feedback.Feedback{feedback.Soft, feedback.Detached} {
			f := &list[len(list)-2+i]
			drawn := f.measure
			f.measure = func(l *lab, a []float64) (outcome, error) {
				if m, ok := sum(l, a, feed); ok {
					return outcome{moments: m}, nil
				}
				return drawn(l, a)
			}
		}
	}
	anything := func(*states, []float64) error { return nil }
	add("darn", "darn", "exact for linear f", [][]float64{{}}, anything, func([]float64) (relax.Relaxed[float64], float64) { return darn{}, 1 })
	add("mve", "mve", "exact for quadratic f of independent choices", [][]float64{{}}, anything, func([]float64) (relax.Relaxed[float64], float64) { return mve{tau: math.Inf(1)}, 1 })
	add("mve_tau{tau}", "mve:tau={tau}", "exact for linear f; mve is tau infinite, straight-through tau 0", [][]float64{{1}}, func(_ *states, a []float64) error {
		if !(a[0] >= 0) {
			return fmt.Errorf("needs a number that is not negative, not %g", a[0])
		}
		return nil
	}, func(a []float64) (relax.Relaxed[float64], float64) { return mve{tau: a[0]}, 1 })
	add("redge_s{steps}_t{t1}", "redge:steps={steps},t1={t1}", "draws by denoising: not from the law of the model", [][]float64{{5, .5}}, all(whole(2, 1000), func(_ *states, a []float64) error {
		if !(a[1] > 0 && a[1] <= 1) {
			return fmt.Errorf("needs a time above 0 and at most 1, not %g", a[1])
		}
		return nil
	}), func(a []float64) (relax.Relaxed[float64], float64) { return redge{int(a[0]), a[1]}, 1 })
	known := func(spec string, numbers ...any) relax.Relaxed[float64] {
		e, err := relax.Parse[float64](fmt.Sprintf(spec, numbers...))
		if err != nil {
			panic(err) // checked before
		}
		return e
	}
	add("imle_lambda{lambda}", "imle:lambda={lambda}", "", [][]float64{{1}}, positives, func(a []float64) (relax.Relaxed[float64], float64) { return imle{lambda: a[0]}, 1 })
	instead(func(l *lab, a []float64, feed feedback.Feedback) (moments, bool) {
		return l.imleSum(newRelaxedChain(l.Problem, imle{lambda: a[0]}, feed, 1), a[0])
	})
	add("reinmax_rao_m{m}_tau{tau}", "reinmax-rao:m={m},tau={tau}", "", [][]float64{{10, .5}}, all(whole(1, 1e5), positives), func(a []float64) (relax.Relaxed[float64], float64) {
		return known("reinmax-rao:m=%g", a[0]), a[1]
	})
	instead(func(l *lab, a []float64, _ feedback.Feedback) (moments, bool) {
		return l.reinMaxNoise(int(a[0]), a[1], 0, rowRao)
	})
	for _, noise := range []struct{ name, note string }{
		{relax.FreshNoise, "new noise for the draw: not ReinMax's mean"},
		{relax.CoupledNoise, "the noise of the draw itself: not ReinMax's mean"},
		{relax.ConditionalNoise, "noise given the drawn id: ReinMax's mean, and more variance"},
		{storedSample, "the relaxed sample in the place of the noise, and no temperature in its softmax"},
	} {
		negative := noise.name == storedSample
		pattern, spelling := "reinmax_cv_"+noise.name, "reinmax-cv:m={m},tau={tau},eta={eta},noise="+noise.name
		if negative {
			pattern, spelling = "NEGATIVE_"+pattern, ""
		}
		add(pattern+"_m{m}_tau{tau}_eta{eta}", spelling, noise.note, [][]float64{{10, 1, 1.5}}, all(whole(1, 1e5), positive(1)), func(a []float64) (relax.Relaxed[float64], float64) {
			if negative {
				return storedReinMaxCV{rao: known("reinmax-rao:m=%g", a[0]), eta: a[2]}, a[1]
			}
			return known("reinmax-cv:m=%g,eta=%g,noise=%s", a[0], a[2], noise.name), a[1]
		})
		instead(func(l *lab, a []float64, _ feedback.Feedback) (moments, bool) {
			return l.reinMaxNoise(int(a[0]), a[1], a[2], noise.name)
		})
		for i := len(list) - 2; i < len(list); i++ {
			list[i].negative = negative
		}
	}
	for _, feed := range []feedback.Feedback{feedback.Soft, feedback.Detached} {
		f := family{pattern: "decoupled_st_tf{forward}_tb{backward}", spelling: "decoupled-st:forward={forward},backward={backward}", backward: 1, check: positives,
			note:     "draws from softmax(logits/forward); the bias is against the gradient under the model",
			defaults: func(*states) [][]float64 { return [][]float64{{.5, 1}} },
			measure:  func(l *lab, a []float64) (outcome, error) { return l.decoupled(a[0], a[1], feed) }}
		if feed == feedback.Detached {
			f.pattern, f.spelling = f.pattern+"_detached_feed", f.spelling+",feedback=detached"
			f.check, f.defaults = all(chained, positives), func(*states) [][]float64 { return nil }
		}
		list = append(list, f)
	}
	return append(list, family{pattern: "mve_loo_n{n}", spelling: "mve-loo:n={n}", check: whole(2, 64), evals: first, backward: 2,
		defaults: func(*states) [][]float64 { return nil }, note: "mve centred by the derivatives at the other samples",
		measure: exactly(func(l *lab, a []float64) moments {
			return l.leaveOneOutOf(relax.Centre(mve{tau: math.Inf(1)}, nil), int(a[0]))
		})})
}
