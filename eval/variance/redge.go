package variance

import "textgan/generator/relax"

// redge is a draw by denoising: x begins as Gaussian noise at time 1 and is
// taken to time t1 over so many equal steps of the deterministic sampler of a
// diffusion, with alpha_t = 1-t and sigma_t = t, whose denoiser is exact for one
// choice,
//
//	h_t = softmax(logits + alpha_t x / sigma_t^2)
//	x <- alpha_s h_t + sigma_s/sigma_t (x - alpha_t h_t)      s the next time
//
// The id is drawn from the last h, and the way back is straight-through there
// and then through the steps. The law of the id is not p: the steps are few.
// With t1 = 1 it is straight-through.
//
// https://arxiv.org/abs/2601.00781, as its implementation is described: steps
// counts the times with the end, of which the last is not denoised.
type redge struct {
	steps int
	t1    float64
}

func (redge) Hard() bool { return true }

// path returns the denoised h of every time, and the times.
func (e redge) path(logits []float64, key relax.Key) (h [][]float64, times []float64) {
	src, x := relax.InnerKey(key, 0).Rand(), make([]float64, len(logits))
	for k := range x {
		x[k] = src.NormFloat64()
	}
	for i := range e.steps - 1 {
		t := 1.0
		if e.steps > 2 {
			t += (e.t1 - 1) * float64(i) / float64(e.steps-2)
		}
		if i > 0 {
			was := times[i-1]
			for k, v := range h[i-1] {
				x[k] = (1-t)*v + t/was*(x[k]-(1-was)*v)
			}
		}
		z := make([]float64, len(logits))
		for k, v := range logits {
			z[k] = v + (1-t)*x[k]/(t*t)
		}
		relax.Softmax(z, z, 1)
		h, times = append(h, z), append(times, t)
	}
	return h, times
}

func (e redge) Forward(row []float64, _ float64, key relax.Key) (id int) {
	h, _ := e.path(row, key)
	u := relax.InnerKey(key, 1).Rand().Float64()
	for p := h[len(h)-1]; id < len(p)-1; id++ {
		if u -= p[id]; u < 0 {
			break
		}
	}
	return id
}

func (e redge) Backward(dLogits, saved, dy []float64, _ int, _ float64, key relax.Key) {
	h, times := e.path(saved, key)
	dh, dx := append([]float64(nil), dy...), make([]float64, len(dy))
	clear(dLogits)
	for i := len(h) - 1; i >= 0; i-- {
		t := times[i]
		if i+1 < len(h) {
			s := times[i+1]
			for k, d := range dx {
				dh[k], dx[k] = ((1-s)-s/t*(1-t))*d, s/t*d
			}
		}
		relax.SoftmaxBackward(dh, h[i], dh, 1)
		for k, d := range dh {
			dLogits[k] += d
			dx[k] += d * (1 - t) / (t * t)
		}
	}
}

var _ relax.Relaxed[float64] = redge{}
