package images

import (
	"math"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// Set is black-and-white images of one size: a pixel is 1 for ink and 0 for paper.
type Set struct {
	Side   int     // pixels of a side
	Pixels []uint8 // [N,Side*Side]
	Labels []uint8 // [N], 0 to 9; nil where nobody has said what the images are
}

// Len is the number of images.
func (s *Set) Len() int { return len(s.Pixels) / (s.Side * s.Side) }

// Image is the pixels of image i.
func (s *Set) Image(i int) []uint8 {
	p := s.Side * s.Side
	return s.Pixels[i*p : (i+1)*p]
}

// Part is images lo..hi-1, which share the memory of the whole.
func (s *Set) Part(lo, hi int) *Set {
	p := s.Side * s.Side
	part := &Set{Side: s.Side, Pixels: s.Pixels[lo*p : hi*p]}
	if s.Labels != nil {
		part.Labels = s.Labels[lo:hi]
	}
	return part
}

// Ink is how often each pixel [P] is ink, with one image more of either kind, so that
// it is neither 0 nor 1.
func (s *Set) Ink() []float64 {
	p := s.Side * s.Side
	ink := make([]float64, p)
	for i, v := range s.Pixels {
		ink[i%p] += float64(v)
	}
	for j := range ink {
		ink[j] = (ink[j] + 1) / float64(s.Len()+2)
	}
	return ink
}

// load writes images [len(which),P] as floats.
func (s *Set) load(dst []float32, which []int) {
	p := s.Side * s.Side
	for b, i := range which {
		for j, v := range s.Image(i) {
			dst[b*p+j] = float32(v)
		}
	}
}

type point struct{ x, y float64 }

// arc is points of an ellipse, from one angle to another in degrees; 0 is right of
// the centre, 90 below it.
func arc(x, y, rx, ry, from, to float64) []point {
	n := int(math.Ceil(math.Abs(to-from)/30)) + 1
	points := make([]point, n)
	for i := range points {
		a := (from + (to-from)*float64(i)/float64(n-1)) * math.Pi / 180
		points[i] = point{x + rx*math.Cos(a), y + ry*math.Sin(a)}
	}
	return points
}

// glyphs are the strokes of the ten digits in a square from (-1,-1), above and to the
// left, to (1,1).
var glyphs = [10][][]point{
	{arc(0, 0, .55, .85, 0, 360)},
	{{{-.35, -.5}, {.05, -.85}, {.05, .85}}},
	{append(arc(0, -.4, .5, .45, 190, 395), point{-.55, .85}, point{.6, .85})},
	{arc(-.02, -.43, .48, .42, 200, 450), arc(-.02, .42, .55, .45, 270, 510)},
	{{{.25, .85}, {.25, -.85}, {-.6, .3}, {.65, .3}}},
	{append([]point{{.5, -.85}, {-.4, -.85}, {-.45, -.1}}, arc(-.02, .33, .55, .52, 230, 500)...)},
	{append(append([]point{}, arc(.35, .2, .9, 1.05, 265, 190)...), arc(0, .38, .52, .47, 180, 540)...)},
	{{{-.55, -.85}, {.55, -.85}, {-.1, .85}}},
	{arc(0, -.42, .43, .42, 90, 450), arc(0, .42, .53, .43, -90, 270)},
	{arc(0, -.38, .52, .47, 0, 360), append(arc(-.1, -.2, .62, .95, 0, 55), point{.05, .85})},
}

// Draw draws n digits of side pixels, every digit as often as the others: the
// glyph is shifted, scaled, turned and sheared, its strokes are thick or thin, and
// one pixel in two hundred is turned over. Image i is a function of (seed, i)
// alone, whose draws are those of row i of the Corpus stream.
func Draw(n, side int, seed uint64) *Set {
	s := &Set{Side: side, Pixels: make([]uint8, n*side*side), Labels: make([]uint8, n)}
	kernel.Parallel(n, 64, func(lo, hi int) {
		ink := make([]float64, side*side)
		for i := lo; i < hi; i++ {
			s.Labels[i] = uint8(i % len(glyphs))
			drawDigit(s.Image(i), ink, side, glyphs[s.Labels[i]], rng.Key{Seed: seed, Stream: rng.Corpus, Row: uint32(i)}.Source())
		}
	})
	return s
}

// noise is the share of pixels that are turned over.
const noise = .005

func drawDigit(dst []uint8, ink []float64, side int, strokes [][]point, src *rng.Source) {
	between := func(a, b float64) float64 { return a + (b-a)*src.Float64() }
	half := float64(side) / 2
	sx, sy := half*between(.6, .8), half*between(.68, .84)
	turn, shear := between(-.2, .2), between(-.35, .2)
	dx, dy := half*(1+between(-.08, .08))-.5, half*(1+between(-.08, .08))-.5
	thick := float64(side) / 20 * between(.7, 1.2) // half the width of a stroke
	sin, cos := math.Sincos(turn)
	place := func(p point) point {
		x, y := sx*(p.x+shear*p.y), sy*p.y
		return point{dx + cos*x - sin*y, dy + sin*x + cos*y}
	}
	clear(ink)
	for _, stroke := range strokes {
		a := place(stroke[0])
		for _, p := range stroke[1:] {
			b := place(p)
			inkSegment(ink, side, a, b, thick)
			a = b
		}
	}
	for j, grey := range ink { // grey edges are ink as often as they are dark
		dst[j] = 0
		if src.Float64() < noise+(1-2*noise)*grey {
			dst[j] = 1
		}
	}
}

// inkSegment darkens the pixels near a segment: fully within thick-1/2 of it, not at
// all beyond thick+1/2.
func inkSegment(ink []float64, side int, a, b point, thick float64) {
	reach := thick + .5
	first := func(u, v float64) int { return max(0, int(math.Ceil(min(u, v)-reach))) }
	last := func(u, v float64) int { return min(side-1, int(math.Floor(max(u, v)+reach))) }
	ux, uy := b.x-a.x, b.y-a.y
	length := max(ux*ux+uy*uy, 1e-9)
	for y := first(a.y, b.y); y <= last(a.y, b.y); y++ {
		for x := first(a.x, b.x); x <= last(a.x, b.x); x++ {
			px, py := float64(x)-a.x, float64(y)-a.y
			t := min(1, max(0, (px*ux+py*uy)/length))
			d := math.Hypot(px-t*ux, py-t*uy)
			ink[y*side+x] = max(ink[y*side+x], min(1, max(0, reach-d)))
		}
	}
}
