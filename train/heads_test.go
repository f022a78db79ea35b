package train

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	G "gorgonia.org/gorgonia"

	"textgan/discriminator"
	"textgan/internal/feedback"
	"textgan/internal/gradcheck"
	"textgan/internal/kernel"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
)

// heads is a discriminator with several representations of a sentence: filters
// over single words, and R scores from the largest of each.
type heads struct{ table, w, b, out, outB *nn.Param }

func newHeads(V, R int) (*heads, nn.Params) {
	var ps nn.Params
	h := &heads{table: ps.New("d.embedding", V, 3), w: ps.New("d.w", 3, 4), b: ps.New("d.b", 4), out: ps.New("d.out", 4, R), outB: ps.New("d.score.b", R)}
	for i, p := range ps {
		r := rng.Key{Seed: 2, Row: uint32(i)}.Rand()
		for j := range p.Data {
			p.Data[j] = float32(.6 * r.NormFloat64())
		}
	}
	return h, ps
}

func (h *heads) Params() nn.Params { return nn.Params{h.table, h.w, h.b, h.out, h.outB} }
func (h *heads) State() nn.Params  { return nil }
func (h *heads) MinT() int         { return 1 }

func (h *heads) Bind(g *op.Graph, _ *G.Node, train bool) discriminator.Net {
	n := headsNet{g: g}
	for _, p := range h.Params() {
		n.params = append(n.params, g.Weights(p, train))
	}
	return n
}

type headsNet struct {
	g      *op.Graph
	params []*G.Node
}

func (n headsNet) Table() *G.Node                     { return n.params[0] }
func (n headsNet) Params() []*G.Node                  { return n.params }
func (n headsNet) Embed(ids, lengths *G.Node) *G.Node { return n.g.Lookup(n.params[0], ids, lengths) }
func (n headsNet) Score(tokens, lengths *G.Node) *G.Node {
	x := n.g.TextConv(tokens, lengths, []int{1}, n.params[1:2], n.params[2:3])
	return n.g.Dense(x, n.params[3], n.params[4], op.Identity)
}

// Both steps differentiate the mean over all R scores.
func TestGradientsWithThreeScores(t *testing.T) {
	if testing.Short() {
		t.Skip("numbers alone")
	}
	for _, objective := range Objectives() {
		for _, estimator := range []string{"gumbel-softmax", "st-gumbel"} {
			t.Run(estimator+", "+string(objective), func(t *testing.T) {
				gen, _ := tinyModels(t, "gru", 9, 0)
				dis, params := newHeads(9, 3)
				a := game{B: 6, T: 5, objective: objective, estimator: estimatorOf(t, estimator), feedback: feedback.Soft}
				d, err := newStepD(gen, dis, a)
				require.NoError(t, err)
				defer d.Close()
				differences(t, d.Program, params, func() (float64, error) { return d.run(tinyBatch(), 1, 3, .7) })
				if estimator != "gumbel-softmax" {
					return
				}
				g, err := newRelaxedStep(gen, dis, a)
				require.NoError(t, err)
				defer g.Close()
				differences(t, g.Program, gen.Params(), func() (float64, error) { return g.Run(tinyBatch(), 1, 3, .7) })
			})
		}
	}
}

// The reward of a sentence is the mean of those of its scores: three equal
// columns teach the generator and the discriminator what one does, and three
// different ones the mean of what each does alone, whatever the estimator.
func TestThreeScoresAreAMean(t *testing.T) {
	const V, B, T = 9, 6, 5
	for _, estimator := range []string{"gumbel-softmax", "st-gumbel", "reinforce", "seqgan:m=2", "all-action:k=2"} {
		for _, objective := range Objectives() {
			a := game{B: B, T: T, objective: objective, estimator: estimatorOf(t, estimator), feedback: feedback.Soft}
			if objective == RAGAN { // compares with a mean over all scores, and has no reward of one sentence
				continue
			}
			t.Run(estimator+", "+string(objective), func(t *testing.T) {
				gen, _ := tinyModels(t, "gru", V, 0)
				three, _ := newHeads(V, 3)
				gradient := func(dis discriminator.Discriminator) (loss float64, all []float64) {
					s, err := newGeneratorStep(gen, dis, a)
					require.NoError(t, err)
					defer s.Close()
					loss, err = s.Run(tinyBatch(), 1, 3, .7)
					require.NoError(t, err)
					return loss, gradientsOf(s, gen.Params())
				}
				loss, all := gradient(three)
				wantLoss, want := 0.0, make([]float64, len(all))
				for r := range 3 {
					one, _ := newHeads(V, 1)
					copy(one.table.Data, three.table.Data)
					copy(one.w.Data, three.w.Data)
					copy(one.b.Data, three.b.Data)
					for i := range one.out.Data {
						one.out.Data[i] = three.out.Data[3*i+r]
					}
					one.outB.Data[0] = three.outB.Data[r]
					l, each := gradient(one)
					wantLoss += l / 3
					for i, v := range each {
						want[i] += v / 3
					}
				}
				require.InDelta(t, wantLoss, loss, 1e-5)
				got := make([]float32, len(all))
				for i, v := range all {
					got[i] = float32(v)
				}
				require.LessOrEqual(t, gradcheck.Distance(got, want), 1e-4)
			})
		}
	}
}

