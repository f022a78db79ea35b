package op

import (
	"math"

	G "gorgonia.org/gorgonia"
)

// MMD is the squared maximum mean discrepancy of two sets of features, x [N,F] and
// y [M,F] (Gretton et al. 2012, equation 5, all pairs counted):
//
//	mean k(x,x') + mean k(y,y') - 2 mean k(x,y)
//	k(a,b) = sum over bandwidths s of exp(-|a-b|^2 / (2 s^2))
//
// Sums are float64.
func (g *Graph) MMD(x, y *G.Node, bandwidths []float64) *G.Node {
	p, ok := g.pairs("MMD", x, y)
	if !ok {
		return nil
	}
	m := &mmd{pairs: p, bandwidths: bandwidths}
	m.slope = make([]float64, (p.N+p.M)*(p.N+p.M))
	return g.apply("MMD", m, nil, x, y)
}

// pairs are two sets of rows as one, in float64.
type pairs struct {
	N, M, F int
	z       []float64 // [N+M,F]
	d       []float64 // [N+M,F] gradient
	loss    G.F32
}

func (g *Graph) pairs(name string, x, y *G.Node) (p pairs, ok bool) {
	if g.err != nil {
		return p, false
	}
	a, b := x.Shape(), y.Shape()
	if a.Dims() != 2 || b.Dims() != 2 || a[1] != b[1] {
		g.fail("%s: features %v and %v do not fit", name, a, b)
		return p, false
	}
	n := (a[0] + b[0]) * a[1]
	return pairs{N: a[0], M: b[0], F: a[1], z: make([]float64, n), d: make([]float64, n)}, true
}

func (p *pairs) load(in []G.Value) {
	for i, v := range f32(in[0]) {
		p.z[i] = float64(v)
	}
	for i, v := range f32(in[1]) {
		p.z[p.N*p.F+i] = float64(v)
	}
}

func (p *pairs) row(i int) []float64 { return p.z[i*p.F:][:p.F] }

// handOut writes the gradient times that of the loss.
func (p *pairs) handOut(scale float64, dIn [][]float32) {
	for i, dst := range dIn[:2] {
		from := p.d[i*p.N*p.F:]
		for j := range dst {
			dst[j] = float32(scale * from[j])
		}
	}
}

type mmd struct {
	pairs
	bandwidths []float64
	slope      []float64 // [N+M,N+M] derivative of the loss by half the squared distance
}

func (m *mmd) forward(in []G.Value) G.Value {
	m.load(in)
	n, loss := m.N+m.M, 0.0
	for i := range n {
		for j := range n {
			w := 1 / float64(m.N*m.N)
			switch {
			case i >= m.N && j >= m.N:
				w = 1 / float64(m.M*m.M)
			case i >= m.N || j >= m.N:
				w = -1 / float64(m.N*m.M)
			}
			distance := 0.0
			for k, v := range m.row(i) {
				e := v - m.z[j*m.F+k]
				distance += e * e
			}
			slope := 0.0
			for _, s := range m.bandwidths {
				e := w * math.Exp(-distance/(2*s*s))
				loss += e
				slope -= e / (s * s)
			}
			m.slope[i*n+j] = slope
		}
	}
	m.loss = G.F32(loss)
	return &m.loss
}

func (m *mmd) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	n := m.N + m.M
	clear(m.d)
	for i := range n {
		d := m.d[i*m.F:][:m.F]
		for j := range n { // both places of a pair
			s := 2 * m.slope[i*n+j]
			for k, v := range m.row(i) {
				d[k] += s * (v - m.z[j*m.F+k])
			}
		}
	}
	m.handOut(float64(scalarOf(grad)), dIn)
}

