package eval

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The room is the gap of real text, and the share closed that of the farthest point
// outside; points inside and within noise close nothing.
func TestRoom(t *testing.T) {
	at := func(name string, tau float64, place Place, gap float64) Placed {
		return Placed{Point: Point{Name: name, Temperature: tau}, Verdict: &Verdict{Place: place, Gap: gap, ErrGap: .01}}
	}
	p := Plane{Points: []Placed{at("gan", .9, Outside, .1), at("gan", 1, Outside, .2), at("vae", 1, WithinNoise, .3)}}
	require.Nil(t, p.room(), "no real text")
	p.Points = append(p.Points, at(RealText, 0, Outside, .4))
	r := p.room()
	require.Equal(t, "gan", r.Best)
	require.Equal(t, 1.0, r.Temperature)
	require.InDelta(t, .5, *r.Closed, 1e-12)
	require.Equal(t, "room: real text lies 0.4000 ± 0.0100 from the curve; gan at 1 has gone 50 % of it", r.String())
	p.Points = p.Points[2:]
	require.Nil(t, p.room().Closed, "nobody is outside")
	p.Points[1].Verdict.Place = WithinNoise
	require.Contains(t, p.room().String(), "real text itself is within noise")
	p.Points[1].Verdict.Place = BeyondSweep
	require.Equal(t, "room: real text itself is beyond the sweep (+0.4000 ± 0.0100): more temperatures would tell", p.room().String())
}

// The gap of what is outside by a corner is no distance: neither a room, nor gone of one.
func TestRoomByCorner(t *testing.T) {
	at := func(name string, corner bool, gap float64) Placed {
		return Placed{Point: Point{Name: name, Temperature: 1}, Verdict: &Verdict{Place: Outside, Gap: gap, ErrGap: .01, Corner: corner}}
	}
	p := Plane{Points: []Placed{at("gan", true, .3), at("vae", false, .1), at(RealText, false, .4)}}
	require.Equal(t, "room: real text lies 0.4000 ± 0.0100 from the curve; vae at 1 has gone 25 % of it", p.room().String())
	p.Points[2] = at(RealText, true, .4)
	require.Nil(t, p.room().Closed)
	require.Equal(t, "room: real text is outside by a corner, how far the gap does not tell (+0.4000 ± 0.0100)", p.room().String())
}

// Where the sweep goes on past its corners real text that is worse than the most diverse of them
// has a room, across, and so has the share of a point there.
func TestRoomPastTheCorners(t *testing.T) {
	at := func(name string, tau, x, y float64) Placed {
		return Placed{Point: Point{Name: name, Temperature: tau, X: x, Y: y, ErrX: .005, ErrY: .01}}
	}
	p := Plane{axes: LMAxes(), Curve: []Placed{at("mle", .9, 4.04, 3.16), at("mle", 1, 4, 3.59)},
		Points: []Placed{at("gan", 1, 3.95, 3.8), at(RealText, 0, 3.75, 3.72)}}
	require.NoError(t, p.Judge(.95))
	require.Contains(t, p.Room.String(), "beyond the sweep")
	p.Curve = append(p.Curve, at("mle", 1.1, 4.01, 4.03))
	require.NoError(t, p.Judge(.95))
	require.InDelta(t, .25, p.Room.Gap, 1e-12)
	require.InDelta(t, .2, *p.Room.Closed, 1e-12)
}

// What texts copy from the training text is judged at equal diversity: a text that repeats
// itself no more than the curve, and copies more, copies more; real text is not judged.
func TestCopiesAtEqualDiversity(t *testing.T) {
	train := []string{"a b c d e f", "g h i j k l", "m n o p q r"}
	suite, err := NewSuite(SuiteOptions{Reference: []string{"a c e g i k"}, Train: train, Tokenize: strings.Fields, Tokenizer: "whitespace", Case: "mixed", MaxN: 2})
	require.NoError(t, err)
	// Each text shares so many lines with itself, and so many tokens in a row with the training text.
	cold := [][]string{{"a b c d x y", "a b c d x y", "g h i y x x", "g h i y x z"}, {"a b c d x y", "a b c d x z", "g h i y x x", "g h i y x z"}}
	warm := [][]string{{"a b x c d y", "g y h x i z", "z m n x x y", "x q y r z x"}, {"a b x c d z", "g y h x i z", "z m n x y y", "x q z r z x"}}
	more := [][]string{{"a b c d e y", "a b c d e z", "g h i j k x", "m n o p q z"}, {"a b c d e y", "a b c d e z", "g h i j k y", "m n o p q x"}}
	less := [][]string{{"a c e g x y", "a c e g x z", "b x y z m o", "b x y z m q"}, {"a c e g x y", "a c e g x z", "b x y z m o", "b x y z m r"}}
	planes := suite.NewPlanes()
	require.Len(t, planes, 3) // BLEU-2, LM, copies
	place := func(name string, tau float64, texts [][]string, curve bool) {
		var seeds [][][]string
		for _, x := range texts {
			seeds = append(seeds, [][]string{x})
		}
		require.NoError(t, suite.Place(planes, name, tau, seeds, curve))
	}
	for _, x := range [][][]string{cold, warm, more, less} {
		for _, lines := range x {
			require.NoError(t, suite.Learn(lines))
		}
	}
	place("mle", .5, cold, true)
	place("mle", 1, warm, true)
	place("more", 1, more, false)
	place("less", 1, less, false)
	place(RealText, 0, [][]string{train, train}, false)
	for i := range planes {
		require.NoError(t, planes[i].Judge(.95))
	}
	p := planes[2]
	require.Equal(t, "longest copy", p.Y)
	require.Len(t, p.Points, 2, "no real text: it may be the training text")
	require.Nil(t, p.Room)
	copied := CopiesOf(suite.Encode(more[0]), NewCopyIndex(suite.Encode(train)))
	require.InDelta(t, 5./6, copied.Share, 1e-12)
	require.InDelta(t, copied.Share, p.Points[0].Y, 1e-12)
	require.Equal(t, CopiesMore, p.Points[0].Verdict.Place)
	require.Equal(t, CopiesLess, p.Points[1].Verdict.Place)
	require.Less(t, p.Points[1].Verdict.Gap, 0.0)
	for _, of := range planes[:2] {
		require.Len(t, of.Points, 3)
	}
}
