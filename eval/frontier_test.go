package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestFrontierJudges(t *testing.T) {
	curve := []Point{ // given out of order, one temperature with three seeds
		{Temperature: 0.8, X: 0.6, Y: 0.4, ErrX: 0.01, ErrY: 0.01},
		{Temperature: 1.0, X: 0.39, Y: 0.31, ErrX: 0.01, ErrY: 0.01},
		{Temperature: 1.0, X: 0.41, Y: 0.29, ErrX: 0.01, ErrY: 0.01},
		{Temperature: 1.0, X: 0.40, Y: 0.30, ErrX: 0.01, ErrY: 0.01},
		{Temperature: 0.6, X: 0.9, Y: 0.46},
	}
	f, err := NewFrontier(BLEUAxes(4), curve)
	require.NoError(t, err)
	require.Len(t, f.Points(), 3)
	first, third := f.Points()[0], 0.01/math.Sqrt(3) // spread .01, as the errors
	require.InDeltaSlice(t, []float64{0.4, 0.3, third, third}, []float64{first.X, first.Y, first.ErrX, first.ErrY}, 1e-12)
	require.Equal(t, "BLEU-4", f.Axes().Y)

	for _, c := range []struct {
		name string
		p    Point
		want Place
		gap  float64
	}{
		{"above", Point{X: 0.5, Y: 0.42}, Outside, 0.07},
		{"below", Point{X: 0.5, Y: 0.30}, Inside, -0.05},
		{"above but uncertain", Point{X: 0.5, Y: 0.42, ErrY: 0.05}, WithinNoise, 0.07},
		{"above but where is uncertain", Point{X: 0.5, Y: 0.42, ErrX: 0.1}, WithinNoise, 0.07},
		{"on the line", Point{X: 0.75, Y: 0.43}, WithinNoise, 0},
		{"on a corner", Point{X: first.X, Y: 0.3}, WithinNoise, 0},
		{"on the last corner", Point{X: 0.9, Y: 0.40}, Inside, -0.06},
		{"more diverse and better than a corner", Point{X: 0.3, Y: 0.35}, Outside, 0.05},
		{"more diverse, worse", Point{X: 0.3, Y: 0.2}, BeyondSweep, -0.1},
		{"more diverse, but that is uncertain", Point{X: 0.39, Y: 0.33, ErrX: 0.05}, WithinNoise, 0.07},
		{"that, and may be worse", Point{X: 0.39, Y: 0.305, ErrX: 0.05, ErrY: 0.01}, BeyondSweep, 0.005},
		{"less diverse, worse than a corner", Point{X: 0.95, Y: 0.4}, Inside, -0.06},
		{"less diverse, better", Point{X: 0.95, Y: 0.5}, BeyondSweep, 0.04},
	} {
		v, err := f.Judge(c.p, 0)
		require.NoError(t, err)
		require.Equal(t, c.want, v.Place, c.name)
		require.InDelta(t, c.gap, v.Gap, 1e-12, c.name)
		require.False(t, v.Corner, "the gap tells")
	}

	// The same picture upside down.
	for i := range curve {
		curve[i].Y = -curve[i].Y
	}
	f, err = NewFrontier(LMAxes(), curve)
	require.NoError(t, err)
	v, err := f.Judge(Point{X: 0.5, Y: -0.42}, 0)
	require.NoError(t, err)
	require.Equal(t, Outside, v.Place)
	require.InDelta(t, 0.07, v.Gap, 1e-12)
	v, err = f.Judge(Point{X: 0.95, Y: -0.4}, 0)
	require.NoError(t, err)
	require.Equal(t, Inside, v.Place)
}

