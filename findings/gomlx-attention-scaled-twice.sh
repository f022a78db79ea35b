#!/usr/bin/env bash
# GoMLX 0.26.0: its attention divides by the root of a head's width twice, the queries first and then
# their products with the keys: what the manual calls that of "Attention Is All You Need" is the
# paper's at a temperature of sqrt(d), 8 for a head of 64: it begins nearly even over all words,
# and the weights of a transformer trained elsewhere give other words. The change log tells of one
# division. And the peepholes of its LSTM do not look into the cell: such a weight is added to a
# gate as it is, one more bias, where the ONNX that the manual refers to multiplies it by the
# cell's state. No error for either; both learn all the same.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init finding >/dev/null 2>&1
go get github.com/gomlx/gomlx@v0.26.0 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/gomlx/gomlx/backends"
	_ "github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/shapes"
	"github.com/gomlx/gomlx/pkg/ml/context"
	"github.com/gomlx/gomlx/pkg/ml/layers"
	"github.com/gomlx/gomlx/pkg/ml/layers/lstm"
)

var backend = backends.MustNew()

// identity makes projections of the attention leave what they project.
func identity(g *Graph, shape shapes.Shape) *Node {
	if shape.Rank() == 3 {
		return Reshape(ConvertDType(Diagonal(g, shape.Dimensions[0]), shape.DType), shape.Dimensions...)
	}
	return Zeros(g, shape)
}

// attention returns the weights of one query over some keys.
func attention(query []float64, keys [][]float64) []float64 {
	out := context.MustExecOnceN(backend, context.New().WithInitializer(identity), func(ctx *context.Context, g *Graph) (*Node, *Node) {
		k := Const(g, [][][]float64{keys})
		return layers.MultiHeadAttention(ctx, Const(g, [][][]float64{{query}}), k, k, 1, len(query)).DoneWithCoefficients()
	})
	return out[1].Value().([][][][]float64)[0][0][0]
}

// softmax of the products of a query with some keys over scale.
func softmax(query []float64, keys [][]float64, scale float64) []float64 {
	p := make([]float64, len(keys))
	var total float64
	for i, key := range keys {
		for j := range key {
			p[i] += query[j] * key[j] / scale
		}
		p[i] = math.Exp(p[i])
		total += p[i]
	}
	for i := range p {
		p[i] /= total
	}
	return p
}

func bits(p []float64) (h float64) {
	for _, x := range p {
		h -= x * math.Log2(x)
	}
	return h
}

func apart(p, q []float64) (far float64) {
	for i := range p {
		far = max(far, math.Abs(p[i]-q[i]))
	}
	return far
}

func main() {
	r := rand.New(rand.NewPCG(1, 2))
	normal := func(n int) []float64 {
		x := make([]float64, n)
		for i := range x {
			x[i] = r.NormFloat64()
		}
		return x
	}
	for _, d := range []int{4, 16, 64, 256} {
		query, keys := normal(d), make([][]float64, 16)
		for i := range keys {
			keys[i] = normal(d)
		}
		got := attention(query, keys)
		once, twice := softmax(query, keys, math.Sqrt(float64(d))), softmax(query, keys, float64(d))
		fmt.Printf("a head of %d: attention over 16 keys has %.2f bits, products over sqrt(d) %.2f, over d %.2f; it is at most %.3f from the one, %.3f from the other\n",
			d, bits(got), bits(once), bits(twice), apart(got, once), apart(got, twice))
	}

	// One step of a cell with no weights but peepholes of 1: c1 = sigmoid(c0) c0.
	for _, c0 := range []float64{-2, 0.5, 2} {
		c1 := MustExecOnce(backend, func(g *Graph) *Node {
			zeros := func(dims ...int) *Node { return Zeros(g, shapes.Make(dtypes.Float64, dims...)) }
			cell := lstm.NewWithWeights(zeros(1, 1, 1), zeros(1, 4, 1, 1), zeros(1, 4, 1, 1), zeros(1, 8, 1), OnesLike(zeros(1, 3, 1)))
			_, _, last := cell.InitialStates(zeros(1, 1, 1), Const(g, [][][]float64{{{c0}}})).Done()
			return last
		}).Value().([][][]float64)[0][0][0]
		sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
		fmt.Printf("peephole 1, cell %.1f: next cell %.4f; sigmoid(c) c is %.4f, sigmoid(1) c %.4f\n", c0, c1, sigmoid(c0)*c0, sigmoid(1)*c0)
	}
}
GO
go mod tidy >/dev/null 2>&1
out=$(go list -m github.com/gomlx/gomlx && go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
github.com/gomlx/gomlx v0.26.0
a head of 4: attention over 16 keys has 3.96 bits, products over sqrt(d) 3.84, over d 3.96; it is at most 0.024 from the one, 0.000 from the other
a head of 16: attention over 16 keys has 3.97 bits, products over sqrt(d) 3.54, over d 3.97; it is at most 0.113 from the one, 0.000 from the other
a head of 64: attention over 16 keys has 3.99 bits, products over sqrt(d) 3.59, over d 3.99; it is at most 0.116 from the one, 0.000 from the other
a head of 256: attention over 16 keys has 4.00 bits, products over sqrt(d) 3.81, over d 4.00; it is at most 0.073 from the one, 0.000 from the other
peephole 1, cell -2.0: next cell -1.4621; sigmoid(c) c is -0.2384, sigmoid(1) c -1.4621
peephole 1, cell 0.5: next cell 0.3655; sigmoid(c) c is 0.3112, sigmoid(1) c 0.3655
peephole 1, cell 2.0: next cell 1.4621; sigmoid(c) c is 1.7616, sigmoid(1) c 1.4621
EXPECTED
