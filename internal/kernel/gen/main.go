// Command gen writes the assembly of package kernel with avo, and its stubs.
package main

import . "github.com/mmcloughlin/avo/build"

func main() {
	ConstraintExpr("amd64")
	ConstraintExpr("!noasm")
	for _, g := range []isa{{16}, {8}} {
		g.tiles()
		g.elementwise()
		g.reductions()
		g.noises()
	}
	transpose8()
	Generate()
}