func TestFrontierGolden(t *testing.T) {
	type point struct{ X, Y, Ex, Ey float64 }
	var cases []struct {
		Lower         bool
		Curve, Points []point
		Verdicts      []struct {
			Place      Place
			Gap, Error float64
			Across     bool
		}
	}
	golden(t, "frontier.json", &cases)
	for _, c := range cases {
		axes := BLEUAxes(5)
		if c.Lower {
			axes = LMAxes()
		}
		var curve []Point
		for i, p := range c.Curve {
			curve = append(curve, Point{Temperature: float64(len(c.Curve) - i), X: p.X, Y: p.Y, ErrX: p.Ex, ErrY: p.Ey})
		}
		f, err := NewFrontier(axes, curve)
		require.NoError(t, err)
		for i, p := range c.Points {
			v, err := f.Judge(Point{X: p.X, Y: p.Y, ErrX: p.Ex, ErrY: p.Ey}, 0.95)
			require.NoError(t, err)
			w := c.Verdicts[i]
			require.Equal(t, w.Place, v.Place)
			require.InDelta(t, w.Gap, v.Gap, 1e-12)
			require.InDelta(t, w.Error, v.ErrGap, 1e-12)
			require.Equal(t, w.Across, v.Across)
		}
	}
}

// A generator that is on the curve is called outside or inside as often as the
// confidence allows.
func TestFrontierErrorRate(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const runs, sd = 4000, 0.01
	noisy := func(temperature, x float64) Point {
		return Point{Temperature: temperature, X: x + sd*r.NormFloat64(), Y: 0.2 + 0.5*x + sd*r.NormFloat64(), ErrX: sd, ErrY: sd}
	}
	wrong, wrongAtEnd := 0, 0
	for range runs {
		f, err := NewFrontier(BLEUAxes(5), []Point{noisy(1, 0.3), noisy(0.8, 0.5), noisy(0.6, 0.7)})
		require.NoError(t, err)
		v, err := f.Judge(noisy(1, 0.42), 0.9)
		require.NoError(t, err)
		if v.Place != WithinNoise {
			wrong++
		}
		v, err = f.Judge(noisy(1, 0.3), 0.9) // compared across in about half of the cases
		require.NoError(t, err)
		if v.Place == Outside || v.Place == Inside {
			wrongAtEnd++
		}
	}
	require.InDelta(t, 0.1, float64(wrong)/runs, 4*math.Sqrt(0.09/runs)+0.005) // 0.005: the curve is known to first order
	require.InDelta(t, 0.1, float64(wrongAtEnd)/runs, 4*math.Sqrt(0.09/runs)+0.02, wrongAtEnd)
}

// The same for means of a few seeds, each of which errs along the curve far more than
// beside it, as BLEU and self-BLEU do, and equally at all temperatures.
func TestFrontierErrorRateOfSeeds(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	const runs, along, beside, sampling = 3000, 0.03, 0.004, 0.001
	family := func(n int, at ...float64) (points []Point) {
		seeds := make([][]Point, len(at))
		for range n {
			dx, dy := along*r.NormFloat64(), beside*r.NormFloat64()
			for i, x := range at {
				p := Point{Temperature: x, X: x + dx + sampling*r.NormFloat64(), ErrX: sampling, ErrY: sampling}
				p.Y = 0.2 + 0.5*(x+dx) + dy + sampling*r.NormFloat64()
				seeds[i] = append(seeds[i], p)
			}
		}
		for _, s := range seeds {
			points = append(points, Average(s))
		}
		return points
	}
	for _, n := range []int{2, 3, 5} {
		wrong, errs := 0, 0.0
		for range runs {
			f, err := NewFrontier(BLEUAxes(5), family(n, 0.3, 0.5, 0.7))
			require.NoError(t, err)
			v, err := f.Judge(family(n, 0.42)[0], 0.9)
			require.NoError(t, err)
			if errs += v.ErrGap; v.Place == Outside || v.Place == Inside {
				wrong++
			}
		}
		rate := float64(wrong) / runs
		require.True(t, rate > 0.03 && rate < 0.12, "%d seeds: %v", n, rate) // Welch's is cautious for very few
		require.InDelta(t, beside*math.Sqrt(2/float64(n)), errs/runs, 0.3*beside, "%d seeds", n)
	}
}

