package eval

import (
	"bufio"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The tables of Texygen from the samples that it publishes: BLEU against its
// training and its test text, and self-BLEU, orders 2 to 5 of six models. The samples
// are not part of this repository: TEXTGAN_TEXYGEN names a checkout of
// github.com/geek-ai/Texygen, whose docs/evaluation.md holds the tables.
func TestTexygenTables(t *testing.T) {
	dir := os.Getenv("TEXTGAN_TEXYGEN")
	if dir == "" {
		t.Skip("the published samples are not at hand: set TEXTGAN_TEXYGEN to a checkout of Texygen")
	}
	read := func(name string) (lines []string) {
		f, err := os.Open(filepath.Join(dir, name))
		require.NoError(t, err)
		defer f.Close()
		for s := bufio.NewScanner(f); s.Scan(); {
			lines = append(lines, s.Text())
		}
		return lines
	}
	texts := map[string][]string{}
	for name, file := range map[string]string{"SeqGAN": "seq", "MaliGAN": "maligan", "RankGAN": "rank", "LeakGAN": "leakgan", "TextGAN": "textgan", "MLE": "mle"} {
		texts[name] = read("docs/instances/" + file + ".txt")
	}
	train, test := read("data/image_coco.txt"), read("data/testdata/test_coco.txt")
	p, err := LookupProtocol("texygen")
	require.NoError(t, err)

	cells, far := 0, 0
	var models []string
	scores := map[string]Score{} // of the present table
	score := func(string) Score { return Score{} }
	for _, line := range read("docs/evaluation.md") {
		fields := strings.Split(strings.Trim(line, "| "), "|")
		for i := range fields {
			fields[i] = strings.TrimSpace(fields[i])
		}
		lower := strings.ToLower(line)
		switch {
		case strings.Contains(lower, "on training dataset"):
			score = func(m string) Score {
				s, err := p.BLEU(texts[m], train, Options{MaxN: 5})
				require.NoError(t, err)
				return s
			}
		case strings.Contains(lower, "on test dataset"):
			score = func(m string) Score {
				s, err := p.BLEU(texts[m], test, Options{MaxN: 5})
				require.NoError(t, err)
				return s
			}
		case strings.Contains(lower, "self-bleu)"):
			score = func(m string) Score { s, err := p.SelfBLEU(texts[m], Options{}); require.NoError(t, err); return s }
		case strings.Contains(line, "| SeqGAN"):
			models, scores = models[:0], map[string]Score{}
			for _, f := range fields {
				if _, ok := texts[f]; ok {
					models = append(models, f)
					scores[f] = score(f)
				}
			}
		case strings.HasPrefix(fields[0], "BLEU") && len(models) > 0 && len(fields) > len(models):
			order, err := strconv.Atoi(strings.TrimLeft(fields[0], "BLEU-"))
			require.NoError(t, err)
			for i, m := range models {
				want, err := strconv.ParseFloat(fields[i+1], 64)
				require.NoError(t, err)
				cells++
				// A table that rounds some cells and cuts others is off by at most
				// a unit of its last digit; one cell misses that by 4e-6.
				got := scores[m].ByOrder[order-1]
				require.InDelta(t, want, got, 0.0011, "%s, BLEU-%d", m, order)
				if got-want >= 0.001 {
					far++
				}
			}
		}
	}
	require.Equal(t, 72, cells)
	require.LessOrEqual(t, far, 1)
}
