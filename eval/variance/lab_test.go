package variance

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator/relax"
	"textgan/internal/rng"
)

func TestSelection(t *testing.T) {
	s := enumerate(testProblem(t, choice4))
	names := func(opt Options) (names []string) {
		chosen, err := choose(s, opt)
		require.NoError(t, err)
		for _, c := range chosen {
			names = append(names, c.name)
		}
		return names
	}
	standard := names(Options{})
	require.Contains(t, standard, "gumbel_rao_m10_tau0.5")
	require.NotContains(t, standard, "seq_token_q", "there is one choice only")
	require.NotContains(t, standard, "gs_tau1_detached_feed", "nothing is fed back")
	public, err := Names(s.Problem, Options{})
	require.NoError(t, err)
	require.Equal(t, standard, public)

	// Patterns choose among the standard ones, names may carry other numbers,
	// nothing comes twice.
	require.Equal(t, []string{"rloo_n2", "rloo_n4", "rloo_n8", "rloo_n3", "gs_tau0.25"},
		names(Options{Estimators: []string{"rloo_n*", " rloo_n4", "rloo_n3", "gs_tau0.25"}}))
	require.Equal(t, []string{"gs_tau0.3", "gs_tau7"}, names(Options{Estimators: []string{"gs_tau?*"}, Taus: []float64{0.3, 7}}))
	for _, name := range standard {
		require.Equal(t, []string{name}, names(Options{Estimators: []string{name}}))
	}

	for want, say := range map[string]string{
		"rlo_n2":                       `"rlo_n2"; did you mean "rloo_n{n}"?`,
		"foo*":                         `"foo*"; docs/estimators.md lists them`,
		"rloo_n1":                      "needs a whole number from 2",
		"rloo_n2.5":                    "needs a whole number",
		"gs_tau0":                      "needs a positive number",
		"gs_tau1_detached_feed":        "depend on earlier",
		"seq_token_q":                  "more than one choice",
		"unordered_set_k9":             "from 2 to 4",
		"zz*":                          "no estimator is called",
		"[":                            "syntax error in pattern",
		"NEGATIVE_hidden_noise":        "structure rnn",
		"reinforce_ema_baseline_beta1": "between 0 and 1",
	} {
		_, err := choose(s, Options{Estimators: []string{want}})
		require.ErrorContains(t, err, say, want)
		require.NotContains(t, err.Error(), "\n")
	}
	_, err = choose(s, Options{Taus: []float64{-1}})
	require.ErrorContains(t, err, "tau is -1")
	_, err = Run(context.Background(), s.Problem, Options{Samples: 10}, nil)
	require.ErrorContains(t, err, "samples is 10")
	_, err = Run(context.Background(), s.Problem, Options{Estimators: []string{"seq_all_action_k0_m1"}}, nil)
	require.ErrorContains(t, err, "more than one choice")
	_, err = Run(context.Background(), testProblem(t, sentence), Options{Estimators: []string{"seq_unordered_set_k1_m1"}}, nil)
	require.ErrorContains(t, err, "k must be a whole number from 2 to 12")

	ctx, cancel := context.WithCancel(context.Background())
	_, err = Run(ctx, s.Problem, Options{Samples: MinSamples}, func(string) { cancel() })
	require.ErrorIs(t, err, context.Canceled)
}

// An estimator answers to its own name, to that of relax's table with its options in
// any order, and under the name that was asked for.
func TestSpellings(t *testing.T) {
	s := enumerate(testProblem(t, choice4))
	names := func(s *states, want ...string) (names []string) {
		chosen, err := choose(s, Options{Estimators: want})
		require.NoError(t, err, "%v", want)
		for _, c := range chosen {
			names = append(names, c.name)
		}
		return names
	}
	for _, name := range []string{"gumbel-softmax:tau=0.5", "rloo:n=4", "self-critic", "gumbel-rao:m=10,tau=0.5", "gumbel-rao:tau=0.5,m=10", "gapped-st:gap=p,tau=1", "gapped-st:tau=1", "rebar:eta=1,lambda=0.5", "reinforce-moving-average:decay=0.9"} {
		require.Equal(t, []string{name}, names(s, name))
	}
	require.Equal(t, []string{"rloo:n=2", "rloo:n=4", "rloo:n=8"}, names(s, "rloo"))
	require.Equal(t, []string{"gs_tau0.1", "gs_tau0.5", "gs_tau1", "gs_tau2"}, names(s, "gumbel-softmax:*"))
	require.Equal(t, []string{"gumbel-rao:m=3,tau=0.1", "gumbel-rao:m=3,tau=0.5", "gumbel-rao:m=3,tau=1", "gumbel-rao:m=3,tau=2"}, names(s, "gumbel-rao:m=3"))
	chain := enumerate(testProblem(t, sentence))
	require.Equal(t, []string{"gumbel-softmax:feedback=detached,tau=1"}, names(chain, "gumbel-softmax:feedback=detached,tau=1"))
	require.Equal(t, []string{"seqgan:m=4"}, names(chain, "seqgan:m=4"))

	// The same numbers by either name, for every family that has both; no two
	// families have one spelling.
	seen := map[string]bool{}
	for _, s := range []*states{s, chain} {
		for _, f := range families(nil) {
			for _, a := range f.defaults(s) {
				if f.spelling == "" || f.check != nil && f.check(s, a) != nil {
					continue
				}
				chosen, err := choose(s, Options{Estimators: []string{f.spell(a)}})
				require.NoError(t, err)
				require.Len(t, chosen, 1, f.spell(a))
				require.Equal(t, f.pattern, chosen[0].pattern)
				require.Equal(t, a, chosen[0].args)
			}
		}
	}
	for _, f := range families(nil) {
		if f.spelling != "" {
			require.False(t, seen[f.spelling], f.spelling)
			seen[f.spelling] = true
		}
	}
	// What can train can be measured, under its name.
	for _, e := range relax.Estimators() {
		if e.Name == "reinforce-constant" {
			continue // the laboratory has the best constant instead
		}
		_, err := choose(chain, Options{Estimators: []string{e.Name}})
		require.NoError(t, err, e.Name)
	}
}

