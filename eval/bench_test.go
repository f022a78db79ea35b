package eval

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// captions are lines shaped like image captions: some 11 words each, word
// frequencies falling like 1/rank over a few thousand words, and a successor
// of every word that follows it half of the time, so that n-grams recur.
func captions(r *rand.Rand, count int) []string {
	const words = 4600
	zipf := rand.NewZipf(r, 1.1, 3, words-1)
	lines := make([]string, count)
	var b strings.Builder
	for i := range lines {
		b.Reset()
		word := zipf.Uint64()
		for range 7 + r.IntN(9) {
			fmt.Fprintf(&b, "w%d ", word)
			if r.IntN(2) == 0 {
				word = (word*31 + 7) % words
			} else {
				word = zipf.Uint64()
			}
		}
		lines[i] = b.String()
	}
	return lines
}

// From strings to BLEU-1..5, 10,000 hypotheses against 10,000 references.
func BenchmarkBLEU10k(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	refLines, hyps := captions(r, 10_000), captions(r, 10_000)
	for b.Loop() {
		x := NewLexicon()
		refs, err := NewReferences(x.Add(refLines, strings.Fields), 5)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := BLEU(refs, x.Find(hyps, strings.Fields), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// From strings to self-BLEU-1..5 of 10,000 lines.
func BenchmarkSelfBLEU10k(b *testing.B) {
	lines := captions(rand.New(rand.NewPCG(1, 1)), 10_000)
	for b.Loop() {
		if _, err := SelfBLEU(NewLexicon().Add(lines, strings.Fields), Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// Hypotheses per second once the references stand.
func BenchmarkMeter(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	x := NewLexicon()
	refs, err := NewReferences(x.Add(captions(r, 10_000), strings.Fields), 5)
	if err != nil {
		b.Fatal(err)
	}
	hyps := x.Find(captions(r, 10_000), strings.Fields)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := BLEU(refs, hyps, Options{}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*float64(len(hyps))/b.Elapsed().Seconds(), "lines/s")
}

// 5,000 sentences a side with 64 features, as in the published protocol.
func BenchmarkMauve5k(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	p, q := gaussian(r, 5000, 64, 0), gaussian(r, 5000, 64, 0.1)
	for b.Loop() {
		if _, err := Mauve(p, q, MauveOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}
