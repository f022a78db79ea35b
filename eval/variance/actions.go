package variance

import (
	"math"

	"textgan/generator/relax"
)

// actions is an estimator of relax.Actions in a sequence, as training has it: a
// sequence is drawn, and at every step of it the outcomes that the estimator
// chooses are valued by means of f over sequences that go on with them, of
// which the drawn sequence itself is the first for its own token. After the
// last step there is nothing to draw and one evaluation is enough.
func (s *states) actions(spec string, seed uint64) (sampler, error) {
	method, err := relax.New[float64](spec)
	if err != nil {
		return nil, err
	}
	a, m := method.Actions, method.Completions
	logP := make([]float64, len(s.p))
	for i, p := range s.p {
		logP[i] = math.Log(p)
	}
	return func() func(uint32, []float64) {
		K, S := s.K, a.Slots()
		w, rows := newTape(s.Problem), make([]float64, s.T*K)
		row, ids := make([]float64, K), make([]int32, S)
		p, values, weights := make([]float64, S+1), make([]float64, S*m), make([]float64, S)
		return func(i uint32, out []float64) {
			key := drawKey(seed, i)
			src := key.Source()
			x := s.finish(0, s.draw(0, src.Float64()), src)
			clear(rows)
			for t := range s.steps(x) {
				node := s.path[x*s.T+t]
				copy(row, s.row(logP, node))
				a.Choose(ids, p, row, s.ids[x*s.T+t], key.At(key.Step, uint32(1+t)))
				for j, id := range ids {
					for c := range m {
						switch {
						case j+c == 0:
							values[0] = s.fx[x]
						case id >= 0:
							values[j*m+c] = s.fx[s.finish(node, int(id), src)]
						}
					}
				}
				a.Weigh(weights, p, values)
				logits := rows[t*K : (t+1)*K]
				for j, id := range ids {
					if id >= 0 {
						axpy(-weights[j], s.row(s.p, node), logits)
						logits[id] += weights[j]
					}
				}
			}
			s.pull(w, x, rows, out)
		}
	}, nil
}
