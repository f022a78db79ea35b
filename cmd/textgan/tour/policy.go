package tour

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"textgan/cmd/textgan/tour/gridworld"
	"textgan/eval/plot"
)

var policy = Lesson{
	Name: "policy", Title: "A policy",
	Sentences: []string{
		"A walker draws one of four moves in every cell until it reaches the goal, falls into a hole, or has made twelve. What a policy earns on average is a sum over cells and steps, so the true gradient is known, and every estimate can be held against it.",
		"A score function needs no more than what walks have earned. Its variance falls with a baseline, with the mean of the other walks, and most if all four moves are tried in every cell, which costs more moves.",
		"A relaxation differentiates the world instead. A soft walker stands in many cells at once and pays in all of them: its gradient has little variance, a large bias, and here it learns to stay at home. Hard moves with a relaxed gradient do better, and ReinMax better still.",
	},
	Formula: "∇E[R] = E[Σₜ (Rₜ − b) ∇ log p(moveₜ | cellₜ)]",
	Next:    "textgan eval variance --problem builtin:short-sequence",
	Sources: []Source{{"textgan/cmd/textgan/tour/gridworld", "NewTrainer"}, {"textgan/cmd/textgan/tour/gridworld", "World.Gradient"}, {"textgan/generator/relax", "New"}},
	compute: computePolicy,
}

// walkerMap is the world of the lesson, walkerMoves the length of an episode.
var walkerMap = []string{"S...X", ".#.#.", "...#.", "X#..G"}

const walkerMoves, walkerBatch = 12, 16

// walkers are the ways to train: score functions, of which there are scoreWalkers, then
// relaxations.
var walkers = []struct{ name, spec, tag string }{
	{"REINFORCE", "reinforce", "reinforce"},
	{"REINFORCE, average of before", "reinforce-moving-average", "baseline"},
	{"REINFORCE, leaving one out", "rloo", "rloo"},
	{"all four moves", "all-action:k=4", "all-action"},
	{"Gumbel-Softmax, soft walker", "gumbel-softmax", "gumbel-softmax"},
	{"straight-through Gumbel", "st-gumbel", "st-gumbel"},
	{"ReinMax", "reinmax", "reinmax"},
}

const scoreWalkers = 4

func computePolicy(ctx context.Context, o Options, r *Results) error {
	world, err := gridworld.NewWorld(walkerMap, walkerMoves)
	if err != nil {
		return err
	}
	seeds, steps, draws := 3, 200, 150
	if o.small {
		seeds, steps, draws = 1, 40, 40
	}
	const looks = 20 // at the return while a policy learns
	uniform := make([]float32, world.Cells()*4)
	r.Add("best", world.Best(), "greatest return there is")
	r.Add("uniform", world.Return(uniform), "return of moves that are all as likely")

	learning := func(of string) plot.Chart {
		return plot.Chart{Title: "Return with " + of, X: plot.Axis{Label: "episodes", Lo: 0, Hi: float64(steps * walkerBatch)}, Y: plot.Axis{Label: "return of an episode", Lo: -.4, Hi: .95},
			Text: "The exact return of the policy over the episodes it has learnt from, by " + of + ", in the mean of some seeds, and the greatest return there is."}
	}
	charts := []plot.Chart{learning("score functions"), learning("relaxations of the world")}
	best := plot.Points{X: []float64{0, float64(steps * walkerBatch)}, Y: []float64{world.Best(), world.Best()}}
	var names, arrows, texts, values []string
	states := [][]float32{uniform} // policies to measure gradients at: those of rloo
	for k, way := range walkers {
		curve := plot.Points{X: make([]float64, looks+1), Y: make([]float64, looks+1)}
		moved := 0
		for seed := range seeds {
			t, err := gridworld.NewTrainer(world, gridworld.Options{Estimator: way.spec, Tau: "1", Batch: walkerBatch, Steps: steps, LR: .05, Seed: o.Seed + uint64(seed)})
			if err != nil {
				return err
			}
			for i := range looks + 1 {
				if i > 0 {
					if err := take(ctx, steps/looks, t.Step); err != nil {
						return err
					}
				}
				episodes := i * steps / looks * walkerBatch
				curve.X[i] = float64(episodes)
				curve.Y[i] += world.Return(t.Logits()) / float64(seeds)
				if seed == 0 && i%4 == 0 {
					arrows = append(arrows, arrowsOf(world, t.Logits()))
					texts = append(texts, fmt.Sprintf("return %.3f of at most %.3f after %d episodes", world.Return(t.Logits()), world.Best(), episodes))
					if k == 0 {
						values = append(values, fmt.Sprint(episodes))
					}
				}
				if seed == 0 && way.tag == "rloo" && (i == 6 || i == looks) {
					states = append(states, slices.Clone(t.Logits()))
				}
			}
			moved += t.Moved()
		}
		names = append(names, way.name)
		c := &charts[k/scoreWalkers]
		c.Layers = append(c.Layers, plot.Layer{Name: way.name, Colour: k % scoreWalkers, Frames: []plot.Points{curve}})
		r.Add("return-"+way.tag, curve.Y[looks], "return after %d episodes with %s, mean of %d seeds", steps*walkerBatch, way.name, seeds)
		r.Add("moves-"+way.tag, float64(moved)/float64(seeds), "moves made to get there")
	}
	for _, c := range charts {
		c.Layers = append(c.Layers, plot.Layer{Name: "the greatest there is", Colour: 6, Size: 1, Frames: []plot.Points{best}})
		r.Draw(c, nil, nil)
	}
	drawWorld(r, world, names, values, arrows, texts)
	return qualities(ctx, r, o, world, states, draws)
}

