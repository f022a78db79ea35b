package model_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/corpora"
	"textgan/train"
	"textgan/train/model"
	"textgan/vocab"
)

// A held-out text that the model learns, or cannot read, is told by its tokens.
func TestHeldOutLearnt(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	c := train.Options.Defaults()
	c.Corpus = write("learnt", "the cat sleeps\na dog eats\nthe cat sleeps\nthe <unk> eats\n")
	for held, want := range map[string][2]float64{
		"The Cat sleeps\nthe cat sleeps\na dog eats\nthe dog eats\n": {3, 0}, // capitals are no other tokens
		"the bird eats\na fly\n":                                     {0, .4},
		"the dog sleeps\n":                                           {0, 0},
	} {
		c.Valid = write("held", held)
		d, err := model.Prepare(c.Config, nil, nil)
		require.NoError(t, err)
		learnt, unknown := d.HeldOutLearnt()
		require.Equal(t, want, [2]float64{float64(learnt), unknown}, held)
	}
}

// A text that is gone through several times and never kept gives what the same
// text in memory gives, split and encoded as a whole.
func TestPrepareAgainstMemory(t *testing.T) {
	var lines strings.Builder
	lines.WriteString("id,text\n")
	for i := range 500 {
		fmt.Fprintf(&lines, "%d,\"line %d of\nmany words %d\"\n%d, \n", i, i%130, i*i%90, i)
	}
	path := filepath.Join(t.TempDir(), "a.csv")
	require.NoError(t, os.WriteFile(path, []byte(lines.String()), 0o600))
	c := train.Options.Defaults()
	c.Corpus, c.ValidFraction, c.SplitSeed, c.MinCount, c.MaxLen, c.Truncate = path, 0.2, 3, 4, 5, true

	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(t, err)
	corpus, err := corpora.Open(path, corpora.Options{})
	require.NoError(t, err)
	learnt, held, err := corpus.Split(0.2, 3)
	require.NoError(t, err)
	tok, err := vocab.NewTokenizer("word", "")
	require.NoError(t, err)
	v, err := vocab.Build(learnt.Lines, tok, vocab.Options{MinCount: 4})
	require.NoError(t, err)
	ids := func(c *corpora.Corpus) [][]int32 {
		ids, err := v.EncodeAll(c.Lines, vocab.EncodeOptions{MaxLen: 5, Truncate: true})
		require.NoError(t, err)
		return ids
	}
	require.Equal(t, corpus.SHA256, d.SHA256)
	require.Equal(t, held, d.Valid)
	require.Equal(t, v.Hash(), d.Vocab.Hash())
	require.Equal(t, ids(learnt), d.Train)
	require.Equal(t, ids(held), d.Held)
	require.Equal(t, 6, d.MaxT)
	require.Equal(t, model.Text{Name: path, Lines: len(learnt.Lines), Different: len(learnt.Lines) - learnt.Duplicates, Bytes: d.Learnt.Bytes}, d.Learnt)
	require.EqualValues(t, len(strings.Join(corpus.Lines, "")), d.Learnt.Bytes)
	again, err := d.LearntCorpus(nil)
	require.NoError(t, err)
	require.Equal(t, learnt, again)
	_, err = d.LearntCorpus(func() bool { return true })
	require.ErrorIs(t, err, model.ErrStopped)

	// From standard input it comes once, and is kept.
	c.Corpus, c.Format = "-", "csv"
	s, err := model.Prepare(c.Config, nil, strings.NewReader(lines.String()))
	require.NoError(t, err)
	require.Equal(t, [2]any{d.Train, d.Held}, [2]any{s.Train, s.Held})

	c.Corpus, c.Truncate = path, false
	_, err = model.Prepare(c.Config, nil, nil)
	require.ErrorContains(t, err, path+":2: sentence of 6 tokens, longer than 5")
	require.NoError(t, os.WriteFile(path, []byte("text\n \n"), 0o600))
	_, err = model.Prepare(c.Config, nil, nil)
	require.ErrorContains(t, err, "a.csv: no sentences; 1 line, and it is blank")
	_, err = d.LearntCorpus(nil)
	require.ErrorContains(t, err, "a.csv has changed while it was read")
}
