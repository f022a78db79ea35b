package train

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/corpora"
	"textgan/train/model"
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
	start := func(name string, seed uint64) *model.Model {
		c := small()
		c.Model, c.Corpus, c.MLESteps, c.Seed, c.ValidFraction = "mle", "lines.txt", 3, seed, 0.2
		tr, w, err := Start(c, name, nil, rundir.Start{})
		require.NoError(t, err)
		play(t, tr, w, 0)
		m, err := model.Load(name, rundir.Last)
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
	a, err = model.Load("../a", rundir.Last)
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

// A run of textgan 0.1 has no held-out lines with it and one seed for all. It
// opens with the lines held out that were held out then.
func TestHeldOutLinesOfAnOldRun(t *testing.T) {
	at := t.TempDir()
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("line %d of many", max(0, i-20))) // the first 21 times
	}
	file := filepath.Join(at, "lines.txt")
	require.NoError(t, os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600))
	c := tiny()
	c.Model, c.Corpus, c.Seed, c.ValidFraction = "mle", file, 5, 0.2
	dir := filepath.Join(at, "run")
	endedRun(t, c, dir)
	require.NoError(t, os.Remove(filepath.Join(dir, rundir.HeldOutFile)))
	edit := func(name string, cut string) {
		path := filepath.Join(dir, name)
		text := regexp.MustCompile(cut).ReplaceAllString(read(t, path), "")
		require.NotEqual(t, text, read(t, path))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	}
	edit(rundir.ConfigFile, `(?m)^split-seed = .*\n`)
	edit("manifest.json", `"held_out": \{[^}]*\},`)
	asOld(t, dir)

	corpus, err := corpora.Open(file, corpora.Options{})
	require.NoError(t, err)
	var different []string
	var copies []int
	for _, line := range corpus.Lines {
		i := slices.Index(different, line)
		if i < 0 {
			i, different, copies = len(different), append(different, line), append(copies, 0)
		}
		copies[i]++
	}
	rule, err := corpora.HeldOutByLines(copies, 0.2, 5)
	require.NoError(t, err)
	var learnt, held []string
	for _, line := range corpus.Lines {
		if rule[slices.Index(different, line)] {
			held = append(held, line)
		} else {
			learnt = append(learnt, line)
		}
	}
	m, err := model.Load(dir, rundir.Last)
	require.NoError(t, err)
	a, b, err := m.Text()
	require.NoError(t, err)
	require.Equal(t, [2][]string{learnt, held}, [2][]string{a.Lines, b.Lines})
	b, err = m.HeldOut()
	require.NoError(t, err)
	require.Equal(t, held, b.Lines)
	tr, w, err := Resume(dir, nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, held, tr.Data.Valid.Lines)

	// A GAN that begins with it holds the same lines out, and keeps them.
	gan := filepath.Join(at, "gan")
	endedRun(t, warm(t, dir), gan)
	m, err = model.Load(gan, rundir.Last)
	require.NoError(t, err)
	b, err = m.HeldOut()
	require.NoError(t, err)
	require.Equal(t, held, b.Lines)
}

// Whatever a line holds comes back as it was; a held-out text of its own may be
// gone, and a project may move with its runs.
func TestHeldOutLinesAsTheyWere(t *testing.T) {
	at := filepath.Join(t.TempDir(), "here")
	require.NoError(t, os.Mkdir(at, 0o755))
	t.Chdir(at)
	odd := []string{"ends with a return\r", "\uFEFFa mark", " spaces ", "one\rtwo", "other", "more"}
	require.NoError(t, os.WriteFile("odd.txt", []byte("x\n"+strings.Join(odd, "\r\n\r\n")+"\r\n"), 0o600))
	require.NoError(t, os.WriteFile("lines.txt", []byte("a b c\nd e f\n"), 0o600))
	c := tiny()
	c.Model, c.Corpus, c.Valid = "mle", "lines.txt", "odd.txt"
	endedRun(t, c, "run")
	require.NoError(t, os.Remove("odd.txt"))
	there := filepath.Join(filepath.Dir(at), "there")
	require.NoError(t, os.Rename(at, there))
	t.Chdir(there)
	m, err := model.Load("run", rundir.Last)
	require.NoError(t, err)
	learnt, held, err := m.Text()
	require.NoError(t, err)
	require.Equal(t, []string{"a b c", "d e f"}, learnt.Lines)
	require.Equal(t, append([]string{"x"}, odd...), held.Lines)
	_, w, err := Resume("run", nil, rundir.Start{})
	require.NoError(t, err)
	require.NoError(t, w.Close())
}
