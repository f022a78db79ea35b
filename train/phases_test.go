package train

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator"
	"textgan/internal/rng"
	"textgan/train/model"
	"textgan/train/rundir"
)

// tiny is a run of some milliseconds.
func tiny() Config {
	c := Options.Defaults()
	c.CorpusLines, c.Emb, c.Hidden, c.DEmb, c.DFilters, c.DWidths = 60, 6, 6, 5, 3, []int{2, 3}
	c.Batch, c.MLESteps, c.DPre, c.AdvSteps, c.Dropout = 4, 2, 2, 3, 0
	c.EvalEvery, c.EvalSamples, c.SaveEvery, c.GLR = 0, 8, 0, .01
	return c
}

// ended is what a run of tiny comes to.
type ended struct {
	*Trainer
	hash  string // of the generator's weights
	moved bool   // did they move in the adversarial phase?
}

// trained runs c in memory.
func trained(t *testing.T, c Config, d *model.Data) ended {
	t.Helper()
	tr, err := New(c, d)
	require.NoError(t, err)
	before := ""
	require.NoError(t, tr.Run(context.Background(), Watcher{
		Step: func(p Progress) {
			require.False(t, math.IsNaN(p.Loss) || math.IsInf(p.Loss, 0), "%+v", p)
			require.Positive(t, p.Tokens)
			if p.Phase != Adversarial {
				before = tr.LanguageModel().Params().Hash()
			}
		},
		Eval: func(e Evaluation) { require.False(t, math.IsNaN(e.NLL) || math.IsInf(e.NLL, 0), "%+v", e) },
	}))
	require.Equal(t, Done, tr.Phase())
	hash := tr.LanguageModel().Params().Hash()
	return ended{tr, hash, hash != before}
}

func dataOf(t *testing.T, c Config) *model.Data {
	t.Helper()
	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(t, err)
	return d
}

// Every estimator with every feedback. What a hard one emits is the one-hot, so
// feeding it back softly is feeding it back straight through; all else differs.
func TestEveryEstimatorTrains(t *testing.T) {
	c := tiny()
	d := dataOf(t, c)
	seen := map[string]string{}
	for _, info := range relaxations() {
		c.Estimator = info.Spec()
		relaxation := relaxationOf(t, info.Spec())
		for _, c.Feedback = range []string{"soft", "straight-through", "detached"} {
			end := trained(t, c, d)
			require.True(t, end.moved, "%s, %s", c.Estimator, c.Feedback)
			if relaxation.Hard() && c.Feedback == "straight-through" {
				require.Equal(t, c.Estimator+", soft", seen[end.hash])
				continue
			}
			what := c.Estimator + ", " + c.Feedback
			require.Empty(t, seen[end.hash], what)
			seen[end.hash] = what
		}
	}
}

// Every objective, with label smoothing where there are labels; it reaches the
// generator through the discriminator.
func TestEveryObjectiveTrains(t *testing.T) {
	c := tiny()
	c.AdvSteps = 5
	d := dataOf(t, c)
	seen := map[string]bool{}
	for _, o := range Objectives() {
		for _, c.LabelSmooth = range []float64{0, .2} {
			if c.Objective = o; o == Hinge && c.LabelSmooth > 0 {
				require.ErrorContains(t, c.Check(), "drop --label-smoothing")
				continue
			}
			end := trained(t, c, d)
			require.True(t, end.moved)
			require.False(t, seen[end.hash], "%s, smoothing %v", o, c.LabelSmooth)
			seen[end.hash] = true
		}
	}
}

// updates are those of likelihood training, of the discriminator and of the
// generator against it.
func updates(tr *Trainer) [3]int {
	adv := tr.phases[2].(*gan)
	return [3]int{adv.fit.(*mle).opt.Steps(), adv.d.opt.Steps(), adv.opt.Steps()}
}

// The steps of all phases are counted, and each network's steps move it alone.
func TestPhases(t *testing.T) {
	c := tiny()
	c.SpectralNorm, c.GSteps, c.DSteps, c.MLEEvery, c.MLESteps, c.DPre, c.AdvSteps = true, 2, 3, 2, 5, 4, 6
	d := dataOf(t, c)
	end := trained(t, c, d)
	require.Equal(t, [3]int{5 + 6/2, 4 + 3*6, 2 * 6}, updates(end.Trainer))
	require.Equal(t, 5+4+6, end.Step)

	for _, c := range []Config{
		func() Config { c := tiny(); c.MLESteps = 0; return c }(),
		func() Config { c := tiny(); c.DPre, c.DSteps = 0, 0; return c }(),
		func() Config { c := tiny(); c.AdvSteps = 0; return c }(),
	} {
		end := trained(t, c, d)
		want := c.MLESteps + c.AdvSteps
		if c.AdvSteps > 0 {
			want += c.DPre
		}
		require.Equal(t, want, end.Step)
	}

	tr, err := New(c, d)
	require.NoError(t, err)
	adv := tr.phases[2].(*gan)
	type hashes struct{ gen, dis, vectors string }
	now := func() hashes {
		return hashes{tr.LanguageModel().Params().Hash(), adv.d.dis.Params().Hash(), adv.d.dis.State().Hash()}
	}
	before := now()
	_, err = adv.d.update(1)
	require.NoError(t, err)
	after := now()
	require.Equal(t, before.gen, after.gen)
	require.NotEqual(t, before.dis, after.dis)
	require.NotEqual(t, before.vectors, after.vectors)
	before = after
	_, err = adv.update(1)
	require.NoError(t, err)
	after = now()
	require.NotEqual(t, before.gen, after.gen)
	require.Equal(t, before.dis, after.dis)
	require.Equal(t, before.vectors, after.vectors)
}

