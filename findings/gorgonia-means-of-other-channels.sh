#!/usr/bin/env bash
# Gorgonia 0.9.18, its tensor 0.9.24: a sum, mean, maximum or minimum over the third axis of four takes
# its numbers from other places unless that axis has a length of 2: all go on as if it had. The
# mean over height and width of images (batch, channel, height, width), a pooling, is made of the
# first channels, the last ones are never read; a mean over the queries of attention (batch, head,
# query, key) mixes heads; and so is the gradient of what BroadcastAdd repeats along such an axis.
# ByIndices along an axis between first and last does the same: the first words of sentences are
# other words of the sentences before, unless a sentence has two words. Nothing leaves the tensor,
# so nothing fails. One axis at a time, from the last on, is right.
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

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// images holds one image: all of channel c is c.
func images(channels, height, width int) *tensor.Dense {
	var data []float64
	for c := range channels {
		for range height * width {
			data = append(data, float64(c))
		}
	}
	return tensor.New(tensor.WithShape(1, channels, height, width), tensor.WithBacking(data))
}

// value computes a node of a graph of x.
func value(x *tensor.Dense, f func(*G.Node) *G.Node) any {
	g := G.NewGraph()
	node := f(G.NodeFromAny(g, x, G.WithName("x")))
	var v G.Value
	G.Read(node, &v)
	m := G.NewTapeMachine(g)
	defer m.Close()
	if err := m.RunAll(); err != nil {
		panic(err)
	}
	return v.Data()
}

func mean(axes ...int) func(*G.Node) *G.Node {
	return func(x *G.Node) *G.Node { return G.Must(G.Mean(x, axes...)) }
}

func main() {
	for _, height := range []int{2, 3, 4, 8} {
		fmt.Printf("means of channels that are 0, 1 and 2, height %d: %.2f\n", height, value(images(3, height, 5), mean(2, 3)))
	}
	fmt.Printf("of the same, first over the width: %.2f\n", value(images(3, 8, 5), func(x *G.Node) *G.Node { return mean(2)(mean(3)(x)) }))

	small := images(2, 3, 1)
	fmt.Println("channels of 0 0 0 and 1 1 1, over the height: tensor.Sum", must(small.Sum(2)).Data(), "Max", must(small.Max(2)).Data(), "Min", must(small.Min(2)).Data())

	// The gradient of sum((x + b) x), b of one row repeated over the height, in b: the sums of x.
	g := G.NewGraph()
	x := G.NodeFromAny(g, images(3, 4, 2), G.WithName("x"))
	b := G.NewTensor(g, G.Float64, 4, G.WithShape(1, 3, 1, 2), G.WithName("b"), G.WithInit(G.Zeroes()))
	loss := G.Must(G.Sum(G.Must(G.HadamardProd(G.Must(G.BroadcastAdd(x, b, nil, []byte{2})), x))))
	must(G.Grad(loss, b))
	m := G.NewTapeMachine(g, G.BindDualValues(b))
	defer m.Close()
	if err := m.RunAll(); err != nil {
		panic(err)
	}
	fmt.Println("gradient of a bias repeated 4 times, by the sums 0 0 4 4 8 8:", must(b.Grad()).Data())

	// Word 10 s + i is word i of sentence s.
	for _, words := range []int{2, 3, 4} {
		var data []float64
		for s := range 3 {
			for i := range words {
				data = append(data, float64(10*s+i), float64(10*s+i))
			}
		}
		t := tensor.New(tensor.WithShape(3, words, 2), tensor.WithBacking(data))
		first := must(tensor.ByIndices(t, tensor.New(tensor.WithBacking([]int{0})), 1))
		fmt.Printf("first words of three sentences of %d words, 0 0 10 10 20 20: %v\n", words, first.Data())
	}
}
GO
go mod tidy >/dev/null 2>&1
out=$(go list -m gorgonia.org/gorgonia gorgonia.org/tensor && go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
gorgonia.org/gorgonia v0.9.18
gorgonia.org/tensor v0.9.24
means of channels that are 0, 1 and 2, height 2: [0.00 1.00 2.00]
means of channels that are 0, 1 and 2, height 3: [0.00 0.67 1.33]
means of channels that are 0, 1 and 2, height 4: [0.00 0.50 1.00]
means of channels that are 0, 1 and 2, height 8: [0.00 0.25 0.50]
of the same, first over the width: [0.00 1.00 2.00]
channels of 0 0 0 and 1 1 1, over the height: tensor.Sum [0 2] Max [0 1] Min [0 0]
gradient of a bias repeated 4 times, by the sums 0 0 4 4 8 8: [0 0 2 2 4 4]
first words of three sentences of 2 words, 0 0 10 10 20 20: [0 0 10 10 20 20]
first words of three sentences of 3 words, 0 0 10 10 20 20: [0 0 2 2 11 11]
first words of three sentences of 4 words, 0 0 10 10 20 20: [0 0 2 2 10 10]
EXPECTED
