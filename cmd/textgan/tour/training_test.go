package tour

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"

	"textgan/cmd/textgan/tour/gridworld"
	"textgan/cmd/textgan/tour/images"
	"textgan/corpora"
	"textgan/internal/gradcheck"
)

// What the lessons that train say is held against mathematics by the tests of their
// packages; here the numbers of the lessons are held against each other and against
// computations of their own.

// unbiased holds the bias of an estimator against the one that chance would show.
func (n *numbers) unbiased(tag string, draws float64) {
	n.Helper()
	chance := math.Sqrt(n.value("variance-"+tag) / draws)
	n.is("chance-"+tag, chance, 1e-9)
	require.Less(n, n.value("bias-"+tag), 3*chance, tag)
}

func TestImages(t *testing.T) {
	n := ask(t, imageVAE)
	n.is("learnt", 540, 0)
	n.is("pixels", 20*20, 0)
	set := images.Draw(600, 20, 1)
	nats := 0.0
	for j := range 400 { // the cross-entropy of each pixel from counts
		learnt, held := 0., 0.
		for i := range 600 {
			if i < 540 {
				learnt += float64(set.Image(i)[j])
			} else {
				held += float64(set.Image(i)[j])
			}
		}
		p := (learnt + 1) / 542
		nats -= (held*math.Log(p) + (60-held)*math.Log(1-p)) / 60
	}
	n.is("no-code", nats, 1e-9)
	n.is("bound", n.value("reconstruction")+n.value("kl"), 1e-9)
	require.GreaterOrEqual(t, n.value("kl"), 0.)
	require.Less(t, n.value("bound"), nats+1)
	for _, way := range choiceWays {
		require.LessOrEqual(t, n.value("nll-"+way.spec), n.value("bound-"+way.spec))
		require.Less(t, n.value("bound-"+way.spec), nats+2)
		require.Greater(t, n.value("gradient-"+way.spec), 0.)
	}
	for _, spec := range []string{"reinforce-moving-average", "rloo"} {
		n.unbiased(spec, 20)
	}
	n.is("chance-gumbel-softmax", math.Sqrt(n.value("variance-gumbel-softmax")/20), 1e-9)
	require.Greater(t, n.value("bias-gumbel-softmax"), 0.)
	require.Less(t, n.value("variance-rloo"), n.value("variance-reinforce-moving-average"))
}

func TestPolicy(t *testing.T) {
	n := ask(t, policy)
	n.is("best", 1-7*.02, 1e-12) // seven moves to the goal
	// All moves alike: where a walker is, forward from the start, by the map.
	at, earned := map[[2]int]float64{{0, 0}: 1}, 0.
	for range walkerMoves {
		then := map[[2]int]float64{}
		for cell, p := range at {
			for _, step := range [][2]int{{0, -1}, {1, 0}, {0, 1}, {-1, 0}} {
				to := [2]int{cell[0] + step[0], cell[1] + step[1]}
				if to[0] < 0 || to[0] > 4 || to[1] < 0 || to[1] > 3 || walkerMap[to[1]][to[0]] == '#' {
					to = cell
				}
				earned -= .02 * p / 4
				switch walkerMap[to[1]][to[0]] {
				case 'G':
					earned += p / 4
				case 'X':
					earned -= .5 * p / 4
				default:
					then[to] += p / 4
				}
			}
		}
		at = then
	}
	n.is("uniform", earned, 1e-12)
	world, err := gridworld.NewWorld(walkerMap, walkerMoves)
	require.NoError(t, err)
	logits := make([]float32, world.Cells()*4)
	slope, err := gradcheck.Central(func() (float64, error) { return world.Return(logits), nil }, logits, 1e-3)
	require.NoError(t, err)
	n.is("gradient", gradcheck.Norm(slope), 1e-5)
	for _, way := range walkers {
		require.LessOrEqual(t, n.value("return-"+way.tag), .86)
		require.GreaterOrEqual(t, n.value("return-"+way.tag), -.5-.02*walkerMoves)
		most := 40. * walkerBatch * walkerMoves
		switch way.tag {
		case "gumbel-softmax", "st-gumbel", "reinmax":
			n.is("moves-"+way.tag, most, 0)
			n.is("chance-"+way.tag, math.Sqrt(n.value("variance-"+way.tag)/40), 1e-9)
			require.Greater(t, n.value("bias-"+way.tag), 0.)
		case "all-action":
			require.Greater(t, n.value("moves-"+way.tag), most)
			n.unbiased(way.tag, 40)
		default:
			require.Less(t, n.value("moves-"+way.tag), most)
			n.unbiased(way.tag, 40)
		}
	}
	require.Greater(t, n.value("bias-gumbel-softmax"), 10*n.value("chance-gumbel-softmax"))
	require.Less(t, n.value("variance-all-action"), n.value("variance-rloo"))
	require.Less(t, n.value("variance-rloo"), n.value("variance-reinforce"))
}

