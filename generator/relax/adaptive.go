package relax

import "math"

// Statistic is what an adaptive schedule holds.
type Statistic int

// The statistics of a relaxed row y [V], averaged over rows.
const (
	MeanEntropy Statistic = iota // -sum y log y, in nats
	MeanMaxProb                  // max y
)

// Of returns the statistic of one row.
func (s Statistic) Of(y []float32) float64 {
	var entropy, top float64
	for _, v := range y {
		p := float64(v)
		if top = max(top, p); p > 0 {
			entropy -= p * math.Log(p)
		}
	}
	if s == MeanMaxProb {
		return top
	}
	return entropy
}

// Adaptive is a temperature that holds a statistic of the relaxed samples at a
// target, so that the sharpness of y, which decides how bias trades against
// variance, stays the same while the logits grow. It is an integral controller
// in log tau:
//
//	log tau += Gain * (Target - seen) / Target        entropy
//	log tau += Gain * (seen - Target) / Target        greatest probability
//
// Its only state is tau, which a checkpoint stores with State and Restore.
type Adaptive struct {
	Of       Statistic
	Target   float64 // nats, or a probability below 1
	Gain     float64 // change of log tau for a relative error of one
	Min, Max float64 // bounds of tau
	tau      float64
}

// At returns the current tau; it moves with Observe, not with the step.
func (a *Adaptive) At(int) float64 { return a.tau }

// Observe moves tau after a step whose samples had this mean statistic. A
// value that is not finite changes nothing.
func (a *Adaptive) Observe(seen float64) {
	err := (a.Target - seen) / a.Target
	if a.Of == MeanMaxProb {
		err = -err
	}
	if math.IsNaN(err) || math.IsInf(err, 0) {
		return
	}
	a.Restore(a.tau * math.Exp(a.Gain*min(max(err, -1), 1)))
}

// State is what a checkpoint keeps.
func (a *Adaptive) State() float64 { return a.tau }

// Restore continues from a state.
func (a *Adaptive) Restore(tau float64) { a.tau = min(max(tau, a.Min), a.Max) }
