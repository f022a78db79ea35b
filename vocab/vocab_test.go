package vocab

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBuildOrdersByCountThenBytes(t *testing.T) {
	lines := []string{"b b a c", "c a d <eos>"}
	v, err := Build(lines, tokenizer(t, "whitespace", ""), Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c", "<eos>", "d"}, v.tokens)
	require.Equal(t, 9, v.Size())

	for _, reordered := range [][]string{{"c a d <eos>", "b b a c"}, {"<eos> d a c c a b b"}} {
		w, err := Build(reordered, tokenizer(t, "whitespace", ""), Options{})
		require.NoError(t, err)
		require.Equal(t, v.Hash(), w.Hash())
	}

	cut, err := Build(lines, tokenizer(t, "whitespace", ""), Options{MinCount: 2})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b", "c"}, cut.tokens)
	require.NotEqual(t, v.Hash(), cut.Hash())
	require.Equal(t, []int32{4, Unk, 6}, cut.Encode("a d c"))
	require.Equal(t, "a <unk> c", cut.Decode(cut.Encode("a d c")))

	small, err := Build(lines, tokenizer(t, "whitespace", ""), Options{MaxSize: 6})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, small.tokens)
}

// A text cannot forge a special id but that of the unknown word, and the word is
// kept as a word.
func TestTextIsNeverSpecial(t *testing.T) {
	line := "<pad> x <eos> <bos> y <unk>"
	v, err := Build([]string{line}, tokenizer(t, "whitespace", ""), Options{})
	require.NoError(t, err)
	for i, id := range v.Encode(line) {
		require.True(t, id >= specials || i == 5 && id == Unk)
	}
	require.Equal(t, line, v.Decode(v.Encode(line)))

	other, err := Build([]string{"x y"}, tokenizer(t, "whitespace", ""), Options{})
	require.NoError(t, err)
	require.Equal(t, []int32{Unk, 4, Unk, Unk, 5, Unk}, other.Encode(line))
}

func TestDecodeStopsAtEos(t *testing.T) {
	v, err := Build([]string{"x y"}, tokenizer(t, "whitespace", ""), Options{})
	require.NoError(t, err)
	require.Equal(t, "x y", v.Decode([]int32{Bos, 4, Pad, 5, Eos, 4, 4}))
	require.Equal(t, "", v.Decode([]int32{Eos, 4}))
	require.Equal(t, "<unk> <unk>", v.Decode([]int32{-1, 99}))
	require.Equal(t, "<eos>", v.Token(Eos))
}

func TestBuildRefuses(t *testing.T) {
	for _, c := range []struct {
		lines []string
		opt   Options
		want  string
	}{
		{nil, Options{}, "no tokens in 0 lines"},
		{[]string{"a"}, Options{MinCount: 2}, "lower the minimum count"},
		{[]string{"a"}, Options{MinCount: -1}, "at least 1"},
		{[]string{"a"}, Options{MaxSize: 4}, "use at least 5"},
		{[]string{"a"}, Options{MaxSize: -3}, "use at least 5"},
	} {
		_, err := Build(c.lines, tokenizer(t, "whitespace", ""), c.opt)
		require.ErrorContains(t, err, c.want)
	}
}

func TestEncodeAll(t *testing.T) {
	lines := []string{"x y", "x y x", "y"}
	v, err := Build(lines, tokenizer(t, "whitespace", ""), Options{})
	require.NoError(t, err)

	all, err := v.EncodeAll(lines, EncodeOptions{})
	require.NoError(t, err)
	require.Equal(t, [][]int32{{4, 5}, {4, 5, 4}, {5}}, all)

	_, err = v.EncodeAll(lines, EncodeOptions{MaxLen: 2})
	var long *LengthError
	require.ErrorAs(t, err, &long)
	require.Equal(t, LengthError{Index: 1, Tokens: 3, Max: 2}, *long)
	require.EqualError(t, err, "vocab: line 2 has 3 tokens, more than 2; raise the maximum, truncate or drop it")

	all, err = v.EncodeAll(lines, EncodeOptions{MaxLen: 2, Truncate: true})
	require.NoError(t, err)
	require.Equal(t, [][]int32{{4, 5}, {4, 5}, {5}}, all)

	_, err = v.EncodeAll(lines, EncodeOptions{MaxLen: -1})
	require.Error(t, err)
}

func saved(t testing.TB, v *Vocab) string {
	var b bytes.Buffer
	require.NoError(t, v.Save(&b))
	return b.String()
}

func TestSaveLoad(t *testing.T) {
	for _, name := range TokenizerNames() {
		tok := tokenizer(t, name, "")
		v, err := Build([]string{"it's <eos> & \u2028 ' naïve 👍 \"q\" \\ ."}, tok, Options{})
		require.NoError(t, err)
		w, err := Load(strings.NewReader(saved(t, v)))
		require.NoError(t, err)
		require.Equal(t, v, w)
	}
}