// A recurrent discriminator reads relaxed words of every feedback, hard ones, and
// ids. Where the gradient is the derivative of the loss it is held against
// differences; the others have to be there.
func TestGradientsWithARecurrentDiscriminator(t *testing.T) {
	for _, feed := range feedback.All {
		for _, estimator := range []string{"gumbel-softmax", "st-gumbel", "rloo"} {
			t.Run(fmt.Sprint(estimator, ", ", feed), func(t *testing.T) {
				gen, _ := tinyModels(t, "gru", 9, 0)
				dis, err := discriminator.New(discriminator.Config{Kind: "rnn", Vocab: 9, Emb: 3, Cell: "lstm", Units: 2}, 1)
				require.NoError(t, err)
				for i, p := range dis.Params() {
					r := rng.Key{Seed: 5, Row: uint32(i)}.Rand()
					for j := range p.Data {
						p.Data[j] = float32(.6 * r.NormFloat64())
					}
				}
				a := game{B: 6, T: 5, objective: RSGAN, estimator: estimatorOf(t, estimator), feedback: feed}
				d, err := newStepD(gen, dis, a)
				require.NoError(t, err)
				defer d.Close()
				g, err := newGeneratorStep(gen, dis, a)
				require.NoError(t, err)
				defer g.Close()
				_, err = d.run(tinyBatch(), 1, 3, .7)
				require.NoError(t, err)
				_, err = g.Run(tinyBatch(), 1, 3, .7)
				require.NoError(t, err)
				for i, p := range gen.Params() {
					require.NotZero(t, kernel.SumSquares(g.Grad(i)), p.Name)
				}
				if feed != feedback.Soft || testing.Short() {
					return
				}
				differencesBy(t, 2e-3, d.Program, dis.Params(), func() (float64, error) { return d.run(tinyBatch(), 1, 3, .7) })
				if s, ok := g.(*relaxedStep); ok && estimator == "gumbel-softmax" {
					differencesBy(t, 2e-3, s.Program, gen.Params(), func() (float64, error) { return s.Run(tinyBatch(), 1, 3, .7) })
				}
			})
		}
	}
}

// The gradient of a generator that matches features, of every discriminator.
func TestGradientsOfMatching(t *testing.T) {
	for _, c := range []discriminator.Config{
		{Kind: "cnn", Widths: []int{1, 2}, Filters: 3, Highway: true},
		{Kind: "relgan", Widths: []int{2}, Filters: 3, Representations: 2},
		{Kind: "rnn", Cell: "gru", Units: 2},
	} {
		for _, objective := range Matching {
			t.Run(c.Kind+", "+string(objective), func(t *testing.T) {
				gen, _ := tinyModels(t, "gru", 9, 0)
				c.Vocab, c.Emb = 9, 4
				dis, err := discriminator.New(c, 1)
				require.NoError(t, err)
				for i, p := range dis.Params() {
					r := rng.Key{Seed: 5, Row: uint32(i)}.Rand()
					for j := range p.Data {
						p.Data[j] = float32(r.NormFloat64())
					}
				}
				a := game{B: 6, T: 5, objective: objective, bandwidths: []float64{1, 3}, eps: .1, estimator: estimatorOf(t, "gumbel-softmax"), feedback: feedback.Soft}
				g, err := newGeneratorStep(gen, dis, a)
				require.NoError(t, err)
				defer g.Close()
				differencesBy(t, 1e-3, g.(*relaxedStep).Program, gen.Params(), func() (float64, error) { return g.Run(tinyBatch(), 1, 3, .7) })
				d, err := newStepD(gen, dis, a)
				require.NoError(t, err)
				defer d.Close()
				_, err = d.run(tinyBatch(), 1, 3, .7)
				require.NoError(t, err)
				a.estimator = estimatorOf(t, "rloo")
				_, err = newGeneratorStep(gen, dis, a)
				require.ErrorContains(t, err, "couples the sentences of a batch")
			})
		}
	}
	gen, _ := tinyModels(t, "gru", 9, 0)
	heads, _ := newHeads(9, 3)
	_, err := newGeneratorStep(gen, heads, game{B: 6, T: 5, objective: MMD, bandwidths: []float64{1}, estimator: estimatorOf(t, "gumbel-softmax")})
	require.ErrorContains(t, err, "no features")
	for _, bad := range []string{"", "1,,2", "-1", "nan"} {
		_, err := parseBandwidths(bad)
		require.ErrorContains(t, err, "--mmd-bandwidths", bad)
	}
}
