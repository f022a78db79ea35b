package tour

import (
	"bytes"
	"context"
	"math"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// computed are the results of lessons with seed 1, each computed once for all tests.
var computed sync.Map

func results(t *testing.T, l Lesson) Done {
	once, _ := computed.LoadOrStore(l.Name, sync.OnceValues(func() ([]Done, error) {
		return Run(context.Background(), []Lesson{l}, Options{Seed: 1}, nil)
	}))
	done, err := once.(func() ([]Done, error))()
	require.NoError(t, err)
	return done[0]
}

// value is a number of a lesson.
func value(t *testing.T, d Done, name string) float64 {
	i := slices.IndexFunc(d.Numbers, func(n Number) bool { return n.Name == name })
	require.GreaterOrEqual(t, i, 0, "lesson %s has no number %s", d.Name, name)
	return d.Numbers[i].Value
}

// numbers is a lesson whose numbers are asked for one by one; at its end every number
// must have been.
type numbers struct {
	*testing.T
	Done
	asked map[string]bool
}

func ask(t *testing.T, l Lesson) *numbers {
	n := &numbers{t, results(t, l), map[string]bool{}}
	t.Cleanup(func() {
		for _, x := range n.Numbers {
			require.True(t, n.asked[x.Name], "%s of lesson %s is held against nothing", x.Name, l.Name)
		}
	})
	return n
}

func (n *numbers) is(name string, want, within float64) {
	n.Helper()
	require.InDelta(n, want, n.value(name), within, name)
}

func (n *numbers) value(name string) float64 {
	n.Helper()
	n.asked[name] = true
	return value(n.T, n.Done, name)
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func TestLostTerm(t *testing.T) {
	n := ask(t, lostTerm)
	p := sigmoid(1)
	f0, f1 := .7*.7, .3*.3
	lost := p * (1 - p) * (f1 - f0)
	n.is("loss", p*f1+(1-p)*f0+.025, 1e-12)
	n.is("naive", .05, 1e-12)
	n.is("lost", lost, 1e-12)
	n.is("gradient", lost+.05, 1e-12)
	variance := p*math.Pow(f1*(1-p), 2) + (1-p)*math.Pow(f0*p, 2) - lost*lost
	n.is("score-sd", math.Sqrt(variance), 1e-12)
	se := math.Sqrt(variance / 1000)
	n.is("score", lost+.05, 4*se)
	n.is("score-se", se, .1*se)

	// The least loss is where the derivative is 0, found by bisection.
	low, high := 0., 4.
	for range 60 {
		at := (low + high) / 2
		if sigmoid(at)*(1-sigmoid(at))*(f1-f0)+.05*at < 0 {
			low = at
		} else {
			high = at
		}
	}
	loss := func(x float64) float64 { return sigmoid(x)*f1 + sigmoid(-x)*f0 + .025*x*x }
	n.is("theta-true", low, 1e-3)
	n.is("loss-true", loss(low), 1e-6)
	n.is("theta-naive", -2*math.Pow(.9, 120), 1e-9) // each step takes a tenth away
	n.is("loss-naive", loss(0), 1e-6)
	n.is("theta-score", low, 2)
	n.is("loss-score", loss(n.value("theta-score")), 1e-12)
	require.Less(t, n.value("loss-score"), n.value("loss-naive"))
}

func TestEveryLesson(t *testing.T) {
	names := map[string]bool{}
	for _, l := range Lessons {
		t.Run(l.Name, func(t *testing.T) {
			require.Regexp(t, `^[a-z][a-z-]*$`, l.Name)
			require.False(t, names[l.Name])
			names[l.Name] = true
			require.True(t, 2 <= len(l.Sentences) && len(l.Sentences) <= 3)
			require.NotEmpty(t, l.Formula)
			require.NotEmpty(t, l.Sources)
			require.True(t, strings.HasPrefix(l.Next, "textgan "))
			d := results(t, l)
			require.NotEmpty(t, d.Numbers)
			require.NotEmpty(t, d.Pictures)
			for _, p := range d.Pictures {
				require.NotEmpty(t, p.Title)
				require.Greater(t, len(p.Alt), 40, p.Title)
				n := 1
				for _, c := range p.Controls {
					require.NotEmpty(t, c.Label)
					require.True(t, 0 <= c.Start && c.Start < len(c.Values))
					n *= len(c.Values)
				}
				if len(p.Controls) > 0 {
					require.Len(t, p.Frames, n, p.Title)
				}
			}
		})
	}
}

// The page depends on the seed alone, names no address and is not large.
func TestPage(t *testing.T) {
	var all []Done
	for _, l := range Lessons {
		all = append(all, results(t, l))
	}
	var page bytes.Buffer
	require.NoError(t, WritePage(&page, all, Options{Seed: 1}))
	require.Less(t, page.Len(), 3<<20)
	text := strings.ReplaceAll(page.String(), `xmlns="http://www.w3.org/2000/svg"`, "")
	require.Empty(t, regexp.MustCompile(`(?i)https?:|//[a-z0-9-]+\.[a-z]|@import|\bsrc=|url\(`).FindAllString(text, -1))
	require.NotContains(t, text, "NaN")
	require.NotContains(t, text, "ZgotmplZ")
}

func TestThreadsDoNotMatter(t *testing.T) {
	if testing.Short() {
		t.Skip("computes the lessons again")
	}
	before := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(before)
	var first, second bytes.Buffer
	var all []Done
	for _, l := range Lessons {
		all = append(all, results(t, l))
	}
	require.NoError(t, WritePage(&first, all, Options{Seed: 1}))
	runtime.GOMAXPROCS(1 + before%2)
	again, err := Run(context.Background(), Lessons, Options{Seed: 1}, nil)
	require.NoError(t, err)
	require.NoError(t, WritePage(&second, again, Options{Seed: 1}))
	require.True(t, bytes.Equal(first.Bytes(), second.Bytes()))
}