func TestLoadRefuses(t *testing.T) {
	v, err := Build([]string{"a b c"}, tokenizer(t, "word", ""), Options{})
	require.NoError(t, err)
	good := saved(t, v)
	change := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	for _, c := range []struct{ text, want string }{
		{"", "not a vocabulary file"},
		{"[1]", "not a vocabulary file"},
		{good[:len(good)/2], "not a vocabulary file"},
		{good + "{}", "after the end"},
		{change("textgan vocabulary", "other"), `format "other"`},
		{change(`"version": 3`, `"version": 4`), "version 4; this program reads versions up to 3"},
		{change(`"version": 3`, `"version": 1`), "written by textgan 0.1"},
		{strings.Replace(change(`"version": 3`, `"version": 2`), `"a"`, `"@\t"`, 1), "version 2, of a text with web addresses"},
		{change(`"lower"`, `"upper"`), "unknown case"},
		{change(`"lower"`, `"keep"`), "checksum"},
		{change("<eos>", "</s>"), "special tokens"},
		{change(`"word"`, `"bpe"`), "unknown tokenizer"},
		{change(`"word"`, `"whitespace"`), "checksum"},
		{change(`"a"`, `"z"`), "checksum"},
		{change(`"a"`, `"A"`), "is not one token"},
		{change(`"a"`, `"b"`), "stands twice"},
		{change(`"a"`, `""`), "is not one token"},
		{change(v.Hash(), "0"), "checksum 0..."},
	} {
		_, err := Load(strings.NewReader(c.text))
		require.ErrorContains(t, err, c.want)
		require.ErrorContains(t, err, "vocab: load: ")
		require.NotContains(t, err.Error(), "\n")
	}
}

// A vocabulary of version 2 whose text had nothing that is cut in another way now.
func TestLoadOlder(t *testing.T) {
	v, err := Build([]string{"the cat , e-mail it"}, tokenizer(t, "word", ""), Options{})
	require.NoError(t, err)
	w, err := Load(strings.NewReader(strings.Replace(saved(t, v), `"version": 3`, `"version": 2`, 1)))
	require.NoError(t, err)
	require.Equal(t, v, w)
}

// FuzzLoad: whatever Load accepts, it can write and read again, and it works.
func FuzzLoad(f *testing.F) {
	for _, tok := range []Tokenizer{tokenizer(f, "word", ""), tokenizer(f, "whitespace", ""), tokenizer(f, "char", "")} {
		v, err := Build([]string{"a dog's life , e\u0301"}, tok, Options{})
		require.NoError(f, err)
		f.Add([]byte(saved(f, v)))
	}
	f.Add([]byte(`{"format":"textgan vocabulary","version":3,"tokens":[null]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Load(bytes.NewReader(data))
		if err != nil {
			return
		}
		w, err := Load(strings.NewReader(saved(t, v)))
		require.NoError(t, err)
		require.Equal(t, v, w)
		for id := range int32(v.Size()) {
			if got, ok := v.ID(v.Token(id)); id >= specials {
				require.True(t, ok)
				require.Equal(t, id, got)
			}
		}
		require.False(t, slices.Contains(v.Encode("<eos> x"), Eos))
	})
}

// A model that reads from right to left has the same words and the same lines.
func TestBackwards(t *testing.T) {
	tok, err := NewTokenizer("word", "")
	require.NoError(t, err)
	v, err := Build([]string{"the dog sees a cat", "a cat"}, tok, Options{})
	require.NoError(t, err)
	b := v.Backwards()
	require.Equal(t, v.Hash(), b.Hash())
	forth, back := v.Encode("the dog sees a cat"), b.Encode("the dog sees a cat")
	slices.Reverse(back)
	require.Equal(t, forth, back)
	require.Equal(t, "the dog sees a cat", b.Decode(append(b.Encode("the dog sees a cat"), Eos, Pad)))
	cut, err := b.EncodeAll([]string{"the dog sees a cat"}, EncodeOptions{MaxLen: 2, Truncate: true})
	require.NoError(t, err)
	require.Equal(t, "the dog", b.Decode(cut[0]))
}

// Words that a vocabulary lacks are put behind its own, by their counts.
func TestExtend(t *testing.T) {
	tok, err := NewTokenizer("word", "")
	require.NoError(t, err)
	v, err := Build([]string{"b a a", "c ."}, tok, Options{})
	require.NoError(t, err)
	counts := NewCounts(tok)
	for _, line := range []string{"a e d d", "d e . b <unk> f"} {
		counts.Add(line)
	}
	unknown, tokens := v.Unknown("a e d <unk>")
	require.Equal(t, [2]int{2, 4}, [2]int{unknown, tokens})
	words := func(v *Vocab) (words []string) {
		for id := specials; id < v.Size(); id++ {
			words = append(words, v.Token(int32(id)))
		}
		return words
	}
	more, err := counts.Extend(v, Options{})
	require.NoError(t, err)
	require.Equal(t, append(words(v), "d", "e", "f"), words(more))
	require.NotEqual(t, v.Hash(), more.Hash())
	more, err = counts.Extend(v, Options{MinCount: 2, MaxSize: v.Size() + 1})
	require.NoError(t, err)
	require.Equal(t, append(words(v), "d"), words(more))
	_, err = counts.Extend(v, Options{MaxSize: v.Size() - 1})
	require.ErrorContains(t, err, "less than the 8 tokens that are there already")
	same, err := counts.Extend(more, Options{MinCount: 9})
	require.NoError(t, err)
	require.Equal(t, more.Hash(), same.Hash())
	trainer, err := NewBPETrainer("")
	require.NoError(t, err)
	trainer.Add("abc abc")
	bpe, err := trainer.Tokenizer(300, 1)
	require.NoError(t, err)
	pieces, err := Build([]string{"abc"}, bpe, Options{})
	require.NoError(t, err)
	counts = NewCounts(bpe)
	counts.Add("ab xyz")
	more, err = counts.Extend(pieces, Options{})
	require.NoError(t, err)
	require.Equal(t, pieces.Hash(), more.Hash())
}
