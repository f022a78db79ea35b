#!/usr/bin/env bash
# montanaflynn/stats 0.14.0 (Go): by its t test two systems differ the more significantly the less they
# differ, once they are nearly the same. The p-value of t = .008 is .16 instead of .99, that of
# t = .00008 is .0016: the scores of 1000 sentences against the same a millionth higher are "different,
# p = .002", those a hundredth higher "not different, p = .44", and scores rounded to four digits
# differ from themselves. At t = 0 p is 1, and from t = .5 on it is right. The continued fraction
# of the incomplete beta function is taken where its 200 terms are too few; beyond its mean
# it should be that of 1 - x. Of p-values that should be uniform, half of those above .9 are missing.
# The comments refer to SciPy for what comes out. No error.
#
# gonum's distribution of t stands beside.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init finding >/dev/null 2>&1
go get github.com/montanaflynn/stats@v0.14.0 gonum.org/v1/gonum@v0.17.0 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/montanaflynn/stats"
	"gonum.org/v1/gonum/stat/distuv"
)

// exact is the two-sided p-value of t with some degrees of freedom.
func exact(t, freedom float64) float64 {
	return 2 * distuv.StudentsT{Sigma: 1, Nu: freedom}.Survival(max(t, -t))
}

func main() {
	r := rand.New(rand.NewPCG(1, 2))
	scores := make([]float64, 1000)
	for i := range scores {
		scores[i] = r.Float64()
	}
	for _, higher := range []float64{.03, .01, .001, 1e-4, 1e-5, 1e-6, 0} {
		other := make([]float64, len(scores))
		for i := range other {
			other[i] = scores[i] + higher
		}
		t, p, err := stats.TTest(other, scores, 0)
		if err != nil {
			panic(err)
		}
		fmt.Printf("1000 scores against the same, %g higher: t = %.5f, p = %.4f; by gonum %.4f\n", higher, t, p, exact(t, float64(2*len(scores)-2)))
	}
	for _, digits := range []int{2, 3, 4} {
		rounded := make([]float64, len(scores))
		for i := range rounded {
			rounded[i], _ = stats.Round(scores[i], digits)
		}
		t, p, err := stats.TTest(rounded, scores, 0)
		if err != nil {
			panic(err)
		}
		fmt.Printf("1000 scores rounded to %d digits against the same: t = %.5f, p = %.4f; by gonum %.4f\n", digits, t, p, exact(t, float64(2*len(scores)-2)))
	}

	var tenths, right [10]int
	for range 10000 {
		a, b := make([]float64, 200), make([]float64, 200)
		for i := range a {
			a[i], b[i] = r.NormFloat64(), r.NormFloat64()
		}
		t, p, err := stats.TTest(a, b, 0)
		if err != nil {
			panic(err)
		}
		tenths[min(9, int(10*p))]++
		right[min(9, int(10*exact(t, 398)))]++
	}
	fmt.Println("p of 10,000 pairs of one law, by tenths:", tenths)
	fmt.Println("by gonum:                               ", right)
}
GO
go mod tidy >/dev/null 2>&1
out=$(go list -m github.com/montanaflynn/stats && go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
github.com/montanaflynn/stats v0.14.0
1000 scores against the same, 0.03 higher: t = 2.31449, p = 0.0207; by gonum 0.0207
1000 scores against the same, 0.01 higher: t = 0.77150, p = 0.4405; by gonum 0.4405
1000 scores against the same, 0.001 higher: t = 0.07715, p = 0.8734; by gonum 0.9385
1000 scores against the same, 0.0001 higher: t = 0.00771, p = 0.1619; by gonum 0.9938
1000 scores against the same, 1e-05 higher: t = 0.00077, p = 0.0163; by gonum 0.9994
1000 scores against the same, 1e-06 higher: t = 0.00008, p = 0.0016; by gonum 0.9999
1000 scores against the same, 0 higher: t = 0.00000, p = 1.0000; by gonum 1.0000
1000 scores rounded to 2 digits against the same: t = -0.01187, p = 0.2457; by gonum 0.9905
1000 scores rounded to 3 digits against the same: t = 0.00101, p = 0.0215; by gonum 0.9992
1000 scores rounded to 4 digits against the same: t = 0.00013, p = 0.0027; by gonum 0.9999
p of 10,000 pairs of one law, by tenths: [1125 972 1054 1006 995 1096 1025 1068 1199 460]
by gonum:                                [1089 938 1024 966 964 1038 967 984 1011 1019]
EXPECTED
