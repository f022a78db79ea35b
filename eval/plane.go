package eval

import (
	"fmt"
	"slices"
)

// Placed is a point with what a curve says of it.
type Placed struct {
	Point
	Verdict *Verdict `json:"verdict,omitempty"` // nil on the curve itself
}

// Plane is one pair of axes with models on it.
type Plane struct {
	X      string   `json:"x"`
	Y      string   `json:"y"`
	Curve  []Placed `json:"curve"`          // of the maximum-likelihood model, by temperature
	Points []Placed `json:"points"`         // of the others
	Room   *Room    `json:"room,omitempty"` // nil without a curve or real text

	Signatures [2]string `json:"signatures"` // of X and Y

	Frontier *Frontier `json:"-"` // through the curve; nil before Judge, and if there is none
	axes     Axes
}

// NewPlanes are the empty planes of the suite's Points.
func (s *Suite) NewPlanes() (planes []Plane) {
	var all []Axes
	for order := 2; order <= s.o.MaxN; order++ {
		all = append(all, BLEUAxes(order))
	}
	all = append(all, LMAxes())
	if s.copies != nil {
		all = append(all, CopyAxes(s.o.MaxN))
	}
	for _, axes := range all {
		planes = append(planes, Plane{X: axes.X, Y: axes.Y, axes: axes, Curve: []Placed{}, Points: []Placed{}})
	}
	return planes
}

// Place puts a model at a temperature on the planes, by its texts [seed][repeat][line]: as
// a point of the curve, or as one of the others. The point is the mean of each seed's mean:
// texts of one model share what it has learnt, so that the spread which counts is that
// between the seeds. The suite must know the words of all texts (Learn).
func (s *Suite) Place(planes []Plane, name string, temperature float64, texts [][][]string, curve bool) error {
	seeds := make([][]Point, len(planes))
	for _, own := range texts {
		repeats := make([][]Point, len(planes))
		for _, lines := range own {
			at, err := s.Points(s.Encode(lines))
			if err != nil {
				return err
			}
			for j, p := range at {
				p.Name, p.Temperature = name, temperature
				repeats[j] = append(repeats[j], p)
			}
		}
		for j := range planes {
			seeds[j] = append(seeds[j], Average(repeats[j]))
		}
	}
	for j := range planes {
		p := Placed{Point: Average(seeds[j])}
		planes[j].Signatures = p.Signatures
		switch {
		case curve:
			planes[j].Curve = append(planes[j].Curve, p)
		case planes[j].axes.Copies && name == RealText: // may be the training text itself
		default:
			planes[j].Points = append(planes[j].Points, p)
		}
	}
	return nil
}

// Judge sets the frontier, the verdicts and the room, if there is a curve to set them by.
func (p *Plane) Judge(confidence float64) error {
	if len(p.Curve) < 2 {
		return nil
	}
	var corners []Point
	for _, c := range p.Curve {
		corners = append(corners, c.Point)
	}
	var err error
	if p.Frontier, err = NewFrontier(p.axes, corners); err != nil {
		return err
	}
	for i := range p.Points {
		v, err := p.Frontier.Judge(p.Points[i].Point, confidence)
		if err != nil {
			return err
		}
		p.Points[i].Verdict = &v
	}
	p.Room = p.room()
	return nil
}

// RealText is the name of real text among the points of a plane.
const RealText = "real text"

// Room is the distance of real text from the curve, and the share of it that the
// best point has gone, each at its own diversity, or across, each at its own quality.
type Room struct {
	Verdict // of real text

	// Best is the point farthest outside the curve, Temperature that of its samples,
	// and Closed its distance divided by that of real text. They are absent where no
	// point is outside by a gap, or real text is not.
	Best        string   `json:"best,omitempty"`
	Temperature float64  `json:"temperature,omitempty"`
	Closed      *float64 `json:"closed,omitempty"`
}

// room returns nil without a verdict of real text.
func (p Plane) room() *Room {
	real := slices.IndexFunc(p.Points, func(q Placed) bool { return q.Name == RealText })
	if real < 0 || p.Points[real].Verdict == nil {
		return nil
	}
	r := &Room{Verdict: *p.Points[real].Verdict}
	if r.Place != Outside || r.Corner {
		return r
	}
	for _, q := range p.Points {
		if q.Name == RealText || q.Verdict == nil || q.Verdict.Place != Outside {
			continue
		}
		v, ok := *q.Verdict, true
		if r.Across && !v.Across { // both in X
			v, ok = p.Frontier.Across(q.Point, 0)
		}
		if !ok || v.Across != r.Across || v.Corner {
			continue
		}
		if share := v.Gap / r.Gap; r.Closed == nil || share > *r.Closed {
			r.Best, r.Temperature, r.Closed = q.Name, q.Temperature, &share
		}
	}
	return r
}

func (r Room) String() string {
	gap := fmt.Sprintf("(%+.4f ± %.4f)", r.Gap, r.ErrGap)
	switch {
	case r.Place == BeyondSweep:
		return "room: real text itself is beyond the sweep " + gap + ": more temperatures would tell"
	case r.Place != Outside:
		return fmt.Sprintf("room: real text itself is %s %s: a gap here does not mean closer to people", r.Place, gap)
	case r.Corner:
		return "room: real text is outside by a corner, how far the gap does not tell " + gap
	}
	s := fmt.Sprintf("room: real text lies %.4f ± %.4f from the curve", r.Gap, r.ErrGap)
	if r.Across {
		s += ", across"
	}
	if r.Closed != nil {
		s += fmt.Sprintf("; %s at %v has gone %.0f %% of it", r.Best, r.Temperature, 100**r.Closed)
	}
	return s
}
