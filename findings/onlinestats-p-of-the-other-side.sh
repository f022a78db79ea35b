#!/usr/bin/env bash
# dgryski/go-onlinestats (2017-06-12), statistics in Go: Welch(), said to return "the probability that the
# difference in means is due to chance", returns the share of t's law below it. Where the first of two systems
# is clearly better it is 0, where the second is it is 1, and of equal ones a half; without any variance
# 1 says that the means differ. Taken for a p-value it never finds that the second is better. The mean of a
# Reservoir does not know the numbers that filled it: 1000 scores of 60 have the mean 0, and so have
# 100,000 of them, with the right deviation. KS() sorts the scores that it is given: two kinds that were
# independent have a rank correlation of 1 (p = 0) after it. And the variance of an ExpWeight begins as 1,
# whatever the unit. The manual tells of none; Mann-Whitney's test of the same package has both sides.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'MOD'
module scores

go 1.24

require (
	github.com/aclements/go-moremath v0.0.0-20210112150236-f10218a38794
	github.com/dgryski/go-onlinestats v0.0.0-20170612111826-1c7d19468768
)
MOD
cat >main.go <<'GO'
package main

import (
	"fmt"
	"math"
	"math/rand"

	stats "github.com/dgryski/go-onlinestats"
)

var rng = rand.New(rand.NewSource(1))

func scores(n int, mean float64) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = mean + rng.NormFloat64()
	}
	return x
}

func running(x []float64) *stats.Running {
	r := stats.NewRunning()
	for _, v := range x {
		r.Push(v)
	}
	return r
}

func main() {
	worse, better := scores(30, 60), scores(30, 62)
	a, b := running(worse), running(better)
	fmt.Printf("30 scores of mean %.2f and 30 of %.2f: Welch %.3f, the other way round %.3f, of one with itself %.3f; Mann-Whitney %.3f, %.3f\n",
		a.Mean(), b.Mean(), stats.Welch(a, b), stats.Welch(b, a), stats.Welch(a, a), stats.MannWhitney(worse, better), stats.MannWhitney(better, worse))
	fmt.Printf("always 60 and always 61: %.0f, always 60 and always 60: %.0f\n",
		stats.Welch(running([]float64{60, 60}), running([]float64{61, 61})), stats.Welch(running([]float64{60, 60}), running([]float64{60, 60})))
	var second, equal int
	for range 1000 {
		if stats.Welch(running(scores(30, 60)), running(scores(30, 61))) < .05 {
			second++
		}
		if stats.Welch(running(scores(30, 60)), running(scores(30, 60))) < .05 {
			equal++
		}
	}
	fmt.Printf("below .05: %d of 1000 where the second is better by a deviation, %d of 1000 equal ones\n", second, equal)

	r := stats.NewReservoir(1000)
	for i := 1; i <= 100000; i++ {
		r.Push(60 + rng.NormFloat64())
		if i == 1000 || i == 100000 {
			fmt.Printf("a reservoir of %d scores of %d, mean 60, deviation 1: mean %.0f, deviation %.0f\n", r.Len(), i, math.Abs(r.Mean()), r.Stddev())
		}
	}

	x, y := scores(30, 60), scores(30, 60)
	rank := func() string {
		rho, p := stats.Spearman(x, y)
		return fmt.Sprintf("%.2f (p = %.2f), Pearson's %.2f", rho, p, stats.Pearson(x, y))
	}
	before := rank()
	stats.KS(x, y)
	fmt.Printf("30 pairs: rank correlation %s; after a Kolmogorov-Smirnov test %s\n", before, rank())

	e := stats.NewExpWeight(.1)
	for range 10 {
		e.Push(.25)
	}
	fmt.Printf("ten times .25, weighted exponentially: mean %.2f, deviation %.2f\n", e.Mean(), e.Stddev())
}
GO
go mod tidy >/dev/null 2>&1
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
30 scores of mean 60.20 and 30 of 61.88: Welch 1.000, the other way round 0.000, of one with itself 0.500; Mann-Whitney 0.000, 0.000
always 60 and always 61: 1, always 60 and always 60: 0
below .05: 0 of 1000 where the second is better by a deviation, 46 of 1000 equal ones
a reservoir of 1000 scores of 1000, mean 60, deviation 1: mean 0, deviation 1
a reservoir of 1000 scores of 100000, mean 60, deviation 1: mean 0, deviation 1
30 pairs: rank correlation -0.11 (p = 0.57), Pearson's -0.14; after a Kolmogorov-Smirnov test 1.00 (p = 0.00), Pearson's 0.96
ten times .25, weighted exponentially: mean 0.25, deviation 0.62
EXPECTED
