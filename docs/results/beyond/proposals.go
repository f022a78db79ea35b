//go:build ignore

// How good proposals of several models are for the normalised product of a generator and a
// backwards model,
//
//	q(x) = (p_generator(x) p_backwards(x))^(1/2) / Z,
//
// which a critic that is their log ratio aims at: the effective share of 20,000 proposals
// under the weights q / p_proposer, and of 8 of them. A proposer that has learnt from weighed
// sentences knows what the beginning of a sentence is worth under the weights,
// p_proposer(x_1..t) / p_generator(x_1..t): sequential Monte Carlo with that prefix value, and
// the proposals that suit it, is importance sampling from the proposer.
//
// usage: go run docs/results/beyond/proposals.go GENERATOR BACKWARDS PROPOSER ...
package main

import (
	"fmt"
	"math"
	"os"
	"slices"

	"textgan/generator"
	"textgan/train/model"
	"textgan/train/rundir"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(generatorRun, backwardsRun string, proposers []string) error {
	var target [2]*model.Model
	for i, name := range []string{generatorRun, backwardsRun} {
		var err error
		if target[i], err = model.Load(name, rundir.Last); err != nil {
			return err
		}
	}
	for _, name := range proposers {
		p, err := model.Load(name, rundir.Last)
		if err != nil {
			return err
		}
		lines, err := p.Sample(20000, generator.SampleOptions{NoUnk: true}, 999)
		if err != nil {
			return err
		}
		log, _, err := p.PerLine(lines) // in nats, -log p
		if err != nil {
			return err
		}
		for _, m := range target {
			nats, _, err := m.PerLine(lines)
			if err != nil {
				return err
			}
			for i, v := range nats {
				log[i] -= v / 2
			}
		}
		ofEight, n := 0.0, 0
		for eight := range slices.Chunk(log, 8) {
			ofEight, n = ofEight+8*share(eight), n+1
		}
		fmt.Printf("%-12s effective share %.3f; of 8 proposals %.2f count\n", name, share(log), ofEight/float64(n))
	}
	return nil
}

// share is the effective share of weights, (sum w)^2 / (n sum w^2).
func share(log []float64) float64 {
	top, sum, squares := slices.Max(log), 0.0, 0.0
	for _, v := range log {
		w := math.Exp(v - top)
		sum, squares = sum+w, squares+w*w
	}
	return sum * sum / squares / float64(len(log))
}
