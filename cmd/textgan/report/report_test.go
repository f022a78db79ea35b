package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"textgan/eval/plot"
	"textgan/train/rundir"
)

// run writes a run whose every text tries to break out of the page.
func run(t *testing.T) *rundir.Run {
	dir := filepath.Join(t.TempDir(), "a <b>run")
	w, err := rundir.Create(dir, rundir.Content{Config: []byte("corpus = \"<script>alert(1)</script>\"\n"), Manifest: rundir.Manifest{
		Model: "gan", Seed: 7, Corpus: rundir.Corpus{Name: "</title><img src=http://example.com/x>", SHA256: "0123", Lines: 3},
		WarmStart: &rundir.WarmStart{Run: "<i>older", Model: "vae", Step: 12, Corpus: rundir.Corpus{Name: "old.txt", SHA256: "4567", Lines: 4}},
	}}, rundir.Start{Command: []string{"textgan", "train"}, Go: "go1"}, rundir.Options{Now: func() time.Time { return time.Unix(0, 0) }})
	require.NoError(t, err)
	for step, phase := range []string{"likelihood", "likelihood", "adversarial"} {
		require.NoError(t, w.Log(step+1, rundir.Field{Name: "phase", Value: phase}, rundir.Field{Name: "nll/train", Value: 3 - float64(step)/2}, rundir.Field{Name: "nll/after_round", Value: 2.}, rundir.Field{Name: "loss/g", Value: math.NaN()}))
		require.NoError(t, w.Log(step+1, rundir.Field{Name: "bleu/2", Value: 0.25}, rundir.Field{Name: "<new>", Value: step}))
		require.NoError(t, w.SaveSamples(step+1, []string{"the cat sat on <i>me</i>", "step " + string(rune('1'+step))}))
	}
	require.NoError(t, w.Close())
	require.NoError(t, os.Mkdir(w.Path(figures), 0o777))
	require.NoError(t, os.WriteFile(filepath.Join(w.Path(figures), "plane.svg"), []byte("<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"), 0o666))
	r, err := rundir.Open(dir)
	require.NoError(t, err)
	return r
}

func TestWrite(t *testing.T) {
	r := run(t)
	o := Options{Train: []string{"a dog", "yes the cat sat down"}, Tokenize: strings.Fields}
	require.NoError(t, Write(r, o))
	content, err := os.ReadFile(r.Path(HTMLFile))
	require.NoError(t, err)
	page := string(content)

	elements, text := map[string]int{}, ""
	d := xml.NewDecoder(strings.NewReader(page))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch token := token.(type) {
		case xml.CharData:
			text += string(token)
		case xml.StartElement:
			elements[token.Name.Local]++
			for _, a := range token.Attr {
				require.False(t, strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href", "%v", token)
				if a.Name.Local == "src" {
					require.True(t, strings.HasPrefix(a.Value, "data:image/svg+xml;base64,"), a.Value)
				}
			}
		}
	}
	for _, never := range []string{"script", "link", "iframe", "i"} {
		require.Zero(t, elements[never], never)
	}
	require.Contains(t, text, "after round", "of nll/after_round")
	require.Equal(t, 1, elements["img"], "the figure")
	require.Equal(t, 3, elements["svg"], "nll, BLEU and <new>; the losses have no finite value")
	for _, want := range []string{"a <b>run", "likelihood until 2, adversarial until 3", "no finite value", "<script>alert(1)</script>", "the cat sat on <i>me</i>", "step 3", "BLEU-2", "from step 12 of run <i>older (vae, learnt from old.txt)"} {
		require.Contains(t, text, want)
	}
	require.Contains(t, page, "<mark>the cat sat</mark> on &lt;i&gt;me&lt;/i&gt; <span class=\"soft\">(3 of 5)")
	require.Contains(t, page, "yes <mark>the cat sat</mark> down")

	require.NoError(t, Write(r, o))
	again, err := os.ReadFile(r.Path(HTMLFile))
	require.NoError(t, err)
	require.Equal(t, content, again)

	card, err := os.ReadFile(r.Path(CardFile))
	require.NoError(t, err)
	require.Contains(t, string(card), "| likelihood | 2 |\n| adversarial | 3 |\n")
	require.Contains(t, string(card), "| BLEU-2 | 0.25 |")
	require.Contains(t, string(card), "weights of run &lt;i>older (vae, step 12), which had learnt from old.txt:")
	require.Contains(t, string(card), "    step 3\n")
}

