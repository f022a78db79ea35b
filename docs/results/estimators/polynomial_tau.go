//go:build ignore

// Descends ReinMax's polynomial programming problem, E mean_t (b_t - 0.45)^2
// over independent bits b_t, with a relaxed estimator under several tau
// schedules. The optimum is b = 0, with loss 0.2025; a biased estimator stops at
// P(b = 1) = 0.45, with loss 0.2475.
//
// usage: go run docs/results/estimators/polynomial_tau.go > polynomial-tau.txt
package main

import (
	"fmt"
	"math"
	"os"
	"text/tabwriter"

	"textgan/generator/relax"
	"textgan/internal/rng"
)

const (
	bits, batch, steps = 32, 64, 4000
	target, rate       = 0.45, 0.004 // of f; of Adam
)

var schedules = []string{"0.1", "0.25", "0.5", "1", "exponential:from=1,to=0.1", "adaptive:entropy=0.05", "adaptive:entropy=0.1", "adaptive:entropy=0.3"}

// descend returns the expected loss after the last step and the last tau.
func descend(estimator, schedule string, seed uint64) (loss, tau float64, err error) {
	e, err := relax.Parse[float64](estimator)
	if err != nil {
		return 0, 0, err
	}
	s, err := relax.ParseSchedule(schedule, steps)
	if err != nil {
		return 0, 0, err
	}
	var theta, m, v [2 * bits]float64
	for step := range steps {
		tau = s.At(step)
		var grad [2 * bits]float64
		entropy := 0.0
		for i := range batch {
			for t := range bits {
				row, g := [2]float64{theta[2*t], theta[2*t+1]}, [2]float64{}
				key := rng.Key{Seed: seed, Stream: rng.Noise, Step: uint32(step), Row: uint32(i*bits + t)}
				id := e.Forward(row[:], tau, key)
				b := row[1] // y, of a soft estimator; a hard one shows f the id
				if e.Hard() {
					b = float64(id)
				} else {
					entropy += relax.MeanEntropy.Of([]float32{float32(row[0]), float32(row[1])}) / (batch * bits)
				}
				g[1] = 2 * (b - target) / (batch * bits)
				e.Backward(g[:], row[:], g[:], id, tau, key)
				grad[2*t] += g[0]
				grad[2*t+1] += g[1]
			}
		}
		if a, ok := s.(*relax.Adaptive); ok {
			a.Observe(entropy)
		}
		for k, g := range grad { // Adam, Kingma and Ba 2015
			m[k] = 0.9*m[k] + 0.1*g
			v[k] = 0.999*v[k] + 0.001*g*g
			hat := m[k] / (1 - math.Pow(0.9, float64(step+1)))
			theta[k] -= rate * hat / (math.Sqrt(v[k]/(1-math.Pow(0.999, float64(step+1)))) + 1e-8)
		}
	}
	for t := range bits {
		p := 1 / (1 + math.Exp(theta[2*t]-theta[2*t+1]))
		loss += (p*(1-target)*(1-target) + (1-p)*target*target) / bits
	}
	return loss, tau, nil
}

func main() {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Printf("gumbel-softmax, %d bits, batches of %d, %d steps of Adam with %g; three seeds\n\n", bits, batch, steps, rate)
	fmt.Fprintln(w, "schedule\tlast tau\texpected loss\t± SD\t")
	for _, schedule := range schedules {
		var losses, taus [3]float64
		mean, last := 0.0, 0.0
		for i := range losses {
			var err error
			if losses[i], taus[i], err = descend("gumbel-softmax", schedule, uint64(i+1)); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			mean += losses[i] / 3
			last += taus[i] / 3
		}
		sd := 0.0
		for _, l := range losses {
			sd += (l - mean) * (l - mean) / 2
		}
		fmt.Fprintf(w, "%s\t%.3g\t%.5f\t%.5f\t\n", schedule, last, mean, math.Sqrt(sd))
	}
	w.Flush()
}
