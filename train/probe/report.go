package probe

import (
	"context"
	"math"

	"textgan/train"
)

// Report compares estimators on one batch.
type Report struct {
	Step      int       `json:"step"`  // of the checkpoint
	Phase     string    `json:"phase"` // of the checkpoint
	Objective string    `json:"objective"`
	Batch     int       `json:"batch"` // sentences, real and generated
	MaxLen    int       `json:"max_len"`
	Seed      uint64    `json:"seed"`
	Seconds   []float64 `json:"equal_time_s"` // budgets of EqualTime

	Parts      []Part   `json:"parts"`     // all weights, then every tensor
	Reference  Result   `json:"reference"` // its Cosine is with the truth
	Estimators []Result `json:"estimators"`

	reference *gradientMoments
}

// Part is a group of weights.
type Part struct {
	Name    string `json:"name"`
	Weights int    `json:"weights"`
}

// Result is one estimator. MSE is that of one draw; EqualTime that of the
// average of as many draws as fit into each of the report's budgets, null where
// not even one does.
type Result struct {
	Estimator string        `json:"estimator"`
	Feedback  string        `json:"feedback,omitempty"` // relaxed estimators
	Tau       float64       `json:"tau,omitempty"`      // relaxed estimators
	Unbiased  bool          `json:"unbiased"`           // by theory
	Samples   int           `json:"samples"`
	Millis    float64       `json:"ms_per_draw"`
	Parts     []PartMoments `json:"parts"` // as Report.Parts

	EqualTime []*float64 `json:"equal_time_mse"`
	// Seconds from which on the reference estimator, given the same time, has
	// the lower MSE; null if that never comes.
	BreakEven *float64 `json:"break_even_s"`
}

// PartMoments are the moments of one group of weights. Lengths and distances
// have the noise of finitely many draws taken out of them.
type PartMoments struct {
	Norm      float64    `json:"norm"` // length of the mean
	Trace     float64    `json:"trace_variance"`
	TraceSE   float64    `json:"trace_variance_se"`
	PerWeight float64    `json:"variance_per_weight"`
	SNR       *float64   `json:"snr"`    // length of the mean over the root of Trace; null without variance
	Cosine    *float64   `json:"cosine"` // of the means; by chance above 1 within its error; null where a mean is lost in noise
	CosineSE  *float64   `json:"cosine_se"`
	Bias      float64    `json:"bias_l2"` // distance of the means
	BiasCI    [2]float64 `json:"bias_ci"` // 95 %
	MSE       float64    `json:"mse"`
}

func (p *Probe) newReport(ctx context.Context, opt Options) (*Report, error) {
	r := &Report{
		Step: p.step, Phase: p.t.Phase(), Objective: string(p.t.Config.Objective), Batch: p.batch.B, MaxLen: p.t.MaxT(), Seed: opt.Seed,
		Seconds: []float64{0.1, 1, 10}, Parts: []Part{{Name: "all"}}, Estimators: []Result{},
	}
	for _, w := range p.t.LanguageModel().Params() {
		r.Parts = append(r.Parts, Part{w.Name, len(w.Data)})
		r.Parts[0].Weights += len(w.Data)
	}
	estimator, err := train.ParseEstimator(reference)
	if err != nil {
		return nil, err
	}
	rloo := candidate{Estimator: estimator}
	m, ms, err := p.gather(ctx, rloo, referenceFirst, opt.Reference, opt)
	if err != nil {
		return nil, err
	}
	r.reference = m
	r.Reference = r.result(rloo, m, ms)
	for i := range r.Reference.Parts {
		// It cannot be held against itself: what is known is how far its noise
		// turns it away from the truth.
		x := &r.Reference.Parts[i]
		noise := x.Trace / float64(opt.Reference)
		x.Cosine, x.CosineSE = finite(x.Norm/math.Sqrt(x.Norm*x.Norm+noise)), nil
		x.Bias, x.BiasCI, x.MSE = 0, [2]float64{}, x.Trace
	}
	return r, nil
}

func (r *Report) result(c candidate, m *gradientMoments, ms float64) Result {
	x := Result{Estimator: c.Name, Feedback: c.feedback, Tau: c.tau, Unbiased: c.Unbiased(), Samples: m.draws, Millis: ms}
	var bias2 float64 // of all weights, less the part that noise explains
	for part, p := range r.Parts {
		k := m.compare(r.reference, part)
		y := PartMoments{
			Norm: root(k.norm2), Bias: root(k.bias2.Estimate),
		}
		lo, hi := k.bias2.Interval(.95)
		y.BiasCI = [2]float64{root(lo), root(hi)}
		if k.se < 0.5 { // NaN is not
			y.Cosine, y.CosineSE = &k.cosine, &k.se
		}
		y.Trace, y.TraceSE = m.trace(part)
		y.PerWeight = y.Trace / float64(p.Weights)
		y.SNR = finite(y.Norm / math.Sqrt(y.Trace))
		y.MSE = y.Trace
		if !x.Unbiased {
			y.MSE += max(k.bias2.Estimate, 0)
		}
		if part == 0 {
			bias2 = y.MSE - y.Trace
		}
		x.Parts = append(x.Parts, y)
	}
	cost := x.Parts[0].Trace * ms / 1000 // variance times seconds
	for _, s := range r.Seconds {
		var v *float64
		if s >= ms/1000 {
			v = finite(bias2 + cost/s)
		}
		x.EqualTime = append(x.EqualTime, v)
	}
	// cost/s + bias2 against the reference's cost/s
	trace, _ := r.reference.trace(0)
	ahead := trace*r.Reference.Millis/1000 - cost
	if c.Name != reference && (bias2 > 0 || ahead < 0) {
		x.BreakEven = finite(max(ahead/bias2, r.Reference.Millis/1000))
	}
	return x
}

func root(x float64) float64 { return math.Sqrt(max(x, 0)) }

// finite is x for JSON, which has no other numbers.
func finite(x float64) *float64 {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return &x
}
