package images

import (
	"math"

	"textgan/eval/variance"
	"textgan/internal/kernel"
	"textgan/internal/op"
)

// Exact is what sums over all codes of a categorical VAE say, in nats an image.
type Exact struct {
	Tally
	NLL float64 `json:"nll"` // -log p(x)
}

// Codes are all codes [n,width] of a categorical VAE, the last choice fastest. Their
// number is Categories to the power of Dim.
func (v *VAE) Codes() []float32 {
	n := 1
	for range v.Dim {
		n *= v.Categories
	}
	codes := make([]float32, n*v.width())
	for c := range n {
		rest := c
		for d := v.Dim - 1; d >= 0; d-- {
			codes[c*v.width()+d*v.Categories+rest%v.Categories] = 1
			rest /= v.Categories
		}
	}
	return codes
}

// sums visits every image with the log probabilities log q(z|x) of all codes and
// their -log p(x|z), in nats. The slices are reused.
func (v *VAE) sums(set *Set, visit func(i int, logQ, rec []float64)) error {
	codes := v.Codes()
	odds, err := v.logOdds(codes)
	if err != nil {
		return err
	}
	posterior, err := v.Posterior(set)
	if err != nil {
		return err
	}
	N, n, P, W := set.Len(), len(codes)/v.width(), v.Pixels, v.width()
	paper := make([]float64, n) // -log probability of an image without ink
	for c := range n {
		for _, l := range odds[c*P : (c+1)*P] {
			paper[c] += max(float64(l), 0) + math.Log1p(math.Exp(-math.Abs(float64(l))))
		}
	}
	x := make([]float32, N*P)
	set.load(x, upTo(N))
	ink := make([]float32, N*n) // the log odds of the pixels that are ink
	kernel.Gemm(false, true, N, n, P, 1, x, P, odds, P, 0, ink, n)
	logs, logQ, rec := make([]float64, W), make([]float64, n), make([]float64, n)
	for i := range N {
		for k := 0; k < W; k += v.Categories {
			op.LogSoftmax64(logs[k:k+v.Categories], posterior[i*W+k:])
		}
		for c := range n {
			rec[c] = paper[c] - float64(ink[i*n+c])
			logQ[c] = 0
			for k, z := range codes[c*W : (c+1)*W] {
				if z == 1 {
					logQ[c] += logs[k]
				}
			}
		}
		visit(i, logQ, rec)
	}
	return nil
}

func upTo(n int) []int {
	x := make([]int, n)
	for i := range x {
		x[i] = i
	}
	return x
}

// Exact sums over all codes; it is of use where there are few.
func (v *VAE) Exact(set *Set) (e Exact, err error) {
	n := float64(set.Len())
	err = v.sums(set, func(_ int, logQ, rec []float64) {
		prior := -math.Log(float64(len(rec)))
		likelihood := math.Inf(-1)
		for c, lq := range logQ {
			q := math.Exp(lq)
			e.Rec += q * rec[c] / n
			e.KL += q * (lq - prior) / n
			likelihood = logAdd(likelihood, prior-rec[c])
		}
		e.NLL -= likelihood / n
	})
	return e, err
}

func logAdd(a, b float64) float64 {
	top := max(a, b)
	if math.IsInf(top, -1) {
		return top
	}
	return top + math.Log1p(math.Exp(min(a, b)-top))
}

// Quality compares n draws of the gradient of E_q[-log p(x|z)] + KL(q(z|x) || p(z)) along
// the bias of the code layer, for the images of the trainer's next batch, with the exact
// one. The weights stay. The draws have steps from the upper half of
// the Noise stream, which training does not use.
func (t *Trainer) Quality(n int) (variance.Quality, error) {
	t.next()
	exact, err := t.vae.exactGradient(t.set, t.which)
	if err != nil {
		return variance.Quality{}, err
	}
	return variance.Compare(exact, n, func(i int) ([]float32, error) {
		_, err := t.gradient(1<<31 | i)
		return t.grads.Grad(3), err // of the bias of the code layer
	})
}

// exactGradient is that of the bound along the bias of the code layer [width]: with
// f = -log p(x|z) + log q(z|x) - log p(z) it is the mean over images of the sum over
// codes of q f (z - probabilities), as log q has no gradient in the mean.
func (v *VAE) exactGradient(set *Set, which []int) ([]float64, error) {
	some := &Set{Side: set.Side}
	for _, i := range which {
		some.Pixels = append(some.Pixels, set.Image(i)...)
	}
	codes, W := v.Codes(), v.width()
	gradient := make([]float64, W)
	err := v.sums(some, func(_ int, logQ, rec []float64) {
		f, p := make([]float64, len(rec)), make([]float64, W)
		for c, lq := range logQ {
			f[c] = math.Exp(lq) * (rec[c] + lq)
			for k, z := range codes[c*W : (c+1)*W] {
				p[k] += float64(z) * math.Exp(lq)
			}
		}
		for c := range f {
			for k, z := range codes[c*W : (c+1)*W] {
				gradient[k] += f[c] * (float64(z) - p[k]) / float64(len(which))
			}
		}
	})
	return gradient, err
}
