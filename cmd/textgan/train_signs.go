package main

import (
	"fmt"

	"textgan/train"
)

// signs watches a game for what goes wrong without an error.
type signs struct {
	accuracy, normD, normG      mean // over the last steps
	saturated, steep, collapsed bool // were said
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
	fewLines  = 0.2  // share of different lines below which samples have collapsed
	realLines = 0.5  // unless fewer of the real lines than this are different too
)

// step returns a warning, each once, when the discriminator of the adversarial part
// tells nearly every real sentence from nearly every generated one, and when the
// gradients of either network are very long.
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
	if norm := max(normD, normG); norm >= steepNorm && !s.steep {
		s.steep = true
		who, rate := "discriminator", "--d-lr"
		if normG > normD {
			who, rate = "generator", "--g-lr"
		}
		return fmt.Sprintf("the gradient of the %s has norm %.3g on average over the last %d steps: the loss is too steep to follow; "+
			"try a smaller %s, or --spectral-norm, which bounds the discriminator's slope", who, norm, window, rate)
	}
	return ""
}

// eval returns a warning, once, when most samples are equal though real lines are
// not: different is the share of different lines among those.
func (s *signs) eval(e train.Evaluation, different float64) string {
	if s.collapsed || e.Phase != train.Adversarial || e.Different >= fewLines || different < realLines {
		return ""
	}
	s.collapsed = true
	return fmt.Sprintf("the samples have collapsed: %.1f %% different lines, self-BLEU-4 %s (real lines: %.1f %% different); "+
		"go back to an earlier checkpoint, and try a smaller --g-lr, a higher tau, or more likelihood steps between (--mle-every 1)", 100*e.Different, orderOf(e.SelfBLEU, 4), 100*different)
}

// differentShare is the share of different lines.
func differentShare(lines []string) float64 {
	seen := map[string]bool{}
	for _, l := range lines {
		seen[l] = true
	}
	return float64(len(seen)) / float64(max(1, len(lines)))
}