// qualities is a picture of bias and variance at some policies.
func qualities(ctx context.Context, r *Results, o Options, world *gridworld.World, states [][]float32, draws int) error {
	var rows []string
	var ticks []float64
	for k, way := range walkers {
		rows, ticks = append(rows, way.tag), append(ticks, float64(len(walkers)-1-k))
	}
	variance := plot.Layer{Name: "deviation of one estimate", Colour: 0, Kind: plot.Lying, Size: .36}
	bias := plot.Layer{Name: "bias", Colour: 1, Kind: plot.Lying, Size: .36}
	chance := plot.Layer{Name: "bias that chance would show", Colour: 6, Kind: plot.Dots, Size: 7}
	var texts []string
	for i, logits := range states {
		var v, b, c plot.Points
		norm := 0.0
		for k, way := range walkers {
			if err := ctx.Err(); err != nil {
				return context.Cause(ctx)
			}
			t, err := gridworld.NewTrainer(world, gridworld.Options{Estimator: way.spec, Tau: "1", Batch: walkerBatch, Steps: 1, Seed: o.Seed})
			if err != nil {
				return err
			}
			copy(t.Logits(), logits)
			q, err := t.Quality(draws)
			if err != nil {
				return err
			}
			if i == 0 {
				if k == 0 {
					r.Add("gradient", q.Norm, "length of the exact gradient where all moves are as likely")
				}
				r.Add("bias-"+way.tag, q.Bias, "distance of the mean of %d estimates from it, of %d episodes each, with %s", draws, walkerBatch, way.name)
				r.Add("chance-"+way.tag, q.Error, "the distance that is expected without a bias")
				r.Add("variance-"+way.tag, q.Variance, "summed variance of one estimate")
			}
			norm = q.Norm
			y := ticks[k]
			v.Add(math.Sqrt(q.Variance), y+.2)
			b.Add(q.Bias, y-.2)
			c.Add(q.Error, y-.2)
		}
		variance.Frames, bias.Frames, chance.Frames = append(variance.Frames, v), append(bias.Frames, b), append(chance.Frames, c)
		texts = append(texts, fmt.Sprintf("length of the exact gradient: %.3g", norm))
	}
	r.Draw(plot.Chart{
		Title: "Error of the gradient", Width: 360, Height: 310,
		X:      plot.Axis{Label: "distance from the exact gradient", Log: true, Lo: 1e-4, Hi: 3},
		Y:      plot.Axis{Ticks: ticks, Names: rows, Lo: -.6, Hi: float64(len(walkers)) - .4},
		Text:   "For each estimator two bars: the standard deviation of an estimate from sixteen episodes, and the distance of the mean of many from the exact gradient, with a dot where chance alone would put it. The soft walker has the least deviation and the largest bias.",
		Layers: []plot.Layer{variance, bias, chance},
	}, []Control{{Label: "policy", Values: []string{"all moves alike", "while learning", "learnt"}[:len(states)], Names: true}}, texts)
	return nil
}

const cellSize = 64

// drawWorld is the map with the moves of policies.
func drawWorld(r *Results, w *gridworld.World, names, values, arrows, texts []string) {
	d := newDrawing("The walker's moves", "The map of the world: a start at the upper left, a goal at the lower right, two holes and walls. In every cell four arrows, as long as their moves are likely.", w.Wide*cellSize+20, w.High*cellSize+20)
	var floor, wall strings.Builder
	for s := range w.Cells() {
		to := &floor
		if w.Cell(s) == '#' {
			to = &wall
		}
		fmt.Fprintf(to, "M%d %dh%dv%dh-%dz", 10+s%w.Wide*cellSize, 10+s/w.Wide*cellSize, cellSize, cellSize, cellSize)
	}
	d.path(`class="tg-grid" fill="none" style="stroke:var(--line)"`, 0, floor.String())
	d.path(`style="fill:var(--soft)"`, 0, wall.String())
	for s := range w.Cells() {
		if name, ok := map[byte]string{'G': "goal", 'X': "hole", 'S': "start"}[w.Cell(s)]; ok {
			y := 10 + s/w.Wide*cellSize
			if name == "start" {
				y -= cellSize/2 - 8
			}
			d.write(float64(10+s%w.Wide*cellSize+cellSize/2), float64(y+cellSize/2+4), `text-anchor="middle"`, 0, name)
		}
	}
	start := 2*len(values) + len(values) - 1
	d.path(`fill="none" stroke-width="2.5" stroke-linecap="round" style="stroke:var(--accent)"`, start, arrows...)
	d.add(r, []Control{{Label: "estimator", Values: names, Names: true, Start: 2}, {Label: "episodes", Values: values, Start: len(values) - 1}}, texts)
}

// arrowsOf is the path of the arrows of a policy.
func arrowsOf(w *gridworld.World, logits []float32) string {
	var b strings.Builder
	p := w.Probabilities(logits)
	for s := range w.Cells() {
		if c := w.Cell(s); c == '#' || c == 'G' || c == 'X' {
			continue
		}
		x, y := 10+s%w.Wide*cellSize+cellSize/2, 10+s/w.Wide*cellSize+cellSize/2
		for a, step := range [4][2]int{{0, -1}, {1, 0}, {0, 1}, {-1, 0}} {
			long := int(math.Round(p[s*4+a] * (cellSize/2 - 6)))
			if long < 2 {
				continue
			}
			fmt.Fprintf(&b, "M%d %dl%d %d", x, y, step[0]*long, step[1]*long)
			if long > 8 { // its head
				fmt.Fprintf(&b, "m%d %dl%d %dl%d %d", -4*step[0]-3*step[1], -4*step[1]-3*step[0], 4*step[0]+3*step[1], 4*step[1]+3*step[0], -4*step[0]+3*step[1], -4*step[1]+3*step[0])
			}
		}
	}
	return b.String()
}
