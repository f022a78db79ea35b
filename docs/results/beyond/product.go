//go:build ignore

// How far weighing by other models of the same text can take a generator: the NLL of lines
// under the normalised product of the generator p_1 and other models,
//
//	q(x) = (p_1(x) ... p_K(x))^(1/K) / Z
//
// with Z by 30,000 of the generator's own sentences. A critic that is a log ratio of such
// models aims at q; a generator that learns from what it has weighed comes to q at best.
//
// usage: go run docs/results/beyond/product.go LINES RUN RUN ...
package main

import (
	"fmt"
	"math"
	"os"
	"strings"

	"textgan/generator"
	"textgan/train/model"
	"textgan/train/rundir"
)

func main() {
	if err := run(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(path string, runs []string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	var own []string
	var first, here, there []float64 // nats of own sentences under p_1; sums of nats over the models, of own and of lines
	for k, name := range runs {
		m, err := model.Load(name, rundir.Last)
		if err != nil {
			return err
		}
		if own == nil {
			if own, err = m.Sample(30000, generator.SampleOptions{NoUnk: true}, 999); err != nil {
				return err
			}
			here, there = make([]float64, len(own)), make([]float64, len(lines))
		}
		ofOwn, _, err := m.PerLine(own)
		if err != nil {
			return err
		}
		if k == 0 {
			first = ofOwn
		}
		nats, tokens, err := m.PerLine(lines)
		if err != nil {
			return err
		}
		z, squares, alone, all, count := 0.0, 0.0, 0.0, 0.0, 0
		for i, v := range ofOwn {
			here[i] += v
			w := math.Exp(first[i] - here[i]/float64(k+1))
			z, squares = z+w, squares+w*w
		}
		logZ := math.Log(z / float64(len(own)))
		for i, v := range nats {
			there[i] += v
			alone, all, count = alone+v, all+there[i]/float64(k+1)+logZ, count+tokens[i]
		}
		fmt.Printf("%-12s NLL %.4f   the product so far %.4f, effective share of own sentences %.2f\n", name, alone/float64(count), all/float64(count), z*z/squares/float64(len(own)))
	}
	return nil
}
