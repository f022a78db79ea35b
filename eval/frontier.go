package eval

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
)

// A Point is one generator at one temperature: its diversity on X, its quality
// on Y, with standard errors.
type Point struct {
	Name        string  `json:"name"`
	Temperature float64 `json:"temperature"`
	X           float64 `json:"x"`
	Y           float64 `json:"y"`
	ErrX        float64 `json:"std_err_x"`
	ErrY        float64 `json:"std_err_y"`
	Cov         float64 `json:"covariance"`   // of both errors; of a mean its points tell
	Of          []Point `json:"of,omitempty"` // what the point is the mean of: its seeds, or samples of the one that it has

	Signatures [2]string `json:"-"` // of X and Y, equal for all that is compared
}

// Axes say what a frontier compares. X has to be a metric of which less is
// better (self-BLEU, reverse LM score: less means more diverse); of Y less or
// more may be better.
type Axes struct {
	X, Y         string
	LowerYBetter bool
	Copies       bool // Y is what is copied, more of it no better: places are CopiesMore and CopiesLess, by the gap alone
}

// BLEUAxes is self-BLEU-n against BLEU-n.
func BLEUAxes(n int) Axes {
	return Axes{X: fmt.Sprintf("self-BLEU-%d", n), Y: fmt.Sprintf("BLEU-%d", n)}
}

// LMAxes is the reverse LM score against the LM score, in nats per token.
func LMAxes() Axes {
	return Axes{X: "reverse LM score", Y: "LM score", LowerYBetter: true}
}

// CopyAxes is self-BLEU-n against the longest run that a line copies from the training text,
// as a share of the line. A model that is colder repeats itself more, and copies more.
func CopyAxes(n int) Axes {
	return Axes{X: fmt.Sprintf("self-BLEU-%d", n), Y: "longest copy", Copies: true}
}

// Place says where a point lies with respect to a curve.
type Place string

const (
	// Outside: better than the curve at the same diversity.
	Outside Place = "outside"
	// Inside: worse than the curve at the same diversity.
	Inside Place = "inside"
	// WithinNoise: the gap is no larger than chance explains.
	WithinNoise Place = "within noise"
	// CopiesMore: copies more of the training text than the curve at the same diversity.
	CopiesMore Place = "copies more"
	// CopiesLess: copies less of it.
	CopiesLess Place = "copies less"
	// BeyondSweep: past the end of what was swept, where another temperature might
	// come. Sweep the curve over more temperatures.
	BeyondSweep Place = "beyond the sweep"
)

// A Verdict on one point.
type Verdict struct {
	Place Place `json:"place"`
	// Gap is how much better than the curve the point is in Y at its X,
	// negative if it is worse. ErrGap is its standard error.
	Gap    float64 `json:"gap"`
	ErrGap float64 `json:"std_err"`
	// Freedom is the degrees of freedom of ErrGap, if it comes from a spread between
	// seeds or samples; 0 if it is known from elsewhere.
	Freedom float64 `json:"degrees_of_freedom,omitempty"`
	// Across: Gap is in X, by how much the point is more diverse than all of the curve that
	// is no worse than it in Y.
	Across bool `json:"across,omitempty"`
	// Corner: the point is outside because it beats a corner of the curve in both X
	// and Y, each beyond noise, or inside because one beats it; the gap alone does not tell.
	Corner bool `json:"corner,omitempty"`
}

// A Frontier is the quality-diversity curve of a maximum-likelihood model over
// its temperature. A generator adds something only if it lies outside: Caccia
// et al., "Language GANs falling short", ICLR 2020,
// https://arxiv.org/abs/1811.02549.
type Frontier struct {
	axes      Axes
	points    []Point // ascending in X, improving in Y
	dominated []Point // temperatures that another one beats in both

	// Of these the hotter than every corner and the colder than every one, with which the
	// sweep goes on past the first corner and past the last.
	hotter, colder []Point
}

