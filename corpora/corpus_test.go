package corpora

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func corpusOf(t *testing.T, lines ...string) *Corpus {
	c, err := New("memory", lines)
	require.NoError(t, err)
	return c
}

func TestSplit(t *testing.T) {
	var lines []string
	for i := range 1000 {
		lines = append(lines, fmt.Sprint("line ", i%700)) // 300 of them twice
	}
	c := corpusOf(t, lines...)
	train, valid, err := c.Split(0.1, 7)
	require.NoError(t, err)
	require.Equal(t, 70, len(valid.Lines)-valid.Duplicates, "a tenth of the different lines")
	require.Len(t, both(train, valid), 1000)
	for _, line := range valid.Lines {
		require.NotContains(t, train.Lines, line)
	}
	slices.Sort(lines)
	require.Equal(t, lines, both(train, valid))
	require.Equal(t, 300, train.Duplicates+valid.Duplicates)
	require.NotEqual(t, train.SHA256, valid.SHA256)

	again, _, err := c.Split(0.1, 7)
	require.NoError(t, err)
	require.Equal(t, train, again)
	other, _, err := c.Split(0.1, 8)
	require.NoError(t, err)
	require.NotEqual(t, train.SHA256, other.SHA256)

	// The order and the places of the corpus are kept.
	at := 0
	for i, line := range valid.Lines {
		for c.Lines[at] != line || c.Where(at) != valid.Where(i) {
			at++
		}
	}
}

// both are the lines of both sides, sorted.
func both(train, valid *Corpus) []string {
	lines := slices.Concat(train.Lines, valid.Lines)
	slices.Sort(lines)
	return lines
}

// A line that stands often is held out as often as one that stands once.
func TestSplitGivesEveryLineTheSameChance(t *testing.T) {
	lines := slices.Repeat([]string{"refrain"}, 500)
	for i := range 60 {
		lines = append(lines, fmt.Sprint("verse ", i))
	}
	c := corpusOf(t, lines...)
	const seeds = 4000
	refrain, verse := 0, 0
	for seed := range uint64(seeds) {
		_, valid, err := c.Split(0.05, seed)
		require.NoError(t, err)
		require.Equal(t, 3, len(valid.Lines)-valid.Duplicates)
		if slices.Contains(valid.Lines, "refrain") {
			refrain++
		}
		if slices.Contains(valid.Lines, "verse 7") {
			verse++
		}
	}
	const p = 3.0 / 61
	sd := math.Sqrt(seeds * p * (1 - p))
	require.InDelta(t, seeds*p, refrain, 4*sd)
	require.InDelta(t, seeds*p, verse, 4*sd)
}

func TestSplitOfFewLines(t *testing.T) {
	for _, fraction := range []float64{1e-9, 0.5, 0.999} {
		train, valid, err := corpusOf(t, "a", "b").Split(fraction, 1)
		require.NoError(t, err)
		require.Len(t, train.Lines, 1)
		require.Len(t, valid.Lines, 1)
	}
	// Copies stay together, and a text of nothing but copies is split.
	train, valid, err := corpusOf(t, "a", "a", "b", "b", "c", "c").Split(0.1, 1)
	require.NoError(t, err)
	require.Len(t, train.Lines, 4)
	require.Len(t, valid.Lines, 2)
	require.Equal(t, valid.Lines[0], valid.Lines[1])

	for want, f := range map[string]func() error{
		"there is one line;":           func() error { _, _, err := corpusOf(t, "a").Split(0.5, 1); return err },
		"all lines are equal":          func() error { _, _, err := corpusOf(t, "a", "a").Split(0.5, 1); return err },
		"fraction 1 of held-out lines": func() error { _, _, err := corpusOf(t, "a", "b").Split(1, 1); return err },
		"fraction 0 of held-out lines": func() error { _, _, err := corpusOf(t, "a", "b").Split(0, 1); return err },
	} {
		require.ErrorContains(t, f(), want)
	}
}

