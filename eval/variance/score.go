package variance

// scored is the exact table of (f - b) score, b one number for every state.
func (s *states) scored(b float64) moments {
	return s.sum(func(i int, out []float64) {
		for k, v := range s.scoreOf(i) {
			out[k] = (s.fx[i] - b) * v
		}
	}, nil)
}

// optimalScalar is E[f |s|^2] / E |s|^2, the constant baseline of the least
// total variance (Greensmith, Bartlett and Baxter, JMLR 5, 2004).
func (s *states) optimalScalar() moments {
	var num, den float64
	for i, p := range s.prob {
		sq := dot(s.scoreOf(i), s.scoreOf(i))
		num += p * s.fx[i] * sq
		den += p * sq
	}
	if den == 0 {
		return s.scored(0)
	}
	return s.scored(num / den)
}

// optimalPerComponent has a baseline E[f s_k^2] / E[s_k^2] for every parameter.
func (s *states) optimalPerComponent() moments {
	b, den := s.moment(func(f float64) float64 { return f }), s.moment(func(float64) float64 { return 1 })
	for k := range b {
		if den[k] > 0 {
			b[k] /= den[k]
		}
	}
	return s.sum(func(i int, out []float64) {
		for k, v := range s.scoreOf(i) {
			out[k] = (s.fx[i] - b[k]) * v
		}
	}, nil)
}

// moment is E[g(f) s_k^2] for every k.
func (s *states) moment(g func(f float64) float64) []float64 {
	out := make([]float64, s.Params())
	for i, p := range s.prob {
		w := p * g(s.fx[i])
		for k, v := range s.scoreOf(i) {
			out[k] += w * v * v
		}
	}
	return out
}

// centred is E[(f - Ef)^2 s_k^2].
func (s *states) centred() []float64 {
	return s.moment(func(f float64) float64 { return (f - s.meanF) * (f - s.meanF) })
}

// movingAverage is relax.MovingAverage with one sequence a batch, in its
// stationary state: b is independent of f and has mean Ef and variance
// (1-beta)/(1+beta) Var f.
func (s *states) movingAverage(beta float64) moments {
	m, a, sq := exactMoments(s.Params()), s.centred(), s.moment(func(float64) float64 { return 1 })
	for k, g := range s.gradient {
		m.mean[k] = g
		m.variance[k] = a[k] + (1-beta)/(1+beta)*s.varF*sq[k] - g*g
	}
	return m
}

// leaveOneOut is relax's leave-one-out baseline with n sequences.
func (s *states) leaveOneOut(n float64) moments {
	m, a, sq := exactMoments(s.Params()), s.centred(), s.moment(func(float64) float64 { return 1 })
	for k, g := range s.gradient {
		m.mean[k] = g
		m.variance[k] = (a[k] - (n-2)/(n-1)*g*g + s.varF*sq[k]/(n-1)) / n
	}
	return m
}

// scaled is the same estimate times c.
func (m moments) scaled(c float64) moments {
	for k := range m.mean {
		m.mean[k] *= c
		m.variance[k] *= c * c
	}
	return m
}

// perToken is sum_t w_t s_t with w_t = weight(i, t): the exact table of an
// estimate with one weight per token. spread, if not nil, is the variance of
// the weight beyond what the state decides, independent from token to token.
func (s *states) perToken(weight, spread func(i, t int) float64) moments {
	w := newTape(s.Problem)
	residual, rows, one := make([]float64, s.T*s.K), make([]float64, s.T*s.K), make([]float64, s.Params())
	est := func(i int, out []float64) {
		s.residuals(rows, i)
		for t := range s.steps(i) {
			for k := range s.K {
				rows[t*s.K+k] *= weight(i, t)
			}
		}
		s.pull(w, i, rows, out)
	}
	if spread == nil {
		return s.sum(est, nil)
	}
	return s.sum(est, func(i int, out []float64) {
		clear(out)
		s.residuals(residual, i)
		for t := range s.steps(i) {
			clear(rows)
			copy(rows[t*s.K:], residual[t*s.K:(t+1)*s.K])
			s.pull(w, i, rows, one)
			v := spread(i, t)
			for k, d := range one {
				out[k] += v * d * d
			}
		}
	})
}

// prefixValue, tokenQ and after look a state's token up in the tree of
// prefixes: V_t = E[f | x_<t], Q_t = E[f | x_<=t] and Var[f | x_<=t].
func (s *states) prefixValue(i, t int) float64 { return s.value[s.path[i*s.T+t]] }

func (s *states) tokenQ(i, t int) float64 { return s.q[s.path[i*s.T+t]*s.K+s.ids[i*s.T+t]] }

func (s *states) after(i, t int) float64 { return s.within[s.path[i*s.T+t]*s.K+s.ids[i*s.T+t]] }

// allAction is sum_t sum_v Q_t(x_<t, v) grad p(v | x_<t): the local expectation
// gradient of Titsias and Lazaro-Gredilla, NIPS 2015.
func (s *states) allAction() moments {
	w, rows := newTape(s.Problem), make([]float64, s.T*s.K)
	return s.sum(func(i int, out []float64) {
		clear(rows)
		for t := range s.steps(i) {
			node := s.path[i*s.T+t]
			for k := range s.K {
				rows[t*s.K+k] = s.p[node*s.K+k] * (s.q[node*s.K+k] - s.value[node])
			}
		}
		s.pull(w, i, rows, out)
	}, nil)
}

// muProp is [f(x) - f(xm) - f'(xm).(x-xm)] s + J(p) f'(xm) with the mean field
// xm = p, for independent choices.
//
// Gu, Levine, Sutskever and Mnih, ICLR 2016, https://arxiv.org/abs/1511.05176.
func (s *states) muProp() moments {
	n := s.T * s.K
	mean, df, x, out0 := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, s.Params())
	w := newTape(s.Problem)
	for t := range s.T {
		copy(mean[t*s.K:], s.p[s.path[t]*s.K:(s.path[t]+1)*s.K])
	}
	f0 := s.f.gradient(df, mean)
	rows := make([]float64, n)
	for t := range s.T {
		p, g := mean[t*s.K:(t+1)*s.K], df[t*s.K:(t+1)*s.K]
		c := dot(p, g)
		for k := range s.K {
			rows[t*s.K+k] = p[k] * (g[k] - c)
		}
	}
	s.pull(w, 0, rows, out0)
	return s.sum(func(i int, out []float64) {
		s.oneHot(x, i)
		c := s.fx[i] - f0 - dot(df, x) + dot(df, mean)
		copy(out, out0)
		axpy(c, s.scoreOf(i), out)
	}, nil)
}
