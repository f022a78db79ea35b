#!/usr/bin/env bash
# GoMLX 0.26.0, its backend in Go: a sum of bfloat16 is kept in bfloat16, which has eight bits,
# so that 256 + 1 is 256. A softmax over 1000 words adds up to 3.9, over 50,000 to 195; a model
# that knows nothing has a cross-entropy of 5.5 nats, a perplexity of 256, for any larger
# vocabulary; and the mean of a batch of 4096 ones is 1/16. Products of matrices are added in
# float32, so the same sum as a dot product is right. Sums of float32 go wrong the same way
# where they are longer than 2^24: the mean of 64 x 40 x 10,000 ones is .655.
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

	"github.com/gomlx/gomlx/backends"
	_ "github.com/gomlx/gomlx/backends/simplego"
	"github.com/gomlx/gomlx/pkg/core/dtypes"
	. "github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/shapes"
	"github.com/gomlx/gomlx/pkg/ml/train/losses"
)

var backend = backends.MustNew()

// number computes a scalar, as float64.
func number(f func(g *Graph) *Node) float64 {
	return MustExecOnce(backend, func(g *Graph) *Node { return ConvertDType(f(g), dtypes.Float64) }).Value().(float64)
}

func ones(g *Graph, t dtypes.DType, dims ...int) *Node { return Ones(g, shapes.Make(t, dims...)) }

func main() {
	for _, t := range []dtypes.DType{dtypes.BFloat16, dtypes.Float32} {
		for _, words := range []int{256, 1000, 50_000} {
			total := number(func(g *Graph) *Node {
				return ReduceAllSum(ConvertDType(Softmax(ones(g, t, 1, words)), dtypes.Float64))
			})
			loss := number(func(g *Graph) *Node {
				return losses.SparseCategoricalCrossEntropyLogits([]*Node{Const(g, [][]int32{{7}})}, []*Node{ones(g, t, 1, words)})
			})
			fmt.Printf("%s, %d equal logits: softmax adds up to %.1f, cross-entropy %.1f\n", t, words, total, loss)
		}
		mean := number(func(g *Graph) *Node { return ReduceAllMean(ones(g, t, 4096)) })
		dot := number(func(g *Graph) *Node { return Dot(ones(g, t, 4096), ones(g, t, 4096)) })
		fmt.Printf("%s, 4096 ones: mean %g, dot product with themselves %g\n", t, mean, dot)
	}
	const n = 64 * 40 * 10_000
	fmt.Printf("Float32, %d ones: mean %.3f, dot product with themselves %.0f\n", n,
		number(func(g *Graph) *Node { return ReduceAllMean(ones(g, dtypes.Float32, 64, 40, 10_000)) }),
		number(func(g *Graph) *Node { return Dot(ones(g, dtypes.Float32, n), ones(g, dtypes.Float32, n)) }))
}
GO
go mod tidy >/dev/null 2>&1
go list -m github.com/gomlx/gomlx
out=$(go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
BFloat16, 256 equal logits: softmax adds up to 1.0, cross-entropy 5.5
BFloat16, 1000 equal logits: softmax adds up to 3.9, cross-entropy 5.5
BFloat16, 50000 equal logits: softmax adds up to 195.3, cross-entropy 5.5
BFloat16, 4096 ones: mean 0.0625, dot product with themselves 4096
Float32, 256 equal logits: softmax adds up to 1.0, cross-entropy 5.5
Float32, 1000 equal logits: softmax adds up to 1.0, cross-entropy 6.9
Float32, 50000 equal logits: softmax adds up to 1.0, cross-entropy 10.8
Float32, 4096 ones: mean 1, dot product with themselves 4096
Float32, 25600000 ones: mean 0.655, dot product with themselves 25600000
EXPECTED