func TestGates(t *testing.T) {
	n := ask(t, channelGates)
	square := 0.0
	for i := range 8 {
		w := .8 + 1.2*float64(i)/7
		square += w * w
	}
	best := quad.Fixed(func(z float64) float64 {
		return 2 * math.Exp(-z*z/2) / math.Sqrt(2*math.Pi) / (1 + math.Exp(-z*math.Sqrt(square)))
	}, 0, 12, 200, nil, 0)
	n.is("best", best, 1e-6)
	for _, tag := range []string{"free", "fair"} {
		n.is("drawn-"+tag, n.value("expected-"+tag), 4*math.Sqrt(64*.25/gateDraws))
		require.Less(t, n.value("accuracy-"+tag), best+4*.5/math.Sqrt(gateHeldExamples))
		require.Greater(t, n.value("accuracy-"+tag), .6)
	}
	n.is("recall-free", 1, 0)
	require.Less(t, n.value("precision-free"), .5)
	require.GreaterOrEqual(t, n.value("recall-fair"), .75)
	require.GreaterOrEqual(t, n.value("precision-fair"), n.value("precision-free"))
	require.Less(t, n.value("expected-fair"), n.value("expected-free"))
}

func TestWords(t *testing.T) {
	n := ask(t, textGAN)
	language, err := corpora.NewLanguage("captions", corpora.Options{})
	require.NoError(t, err)
	n.is("entropy", language.(interface{ Entropy() corpora.Entropy }).Entropy().Token, 1e-12)
	require.Greater(t, n.value("nll-likelihood"), n.value("entropy"))
	require.Greater(t, n.value("nll-adversarial"), n.value("entropy"))
	for _, name := range []string{"valid-likelihood", "valid-adversarial"} {
		v := n.value(name) * 60
		require.InDelta(t, math.Round(v), v, 1e-9)
	}
	require.Less(t, math.Abs(n.value("gap")), 1.)
	require.Greater(t, n.value("gap-error"), 0.)
	require.Greater(t, math.Abs(n.value("separation")), 0.)
}

func TestWrap(t *testing.T) {
	require.Equal(t, []string{"a girl", "feeds the horses"}, wrap("a girl feeds the horses", 9, 2))
	require.Equal(t, []string{"", ""}, wrap("", 9, 2))
	require.Equal(t, []string{"antidisestablishment", ""}, wrap("antidisestablishment", 9, 2))
}

// A sheet has a pixel between its images.
func TestSheet(t *testing.T) {
	uri, w, h := sheet(make([]float32, 5*16), 4, 3)
	require.Equal(t, [2]int{3*5 - 1, 2*5 - 1}, [2]int{w, h})
	require.Regexp(t, `^data:image/png;base64,`, uri)
}

func TestImagesThatAreNotThere(t *testing.T) {
	_, err := Run(t.Context(), []Lesson{imageVAE}, Options{Seed: 1, Images: "nowhere"}, nil)
	require.ErrorContains(t, err, fmt.Sprintf("images: %s", "nowhere"))
}
