#!/usr/bin/env bash
# gonum 0.17.0: Kendall's correlation takes equal scores for agreement, and depends on the order of the pairs.
# It compares signs by Signbit, to which 0 is positive: two texts that both judges find equal are
# concordant, and where one judge does it counts what the other says of the later one. So a metric that says
# the same of every text has a correlation of 1 with ratings that rise from text to text, of -.64 with those
# that fall; thirty pairs of ratings have .26, .60 or .31, by the order in which they stand; and two judges who
# toss coins for good and bad agree by .25 on average. The manual has "Tau-a", in which equal scores
# count for nothing; it and tau-b, by their definitions, stand beside. Without equal scores all is right.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
cat >go.mod <<'MOD'
module ratings

go 1.24

require gonum.org/v1/gonum v0.17.0
MOD
cat >main.go <<'GO'
package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand"
	"slices"

	"gonum.org/v1/gonum/stat"
)

// tau is Kendall's correlation: pairs in the same order less pairs in the opposite one, by all
// pairs (a) and by the root of those that either judge tells apart (b).
func tau(x, y []float64) (a, b float64) {
	var s, pairs, byX, byY float64
	for j := range x {
		for i := range j {
			dx, dy := cmp.Compare(x[i], x[j]), cmp.Compare(y[i], y[j])
			s += float64(dx * dy)
			pairs++
			byX += float64(dx * dx)
			byY += float64(dy * dy)
		}
	}
	return s / pairs, s / math.Sqrt(byX*byY)
}

func show(name string, x, y []float64) {
	a, b := tau(x, y)
	fmt.Printf("%s: gonum %.2f, tau-a %.2f, tau-b %.2f\n", name, stat.Kendall(x, y, nil), a, b)
}

func main() {
	rng := rand.New(rand.NewSource(1))
	ratings := func(n, scale int) []float64 {
		r := make([]float64, n)
		for i := range r {
			r[i] = float64(rng.Intn(scale))
		}
		return r
	}
	same, rising := make([]float64, 30), ratings(30, 5)
	slices.Sort(rising)
	falling := slices.Clone(rising)
	slices.Reverse(falling)
	show("always the same, and ratings that rise", same, rising)
	show("always the same, and ratings that fall", same, falling)

	// Thirty texts, two judges, one to five; the same pairs in three orders.
	type pair struct{ x, y float64 }
	pairs := make([]pair, 30)
	for i, x := range ratings(30, 5) {
		pairs[i] = pair{x, min(4, max(0, x+float64(rng.Intn(7)-3)))}
	}
	for _, order := range []struct {
		name string
		by   func(a, b pair) int
	}{
		{"as they came", func(a, b pair) int { return 0 }},
		{"by the first judge, then the second", func(a, b pair) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(a.y, b.y)) }},
		{"by the first judge, then the second from above", func(a, b pair) int { return cmp.Or(cmp.Compare(a.x, b.x), cmp.Compare(b.y, a.y)) }},
	} {
		slices.SortStableFunc(pairs, order.by)
		var x, y []float64
		for _, p := range pairs {
			x, y = append(x, p.x), append(y, p.y)
		}
		show("thirty pairs of ratings, "+order.name, x, y)
	}

	for _, scale := range []int{2, 3, 5, 1e9} {
		var gonum, a float64
		for range 1000 {
			x, y := ratings(40, scale), ratings(40, scale)
			gonum += stat.Kendall(x, y, nil) / 1000
			ta, _ := tau(x, y)
			a += ta / 1000
		}
		fmt.Printf("two judges at random, %d grades, mean of 1000: gonum %.2f, tau-a %.2f\n", scale, gonum, math.Abs(a))
	}
}
GO
go mod tidy >/dev/null 2>&1
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
always the same, and ratings that rise: gonum 1.00, tau-a 0.00, tau-b NaN
always the same, and ratings that fall: gonum -0.64, tau-a 0.00, tau-b NaN
thirty pairs of ratings, as they came: gonum 0.26, tau-a 0.26, tau-b 0.32
thirty pairs of ratings, by the first judge, then the second: gonum 0.60, tau-a 0.26, tau-b 0.32
thirty pairs of ratings, by the first judge, then the second from above: gonum 0.31, tau-a 0.26, tau-b 0.32
two judges at random, 2 grades, mean of 1000: gonum 0.25, tau-a 0.00
two judges at random, 3 grades, mean of 1000: gonum 0.11, tau-a 0.00
two judges at random, 5 grades, mean of 1000: gonum 0.04, tau-a 0.00
two judges at random, 1000000000 grades, mean of 1000: gonum 0.00, tau-a 0.00
EXPECTED