func TestFrontierErrors(t *testing.T) {
	_, err := NewFrontier(BLEUAxes(2), []Point{{Temperature: 1, X: 1}, {Temperature: 1, X: 2}})
	require.ErrorContains(t, err, "at least two temperatures")
	_, err = NewFrontier(BLEUAxes(2), []Point{{Name: "mle", X: math.NaN()}})
	require.ErrorContains(t, err, `point "mle" at temperature 0 is (NaN`)
	f, err := NewFrontier(BLEUAxes(2), []Point{{Temperature: 1, X: 1}, {Temperature: 2, X: 2}})
	require.NoError(t, err)
	_, err = f.Judge(Point{ErrX: -1}, 0)
	require.Error(t, err)
	_, err = f.Judge(Point{}, 2)
	require.ErrorContains(t, err, "confidence 2")
}

// Too high a temperature can cost quality and diversity at once, as the reverse
// LM score sees it. Such a point must not pull the curve down.
func TestFrontierLeavesDominatedPointsOut(t *testing.T) {
	good := []Point{{Temperature: 0.8, X: 5.3, Y: 4.8}, {Temperature: 0.6, X: 5.7, Y: 4.1}}
	bad := []Point{{Temperature: 1, X: 5.35, Y: 5.5}, {Temperature: 1.1, X: 5.3, Y: 6}, {Temperature: 1.2, X: 5.8, Y: 4.1}}
	f, err := NewFrontier(LMAxes(), append(bad, good...))
	require.NoError(t, err)
	require.Equal(t, good, f.Points())
	require.Equal(t, []float64{1.1, 1, 1.2}, []float64{f.Dominated()[0].Temperature, f.Dominated()[1].Temperature, f.Dominated()[2].Temperature})
	v, err := f.Judge(Point{X: 5.36, Y: 5.3}, 0)
	require.NoError(t, err)
	require.Equal(t, Inside, v.Place)

	f, err = NewFrontier(LMAxes(), []Point{good[0], bad[0]}) // one corner
	require.NoError(t, err)
	for at, want := range map[[2]float64]Place{{5.2, 5}: Outside, {5.2, 5.6}: BeyondSweep, {5.3, 5}: Inside, {5.4, 5}: Inside} {
		v, err := f.Judge(Point{X: at[0], Y: at[1]}, 0)
		require.NoError(t, err)
		require.Equal(t, want, v.Place, "%v", at)
	}
}

