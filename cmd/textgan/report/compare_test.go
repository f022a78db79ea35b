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
func finishedRun(t *testing.T, dir, config string, end int, nll, bleu float64) *rundir.Run {
	w, err := rundir.Create(dir, rundir.Content{Config: []byte(config)}, rundir.Start{}, rundir.Options{})
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
	for i, nll := range []float64{2, 2.1, 2.2, 3, 3.1, 3.2} {
		estimator := []string{"rloo", "<b>st"}[i/3]
		config := fmt.Sprintf("seed = %d\nestimator = '%s'\nhidden = 64\n", i%3, estimator)
		members = append(members, Member{Run: finishedRun(t, filepath.Join(dir, fmt.Sprint(i)), config, 20+i, nll, .5), Name: "estimator " + estimator})
	}
	members = append(members, Member{Name: "estimator gone", State: "failed", Why: "no <file>"})
	page := comparisonPage(t, members)
	for _, want := range []string{
		"estimator &lt;b&gt;st against estimator rloo, 3 seeds against 3 seeds: NLL is higher: 3.1000 against 2.1000 (+1.0000, 95 % interval +0.7733 to +1.2267).",
		"Not told apart: ",
		`<th scope="row">estimator rloo</th><td>3</td><td>2.1000 ± 0.2484</td>`,
		`<td><b>+1.0000</b><br><small>+0.7733 to +1.2267</small></td>`,
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
	require.Contains(t, page, "3 against 0, one run against one run: NLL is higher: 3.0000 against 2.0000 (+1.0000, no interval); BLEU-4 is equal")
	require.Contains(t, page, "3: the run has not come to its end; its last step is 33.")

	comparisonPage(t, []Member{{Name: "none", State: "missing"}}) // has a page too
}
