package train

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/rundir"
)

// A run can be judged after its text is gone, from another working directory;
// several seeds hold the same lines out, and a changed file is refused.
func TestHeldOutLinesStayWithTheRun(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	lines := strings.Repeat("the dog sleeps\n", 20)
	for _, w := range strings.Fields("cat cow hen pig ape bee ant owl elk fox") {
		lines += "the " + w + " sleeps\na " + w + " eats\n"
	}
	require.NoError(t, os.WriteFile("lines.txt", []byte(lines), 0o644))
	start := func(name string, seed uint64) *Model {
		c := small()
		c.Model, c.Corpus, c.MLESteps, c.Seed, c.ValidFraction = "mle", "lines.txt", 3, seed, 0.2
		tr, w, err := Start(c, name, nil, rundir.Start{})
		require.NoError(t, err)
		play(t, tr, w, 0)
		m, err := Load(name, rundir.Last)
		require.NoError(t, err)
		return m
	}
	a, b := start("a", 1), start("b", 2)
	_, held, err := a.Text()
	require.NoError(t, err)
	kept, err := a.HeldOut()
	require.NoError(t, err)
	require.Equal(t, held.Lines, kept.Lines)
	other, err := b.HeldOut()
	require.NoError(t, err)
	require.Equal(t, held.Lines, other.Lines)
	require.False(t, a.HasLearntHeldOut(b))

	require.NoError(t, os.Mkdir("elsewhere", 0o755))
	t.Chdir("elsewhere")
	a, err = Load("../a", rundir.Last)
	require.NoError(t, err)
	_, _, err = a.Text()
	require.NoError(t, err, "the path of the corpus does not depend on the working directory")
	require.NoError(t, os.Remove(filepath.Join(dir, "lines.txt")))
	_, _, err = a.Text()
	require.Error(t, err)
	kept, err = a.HeldOut()
	require.NoError(t, err)
	require.Equal(t, held.Lines, kept.Lines)

	require.NoError(t, os.WriteFile("../a/held-out.txt", []byte("something else\n"), 0o644))
	_, err = a.HeldOut()
	require.ErrorContains(t, err, "checksum")
}
