#!/usr/bin/env bash
# Gorgonia 0.9.18: two slices of a tensor whose ends differ by 256 are one node: start
# and end are hashed as a byte each. Gates of an LSTM with 128 units, cut out of one
# matrix of 512 columns, are the same two gates.
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
	x := G.NewVector(g, G.Float64, G.WithName("x"), G.WithShape(512), G.WithInit(G.RangedFromWithStep(0, 1)))
	gate := func(i int) *G.Node { return G.Must(G.Slice(x, G.S(128*i, 128*(i+1)))) }
	a, b, c := gate(0), gate(1), gate(2)
	fmt.Println("x[0:128] and x[128:256] are one node:", a == b)
	fmt.Println("x[0:128] and x[256:384] are one node:", a == c)
	vm := G.NewTapeMachine(g)
	defer vm.Close()
	if err := vm.RunAll(); err != nil {
		panic(err)
	}
	fmt.Println("first value of x[256:384]:", c.Value().Data().([]float64)[0])
}
GO
go mod tidy >/dev/null 2>&1
go list -m gorgonia.org/gorgonia
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
x[0:128] and x[128:256] are one node: false
x[0:128] and x[256:384] are one node: true
first value of x[256:384]: 0
EXPECTED