// A sweep that goes on past its corners tells of what is there: captions at T = 1.1 are worse than
// at 1, and no more diverse. What is past the sweep as well may be where it has not been.
func TestFrontierPastTheCorners(t *testing.T) {
	at := func(tau, x, ex, y, ey float64) Point { return Point{Temperature: tau, X: x, Y: y, ErrX: ex, ErrY: ey} }
	corners := []Point{at(.8, 4.1135, .0053, 2.7622, .0141), at(.9, 4.0397, .0051, 3.1638, .0106), at(1, 3.9972, .0049, 3.5916, .0103)}
	hotter := at(1.1, 3.9977, .0046, 4.0291, .0098)
	colder := at(.7, 4.3, .0053, 2.8, .0141)
	judge := func(p Point, curve ...Point) Verdict {
		f, err := NewFrontier(LMAxes(), curve)
		require.NoError(t, err)
		require.Len(t, f.Points(), 3)
		v, err := f.Judge(p, 0)
		require.NoError(t, err)
		return v
	}
	real := at(0, 3.7463, .0164, 3.7196, .0162)
	require.Equal(t, BeyondSweep, judge(real, corners...).Place)
	v := judge(real, append(corners, hotter)...)
	require.Equal(t, Outside, v.Place)
	require.True(t, v.Across)
	require.InDelta(t, 3.9972-3.7463, v.Gap, 1e-12)
	for _, c := range []struct {
		name string
		p    Point
		want Place
	}{
		{"better than T=1.1 in both, and no more diverse than T=1", at(1, 3.9878, .0048, 3.7495, .0058), WithinNoise},
		{"the same, more diverse", at(1, 3.97, .0048, 3.7495, .0058), Outside},
		{"as good as T=1.1 and more diverse", at(1, 3.97, .0048, 4.03, .0058), Outside},
		{"as good as T=1.1 and no more diverse", at(1, 3.99, .0048, 4.03, .0058), BeyondSweep},
		{"worse than T=1.1", at(1, 3.97, .0048, 4.1, .0058), BeyondSweep},
		{"less diverse than T=1, worse", at(1, 4.01, .0048, 3.9, .0058), Inside},
		{"colder than the sweep", at(.6, 4.2, .0048, 2.5, .0058), BeyondSweep},
	} {
		require.Equal(t, c.want, judge(c.p, append(corners, hotter)...).Place, c.name)
	}
	for _, c := range []struct {
		name string
		p    Point
		want Place
	}{
		{"better than T=.8, in reach of T=.7", at(.6, 4.2, .0048, 2.5, .0058), Outside},
		{"no better than T=.8", at(.6, 4.2, .0048, 2.75, .0058), WithinNoise},
		{"worse", at(.6, 4.2, .0048, 2.85, .0058), Inside},
		{"out of reach", at(.6, 4.31, .0048, 2.5, .0058), BeyondSweep},
	} {
		require.Equal(t, c.want, judge(c.p, append(corners, colder)...).Place, c.name)
	}

	// T = .9 has come out worse by chance: it tells of no end, and beating it does not count.
	amid := at(.9, 4.12, .02, 3.3, .1)
	p := at(1, 4.075, .0051, 3.0, .03)
	line := append([]Point{at(.7, 4.3, .0053, 2.4, .0141)}, corners[0], corners[2])
	require.Equal(t, WithinNoise, judge(p, line...).Place)
	require.Equal(t, WithinNoise, judge(p, append(line, amid)...).Place)
	require.Equal(t, BeyondSweep, judge(real, append(line, at(.9, 4.0397, .0051, 4, .1))...).Place)

	// Where more is no better nothing is beaten, and a plane of copies has no such ends.
	copies := []Point{at(1, .4, .001, .54, .001), at(.9, .43, .001, .55, .001), at(.8, .5, .001, .53, .001)}
	f, err := NewFrontier(CopyAxes(5), copies)
	require.NoError(t, err)
	v, err = f.Judge(at(1, .48, .001, .56, .001), 0)
	require.NoError(t, err)
	require.Equal(t, BeyondSweep, v.Place)
}

