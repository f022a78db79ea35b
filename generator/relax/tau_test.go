package relax

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
)

func schedule(t *testing.T, spec string, steps int) Schedule {
	s, err := ParseSchedule(spec, steps)
	require.NoError(t, err, spec)
	return s
}

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		spec string
		step int
		tau  float64
	}{
		{"0.7", 5, 0.7},
		{"constant", 5, 1},
		{"jang:rate=1e-3,min=0.2", 1000, math.Exp(-1)},
		{"jang:rate=1e-3,min=0.2", 9000, 0.2},
		{"jang:rate=1e-3,min=0.2,every=500", 999, math.Exp(-0.5)},
		{"linear:from=2,to=1", 25, 1.75},
		{"linear:from=2,to=1", 1000, 1},
		{"exponential:from=1,to=0.01", 50, 0.1},
		{"exponential:from=1,to=0.01,steps=10", 50, 0.01},
		// RelGAN with beta 100 over 100 steps, in beta.
		{"relgan-no", 0, 1 / 100.0},
		{"relgan-lin", 99, 1 / 100.0},
		{"relgan-lin", 33, 1 / 34.0},
		{"relgan-exp", 50, 1 / 10.0},
		{"relgan-log", 9, 1 / (1 + 99*math.Log(10)/math.Log(100))},
		{"relgan-sigmoid", 50, 1 / 50.5},
		{"relgan-quad", 33, 1 / 12.0},
		{"relgan-sqrt", 99, 1 / 100.0},
		{"relgan-exp:beta=4,steps=10", 400, 1 / 4.0},
	} {
		require.InEpsilon(t, c.tau, schedule(t, c.spec, 100).At(c.step), 1e-12, c.spec)
	}
	for _, i := range Schedules() {
		schedule(t, i.Name, 10)
	}
	for spec, say := range map[string]string{
		"relgan-cubic":                     "is unknown",
		"linear:from=0":                    "from must be a positive number",
		"jang:rate=x":                      "rate must be a positive number",
		"constant:t=1":                     `no option "t"`,
		"adaptive:max-prob=1":              "below 1",
		"adaptive:entropy=1,max-prob=0.5":  "not both",
		"adaptive:min=3,max=2":             "min is above max",
		"-1":                               "is unknown",
		"constant:tau=NaN":                 "positive number",
		"adaptive:start=1,entropy=1,foo=2": `no option "foo"`,
	} {
		_, err := ParseSchedule(spec, 10)
		require.ErrorContains(t, err, say, spec)
	}
}

// The controller finds the tau that gives the target, from either side, and
// goes on from a stored state as if it had not stopped.
func TestAdaptive(t *testing.T) {
	e := parse[float32](t, "gumbel-softmax")
	logits := rowOf[float32](30, 4, 2)
	for _, spec := range []string{"adaptive:entropy=0.9,start=10", "adaptive:entropy=0.9,start=0.1", "adaptive:max-prob=0.7,start=10"} {
		a := schedule(t, spec, 0).(*Adaptive)
		run := func(a *Adaptive, from, to int) (mean float64) {
			row := make([]float32, len(logits))
			for step := from; step < to; step++ {
				var seen float64
				for r := range uint32(64) {
					copy(row, logits)
					e.Forward(row, float32(a.At(step)), rng.Key{Seed: 1, Stream: rng.Noise, Step: uint32(step), Row: r})
					seen += a.Of.Of(row) / 64
				}
				a.Observe(seen)
				mean += seen / float64(to-from)
			}
			return mean
		}
		run(a, 0, 150)
		b := schedule(t, spec, 0).(*Adaptive)
		b.Restore(a.State())
		mean := run(a, 150, 250)
		require.InDelta(t, a.Target, mean, 0.03, spec)
		run(b, 150, 250)
		require.Equal(t, a.State(), b.State())

		before := a.State()
		a.Observe(math.NaN())
		require.Equal(t, before, a.State())
		for range 1000 {
			a.Observe(0)
		}
		require.Contains(t, []float64{a.Min, a.Max}, a.State())
	}
}

func TestStatistic(t *testing.T) {
	require.InDelta(t, math.Log(4), MeanEntropy.Of([]float32{0.25, 0.25, 0.25, 0.25}), 1e-12)
	require.Zero(t, MeanEntropy.Of([]float32{0, 1}))
	require.InDelta(t, 0.7, MeanMaxProb.Of([]float32{0.3, 0.7}), 1e-7)
}

// A schedule that leaves the temperatures which float32 can tell apart is refused
// before the first step.
func TestScheduleKeepsToTheRange(t *testing.T) {
	for _, spec := range []string{"1e-9", "0.00009", "20000", "exponential:from=1,to=1e-8", "linear:from=1e-5,to=1", "relgan-exp:beta=20000", "adaptive:min=1e-9", "jang:min=1e-5,rate=1"} {
		_, err := ParseSchedule(spec, 100)
		require.ErrorContains(t, err, "it must stay in [0.0001, 10000]", spec)
	}
	for _, spec := range []string{"0.001", "1000", "relgan-exp:beta=1000", "relgan-sigmoid:beta=1000", "relgan-quad:beta=1000", "relgan-log:beta=1000"} {
		_, err := ParseSchedule(spec, 100)
		require.NoError(t, err, spec)
	}
}
