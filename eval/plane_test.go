package eval

import (
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
}
