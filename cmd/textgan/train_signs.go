package main

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"textgan/cmd/textgan/report"
	"textgan/train"
)

// signs watches a game for what goes wrong without an error.
type signs struct {
	accuracy, normD, normG      mean // over the last steps
	saturated, steep, collapsed bool // were said, or need not be
}

// mean is that of the newest values, at most window of them.
type mean struct{ values []float64 }

const window = 50 // steps

func (m *mean) add(v float64) {
	if m.values = append(m.values, v); len(m.values) > window {
		m.values = m.values[1:]
	}
}

// value is false before the window is full.
func (m *mean) value() (float64, bool) {
	if len(m.values) < window {
		return 0, false
	}
	sum := 0.0
	for _, v := range m.values {
		sum += v
	}
	return sum / window, true
}

// Where a game is said to be in trouble.
const (
	tellsAll  = 0.99 // accuracy from which a discriminator teaches little
	steepNorm = 100  // norm of a gradient, before it is clipped, from which its length says nothing
)

// step returns a warning, each once, when the discriminator of the adversarial part
// tells nearly every real sentence from nearly every generated one, and when the
// gradients of either network are very long. Those of the generator against a discriminator
// that tells nearly all are not said besides: it is the same trouble.
func (s *signs) step(p train.Progress) string {
	if p.Phase != train.Adversarial {
		return ""
	}
	for _, f := range p.Fields {
		switch v, _ := f.Value.(float64); f.Name {
		case "accuracy/d":
			s.accuracy.add(v)
		case "norm/d":
			s.normD.add(v)
		case "norm/g":
			s.normG.add(v)
		}
	}
	normD, _ := s.normD.value()
	normG, _ := s.normG.value()
	if accuracy, full := s.accuracy.value(); full && accuracy >= tellsAll && !s.saturated {
		s.saturated = true
		return fmt.Sprintf("the discriminator tells %.1f %% of the pairs of a real and a generated sentence right over the last %d steps (gradient norm %.3g): "+
			"it leaves the generator little to learn from; try a smaller --d-lr, fewer --d-pretrain, more --d-dropout, or --spectral-norm", 100*accuracy, window, normD)
	}
	who, rate, norm := "discriminator", "--d-lr", normD
	if normG > normD && !s.saturated {
		who, rate, norm = "generator", "--g-lr", normG
	}
	if norm >= steepNorm && !s.steep {
		s.steep, s.saturated = true, s.saturated || who == "generator"
		return fmt.Sprintf("the gradient of the %s has norm %.3g on average over the last %d steps: the loss is too steep to follow; "+
			"try a smaller %s, or --spectral-norm, which bounds the discriminator's slope", who, norm, window, rate)
	}
	return ""
}

// eval returns a warning, once, when most samples are equal though real lines are
// not: different is the share of different lines among those.
func (s *signs) eval(e train.Evaluation, different float64) string {
	if s.collapsed || e.Phase != train.Adversarial || !report.Collapsed(e.Different, different) {
		return ""
	}
	s.collapsed = true
	return fmt.Sprintf("the samples have collapsed: %.1f %% different lines, self-BLEU-4 %s (real lines: %.1f %% different); "+
		"go back to an earlier checkpoint, and try a smaller --g-lr, a higher tau, or more likelihood steps between (--mle-every 1)", 100*e.Different, orderOf(e.SelfBLEU, 4), 100*different)
}

// farWorse is where a run is said to have diverged, though all its numbers are finite: a held-out
// NLL, in that of equal chances for all tokens.
const farWorse = 2

// ended returns a warning if a run has come to what no training should: it predicts
// held-out text far worse than if all v tokens had equal chances, or a weight is huge. rows
// are the evaluations that its phases have ended with, learnt the loss of likelihood training
// in its last step, in nats per token of the text to learn; phase, name and size are the
// largest weight.
func ended(rows []train.Evaluation, v int, learnt float64, phase, name string, size float64) string {
	chance := math.Log(float64(v))
	bad := func(e train.Evaluation) bool { return !(e.NLL < farWorse*chance) }
	if n := len(rows); n > 0 && bad(rows[n-1]) {
		first := rows[slices.IndexFunc(rows, bad)]
		if first.Phase == train.Likelihood && learnt < chance {
			return fmt.Sprintf("the text is learnt by heart: NLL %.4g nats per held-out token, where equal chances for all tokens give %.4g, and %.4g per token of what it has learnt; "+
				"give more text, or --min-count 2 if held-out lines are of other words", first.NLL, chance, learnt)
		}
		return fmt.Sprintf("this run has diverged: NLL %.4g nats per held-out token after %s, where equal chances for all tokens give %.4g; try a smaller %s",
			first.NLL, first.Phase, chance, train.StepSizeOption(first.Phase))
	}
	if !(size <= train.TooLarge) {
		rates := []string{train.StepSizeOption(phase)}
		if phase == train.Likelihood || phase == train.ELBO { // of the generator, which later phases move too
			for _, e := range rows {
				if rate := train.StepSizeOption(e.Phase); !slices.Contains(rates, rate) {
					rates = append(rates, rate)
				}
			}
		}
		return fmt.Sprintf("this run has diverged: a weight of %s has come to %.3g; try a smaller %s", name, size, strings.Join(rates, " or "))
	}
	return ""
}
