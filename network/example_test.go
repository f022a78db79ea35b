package network_test

import (
	"context"
	"fmt"
	"go/parser"
	"go/token"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/discriminator"
	"textgan/generator/relax"
	"textgan/network"
	"textgan/train"
	"textgan/train/rundir"
)

// pairs is a discriminator: filters over pairs of words, the largest of each, and a
// score of them.
type pairs struct{ params network.Params }

func newPairs(c discriminator.Config, seed uint64) discriminator.Discriminator {
	p := &pairs{}
	for _, w := range []struct {
		name  string
		shape []int
	}{{"d.table", []int{c.Vocab, c.Emb}}, {"d.filters", []int{2 * c.Emb, c.Filters}}, {"d.bias", []int{c.Filters}}, {"d.out", []int{c.Filters, 1}}, {"d.out.bias", []int{1}}} {
		p.params.New(w.name, w.shape...).Uniform(0.1, network.Weights(seed, w.name))
	}
	return p
}

func (p *pairs) Params() network.Params { return p.params }
func (p *pairs) State() network.Params  { return nil }
func (p *pairs) MinT() int              { return 2 }

func (p *pairs) Bind(g *network.Graph, _ *G.Node, train bool) discriminator.Net {
	n := pairsNet{g: g}
	for _, w := range p.params {
		n.nodes = append(n.nodes, g.Weights(w, train))
	}
	return n
}

type pairsNet struct {
	g     *network.Graph
	nodes []*G.Node
}

func (n pairsNet) Table() *G.Node                     { return n.nodes[0] }
func (n pairsNet) Params() []*G.Node                  { return n.nodes }
func (n pairsNet) Embed(ids, lengths *G.Node) *G.Node { return n.g.Lookup(n.nodes[0], ids, lengths) }
func (n pairsNet) Score(tokens, lengths *G.Node) *G.Node {
	x := n.g.TextConv(tokens, lengths, []int{2}, n.nodes[1:2], n.nodes[2:3])
	return n.g.Dense(x, n.nodes[3], n.nodes[4], network.Identity)
}

// passThrough is an estimator: the one-hot vector of a word that is drawn, and its
// gradient handed on to the logits as it is (Bengio, Leonard and Courville 2013).
type passThrough[F relax.Float] struct{}

func newPassThrough[F relax.Float](map[string]string) (relax.Method[F], error) {
	return relax.Method[F]{Relaxed: passThrough[F]{}}, nil
}

func (passThrough[F]) Hard() bool { return true }

func (passThrough[F]) Forward(logits []F, tau F, key relax.Key) (id int) {
	best := math.Inf(-1)
	for i, v := range logits {
		gumbel := -math.Log(-math.Log(key.Float64(uint32(i))))
		if x := float64(v) + gumbel; x > best {
			id, best = i, x
		}
	}
	return id
}

func (passThrough[F]) Backward(dLogits, _, dy []F, _ int, _ F, _ relax.Key) { copy(dLogits, dy) }

// A discriminator and an estimator of a program's own train a GAN, by name, like any
// others.
func Example() {
	discriminator.Kinds = append(discriminator.Kinds, discriminator.Kind{
		Name: "pairs", Summary: "filters over pairs of words", New: newPairs,
		Check: func(c discriminator.Config) error { return nil },
	})
	relax.Register(relax.Estimator{Name: "pass-through", Summary: "one-hot word, identity gradient", Relaxed: true, Hard: true, IgnoresTau: true},
		newPassThrough[float32], newPassThrough[float64])

	dir, err := os.MkdirTemp("", "textgan")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	c := train.Options.Defaults()
	c.Corpus, c.CorpusLines, c.MLESteps, c.DPre, c.AdvSteps, c.EvalSamples, c.Batch = "builtin:captions", 300, 5, 5, 5, 10, 16
	c.DKind, c.Estimator = "pairs", "pass-through"
	t, w, err := train.Start(c, filepath.Join(dir, "run"), nil, rundir.Start{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer w.Close()
	if err := t.Run(context.Background(), train.Watcher{}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("steps:", t.Step, t.Phase())
	// Output: steps: 15 done
}

// What stands above, and examples of other packages, compile in any module: they import
// nothing internal.
func TestExampleIsOfAnotherModule(t *testing.T) {
	for _, file := range []string{"example_test.go", "../train/objective_example_test.go", "../corpora/register_example_test.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		require.NoError(t, err)
		require.True(t, strings.HasSuffix(f.Name.Name, "_test"), file)
		for _, i := range f.Imports {
			require.False(t, strings.Contains(i.Path.Value, "internal/"), i.Path.Value)
		}
	}
}