// Points drawn from the curve itself are outside in at most 3 of 40 cases, also where
// the stated errors leave out what another sample would give: here a sample scatters
// three times as much as it says. Four samples show that, one does not. The sweep goes on
// where the curve turns back, and so do the points, at its temperatures and between them. A
// point that beats a corner in both coordinates is outside.
func TestFrontierAgainstItself(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	const runs, ex, ey, scatter = 2000, 0.01, 0.02, 3
	for _, c := range []struct{ turn, back float64 }{{1, 1.9}, {1, .2}, {1.05, 1.9}} { // the most diverse temperature, and how much diversity is lost past it
		noisy := func(tau float64, repeats int) Point {
			var all []Point
			bend := c.back
			if tau < c.turn {
				bend = 1.9
			}
			for range repeats {
				all = append(all, Point{Temperature: tau, ErrX: ex, ErrY: ey,
					X: 4.71 + bend*(c.turn-tau)*(c.turn-tau) + scatter*ex*r.NormFloat64(),
					Y: 5.06 - 3.35*(1-tau) + scatter*ey*r.NormFloat64()})
			}
			return Average(all)
		}
		for _, repeats := range []int{1, 4} {
			corners, hotter := 0, 0
			outside := map[string]int{}
			for range runs {
				var curve []Point
				for _, tau := range []float64{0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.3} {
					curve = append(curve, noisy(tau, repeats))
				}
				f, err := NewFrontier(LMAxes(), curve)
				require.NoError(t, err)
				corners, hotter = corners+len(f.Points()), hotter+len(f.hotter)
				for _, p := range []struct {
					where string
					tau   float64
				}{{"before", 0.55 + 0.4*r.Float64()}, {"at the turn", c.turn}, {"1.1", 1.1}, {"1.2", 1.2}, {"past", c.turn + (1.3-c.turn)*r.Float64()}} {
					v, err := f.Judge(noisy(p.tau, repeats), 0.95)
					require.NoError(t, err)
					if v.Place == Outside {
						outside[p.where]++
					}
				}
			}
			require.Greater(t, corners, 5*runs, "the curve has corners to be judged by")
			require.Greater(t, hotter, runs, "and goes on past them")
			if repeats == 1 {
				require.Greater(t, outside["before"], runs*3/40, "one sample each does not do")
				continue
			}
			for where, n := range outside {
				require.LessOrEqual(t, n, runs*3/40, "%v %s", c, where)
			}
		}
	}

	f, err := NewFrontier(LMAxes(), []Point{{Temperature: 1, X: 4.712, Y: 5.06, ErrX: .003, ErrY: .01}, {Temperature: .9, X: 4.724, Y: 4.71, ErrX: .003, ErrY: .01}, {Temperature: .8, X: 4.787, Y: 4.39, ErrX: .003, ErrY: .01}})
	require.NoError(t, err)
	v, err := f.Judge(Point{X: 4.711, Y: 4.65, ErrX: .003, ErrY: .01}, 0.95)
	require.NoError(t, err)
	require.Equal(t, Outside, v.Place, "beats T=.9 in both scores")
	v, err = f.Judge(Point{X: 4.714, Y: 5.0, ErrX: .003, ErrY: .01}, 0.95)
	require.NoError(t, err)
	require.NotEqual(t, Outside, v.Place)

	f, err = NewFrontier(LMAxes(), []Point{{Temperature: 1, X: 4.712, Y: 5.06, ErrX: .02, ErrY: .01}, {Temperature: .9, X: 4.724, Y: 4.71, ErrX: .003, ErrY: .01}, {Temperature: .8, X: 4.787, Y: 4.39, ErrX: .003, ErrY: .01}})
	require.NoError(t, err)
	v, err = f.Judge(Point{X: 4.713, Y: 4.65, ErrX: .003, ErrY: .01}, 0.95)
	require.NoError(t, err)
	require.Equal(t, Outside, v.Place, "beats T=.9 in both scores")
	require.True(t, v.Corner)
	require.Less(t, v.Gap, v.noise(.95), "the gap alone does not tell")
}

// What a temperature beats in both scores is inside, also past a cold end that is so steep that
// the gap there tells nothing, as of a generator that has collapsed.
func TestFrontierBeatenPastTheEnd(t *testing.T) {
	at := func(tau, x, y float64) Point { return Point{Temperature: tau, X: x, Y: y, ErrX: .02, ErrY: .02} }
	f, err := NewFrontier(LMAxes(), []Point{at(1, 4, 4), at(.8, 4.2, 3), at(.6, 4.21, 2.5)})
	require.NoError(t, err)
	for _, c := range []struct {
		x, y   float64
		want   Place
		corner bool
	}{
		{4.5, 3.2, Inside, true},
		{4.24, 3.2, BeyondSweep, false}, // as diverse as T=.8 within noise
		{4.5, 2.4, BeyondSweep, false},
	} {
		v, err := f.Judge(Point{X: c.x, Y: c.y, ErrX: .02, ErrY: .02}, 0)
		require.NoError(t, err)
		require.Equal(t, c.want, v.Place, "%v", c)
		require.Equal(t, c.corner, v.Corner)
	}
}
