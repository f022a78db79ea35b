package variance

import (
	"context"
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	problemsDir = flag.String("problems", "", "directory of more problem files with their values, checked at -draws draws")
	checkDraws  = flag.Int("draws", DefaultSamples, "draws of the check of -problems")
)

// expected are the values that come with a problem file. One that has values
// alone names the file of its problem, which lies beside it, by ID.
type expected struct {
	ID         string    `json:"id"`
	K          int       `json:"K"`
	Objective  *float64  `json:"objective"`
	Gradient   []float64 `json:"exact_gradient"`
	Estimators map[string]struct {
		Exact      bool      `json:"exact"`
		Gradient   []float64 `json:"exact_gradient"`
		Objective  *float64  `json:"objective"`
		Mean       []float64 `json:"mean"`
		Variance   []float64 `json:"variance"`
		MeanSE     []float64 `json:"mean_se"`
		VarianceSE []float64 `json:"variance_se"`
		Bias       float64   `json:"bias_l2"`
		Trace      float64   `json:"trace_variance"`
		MSE        float64   `json:"mse"`
		Tempered   *float64  `json:"bias_l2_tempered"`
	} `json:"estimators"`
}

// Exact fields agree to a relative 1e-9 or an absolute 1e-12; drawn ones to
// five combined standard errors in every component.
func agree(a, b float64) bool {
	return math.Abs(a-b) <= 1e-9*math.Max(math.Abs(a), math.Abs(b))+1e-12
}

func checkFile(t *testing.T, file string, draws int) {
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	var want expected
	require.NoError(t, json.Unmarshal(data, &want))
	problem := file
	if want.K == 0 {
		problem = filepath.Join(filepath.Dir(file), want.ID+".json")
	}
	in, err := os.Open(problem)
	require.NoError(t, err)
	defer in.Close()
	p, err := Read(in, filepath.Base(problem))
	require.NoError(t, err)

	var names []string
	for name := range want.Estimators {
		names = append(names, name)
	}
	require.NotEmpty(t, names)
	report, err := Run(context.Background(), p, Options{Estimators: names, Samples: draws, Seed: 1}, nil)
	require.NoError(t, err)
	require.Len(t, report.Estimators, len(names))

	same := func(what string, a, b []float64) bool {
		if len(a) != len(b) {
			t.Errorf("%s: %d values, want %d", what, len(a), len(b))
			return false
		}
		for k := range a {
			if !agree(a[k], b[k]) {
				t.Errorf("%s[%d]: %.15g, want %.15g", what, k, a[k], b[k])
				return false
			}
		}
		return true
	}
	same("exact_gradient", report.Gradient, want.Gradient)
	if want.Objective != nil {
		same("objective", []float64{report.Objective}, []float64{*want.Objective})
	}

	exact, drawn, worst := 0, 0, 0.0
	for _, got := range report.Estimators {
		w := want.Estimators[got.Name]
		if w.Objective != nil {
			same(got.Name+" objective", []float64{*got.Objective}, []float64{*w.Objective})
			same(got.Name+" exact_gradient", got.Gradient, w.Gradient)
		}
		if w.Tempered != nil { // files round it to twelve digits
			require.InEpsilon(t, *w.Tempered, *got.BiasTempered, 1e-9, got.Name)
		}
		if w.Exact {
			require.True(t, got.Exact, "%s is drawn, and its exact values are known", got.Name)
			if same(got.Name+" mean", got.Mean, w.Mean) && same(got.Name+" variance", got.Variance, w.Variance) &&
				same(got.Name+" bias, trace, mse", []float64{got.Bias, got.Trace, got.MSE}, []float64{w.Bias, w.Trace, w.MSE}) {
				exact++
			}
			continue
		}
		ok := true
		within := func(what string, a, b, sa, sb []float64) {
			for k := range a {
				z := math.Abs(a[k]-b[k]) / (math.Hypot(sa[k], sb[k]) + 1e-12)
				worst = max(worst, z)
				if !(z <= 5) {
					ok = false
					t.Errorf("%s %s[%d]: %.8g, want %.8g: %.1f standard errors apart", got.Name, what, k, a[k], b[k], z)
				}
			}
		}
		within("mean", got.Mean, w.Mean, got.MeanSE, w.MeanSE)
		within("variance", got.Variance, w.Variance, got.VarianceSE, w.VarianceSE)
		if ok {
			drawn++
		}
	}
	t.Logf("%s: %d exact and %d drawn entries of %d agree, the farthest drawn value is off by %.2f standard errors", filepath.Base(file), exact, drawn, len(names), worst)
}

// The problems of testdata carry the values of make_problems.py, which
// enumerates every state, subset and tuple in numpy.
func TestAgreesWithEnumeration(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) { checkFile(t, f, 20_000) })
	}
}

func TestAgreesWithProblems(t *testing.T) {
	if *problemsDir == "" {
		t.Skip("give -problems DIR to check more problem files")
	}
	files, err := filepath.Glob(filepath.Join(*problemsDir, "*.json"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, f := range files {
		t.Run(filepath.Base(f), func(t *testing.T) { checkFile(t, f, *checkDraws) })
	}
}
