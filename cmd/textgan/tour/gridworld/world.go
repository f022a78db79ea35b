package gridworld

import (
	"fmt"
	"math"
)

// Moves of the walker.
const (
	Up = iota
	Right
	Down
	Left
	moves
)

// World is a grid of cells. A move goes to the next cell, or nowhere at a wall and at
// the edge; it earns what the cell gives. An episode ends in a cell that ends it, or
// after T moves.
type World struct {
	Map           []string // rows: S start, G goal, X hole, # wall, . floor
	Wide, High, T int
	Start         int
	next          []int     // [S,4]
	reward        []float64 // [S,4]
	ends          []bool    // [S]
}

// What moves earn.
const (
	goal = 1
	hole = -.5
	cost = -.02 // of every move
)

// NewWorld reads a map. There must be one S.
func NewWorld(rows []string, T int) (*World, error) {
	w := &World{Map: rows, Wide: len(rows[0]), High: len(rows), T: T, Start: -1}
	S := w.Wide * w.High
	w.next, w.reward, w.ends = make([]int, S*moves), make([]float64, S*moves), make([]bool, S)
	for s := range S {
		switch c := w.Cell(s); c {
		case 'G', 'X':
			w.ends[s] = true
		case 'S':
			w.Start = s
		case '.', '#':
		default:
			return nil, fmt.Errorf("gridworld: cell %q of the map is not known", c)
		}
	}
	if w.Start < 0 {
		return nil, fmt.Errorf("gridworld: the map has no start")
	}
	for s := range S {
		for a, step := range [moves][2]int{{0, -1}, {1, 0}, {0, 1}, {-1, 0}} {
			x, y, to := s%w.Wide+step[0], s/w.Wide+step[1], s
			if x >= 0 && x < w.Wide && y >= 0 && y < w.High && w.Cell(y*w.Wide+x) != '#' && !w.ends[s] {
				to = y*w.Wide + x
			}
			w.next[s*moves+a] = to
			if w.ends[s] {
				continue
			}
			w.reward[s*moves+a] = cost
			switch w.Cell(to) {
			case 'G':
				w.reward[s*moves+a] += goal
			case 'X':
				w.reward[s*moves+a] += hole
			}
		}
	}
	return w, nil
}

// Cells is the number of cells.
func (w *World) Cells() int { return w.Wide * w.High }

// Cell is what stands in the map.
func (w *World) Cell(s int) byte { return w.Map[s/w.Wide][s%w.Wide] }

// Probabilities are those of the moves [S,4] of logits [S,4].
func (w *World) Probabilities(logits []float32) []float64 {
	p := make([]float64, len(logits))
	for s := range w.Cells() {
		row, sum := p[s*moves:][:moves], 0.0
		for a := range row {
			row[a] = math.Exp(float64(logits[s*moves+a]))
			sum += row[a]
		}
		for a := range row {
			row[a] /= sum
		}
	}
	return p
}

// values are what remains to be earned: value [T+1,S] in a cell before move t, and q
// [T,S,4] by a move. choose makes the value of a cell of those of its moves.
func (w *World) values(choose func(s int, q []float64) float64) (value, q []float64) {
	S := w.Cells()
	value, q = make([]float64, (w.T+1)*S), make([]float64, w.T*S*moves)
	for t := w.T - 1; t >= 0; t-- {
		for s := range S {
			row := q[(t*S+s)*moves:][:moves]
			for a := range row {
				row[a] = w.reward[s*moves+a] + value[(t+1)*S+w.next[s*moves+a]]
			}
			value[t*S+s] = choose(s, row)
		}
	}
	return value, q
}

// Return is the expected sum of rewards of an episode under a policy with logits
// [S,4], by dynamic programming.
func (w *World) Return(logits []float32) float64 {
	p := w.Probabilities(logits)
	value, _ := w.values(func(s int, q []float64) float64 { return mean(p[s*moves:], q) })
	return value[w.Start]
}

func mean(p, q []float64) (sum float64) {
	for a, v := range q {
		sum += p[a] * v
	}
	return sum
}

// Best is the greatest return there is.
func (w *World) Best() float64 {
	value, _ := w.values(func(_ int, q []float64) float64 { return max(q[Up], q[Right], q[Down], q[Left]) })
	return value[w.Start]
}

// walk visits the distribution over cells [S] before every move.
func (w *World) walk(p []float64, visit func(t int, at []float64)) {
	at := make([]float64, w.Cells())
	at[w.Start] = 1
	for t := range w.T {
		visit(t, at)
		then := make([]float64, len(at))
		for i, to := range w.next {
			then[to] += at[i/moves] * p[i]
		}
		at = then
	}
}

// Gradient is that of Return along the logits [S,4]: the policy gradient theorem,
//
//	sum over t, s of P(s at t) p(a|s) (Q_t(s,a) - V_t(s))
//
// Sutton, McAllester, Singh and Mansour, NIPS 1999.
func (w *World) Gradient(logits []float32) []float64 {
	p, S := w.Probabilities(logits), w.Cells()
	value, q := w.values(func(s int, q []float64) float64 { return mean(p[s*moves:], q) })
	g := make([]float64, len(logits))
	w.walk(p, func(t int, at []float64) {
		for i := range g {
			g[i] += at[i/moves] * p[i] * (q[t*S*moves+i] - value[t*S+i/moves])
		}
	})
	return g
}