// NewFrontier joins points by straight lines in the order of X. Points of one
// temperature (several seeds) are averaged first. A temperature that another
// one equals or beats in X and in Y is no corner: nobody would choose it. At
// least two temperatures are needed.
func NewFrontier(axes Axes, points []Point) (*Frontier, error) {
	for _, p := range points {
		if err := p.check(); err != nil {
			return nil, err
		}
	}
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(a, b Point) int { return cmp.Compare(a.Temperature, b.Temperature) })
	var all []Point
	for len(points) > 0 {
		n := 1
		for n < len(points) && points[n].Temperature == points[0].Temperature {
			n++
		}
		all = append(all, Average(points[:n]))
		points = points[n:]
	}
	if len(all) < 2 {
		return nil, errors.New("eval: a frontier needs at least two temperatures")
	}
	f := &Frontier{axes: axes}
	slices.SortStableFunc(all, func(a, b Point) int { return cmp.Or(cmp.Compare(a.X, b.X), cmp.Compare(f.better(b.Y, a.Y), 0)) })
	for _, p := range all {
		if n := len(f.points); n > 0 && f.better(p.Y, f.points[n-1].Y) <= 0 {
			f.dominated = append(f.dominated, p)
			continue
		}
		f.points = append(f.points, p)
	}
	if axes.Copies { // nobody is beaten by copying less
		return f, nil
	}
	byTemperature := func(a, b Point) int { return cmp.Compare(a.Temperature, b.Temperature) }
	hottest, coldest := slices.MaxFunc(f.points, byTemperature), slices.MinFunc(f.points, byTemperature)
	for _, p := range f.dominated {
		switch {
		case p.Temperature > hottest.Temperature:
			f.hotter = append(f.hotter, p)
		case p.Temperature < coldest.Temperature:
			f.colder = append(f.colder, p)
		}
	}
	return f, nil
}

func (p Point) check() error {
	for _, v := range [4]float64{p.X, p.Y, p.ErrX, p.ErrY} {
		if math.IsNaN(v) || math.IsInf(v, 0) || p.ErrX < 0 || p.ErrY < 0 {
			return fmt.Errorf("eval: point %q at temperature %v is (%v±%v, %v±%v)", p.Name, p.Temperature, p.X, p.ErrX, p.Y, p.ErrY)
		}
	}
	return nil
}

// Average is the mean of points of one generator at one temperature, as of
// several seeds, with the name of the first. Its errors are those that follow
// from the errors of the single points or those of the spread between them,
// whichever are larger. There has to be at least one point.
func Average(points []Point) Point {
	out := points[0]
	if len(points) == 1 {
		return out
	}
	out.Of, out.Cov = nil, 0
	for _, p := range points {
		p.Of = nil
		out.Of = append(out.Of, p)
	}
	x, y := out.along(byX), out.along(byY)
	out.X, out.ErrX, out.Y, out.ErrY = x.mean, math.Sqrt(x.variance), y.mean, math.Sqrt(y.variance)
	return out
}

// Axes are those given to NewFrontier.
func (f *Frontier) Axes() Axes { return f.axes }

// Points are the corners of the curve, ascending in X.
func (f *Frontier) Points() []Point { return slices.Clone(f.points) }

// Dominated are the other temperatures, ascending in X.
func (f *Frontier) Dominated() []Point { return slices.Clone(f.dominated) }