// Without copies both rules are one.
func TestHeldOutByLines(t *testing.T) {
	copies := slices.Repeat([]int{1}, 300)
	now, err := HeldOut(copies, 0.1, 4)
	require.NoError(t, err)
	held, err := HeldOutByLines(copies, 0.1, 4)
	require.NoError(t, err)
	require.Equal(t, now, held)

	// With copies it fills its share of the lines, and not with the frequent one.
	held, err = HeldOutByLines(append(copies, 100), 0.1, 4)
	require.NoError(t, err)
	lines := 0
	for _, h := range held[:300] {
		if h {
			lines++
		}
	}
	require.Equal(t, 40, lines)
	require.False(t, held[300])

	_, err = HeldOutByLines([]int{2, 2}, 0.1, 1)
	require.ErrorContains(t, err, "every line stands too often to hold out 0.1 of 4 lines")
}

func TestStats(t *testing.T) {
	lines := []string{"a b", " a  b ", "a b c", "a b", "d d d d"}
	c, err := New("memory", append(lines, "", " "))
	require.NoError(t, err)
	s := c.Stats(strings.Fields)
	require.Equal(t, Stats{
		Name: "memory", SHA256: c.SHA256, Lines: 5, Blank: 2, Duplicates: 1, Distinct: 3,
		Tokens: 13, Vocabulary: 4, Once: 1, MeanLength: 2.6,
		Lengths:   Quantiles{Min: 2, P5: 2, P25: 2, P50: 2, P75: 3, P95: 4, P99: 4, Max: 4},
		OnceShare: 0.25, MaxLen: 4, Scripts: []ScriptShare{{"Latin", 1}}, Unknown: s.Unknown,
	}, s)
	// Counted by hand: c once, a, b and d four times.
	require.Equal(t, []UnknownShare{{1, 4, 0, 1. / 13}, {2, 3, 1. / 13, 1. / 13}, {3, 3, 1. / 13, 1. / 13}, {5, 0, 1, 1}, {10, 0, 1, 1}, {20, 0, 1, 1}}, s.Unknown)

	var table bytes.Buffer
	require.NoError(t, s.WriteTable(&table))
	require.Contains(t, table.String(), "length min/5%/25%/50%/75%/95%/99%/max  2/2/2/2/3/4/4/4\n")
	require.NotContains(t, table.String(), "entropy")

	builtin, err := Open("builtin:arithmetic", Options{Lines: 10})
	require.NoError(t, err)
	s = builtin.Stats(strings.Fields)
	require.True(t, s.Entropy.Exact)
	table.Reset()
	require.NoError(t, s.WriteTable(&table))
	require.Contains(t, table.String(), "nats per sentence (exact)")
	data, err := json.Marshal(s)
	require.NoError(t, err)
	var back Stats
	require.NoError(t, json.Unmarshal(data, &back))
	require.Equal(t, s, back)
}

// What is expected of new text is what a token of this one meets in all the others,
// counted with another loop; the length is the least that 99 of 100 lines have.
func TestStatsOfMany(t *testing.T) {
	c, err := Open("builtin:captions", Options{Lines: 700})
	require.NoError(t, err)
	s := c.Stats(strings.Fields)
	counts, total := map[string]int{}, 0
	for _, line := range c.Lines {
		for _, w := range strings.Fields(line) {
			counts[w]++
			total++
		}
	}
	for _, u := range s.Unknown {
		unknown, unseen := 0, 0
		for _, line := range c.Lines {
			for _, w := range strings.Fields(line) {
				if counts[w] < u.MinCount {
					unknown++
				}
				counts[w]--
				if counts[w] < u.MinCount {
					unseen++
				}
				counts[w]++
			}
		}
		require.Equal(t, float64(unknown)/float64(total), u.Text)
		require.Equal(t, float64(unseen)/float64(total), u.Expected)
	}
	within := func(most int) (n int) {
		for _, line := range c.Lines {
			if len(strings.Fields(line)) <= most {
				n++
			}
		}
		return n
	}
	require.GreaterOrEqual(t, within(s.MaxLen), 693)
	require.Less(t, within(s.MaxLen-1), 693)
}

func TestScripts(t *testing.T) {
	c, err := New("memory", []string{"ab, Жё 1", "字ひ"})
	require.NoError(t, err)
	require.Equal(t, []ScriptShare{{"Cyrillic", 2. / 6}, {"Latin", 2. / 6}, {"Han", 1. / 6}, {"Hiragana", 1. / 6}}, c.Stats(strings.Fields).Scripts)
}

