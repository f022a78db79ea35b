// Package probe measures a trained run: the generator's adversarial gradient at a
// checkpoint by every estimator (Probe.Measure), and what the same start comes to
// when each of them trains on (Probe.Compare).
//
// It stands above package train, whose runs it opens and whose steps it takes;
// train does not know it.
package probe