// Judge compares p with the curve at p.X. Between the neighbours a and b with
// t = (p.X - a.X) / (b.X - a.X) and slope s of their line, the gap
//
//	p.Y - (1-t) a.Y - t b.Y
//
// has to first order the variance of
//
//	(p.Y - s p.X) - (1-t) (a.Y - s a.X) - t (b.Y - s b.X)
//
// around its mean, where the part of a point is ErrY^2 + s^2 ErrX^2 - 2 s Cov. Where a
// point is a mean, as of seeds, its part is that of the spread of Y - s X between these, in
// which an error of both coordinates along the curve is none; of a and b, means of as
// many, the parts count together, one by one. The larger of both counts. The gap is noise
// up to the two-sided quantile of the confidence, which is between 0 and 1 (0 means
// 0.95): of Student's t with Welch's degrees of freedom, K-1 of K seeds, or the normal one
// where no part comes from a spread.
//
// Past an end of the curve there is no line. A point that is less diverse than all of the
// curve is inside if the last corner beats it in Y too. One that is more diverse than all of
// the curve is outside if it beats the first corner in Y too; s is then the slope at
// that end: for all that is known, the point may belong beside the line. Where the curve
// ends steeply, nothing is told by that, and the point is compared across, with the curve
// at its Y (Across): outside if it is more diverse, beyond noise.
//
// The sweep may go on past a corner at an end: hotter than every corner, where samples get
// worse and no more diverse, or colder than every one, where they get less diverse and no
// better. Such temperatures are no corners, but they show that the curve turns back. So a
// point that is no farther past a corner than they are is compared with that corner: it is
// outside if it is more diverse than the first one, or better than the last, beyond noise.
// Beating one of these temperatures in both does not do: so does a sample at a
// temperature between. Temperatures amid the corners that are beaten, as by chance, tell of
// no end and count for nothing.
//
// A point past an end that is neither is within noise if the sweep has gone farther than
// it, in X or, across, in Y, by more than noise. Else it is BeyondSweep: another
// temperature might come there.
//
// A point that is not inside and beats some corner in both X and Y, each beyond
// noise, is outside whatever the gap says (Corner): nobody would choose that corner. One
// past an end that a corner beats in both, each beyond noise, is inside in the same way.
func (f *Frontier) Judge(p Point, confidence float64) (Verdict, error) {
	confidence = cmp.Or(confidence, 0.95)
	if !(confidence > 0 && confidence < 1) {
		return Verdict{}, fmt.Errorf("eval: confidence %v; it lies between 0 and 1", confidence)
	}
	if err := p.check(); err != nil {
		return Verdict{}, err
	}
	v, side := f.judgeByGap(p, confidence)
	if f.axes.Copies {
		switch v.Place {
		case Outside:
			v.Place = CopiesMore
		case Inside:
			v.Place = CopiesLess
		}
		return v, nil
	}
	if side < 0 && v.Place == BeyondSweep {
		if across, ok := f.judgeAcross(p, confidence); ok && across.Place != BeyondSweep {
			v = across
		}
	}
	beats := func(c Point) bool { return f.beats(p, c, confidence) }
	beaten := func(c Point) bool { return f.beats(c, p, confidence) }
	switch {
	case (v.Place == BeyondSweep || v.Place == WithinNoise) && slices.ContainsFunc(f.points, beats):
		v.Place, v.Corner = Outside, true
	case v.Place == BeyondSweep && slices.ContainsFunc(f.points, beaten):
		v.Place, v.Corner = Inside, true
	}
	return v, nil
}

// Across compares p with the curve at p.Y instead of p.X: the verdict's gap is in X, to the
// first corner where that is the better in Y. It returns false where p is better in Y than
// all of the curve, or worse than all of the sweep.
func (f *Frontier) Across(p Point, confidence float64) (Verdict, bool) {
	return f.judgeAcross(p, cmp.Or(confidence, 0.95))
}

// beats reports whether p is better than q in both coordinates, each beyond noise.
func (f *Frontier) beats(p, q Point, confidence float64) bool {
	x, y := p.along(byX).minus(q.along(byX)), p.along(byY).minus(q.along(byY))
	return -x.mean > x.noise(confidence) && f.better(y.mean, 0) > y.noise(confidence)
}

// judgeByGap is Judge by the gap at p.X alone. side is negative before the first
// corner of the curve and positive past the end of the sweep behind the last.
func (f *Frontier) judgeByGap(p Point, confidence float64) (v Verdict, side int) {
	last := len(f.points) - 1
	switch {
	case p.X < f.points[0].X:
		if v = f.compare(p, f.points[0], f.points[0], f.slope(0, min(1, last)), confidence); v.Place != Outside {
			v.Place = BeyondSweep
		}
		return v, -1
	case p.X > f.points[last].X:
		v = f.compare(p, f.points[last], f.points[last], f.slope(max(0, last-1), last), confidence)
		past := f.past(p)
		if past.mean > 0 {
			side = 1
		}
		if v.Place != Inside && side > 0 || v.Place == WithinNoise && past.mean > -past.noise(confidence) {
			v.Place = BeyondSweep
		}
		return v, side
	}
	i := slices.IndexFunc(f.points, func(q Point) bool { return q.X >= p.X })
	return f.compare(p, f.points[max(0, i-1)], f.points[i], f.slope(max(0, i-1), max(i, min(1, last))), confidence), 0
}

