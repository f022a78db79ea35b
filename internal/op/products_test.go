package op

import (
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/feedback"
	"textgan/internal/gradcheck"
)

// With bf16 every operation that multiplies gives other bits than with float32,
// near them: 2^-8 of an operand, so a few of these of a gradient. They are the same
// from any number of cores, and the next time.
func TestBF16(t *testing.T) {
	b := newBatch(4, 5, 7)
	for name, c := range map[string]struct {
		trial *trial
		tol   float64
	}{
		"dense":          {denseTrial(Tanh, 5, 9, 4), 0.03},
		"highway":        {highwayTrial(6, 5), 0.03},
		"lstm":           {rnnTrial(LSTM, b, 4, 3, true), 0.03},
		"gru":            {rnnTrial(GRU, b, 4, 3, true), 0.03},
		"relational":     {coreTrial(Relational{Slots: 2, Heads: 1}, newBatch(4, 5, 7), 3, 4, true, true), 0.05},
		"textconv":       {textConvTrial(b, 6, 4, []int{1, 3}), 0.03},
		"xent":           {xentTrial(newLikelihood(b, 6), 5, false), 0.03},
		"tied xent":      {xentTrial(newLikelihood(b, 6), 5, true), 0.03},
		"language model": {languageModel(GRU, b), 0.05},
		"rollout":        {newWriter(LSTM, 2, false, false, feedback.Soft).trial(), 0.05},
		"adversary":      {adversary(newWriter(LSTM, 2, true, false, feedback.Soft)), 0.3}, // another window may win
	} {
		t.Run(name, func(t *testing.T) {
			tr := c.trial
			if tr.vary != nil {
				tr.vary(0)
			}
			want := tr.program(t, alone, none).run(t)
			tr.bf16 = true
			got := tr.program(t, alone, none).run(t)
			require.NotEqual(t, want.loss, got.loss)
			require.InEpsilon(t, want.loss, got.loss, c.tol)
			for _, in := range tr.inputs {
				x := make([]float64, len(want.grads[in.name]))
				for i, v := range want.grads[in.name] {
					x[i] = float64(v)
				}
				require.LessOrEqual(t, gradcheck.Distance(got.grads[in.name], x), c.tol, "gradient of %s", in.name)
			}
			tr.checkThreads(t)
			tr.checkAgain(t)
		})
	}
}
