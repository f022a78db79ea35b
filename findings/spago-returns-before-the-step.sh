#!/usr/bin/env bash
# spaGO 1.1.0: Optimize() returns before the weights have moved. It starts a goroutine for each
# parameter and waits for them only after an error, so a forward pass that follows at once reads
# weights of the step before, some or all, and no two runs need agree. And Adam's clock stands:
# Optimize() does not call IncExample(), nor does anything else in the library, so that the
# correction of the moments stays that of step 1: a steady gradient moves a weight by up to twice
# the learning rate, then by a third of it for ever. No page tells of either.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init finding >/dev/null 2>&1
go get github.com/nlpodyssey/spago@v1.1.0 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/nlpodyssey/spago/mat"
	"github.com/nlpodyssey/spago/nn"
	"github.com/nlpodyssey/spago/optimizers"
	"github.com/nlpodyssey/spago/optimizers/adam"
	"github.com/nlpodyssey/spago/optimizers/sgd"
)

// slow is a strategy whose step takes half a second.
type slow struct{ done atomic.Int32 }

func (s *slow) OptimizeParams(*nn.Param) error {
	time.Sleep(500 * time.Millisecond)
	s.done.Add(1)
	return nil
}

// weight returns a parameter 0 with the gradient 1.
func weight() *nn.Param {
	w := nn.NewParam(mat.Scalar(0.0))
	w.AccGrad(mat.Scalar(1.0))
	return w
}

func optimize(s optimizers.OptimizationStrategy, w ...*nn.Param) {
	if err := optimizers.New(nn.StreamParams(w), s).Optimize(); err != nil {
		panic(err)
	}
}

func value(w *nn.Param) float64 { return w.Value().Item().F64() }

func main() {
	s := &slow{}
	optimize(s, weight(), weight(), weight())
	before := s.done.Load()
	time.Sleep(2 * time.Second)
	fmt.Printf("slow steps of 3 weights: %d done when Optimize returns, %d later\n", before, s.done.Load())

	var weights []*nn.Param
	moved := func() (n int) {
		for _, w := range weights {
			if value(w) != 0 {
				n++
			}
		}
		return n
	}
	early := 0
	for range 200 {
		w := weight()
		optimize(sgd.New[float64](sgd.NewConfig(0.5, 0, false)), w)
		if value(w) != 0 {
			early++
		}
		weights = append(weights, w)
	}
	time.Sleep(time.Second)
	fmt.Printf("200 times a step of SGD: fewer than 20 weights have moved when Optimize returns: %v, %d later\n", early < 20, moved())

	for _, clock := range []bool{false, true} {
		a := adam.New(adam.NewConfig(0.1, 0.9, 0.999, 1e-8))
		w := nn.NewParam(mat.Scalar(0.0))
		largest, last := 0.0, 0.0
		for range 20_000 {
			w.AccGrad(mat.Scalar(1.0))
			old := value(w)
			if err := a.OptimizeParams(w); err != nil {
				panic(err)
			}
			if clock {
				a.IncExample()
			}
			last = old - value(w)
			largest = max(largest, last)
		}
		fmt.Printf("Adam at rate 0.1, IncExample called %v: largest step %.3f, last step %.3f\n", clock, largest, last)
	}
}
GO
go mod tidy >/dev/null 2>&1
go list -m github.com/nlpodyssey/spago
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
slow steps of 3 weights: 0 done when Optimize returns, 3 later
200 times a step of SGD: fewer than 20 weights have moved when Optimize returns: true, 200 later
Adam at rate 0.1, IncExample called false: largest step 0.208, last step 0.032
Adam at rate 0.1, IncExample called true: largest step 0.100, last step 0.100
EXPECTED