// A model that is loaded scores the held-out lines as its run did, last and best.
func TestLoadedModelScoresAsItsRun(t *testing.T) {
	c := tiny()
	c.MLESteps, c.LR, c.EvalEvery, c.GLR, c.Keep = 40, .02, 10, .05, 20
	dir := filepath.Join(t.TempDir(), "run")
	tr, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	nll := map[int]float64{}
	require.NoError(t, tr.Run(context.Background(), Watcher{Eval: func(e Evaluation) { nll[e.Step] = e.NLL }}))
	require.NoError(t, w.Close())
	score := func(which string) (step int, nats float64) {
		m, err := model.Load(dir, which)
		require.NoError(t, err)
		tally, err := m.NLL(tr.Data.Valid.Lines)
		require.NoError(t, err)
		return m.Step, tally.PerToken()
	}
	last, ofLast := score(rundir.Last)
	require.Equal(t, tr.Step, last)
	require.InEpsilon(t, nll[last], ofLast, 1e-6)
	best, ofBest := score(rundir.Best)
	require.InEpsilon(t, nll[best], ofBest, 1e-6)
	require.Less(t, ofBest, ofLast)
	for step, v := range nll {
		require.LessOrEqual(t, nll[best], v, "step %d", step)
	}
	again, ofStep := score(fmt.Sprint(best))
	require.Equal(t, best, again)
	require.Equal(t, ofBest, ofStep)
}

// What a run judges of itself is drawn as Model.Sample draws for the commands:
// without <unk>, which this model would write in every other sentence.
func TestSamplesOfARunAreWithoutUnk(t *testing.T) {
	c := tiny()
	c.Model, c.MinCount, c.EvalSamples = "mle", 40, 50
	dir := filepath.Join(t.TempDir(), "run")
	tr, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	play(t, tr, w, 0)
	m, err := model.Load(dir, rundir.Last)
	require.NoError(t, err)
	free, err := m.Sample(50, generator.SampleOptions{}, 1)
	require.NoError(t, err)
	require.Contains(t, strings.Join(free, "\n"), "<unk>")

	s, err := m.Generator.NewSampler(generator.SampleOptions{NoUnk: true, MaxLen: m.Config.MaxLen + 1})
	require.NoError(t, err)
	var want []string
	for _, ids := range s.Sample(50, rng.Key{Seed: c.Seed, Stream: rng.Eval, Step: uint32(m.Step)}) {
		want = append(want, m.Vocab.Decode(ids))
	}
	require.Equal(t, strings.Join(want, "\n")+"\n", read(t, dir, "samples", fmt.Sprintf("step-%d.txt", m.Step)))
}

// Likelihood training ends with the weights that validation liked best, whether
// it used up its steps or its patience.
func TestLikelihoodEndsWithTheBestWeights(t *testing.T) {
	for _, patience := range []int{0, 2} {
		c := tiny()
		c.Model, c.MLESteps, c.EvalEvery, c.LR, c.LRDecay, c.LRSchedule, c.Patience, c.Keep = "mle", 60, 5, .3, 1, "constant", patience, 20
		dir := filepath.Join(t.TempDir(), "run")
		tr, w, err := Start(c, dir, nil, rundir.Start{})
		require.NoError(t, err)
		bad := 0 // evaluations since the best
		require.NoError(t, tr.Run(context.Background(), Watcher{Eval: func(e Evaluation) {
			if bad++; e.NLL == tr.best.NLL {
				bad = 0
			}
		}}))
		require.NoError(t, w.Close())
		require.Positive(t, bad)
		if patience > 0 {
			require.Equal(t, patience, bad)
			require.Less(t, tr.Step, c.MLESteps)
		}
		m, err := model.Load(dir, rundir.Best)
		require.NoError(t, err)
		require.Equal(t, m.Generator.Params().Hash(), tr.LanguageModel().Params().Hash())
		require.Equal(t, tr.Step-bad*c.EvalEvery, m.Step)
		m, err = model.Load(dir, rundir.Last)
		require.NoError(t, err)
		require.Equal(t, tr.Step, m.Step)
		require.Equal(t, tr.LanguageModel().Params().Hash(), m.Generator.Params().Hash())
		again, w, err := Resume(dir, nil, rundir.Start{})
		require.NoError(t, err)
		require.NoError(t, again.Run(context.Background(), Watcher{Step: func(Progress) { t.Error("the run is over") }}))
		require.NoError(t, w.Close())
		require.Equal(t, tr.Hash(), again.Hash())
	}
}