func TestThreadsDoNotMatter(t *testing.T) {
	run := func(threads int) *Report {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(threads))
		r, err := Run(context.Background(), testProblem(t, sentence), Options{Samples: MinSamples, Seed: 4}, nil)
		require.NoError(t, err)
		return r
	}
	require.Equal(t, run(1), run(3))
}

const small = `{"K":2,"T":2,"structure":"independent","eos_token":null,"params":{"logits":[[0,1],[2,3]]},"f":{"type":"linear","c":[1,2,3,4]}}`

func TestReadErrors(t *testing.T) {
	_, err := Read(strings.NewReader(small), "p.json")
	require.NoError(t, err)
	for _, c := range []struct{ old, new, say string }{
		{`{"K"`, `{{"K"`, "not JSON at byte"},
		{`"K":2`, `"K":1`, "K must be at least 2"},
		{`"T":2`, `"T":513`, "and T from 1 to 512"},
		{`"K":2`, `"K":"x"`, "K holds string; it must be a whole number"},
		{`"T":2`, `"T":0`, "and T from 1 to 512"},
		{`"T":2`, `"T":40`, "1099511627776 states"},
		{`null`, `2`, "eos_token is 2"},
		{`"independent"`, `"markov"`, `structure "markov" is unknown`},
		{`"independent"`, `"rnn"`, "params.c is missing"},
		{`"independent"`, `"autoregressive"`, "params.b: is missing"},
		{`[2,3]]}`, `[2,3,4]]}`, "has rows of different lengths"},
		{`[[0,1],[2,3]]`, `[[0,1],[2,3],[4,5]]`, "params.logits: has 6 numbers, want 4"},
		{`[[0,1],[2,3]]`, `[[[0,1],2],3]`, "has rows of different lengths"},
		{`[[0,1],[2,3]]`, `null`, "params.logits: holds null"},
		{`"structure":"independent"`, `"structure":3`, "structure holds number; it must be a string"},
		{`"K":2`, `"K":2.5`, "K holds number 2.5; it must be a whole number"},
		{`[[0,1]`, `[[1e999,1]`, "params.logits: it holds number 1e999; it must be a number that float64 can hold"},
		{`[2,3]]}`, `[2,"3"]]}`, "params.logits: holds a string"},
		{`"linear"`, `"cubic"`, `f: type "cubic" is unknown`},
		{`"c":[1,2,3,4]`, `"c":[1]`, "f: c: has 1 numbers, want 4"},
		{`"linear"`, `"mlp"`, "b1 is missing"},
		{`"linear"`, `"quadform"`, "f: A: is missing"},
		{`"f":`, `"param_order":[{"name":"x","shape":[1]}],"f":`, `param_order names "x"`},
		{`"f":`, `"param_order":[{"name":"logits","shape":[4]}],"f":`, "the shape [4]; it is [2 2]"},
	} {
		text := strings.Replace(small, c.old, c.new, 1)
		_, err := Read(strings.NewReader(text), "p.json")
		require.ErrorContains(t, err, c.say, text)
		require.ErrorContains(t, err, "variance: p.json: ")
		require.NotContains(t, err.Error(), "\n")
	}
	// Lists may be flat, or have more levels, but not their levels exchanged.
	for shape, ok := range map[string]bool{"[1,2,3,4,5,6]": true, "[[1,2,3],[4,5,6]]": true, "[[1,2],[3,4],[5,6]]": false, "[[[1],[2],[3]],[[4],[5],[6]]]": true} {
		_, err := numbers(json.RawMessage(shape), 2, 3)
		require.Equal(t, ok, err == nil, "%s: %v", shape, err)
	}
	_, err = Read(strings.NewReader("[]"), "p.json")
	require.EqualError(t, err, "variance: p.json: the file holds array; it must be an object")
	_, err = Builtin("toy")
	require.ErrorContains(t, err, "choose one of bandit, ")
	data, err := builtin.ReadFile("problems/bandit.json")
	require.NoError(t, err)
	require.Contains(t, string(data), "ten arms")

	// Numbers that no report could carry.
	p, err := Read(strings.NewReader(strings.Replace(small, "[1,2,3,4]", "[1e308,1e308,1e308,1e308]", 1)), "p.json")
	require.NoError(t, err)
	_, err = Run(context.Background(), p, Options{}, nil)
	require.ErrorContains(t, err, "not finite")

	// With an end token a long problem may have few states.
	long := strings.NewReplacer(`"T":2`, `"T":12`, `null`, `1`, `[[0,1],[2,3]]`, `[`+strings.Repeat(`[0,1],`, 11)+`[0,1]]`,
		`[1,2,3,4]`, `[`+strings.Repeat(`1,`, 23)+`1]`).Replace(small)
	p, err = Read(strings.NewReader(long), "p.json")
	require.NoError(t, err)
	require.Len(t, enumerate(p).fx, 13)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(small))
	for _, i := range Builtins() {
		data, err := builtin.ReadFile("problems/" + i.Name + ".json")
		require.NoError(f, err)
		f.Add(data)
	}
	f.Add([]byte(`{"K":2,"T":1,"structure":"rnn","params":{"U":[[1,2]],"V":[[1]],"c":[0],"O":[1,2],"o":[0,0]},"f":{"type":"quadratic","t":[0,1]},"extra":3}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Read(strings.NewReader(string(data)), "fuzz")
		if err != nil {
			require.True(t, strings.HasPrefix(err.Error(), "variance: fuzz: "))
			return
		}
		if p.countStates()*float64(p.Params()) < 1e5 {
			s := enumerate(p)
			require.Len(t, s.fx, int(p.countStates()))
			require.Len(t, s.gradient, p.Params())
		}
	})
}

// A variance of 1e-6 around a mean of 1000: E v^2 - (E v)^2 would be lost in
// rounding.
func TestMomentsOfDraws(t *testing.T) {
	m := draw(1, 50_000, func() func(uint32, []float64) {
		return func(i uint32, out []float64) {
			u := rng.Key{Seed: 1, Stream: rng.Eval, Step: i}.Float64(0)
			out[0] = 1000 + 1e-3*(u-0.5)*3.4641016151377544
		}
	})
	require.InEpsilon(t, 1e-6, m.variance[0], 0.02)
	require.InDelta(t, 1000, m.mean[0], 5*m.meanSE[0])
	require.InEpsilon(t, 1e-3/223.6, m.meanSE[0], 0.02)
	// Var of the variance of a uniform number: (kurtosis 1.8 - 1)/n.
	require.InEpsilon(t, 1e-6*0.004, m.varianceSE[0], 0.03)
	require.InEpsilon(t, m.varianceSE[0], m.traceSE(), 0.3)
}

func TestSamplers(t *testing.T) {
	r, err := Samplers(context.Background(), SamplerOptions{Draws: 150_000, Vocabs: []int{1, 8}, Effort: 1e-4})
	require.NoError(t, err)
	require.Len(t, r.Samplers, 10)
	for _, x := range r.Samplers {
		if x.Exact {
			require.Greater(t, x.P, 1e-4, x.Name)
		} else {
			// Only the paired test sees the epsilon at so few draws.
			require.Less(t, min(x.P, *x.PairedP), 1e-6, x.Name)
		}
		require.Len(t, x.Fresh, 2)
	}
	var text strings.Builder
	require.NoError(t, r.WriteText(&text))
	require.Contains(t, text.String(), "alias")
	_, err = Samplers(context.Background(), SamplerOptions{Draws: 3})
	require.ErrorContains(t, err, "draws is 3")
	_, err = Samplers(context.Background(), SamplerOptions{Vocabs: []int{0}})
	require.ErrorContains(t, err, "vocabulary of 0")
}

func Example() {
	p, _ := Builtin("short-sequence")
	report, _ := Run(context.Background(), p, Options{Estimators: []string{"rloo_n4", "st_tau1", "reinmax_tau1"}}, nil)
	for _, x := range report.Estimators {
		fmt.Printf("%-12s exact %v, bias %.3f, variance %.3f", x.Name, x.Exact, x.Bias, x.Trace)
		if x.Biased {
			fmt.Printf(", RLOO is better from %.0f evaluations on", *x.BreakEven)
		}
		fmt.Println()
	}
	// Output:
	// rloo_n4      exact true, bias 0.000, variance 0.728
	// st_tau1      exact true, bias 0.144, variance 0.325, RLOO is better from 89 evaluations on
	// reinmax_tau1 exact true, bias 0.119, variance 0.662, RLOO is better from 107 evaluations on
}