// past is by how much p is less diverse than all of the sweep: than the last corner, and
// the colder temperatures behind it.
func (f *Frontier) past(p Point) estimate {
	end := f.points[len(f.points)-1]
	for _, q := range f.colder {
		if q.X > end.X {
			end = q
		}
	}
	return p.along(byX).minus(end.along(byX))
}

// judgeAcross compares at p.Y. A point that is worse in Y than all of the sweep, but no
// more than noise explains, may be outside as well.
func (f *Frontier) judgeAcross(p Point, confidence float64) (Verdict, bool) {
	t := &Frontier{axes: Axes{X: f.axes.Y, Y: f.axes.X, LowerYBetter: true}}
	for _, c := range slices.Backward(f.points) {
		t.points = append(t.points, f.turn(c))
	}
	for _, q := range f.hotter { // behind the last corner there
		t.colder = append(t.colder, f.turn(q))
	}
	p = f.turn(p)
	v, side := t.judgeByGap(p, confidence)
	v.Across = true
	past := t.past(p)
	noise := past.noise(confidence)
	if side > 0 && past.mean <= noise {
		side = 0
		if v.Gap > v.noise(confidence) {
			v.Place = Outside
		}
	}
	if v.Place == WithinNoise && past.mean > -noise {
		v.Place = BeyondSweep
	}
	return v, side == 0
}

// turn exchanges the axes, so that less is better on both.
func (f *Frontier) turn(p Point) Point {
	p.X, p.Y, p.ErrX, p.ErrY = -f.better(p.Y, 0), p.X, p.ErrY, p.ErrX
	p.Cov = -f.better(p.Cov, 0)
	p.Of = slices.Clone(p.Of)
	for i, q := range p.Of {
		p.Of[i] = f.turn(q)
	}
	return p
}

// slope is that of the line between corners i and j, 0 if they are the same.
func (f *Frontier) slope(i, j int) float64 {
	if i == j {
		return 0
	}
	return (f.points[j].Y - f.points[i].Y) / (f.points[j].X - f.points[i].X)
}

// better is by how much y is the better value, negative if base is.
func (f *Frontier) better(y, base float64) float64 {
	if f.axes.LowerYBetter {
		return base - y
	}
	return y - base
}

// compare judges p against the line from a to b, or against the level of a if
// they are the same corner. slope is that of the curve, by which an error of X
// is one of Y.
func (f *Frontier) compare(p, a, b Point, slope, confidence float64) (v Verdict) {
	t := 0.0
	if a.X != b.X {
		t = (p.X - a.X) / (b.X - a.X)
	}
	rest := func(p Point) (v, err float64) {
		variance := p.ErrY*p.ErrY + slope*slope*p.ErrX*p.ErrX - 2*slope*p.Cov
		return p.Y - slope*p.X, math.Sqrt(max(0, variance))
	}
	noise := p.along(rest).minus(mix(a, b, t, rest))
	v.Gap = f.better(p.Y, (1-t)*a.Y+t*b.Y)
	v.ErrGap, v.Freedom = math.Sqrt(noise.variance), noise.freedom
	switch noise := v.noise(confidence); {
	case v.Gap > noise:
		v.Place = Outside
	case v.Gap < -noise:
		v.Place = Inside
	default:
		v.Place = WithinNoise
	}
	return v
}

// noise is how large a gap chance explains.
func (v Verdict) noise(confidence float64) float64 {
	return estimate{variance: v.ErrGap * v.ErrGap, freedom: v.Freedom}.noise(confidence)
}
