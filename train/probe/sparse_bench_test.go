package probe

import (
	"flag"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train"
)

var benchRun = flag.String("trained", "", "benchmarks: a run whose generator BenchmarkSparse takes")

// BenchmarkSparse is a generator's step of a trained model by what
// --sparse-backward leaves out, with the relative error of the gradient against
// the whole one: the root mean square over draws of |difference| / |gradient|.
func BenchmarkSparse(b *testing.B) {
	if *benchRun == "" {
		b.Skip("needs -trained DIR")
	}
	p, err := Open(*benchRun, "last", 0, 1, nil)
	require.NoError(b, err)
	const draws = 8
	for _, c := range []struct{ estimator, feedback string }{{"st-gumbel", "straight-through"}, {"gumbel-softmax", "soft"}, {"gumbel-softmax", "detached"}} {
		stepOf := func(share float64) train.GeneratorStep {
			s, err := p.t.NewGeneratorStep(train.StepOptions{B: p.batch.B, Estimator: c.estimator, Feedback: c.feedback, Sparse: &share})
			require.NoError(b, err)
			return s
		}
		whole := stepOf(0)
		for _, tau := range []float64{0.01, 0.1, 0.2, 0.5, 1} {
			for _, share := range []float64{0, 1e-4, 1e-3, 1e-2, 5e-2} {
				s := stepOf(share)
				b.Run(fmt.Sprintf("%s/%s/tau=%g/share=%g", c.estimator, c.feedback, tau, share), func(b *testing.B) {
					sum := 0.0
					for i := range uint32(draws) {
						for _, step := range []train.GeneratorStep{whole, s} {
							_, err := step.Run(&p.batch, 1, i, tau)
							require.NoError(b, err)
						}
						var difference, norm float64
						for j := range p.t.LanguageModel().Params() {
							for k, g := range whole.Grad(j) {
								difference += math.Pow(float64(g-s.Grad(j)[k]), 2)
								norm += float64(g) * float64(g)
							}
						}
						sum += difference / norm
					}
					b.ReportAllocs()
					for i := 0; b.Loop(); i++ {
						_, err := s.Run(&p.batch, 1, uint32(i%draws), tau)
						require.NoError(b, err)
					}
					b.ReportMetric(math.Sqrt(sum/draws), "error")
				})
				require.NoError(b, s.Close())
			}
		}
	}
}