// Sinkhorn is the entropic optimal transport between two sets of features, x [N,F] and
// y [M,F], of equal weights each (Cuturi 2013), with the cosine cost of FM-GAN (Chen
// et al. 2018):
//
//	min over P of <P,C> + eps <P, log(P N M)>    C = 1 - cos(x,y)
//
// by alternate scaling in logarithms, until no marginal is off by more than 1e-7 or
// 2000 times. The gradient is <P,dC>. Sums are float64.
func (g *Graph) Sinkhorn(x, y *G.Node, eps float64) *G.Node {
	p, ok := g.pairs("Sinkhorn", x, y)
	if !ok {
		return nil
	}
	if !(eps > 0) {
		return g.fail("Sinkhorn: eps is %v; it must be positive", eps)
	}
	s := &sinkhorn{pairs: p, eps: eps}
	s.cost, s.plan = make([]float64, p.N*p.M), make([]float64, p.N*p.M)
	s.norm, s.u, s.v = make([]float64, p.N+p.M), make([]float64, p.N), make([]float64, p.M)
	return g.apply("Sinkhorn", s, nil, x, y)
}

type sinkhorn struct {
	pairs
	eps        float64
	cost, plan []float64 // [N,M]
	norm       []float64 // [N+M] lengths of the rows
	u, v       []float64 // potentials over eps
}

const (
	sinkhornTol   = 1e-7
	sinkhornSteps = 2000
)

func (s *sinkhorn) forward(in []G.Value) G.Value {
	s.load(in)
	for i := range s.norm {
		sum := 0.0
		for _, v := range s.row(i) {
			sum += v * v
		}
		s.norm[i] = max(math.Sqrt(sum), tiny) // a row of zeros has no direction, and cost 1
	}
	for i := range s.N {
		for j := range s.M {
			dot := 0.0
			for k, v := range s.row(i) {
				dot += v * s.z[(s.N+j)*s.F+k]
			}
			s.cost[i*s.M+j] = 1 - dot/(s.norm[i]*s.norm[s.N+j])
		}
	}
	clear(s.v)
	logN, logM := math.Log(float64(s.N)), math.Log(float64(s.M))
	for range sinkhornSteps {
		for i := range s.u {
			s.u[i] = -logN - logSum(s.M, func(j int) float64 { return s.v[j] - s.cost[i*s.M+j]/s.eps })
		}
		off := 0.0 // of the marginals of y; those of x are met
		for j := range s.v {
			next := -logM - logSum(s.N, func(i int) float64 { return s.u[i] - s.cost[i*s.M+j]/s.eps })
			off = max(off, math.Abs(math.Expm1(s.v[j]-next)))
			s.v[j] = next
		}
		if off < sinkhornTol {
			break
		}
	}
	loss := 0.0
	for i, u := range s.u {
		for j, v := range s.v {
			at := i*s.M + j
			l := u + v - s.cost[at]/s.eps
			s.plan[at] = math.Exp(l)
			loss += s.plan[at] * (s.cost[at] + s.eps*(l+logN+logM))
		}
	}
	s.loss = G.F32(loss)
	return &s.loss
}

// logSum is log of the sum of exp(f(i)) for i < n.
func logSum(n int, f func(i int) float64) float64 {
	top := math.Inf(-1)
	for i := range n {
		top = max(top, f(i))
	}
	sum := 0.0
	for i := range n {
		sum += math.Exp(f(i) - top)
	}
	return top + math.Log(sum)
}

func (s *sinkhorn) backward(_ []G.Value, grad G.Value, dIn [][]float32) {
	clear(s.d)
	for i := range s.N {
		for j := range s.M {
			at, y := i*s.M+j, s.N+j
			p, cos := s.plan[at], 1-s.cost[at]
			a, b := s.norm[i], s.norm[y]
			for k := range s.F {
				xk, yk := s.z[i*s.F+k], s.z[y*s.F+k]
				s.d[i*s.F+k] -= p * (yk/(a*b) - cos*xk/(a*a))
				s.d[y*s.F+k] -= p * (xk/(a*b) - cos*yk/(b*b))
			}
		}
	}
	s.handOut(float64(scalarOf(grad)), dIn)
}
