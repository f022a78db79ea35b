package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/rundir"
)

// finishedRun writes a run of two phases, the first of which ended at step end.
func finishedRun(t *testing.T, dir, config string, seed uint64, end int, nll, bleu float64) *rundir.Run {
	w, err := rundir.Create(dir, rundir.Content{Config: []byte(config), Manifest: rundir.Manifest{Seed: seed}}, rundir.Start{}, rundir.Options{})
	require.NoError(t, err)
	for _, p := range []struct {
		name string
		step int
	}{{"likelihood", end}, {"adversarial", end + 10}} {
		require.NoError(t, w.Log(p.step, rundir.Field{Name: "phase", Value: p.name}, rundir.Field{Name: "nll/train", Value: nll}))
		require.NoError(t, w.Log(p.step, rundir.Field{Name: "nll/valid", Value: nll}, rundir.Field{Name: "bleu/4", Value: bleu}, rundir.Field{Name: "different", Value: 1.}))
	}
	require.NoError(t, w.SaveSamples(end+10, []string{"a sentence"}))
	require.NoError(t, w.Close())
	return &w.Run
}

func seeded(seed uint64, nll float64) *member {
	return &member{document: &document{Manifest: rundir.Manifest{Seed: seed}}, end: &evaluation{values: map[string]float64{"nll/valid": nll}}}
}

func comparisonPage(t *testing.T, members []Member) string {
	path := filepath.Join(t.TempDir(), "page.html")
	require.NoError(t, Compare(path, "a & b", members))
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	return strings.ReplaceAll(string(content), "&#43;", "+")
}

// Runs of several seeds are a group; differences have intervals over the seeds; what is
// not complete is listed, and not counted; settings that differ are told apart from
// those that do not.
func TestCompare(t *testing.T) {
	dir := t.TempDir()
	var members []Member
	for i, nll := range []float64{2, 2.1, 2.2, 3, 3.1, 3.5} {
		estimator := []string{"rloo", "<b>st"}[i/3]
		config := fmt.Sprintf("seed = %d\nestimator = '%s'\nhidden = 64\n", i%3, estimator)
		members = append(members, Member{Run: finishedRun(t, filepath.Join(dir, fmt.Sprint(i)), config, uint64(i%3), 20+i, nll, .5), Name: "estimator " + estimator})
	}
	members = append(members, Member{Name: "estimator gone", State: "failed", Why: "no <file>"})
	page := comparisonPage(t, members)
	for _, want := range []string{
		"Lowest NLL: estimator rloo (2.1000).", // and BLEU-4 is the same
		// Seed by seed 1, 1 and 1.3: 1.1 and 4.302653 times .1.
		"estimator &lt;b&gt;st against estimator rloo (3 seeds each): NLL +1.1000; not told apart from 0: BLEU-4 0.000.",
		`<td><b>+1.1000</b><br><small>± 0.4303</small></td>`,
		`<th scope="row">estimator rloo</th><td>3</td><td>2.1000 ± 0.2484</td>`,
		`<th scope="row">estimator gone</th><td>failed</td><td>no &lt;file&gt;</td>`,
		`<th scope="row">estimator</th><td>rloo</td><td>&lt;b&gt;st</td>`,
		`<th scope="row">seed</th><td>0, 1, 2</td><td>0, 1, 2</td>`,
		"hidden = 64\n",
		"the axis counts the steps of each phase from 0",
		"adversarial step 10",
	} {
		require.True(t, strings.Contains(page, want), want)
	}
	require.NotContains(t, page, "<script")
	require.NotContains(t, page, "cannot be drawn")
	require.NotContains(t, page, "estimator = ") // it is among those that differ

	// One run each: no interval where the record has nothing to compute it from.
	page = comparisonPage(t, []Member{{Run: members[0].Run}, {Run: members[3].Run, Why: "the run has not come to its end"}})
	require.Contains(t, page, "3 against 0 (one run each): without an interval: NLL +1.0000, BLEU-4 0.000.")
	require.Contains(t, page, "3: the run has not come to its end; its last step is 33.")

	// Other seeds: Welch, of equal means and variances but for the last.
	a, b := &group{done: []*member{seeded(1, 2), seeded(2, 4), seeded(3, 6)}}, &group{done: []*member{seeded(1, 12), seeded(2, 14), seeded(4, 16)}}
	by, i, ok := difference(a, b, columnOf("nll/valid"))
	require.True(t, ok)
	require.InDelta(t, 10, by, 1e-12)
	require.Equal(t, welch([]float64{2, 4, 6}, []float64{12, 14, 16}), i)
	b.done = b.done[:1]
	_, i, _ = difference(a, b, columnOf("nll/valid"))
	require.Nil(t, i, "one seed against three")

	comparisonPage(t, []Member{{Name: "none", State: "missing"}}) // has a page too
}