// A tolerant look at a file that is no text says so from its beginning. A text of which it
// can count lines it counts.
func TestBinaryIsNoText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	data := make([]byte, 1<<20)
	for i := range data {
		data[i] = byte(r.Uint32())
	}
	random := string(data)
	noNUL := strings.ReplaceAll(random, "\x00", "\x01")
	for name, text := range map[string]string{
		"a.bin": random, "a.fasta": random, "a.gz": gzipped(t, random), "nul-free": noNUL, "a-line": strings.ReplaceAll(noNUL, "\n", "\x01"),
		"zeros": strings.Repeat("\x00", 1<<20), "utf-16": strings.Repeat("o\x00k\x00\n\x00", 1<<18),
	} {
		in := &counting{r: strings.NewReader(text)}
		_, err := Read(in, name, Options{Tolerant: true})
		require.ErrorContains(t, err, "corpora: "+name+": binary data, not text, or text in UTF-16: ")
		require.LessOrEqual(t, in.n, 1<<18, name)
	}
	for name, text := range map[string]string{
		"latin-1": "caf\xe9\nna\xefve\nok\n", "terminal": "\x1b[1mb\xfcb\x1b[0m\nok\n", "separated": "a\x01b\nc\x01d\n", "half": "ok\na\x00b\n", "a.csv": "text\na\x00\nb\x00\nok\n",
	} {
		_, err := Read(strings.NewReader(text), name, Options{Tolerant: true})
		require.NoError(t, err, name)
	}
}

type counting struct {
	r io.Reader
	n int
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// A tolerant look counts what is refused, by reason, and reads all the rest.
func TestTolerant(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		opt  Options
		kept []string
		want []Refused
	}{
		"lines.txt": {"a\ncaf\xe9\nb\n\xff\n" + strings.Repeat("x", 200_000) + "\nc\x00" + strings.Repeat("y", 100_000) + "\nd", Options{}, []string{"a", "b", "d"}, []Refused{
			{"not UTF-8", 2, "lines.txt:2: byte 4 is not UTF-8; convert the text to UTF-8 first"},
			{"longer than 65,536 bytes", 1, "lines.txt:5: line of 200,000 bytes, more than 65,536; raise --max-line-bytes or drop it"},
			{"NUL byte", 1, "lines.txt:6: NUL byte; this is binary data, not text, or text in UTF-16: convert that to UTF-8 first"},
		}},
		"rows.csv": {"id,text\n1,a\n2\n3,b\n4,c,d\n5,e\n", Options{}, []string{"a", "b", "e"}, []Refused{
			{"another number of columns", 2, "rows.csv:3: another number of columns than the first row has"},
		}},
		"rows.jsonl": {"{\"text\":\"a\"}\n{\"text\":1}\n{\"b\":\"c\"}\n{\"text\":null}\nx\n{\"text\":\"d\"}\n", Options{}, []string{"a", "d"}, []Refused{
			{"field \"text\" is not a string", 2, "rows.jsonl:2: field \"text\" is not a string but 1"},
			{"no field \"text\"", 1, "rows.jsonl:3: no field \"text\"; choose another with --field (this line has [\"b\"])"},
			{"not a JSON object", 1, "rows.jsonl:5: not a JSON object: invalid character 'x' looking for beginning of value"},
		}},
		"array.json": {"[\"a\", 1, \"b\"]", Options{}, []string{"a", "b"}, []Refused{{"not a JSON object", 1, "array.json:1: not a JSON object but 1"}}},
	} {
		path := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
		_, err := Open(path, c.opt)
		require.Error(t, err, name)
		c.opt.Tolerant = true
		got, err := Open(path, c.opt)
		require.NoError(t, err, name)
		require.Equal(t, c.kept, got.Lines, name)
		for i := range c.want {
			c.want[i].First = filepath.Join(filepath.Dir(path), c.want[i].First)
		}
		require.Equal(t, c.want, got.Refused, name)
		require.Equal(t, c.want, got.Stats(strings.Fields).Refused)
		read, err := Read(strings.NewReader(c.text), path, c.opt)
		require.NoError(t, err, name)
		require.Equal(t, got, read)
	}
	_, err := New("x", nil)
	require.ErrorContains(t, err, "no sentences")
	path := filepath.Join(t.TempDir(), "all.txt")
	require.NoError(t, os.WriteFile(path, []byte("\xff\n\xfe\n"), 0o600))
	_, err = Open(path, Options{Tolerant: true})
	require.ErrorContains(t, err, "all.txt:1: byte 1 is not UTF-8")
}
