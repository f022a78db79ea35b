package progress

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

type clock struct{ at time.Time }

func (c *clock) now() time.Time       { return c.at }
func (c *clock) wait(d time.Duration) { c.at = c.at.Add(d) }
func columns(n int) func() int        { return func() int { return n } }
func newClock() *clock                { return &clock{time.Unix(0, 0)} }

// Off a terminal: a whole line every ten seconds, and one at the end.
func TestPlainLines(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	l := New(&b, nil, c.now)
	l.Start("likelihood", 0, 40)
	for step := 1; step <= 40; step++ {
		c.wait(500 * time.Millisecond)
		l.Step(step, 1000, "loss 4.2")
		if step == 30 {
			l.Print("saved")
		}
	}
	l.End()
	require.Equal(t, `likelihood 20/40  50%  2k tok/s  ETA 10s  loss 4.2
saved
likelihood 40/40  100%  2k tok/s  in 20s  loss 4.2
`, b.String())
	require.NotContains(t, b.String(), "\r")
}

// On a terminal the first state is there at once: the next may be minutes away.
func TestFirstState(t *testing.T) {
	var b bytes.Buffer
	l := New(&b, columns(80), newClock().now)
	for range 2 {
		l.Start("lesson", 0, 7)
		l.Step(0, 0, "images")
		require.Equal(t, "\rlesson 0/7  0%  images\x1b[K", b.String())
		l.End()
		b.Reset()
	}
}

// On a terminal: the line is redrawn at most ten times a second, gives way to
// printed text and never wraps.
func TestTerminal(t *testing.T) {
	var b bytes.Buffer
	c := newClock()
	l := New(&b, columns(30), c.now)
	l.Start("mle", 0, 1000)
	for step := range 100 {
		c.wait(10 * time.Millisecond)
		l.Step(step+1, 0, "a note that is longer than the line")
	}
	require.Equal(t, 10, strings.Count(b.String(), "\r"))
	b.Reset()
	l.Print("text")
	require.Equal(t, "\r\x1b[Ktext\n\rmle 100/1000  10%  ETA 9s  a \x1b[K", b.String())
	b.Reset()
	l.End()
	require.Equal(t, "\rmle 100/1000  10%  ETA 9s  a \x1b[K\n", b.String())
	l.End()
	require.Equal(t, 1, strings.Count(b.String(), "\n"), "ended once")
}

// A resumed job counts only its own steps into the rate, and the estimate
// follows a change of pace.
func TestRate(t *testing.T) {
	c := newClock()
	l := New(&bytes.Buffer{}, nil, c.now)
	l.Start("x", 900, 1000)
	c.wait(2 * time.Second)
	l.Step(910, 0, "")
	require.Equal(t, "x 910/1000  91%  ETA 18s", l.last)
	for i := range 60 { // now a second each
		c.wait(time.Second)
		l.Step(911+i, 0, "")
	}
	require.Equal(t, "x 970/1000  97%  ETA 30s", l.last)
	require.Less(t, len(l.marks), 30, "the window is bounded")
}

func TestNilShowsNothing(t *testing.T) {
	var l *Line
	l.Start("x", 0, 1)
	l.Step(1, 1, "")
	l.Print("x")
	l.End()
	var b bytes.Buffer
	l = New(&b, nil, newClock().now)
	l.Step(1, 1, "not begun")
	l.End()
	require.Empty(t, b.String())
}

func TestUnits(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 999: "999", 1234: "1.23k", 999_400: "999k", 999_600: "1M", 45.6e6: "45.6M"} {
		require.Equal(t, want, count(x))
	}
	for d, want := range map[time.Duration]string{
		0: "0s", 59400 * time.Millisecond: "59s", 80 * time.Second: "1m20s", 125 * time.Minute: "2h05m", 76 * time.Hour: "3d04h",
	} {
		require.Equal(t, want, duration(d))
	}
}
