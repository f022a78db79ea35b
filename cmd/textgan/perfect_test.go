package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/vocab"
)

// news are lines as of a news wire: names, numbers, abbreviations, quotes, brackets
// and capitals, all different.
func news(n int) (lines []string) {
	r := rand.New(rand.NewPCG(1, 2))
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	number := func() string {
		return pick(fmt.Sprint(2+r.IntN(98)), fmt.Sprintf("%d,%03d", 1+r.IntN(99), r.IntN(1000)), fmt.Sprintf("%d.%d", r.IntN(90), r.IntN(10)))
	}
	name := func() string {
		return pick("Ada", "J. P.", "Mary-Ann", "Siân", "Jean-Luc", "José", "Dr. Eve", "Mr.", "Ms.") + " " + pick("O'Brien", "McKay", "Müller", "de la Cruz", "Smith Jr.", "Łukasz", "D’Angelo")
	}
	place := func() string {
		return pick("Washington, D.C.", "St. Louis", "the U.S.", "the EU", "New York City", "Rome, Ga.", "São Paulo", "the U.K.'s north")
	}
	when := func() string {
		return pick("on Jan. 3", "at 10:30 p.m.", "in Q2", "on Sept. 14, 2019", "in the 1990s", "Tuesday", "this week")
	}
	sentence := func() string {
		switch r.IntN(6) {
		case 0:
			return fmt.Sprintf("%s, %d, of %s said %s that exports rose %s%% to $%s million.", name(), 20+r.IntN(60), place(), when(), number(), number())
		case 1:
			return fmt.Sprintf("%s (%s) — %s's shares fell %s points %s, i.e. to €%s.", strings.ToUpper(place()), pick("AP", "Reuters", "dpa"), pick("IBM", "AT&T", "Acme Corp.", "BMW"), number(), when(), number())
		case 2:
			return fmt.Sprintf("\"We aren't done yet,\" said %s; \"it's %s or nothing!\"", name(), number())
		case 3:
			return fmt.Sprintf("Why did %s lose %s–%s to %s %s?", pick("Arsenal", "the Mets", "PSG", "Bayern"), fmt.Sprint(r.IntN(9)), fmt.Sprint(r.IntN(9)), pick("Leeds", "the Cubs", "Inter"), when())
		case 4:
			return fmt.Sprintf("See https://news.example/%d?id=%s, or ask @%s (#%s%d).", r.IntN(999), pick("a", "B", "c_D"), pick("desk", "Editor_1"), pick("Vote", "cop"), 20+r.IntN(9))
		}
		return fmt.Sprintf("No. %s: %s and %s met in %s %s, No. 10 said.", number(), name(), name(), place(), when())
	}
	for len(lines) < n {
		if s := sentence(); !slices.Contains(lines, s) {
			lines = append(lines, s)
		}
	}
	return lines
}

// perfect is what a model writes that has learnt lines by heart.
func perfect(t *testing.T, lines []string, letters string) []string {
	t.Helper()
	tok, err := vocab.NewTokenizer("word", letters)
	require.NoError(t, err)
	v, err := vocab.Build(lines, tok, vocab.Options{})
	require.NoError(t, err)
	written := make([]string, len(lines))
	for i, line := range lines {
		written[i] = v.Decode(append(v.Encode(line), vocab.Eos))
	}
	return written
}

// requirePerfect judges lines against themselves as a model has written them: BLEU 1, no
// line that is new, every distance 0.
func requirePerfect(t *testing.T, written, lines []string, options string) {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("hyp.txt", []byte(strings.Join(written, "\n")+"\n"), 0o600))
	require.NoError(t, os.WriteFile("ref.txt", []byte(strings.Join(lines, "\n")+"\n"), 0o600))
	read := func(line string, v any) {
		var out, talk bytes.Buffer
		require.Zero(t, runOut(&out, &talk, line), talk.String())
		require.NoError(t, json.Unmarshal(out.Bytes(), v))
	}
	var bleu struct{ BLEU map[string]float64 }
	read("textgan eval bleu --hyp hyp.txt --ref ref.txt --json "+options, &bleu)
	require.Len(t, bleu.BLEU, 5)
	for n, score := range bleu.BLEU {
		require.InDelta(t, 1, score, 1e-12, "BLEU-%s, %s", n, options)
	}
	if strings.Contains(options, "--protocol") {
		return
	}
	var d struct {
		Novelty        float64            `json:"novelty"`
		MSJaccard      map[string]float64 `json:"ms_jaccard"`
		JensenShannon  map[string]float64 `json:"jensen_shannon"`
		LengthDistance float64            `json:"length_distance"`
	}
	read("textgan eval diversity --hyp hyp.txt --train ref.txt --json "+options, &d)
	require.Zero(t, d.Novelty, options)
	require.Zero(t, d.LengthDistance, options)
	require.NotEmpty(t, d.MSJaccard)
	for n := range d.MSJaccard {
		require.InDelta(t, 1, d.MSJaccard[n], 1e-12, options)
		require.InDelta(t, 0, d.JensenShannon[n], 1e-12, options)
	}
}

// 2,000 lines with capitals, numbers and abbreviations through a model without fault.
func TestPerfectModelOfNews(t *testing.T) {
	n := 2000
	if testing.Short() {
		n = 300
	}
	lines := news(n)
	written := perfect(t, lines, vocab.Keep)
	require.Equal(t, lines, written)
	for _, options := range []string{"--case keep", "--tokenizer ptb", "--protocol gans-falling-short"} {
		requirePerfect(t, written, lines, options)
	}
	// In lower case it is perfect only where capitals do not count.
	lowered := perfect(t, lines[:100], "")
	requirePerfect(t, lowered, lines[:100], "--case lower")
	require.NotEqual(t, lines[:100], lowered)
}

// Captions, such as those of COCO, tokenised and joined, score as themselves under the
// Penn Treebank rules. TEXTGAN_CAPTIONS names a file with one a line.
func TestPerfectModelOfCaptions(t *testing.T) {
	path := os.Getenv("TEXTGAN_CAPTIONS")
	if path == "" {
		t.Skip("TEXTGAN_CAPTIONS names no file of captions")
	}
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	lines := strings.Split(strings.TrimSpace(string(content)), "\n")
	lines = lines[:min(2000, len(lines))]
	t.Logf("%d captions", len(lines))
	requirePerfect(t, perfect(t, lines, vocab.Keep), lines, "--tokenizer ptb")
}
