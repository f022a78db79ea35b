// Command gen writes the assembly of package kernel, asm_amd64.s, and its
// declarations, asm_amd64.go, with avo. In the folder above:
//
//	go generate
//
// The output is the same every time. The module is one of its own so that avo
// is no dependency of the program.
//
// Everything is written once for vectors of 16 and of 8 values: lanes.go has the
// operations on vectors and the loops, math.go the functions, the other files
// what goes through arrays.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	ConstraintExpr("!noasm")
	for _, g := range []isa{{16}, {8}} {
		g.tiles()
		g.elementwise()
		g.cell()
		g.layers()
		g.reductions()
		g.noises()
		g.bf16()
	}
	halves()
	packs()
	transpose8()
	prefetch()
	stream()
	Generate()
}
