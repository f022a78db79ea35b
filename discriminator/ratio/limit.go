package ratio

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"textgan/internal/nn"
)

// limitedCandidates are of how many of the generator's sentences one is taken where a feature is
// limited: as many as a sampler of one side has by default.
const limitedCandidates = 4

// Limit bounds what weighing does to a feature of Width 1, which the critic does not learn. After Fit
// the mean of f over sentences of which Resample has taken one of four of the generator's exceeds
// that over all of these by more at most: a multiple of f is taken off the score for it, no larger
// than needed, and a constant added that leaves the mean weight of the generator's sentences what it was.
func (c *Critic) Limit(f Features, more float64) error {
	if f.Width() != 1 || c.limit != nil || !(more >= 0) {
		return fmt.Errorf("critic: one number of a sentence can be limited, to a rise of 0 or more, not %d to %v", f.Width(), more)
	}
	var p nn.Params
	c.limit = p.New("critic.limit", 2)
	c.features, c.width, c.more = append(c.features, f), c.width+1, more
	return nil
}

// keepLimit finds the multiple of the limited feature by the features [n][Width] of the
// generator's sentences.
func (c *Critic) keepLimit(fake [][]float32) {
	if c.limit == nil {
		return
	}
	clear(c.limit.Data)
	scores := c.scoreAll(fake)
	most := c.more
	for _, f := range fake {
		most += float64(f[c.learnt]) / float64(len(fake))
	}
	// The mean over what is taken, which falls with the multiple that is taken off: by the variances
	// within the groups.
	taken := func(off float64) (mean, slope float64) {
		for lo := 0; lo < len(fake); lo += limitedCandidates {
			group := fake[lo:min(lo+limitedCandidates, len(fake))]
			var logW [limitedCandidates]float64
			for i, f := range group {
				logW[i] = scores[lo+i] - off*float64(f[c.learnt])
			}
			top := slices.Max(logW[:len(group)])
			sum, first, second := 0.0, 0.0, 0.0
			for i, f := range group {
				v, w := float64(f[c.learnt]), math.Exp(logW[i]-top)
				sum, first, second = sum+w, first+w*v, second+w*v*v
			}
			share := float64(len(group)) / float64(len(fake))
			mean += first / sum * share
			slope -= (second/sum - first/sum*first/sum) * share
		}
		return mean, slope
	}
	// Newton's method between bounds that close in.
	off, lo, hi := 0.0, 0.0, math.Inf(1)
	for range 60 {
		mean, slope := taken(off)
		if mean <= most && off == 0 {
			return
		}
		if math.Abs(mean-most) < 1e-6 {
			break
		}
		if mean > most {
			lo = off
		} else {
			hi = off
		}
		switch next := off + (mean-most)/-slope; {
		case next > lo && next < hi:
			off = next
		case math.IsInf(hi, 1):
			off = 2*lo + 1
		default:
			off = (lo + hi) / 2
		}
	}
	c.limit.Data[0] = -float32(off)
	before := floats.LogSumExp(scores)
	for i, f := range fake {
		scores[i] -= off * float64(f[c.learnt])
	}
	c.limit.Data[1] = float32(before - floats.LogSumExp(scores))
}
