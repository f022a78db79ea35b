#!/usr/bin/env bash
# Cybertron 0.2.1: its sampler does not draw from the law of the model. For one beam a step draws
# two different words and writes the likelier: of two words it is always the same one, and the
# least likely of any vocabulary is never written. For four beams, what a model without a setting
# of its own has, each draws eight and the best are kept. Of 50 words by Zipf's law, 4.6 bits
# each, the text has 3.5 bits with one beam and 2.2 with four: with four it is the likeliest word
# over and over, and the option Sample is the search that it should replace. The decoder and
# the sampler are joined as Cybertron's text generation joins them, with a law in place of a network.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init finding >/dev/null 2>&1
go get github.com/nlpodyssey/cybertron@v0.2.1 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"math"

	"github.com/nlpodyssey/cybertron/pkg/generationutils"
	"github.com/nlpodyssey/spago/mat"
)

// write returns n words, each from the law p whatever stands before it.
func write(p []float64, beams, n int) []int {
	log := make([]float64, len(p))
	for i, q := range p {
		log[i] = math.Log(q)
	}
	d := &generationutils.BeamSearchDecoder{
		Config: generationutils.Config{NumBeams: beams, MaxLength: n + 1, EOSTokenID: -1, DecoderStartTokenID: 0, LengthPenalty: 1, VocabSize: len(p)},
		PredictNext: func(ids [][]int, _ []int) []mat.Matrix {
			scores := make([]mat.Matrix, len(ids))
			for i := range scores {
				scores[i] = mat.NewDense[float64](mat.WithBacking(append([]float64(nil), log...)))
			}
			return scores
		},
		SelectNext: generationutils.SelectNextMultinomial,
	}
	sequences, _ := d.Decode(context.Background())
	return sequences[0][1:]
}

// share tells how many of 20,000 words are each of the words of p.
func share(p []float64) []float64 {
	counts := make([]float64, len(p))
	for range 20 {
		for _, w := range write(p, 1, 1000) {
			counts[w] += 1. / 20_000
		}
	}
	return counts
}

func main() {
	fmt.Printf("words of probability .6 and .4: %.2f written\n", share([]float64{.6, .4}))
	// Of two different words, the one that is second gets written only beside the third.
	p := []float64{.5, .3, .2}
	second := p[1]*p[2]/(1-p[1]) + p[2]*p[1]/(1-p[2])
	s := share(p)
	fmt.Printf(".5, .3 and .2: the second as often as it is drawn beside the third, %.2f: %v; the third %.2f\n", second, math.Abs(s[1]-second) < .02, s[2])

	zipf, sum := make([]float64, 50), 0.
	for i := range zipf {
		zipf[i] = 1 / float64(i+1)
		sum += zipf[i]
	}
	entropy := 0.
	for i := range zipf {
		zipf[i] /= sum
		entropy -= zipf[i] * math.Log2(zipf[i])
	}
	fmt.Printf("50 words, entropy %.1f bits, the likeliest %.1f\n", entropy, -math.Log2(zipf[0]))
	for _, beams := range []int{1, 4} {
		bits := 0.
		for range 100 {
			for _, w := range write(zipf, beams, 50) {
				bits -= math.Log2(zipf[w]) / 5000
			}
		}
		fmt.Printf("%d beams: %.1f bits a word\n", beams, bits)
	}
}
GO
go mod tidy >/dev/null 2>&1
go list -m github.com/nlpodyssey/cybertron
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
words of probability .6 and .4: [1.00 0.00] written
.5, .3 and .2: the second as often as it is drawn beside the third, 0.16: true; the third 0.00
50 words, entropy 4.6 bits, the likeliest 2.2
1 beams: 3.5 bits a word
4 beams: 2.2 bits a word
EXPECTED