// A report that is stopped is an error, leaves whole files or none, and can be written then.
func TestWriteStops(t *testing.T) {
	r := run(t)
	asked, after := 0, math.MaxInt
	var cut atomic.Int64 // lines
	tokenize := func(line string) []string { cut.Add(1); return strings.Fields(line) }
	o := Options{Tokenize: tokenize, Stop: func() bool { asked++; return asked >= after }}
	require.NoError(t, Write(r, o))
	require.Equal(t, 2, asked, "before each file")
	for i := range 3 * chunk {
		o.Train = append(o.Train, "yes the cat sat down "+strings.Repeat("again ", i%3))
	}
	asked = 0
	require.NoError(t, Write(r, o))
	want, err := os.ReadFile(r.Path(HTMLFile))
	require.NoError(t, err)
	all := asked
	require.Greater(t, all, 6) // three chunks of lines, their index, two files
	for after = range all + 1 {
		require.NoError(t, os.RemoveAll(r.Path(HTMLFile)))
		require.NoError(t, os.RemoveAll(r.Path(CardFile)))
		asked = 0
		cut.Store(0)
		require.ErrorIs(t, Write(r, o), ErrStopped, "at question %d of %d", after, all)
		require.Equal(t, max(after, 1), asked)
		if after <= 3 {
			require.EqualValues(t, max(after-1, 0)*chunk, cut.Load())
		}
		require.NoFileExists(t, r.Path(CardFile))
		if after < all {
			require.NoFileExists(t, r.Path(HTMLFile))
		}
	}
	o.Stop = nil
	require.NoError(t, Write(r, o))
	again, err := os.ReadFile(r.Path(HTMLFile))
	require.NoError(t, err)
	require.Equal(t, want, again)
}

// A run that has only just begun has a report too.
func TestWriteOfAnEmptyRun(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	w, err := rundir.Create(dir, rundir.Content{Config: []byte("a = 1\n")}, rundir.Start{}, rundir.Options{})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.NoError(t, Write(&w.Run, Options{}))
}

func TestFind(t *testing.T) {
	require.Equal(t, 2, find([]int32{1, 2, 1, 3}, []int32{1, 3}))
	require.Equal(t, [3]string{"a", "b c", ""}, split([]string{"a", "b", "c"}, 1, 2))
}

// A chart that fails, with an error or a panic, becomes a sentence in its place.
func TestNoChartEndsAReport(t *testing.T) {
	defer func(f func(plot.Curves) (plot.Drawing, error)) { drawCurves = f }(drawCurves)
	for words, f := range map[string]func() error{
		"on purpose":        func() error { return errors.New("on purpose") },
		"index out of rang": func() error { return make([]error, len(os.Getenv("")))[0] },
	} {
		drawCurves = func(plot.Curves) (plot.Drawing, error) { return plot.Drawing{}, f() }
		r := run(t)
		require.NoError(t, Write(r, Options{}))
		content, err := os.ReadFile(r.Path(HTMLFile))
		require.NoError(t, err)
		require.Contains(t, string(content), "This chart cannot be drawn: ")
		require.Contains(t, string(content), words)
	}
}

// A name stays on its line of a card, and means nothing there.
func TestMarkdown(t *testing.T) {
	require.Equal(t, "a\\|b \\*c\\* \\[d\\](e) &lt;f> \\\\x1b\\[2J\\\\n\\# g", markdown("a|b *c* [d](e) <f> \x1b[2J\n# g"))
}

// A picture that is too wide for a column has a row of the page.
func TestWideFigures(t *testing.T) {
	for svg, wide := range map[string]bool{
		`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 524" width="960">`:                    true,
		"<?xml version='1.0'?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"\n viewBox=\"0 0 420.5 319\">": false,
		`<svg>`: false,
	} {
		require.Equal(t, wide, newFigure("f", []byte(svg)).Wide, svg)
	}
	var b strings.Builder
	require.NoError(t, pageTemplate.Execute(&b, &page{Figures: []figure{{Title: "two panels", Wide: true}, {Title: "one"}}}))
	require.Contains(t, b.String(), `<figure class="wide" tabindex="0" aria-label="two panels">`)
	require.Equal(t, 1, strings.Count(b.String(), `class="wide"`))
}
