#!/usr/bin/env bash
# Gorgonia 0.9.18: the weight decay of the solver Momentum decays the velocity, not the
# weights: WithL2Reg and WithL1Reg read the solver's memory where those of SGD and Adam read
# the weights, so that without a gradient nothing moves. And AdaGrad takes all options and heeds
# none, not even the learning rate: it has 0.001. Nothing says so, and no error does.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init finding >/dev/null 2>&1
go get gorgonia.org/gorgonia@v0.9.18 gorgonia.org/tensor@v0.9.24 gonum.org/v1/gonum@v0.17.0 go4.org/unsafe/assume-no-moving-gc@v0.0.0-20231121144256-b99613f794b6 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"

	G "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

type solver interface{ Step([]G.ValueGrad) error }

// train takes steps on slope * w from w = 1 and returns w.
func train(steps int, slope float64, s solver) float64 {
	g := G.NewGraph()
	vector := func(name string, x float64) *G.Node {
		v := tensor.New(tensor.WithShape(2), tensor.WithBacking([]float64{x, x}))
		return G.NewVector(g, G.Float64, G.WithName(name), G.WithShape(2), G.WithValue(v))
	}
	w := vector("w", 1)
	cost := G.Must(G.Sum(G.Must(G.HadamardProd(w, vector("slope", slope)))))
	if _, err := G.Grad(cost, w); err != nil {
		panic(err)
	}
	vm := G.NewTapeMachine(g, G.BindDualValues(w))
	defer vm.Close()
	for range steps {
		if err := vm.RunAll(); err != nil {
			panic(err)
		}
		if err := s.Step(G.NodesToValueGrads(G.Nodes{w})); err != nil {
			panic(err)
		}
		vm.Reset()
	}
	return w.Value().Data().([]float64)[0]
}

func main() {
	rate := G.WithLearnRate(0.1)
	for _, o := range []struct {
		name string
		opt  G.SolverOpt
	}{{"L2", G.WithL2Reg(0.1)}, {"L1", G.WithL1Reg(0.1)}} {
		fmt.Printf("50 steps of decay %s without a gradient from 1: SGD %.3f, Adam %.3f, Momentum %.3f, AdaGrad %.3f\n", o.name,
			train(50, 0, G.NewVanillaSolver(rate, o.opt)), train(50, 0, G.NewAdamSolver(rate, o.opt)),
			train(50, 0, G.NewMomentum(rate, o.opt)), train(50, 0, G.NewAdaGradSolver(rate, o.opt)))
	}
	for _, r := range []float64{0.1, 1} {
		rate := G.WithLearnRate(r)
		fmt.Printf("one step at rate %g: SGD %.3f, Adam %.3f, Momentum %.3f, AdaGrad %.3f\n", r, train(1, 1, G.NewVanillaSolver(rate))-1,
			train(1, 1, G.NewAdamSolver(rate))-1, train(1, 1, G.NewMomentum(rate))-1, train(1, 1, G.NewAdaGradSolver(rate))-1)
	}
}
GO
go mod tidy >/dev/null 2>&1
go list -m gorgonia.org/gorgonia
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
50 steps of decay L2 without a gradient from 1: SGD 0.605, Adam -0.005, Momentum 1.000, AdaGrad 1.000
50 steps of decay L1 without a gradient from 1: SGD 0.500, Adam 0.001, Momentum 1.000, AdaGrad 1.000
one step at rate 0.1: SGD -0.100, Adam -0.100, Momentum -0.100, AdaGrad -0.001
one step at rate 1: SGD -1.000, Adam -1.000, Momentum -1.000, AdaGrad -0.001
EXPECTED
