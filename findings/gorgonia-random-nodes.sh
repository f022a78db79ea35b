#!/usr/bin/env bash
# Gorgonia 0.9.18: two random nodes of one type and shape are one node. The graph
# merges nodes by a hash that knows neither the call nor the distribution, so noise that
# is meant to be independent is the same noise, even uniform against Gaussian.
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
)

func main() {
	g := G.NewGraph()
	a := G.UniformRandomNode(g, G.Float64, 0, 1, 2, 3)
	b := G.UniformRandomNode(g, G.Float64, 0, 1, 2, 3)
	c := G.GaussianRandomNode(g, G.Float64, 0, 1, 2, 3)
	fmt.Println("two uniform nodes are one:", a == b)
	fmt.Println("a uniform and a Gaussian node are one:", a == c)
	d := G.Must(G.Sum(G.Must(G.Square(G.Must(G.Sub(a, b))))))
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		panic(err)
	}
	fmt.Println("sum of squared differences of two draws:", d.Value())
}
GO
go mod tidy >/dev/null 2>&1
go list -m gorgonia.org/gorgonia
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
two uniform nodes are one: true
a uniform and a Gaussian node are one: true
sum of squared differences of two draws: 0
EXPECTED
