package vocab

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// subwords is what the library tokenizers of Hugging Face makes of lines; see
// testdata/make_subwords.mjs.
type subwords struct {
	Tokenizer string
	Merges    []string // learnt of the lines; none for some
	Rows      []struct {
		Line   string
		Tokens []string
		Text   string
	}
}

func subwordCases(t testing.TB) (cases []subwords) {
	t.Helper()
	path := "testdata/subwords.json"
	if compare := os.Getenv("TEXTGAN_SUBWORD_PEER"); compare != "" {
		path = compare
	}
	content, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(content, &cases))
	return cases
}

func TestSubwordsAgreeWithTokenizers(t *testing.T) {
	for _, c := range subwordCases(t) {
		tok, err := ReadTokenizer([]byte(c.Tokenizer), "")
		require.NoError(t, err)
		different := 0
		for _, r := range c.Rows {
			got := tok.Pieces(r.Line)
			want := slices.Clone(r.Tokens)
			for i, token := range want {
				if token == "[UNK]" {
					want[i] = Unknown
				}
			}
			if tok.Name() == "wordpiece" && strings.Contains(r.Line, Unknown) {
				continue // the unknown word, for us
			}
			if !slices.Equal(want, got) {
				if different++; different <= 3 {
					t.Errorf("%s: %q: %q, want %q", tok.Name(), r.Line, got, want)
				}
			}
			if tok.Name() == "bpe" && strings.TrimPrefix(r.Text, " ") != strings.TrimPrefix(tok.Join(got), " ") {
				t.Errorf("bpe: %q: joined as %q, want %q", r.Line, tok.Join(got), r.Text)
			}
		}
		t.Logf("%s: %d lines, %d different", tok.Signature(), len(c.Rows), different)
	}
}

// Training merges what the library merges, pair by pair; it keeps the ends of lines
// that it reads from a file.
func TestTrainedBPEAgreesWithTokenizers(t *testing.T) {
	for _, c := range subwordCases(t) {
		if c.Merges == nil {
			continue
		}
		trainer, err := NewBPETrainer("")
		require.NoError(t, err)
		for i, r := range c.Rows {
			if i+1 < len(c.Rows) {
				r.Line += "\n"
			}
			trainer.Add(r.Line)
		}
		tok, err := trainer.Tokenizer(30_000+specials, 2)
		require.NoError(t, err)
		var f tokenizerJSON
		require.NoError(t, json.Unmarshal([]byte(tok.File()), &f))
		var merges []string
		require.NoError(t, json.Unmarshal(*f.Model.Merges, &merges))
		require.Greater(t, len(merges), 100)
		require.LessOrEqual(t, len(merges), len(c.Merges)+256) // which has no bytes that do not occur
		for i := range min(len(merges), len(c.Merges)) {
			require.Equal(t, c.Merges[i], merges[i], "merge %d", i)
		}
		t.Logf("%d merges", min(len(merges), len(c.Merges)))
	}
}

// Lines come back, exactly from a bpe, and are cut into the same pieces then.
func TestSubwordsRoundTrip(t *testing.T) {
	for _, c := range subwordCases(t) {
		for _, letters := range []string{"", Lower} {
			tok, err := ReadTokenizer([]byte(c.Tokenizer), letters)
			require.NoError(t, err)
			for _, r := range c.Rows[:min(200, len(c.Rows))] {
				pieces := tok.Pieces(r.Line)
				joined := tok.Join(pieces)
				require.Equal(t, pieces, tok.Pieces(joined), "%s: %q joined as %q", tok.Name(), r.Line, joined)
				if tok.Name() == "bpe" && !tok.scheme.(*bpe).prefixSpace {
					require.Equal(t, inCase(r.Line, letters == Lower), joined)
				}
			}
		}
	}
}

// A bpe of part of a table reads every line, by the parts of what it lacks, and
// comes back from its file.
func TestSubwordVocab(t *testing.T) {
	for _, c := range subwordCases(t) {
		tok, err := ReadTokenizer([]byte(c.Tokenizer), "")
		require.NoError(t, err)
		v, err := Build([]string{c.Rows[0].Line, c.Rows[0].Line, c.Rows[1].Line}, tok, Options{MinCount: 2, MaxSize: specials + 256 + 20})
		require.NoError(t, err)
		require.LessOrEqual(t, v.Size(), specials+256+20)
		whole, err := Whole(tok)
		require.NoError(t, err)
		for _, v := range []*Vocab{v, whole} {
			var file bytes.Buffer
			require.NoError(t, v.Save(&file))
			back, err := Load(&file)
			require.NoError(t, err)
			require.Equal(t, v.Hash(), back.Hash())
			require.Equal(t, v.Tokenizer().Signature(), back.Tokenizer().Signature())
			for _, r := range c.Rows[:min(200, len(c.Rows))] {
				ids := v.Encode(r.Line)
				require.Equal(t, ids, back.Encode(r.Line))
				if tok.Name() == "bpe" {
					require.NotContains(t, ids, Unk)
					require.Equal(t, tok.Join(tok.Pieces(r.Line)), back.Decode(ids))
				}
			}
		}
		require.Equal(t, whole.Encode(c.Rows[0].Line)[0], 4+int32(slices.Index(whole.tokens, tok.Pieces(c.Rows[0].Line)[0])))
	}
}

func TestBPETrainer(t *testing.T) {
	trainer, err := NewBPETrainer(Lower)
	require.NoError(t, err)
	_, err = trainer.Tokenizer(0, 1)
	require.ErrorContains(t, err, "no text")
	for range 3 {
		trainer.Add("Low lower lowest low")
	}
	_, err = trainer.Tokenizer(259, 1)
	require.ErrorContains(t, err, "use at least 260")
	tok, err := trainer.Tokenizer(263, 1)
	require.NoError(t, err)
	require.Equal(t, Lower, tok.Case())
	v, err := Whole(tok)
	require.NoError(t, err)
	require.Equal(t, 263, v.Size())
	// "lo" is as frequent as "ow", and l is the older letter; then low; then a space before it.
	require.Equal(t, []string{"low", "Ġlow", "e", "r"}, tok.Pieces("LOW lower"))
	require.Equal(t, "low lower", tok.Join(tok.Pieces("LOW lower")))
	require.Equal(t, "caf\uFFFD", tok.Join([]string{"c", "a", "f", byteLetters[0xc3]}))
}

// Whatever pieces a model puts side by side, they are a line that a corpus takes.
func TestPiecesOfBytesAreALine(t *testing.T) {
	tok, err := ReadTokenizer([]byte(subwordCases(t)[0].Tokenizer), "")
	require.NoError(t, err)
	const bad = "\uFFFD"
	require.Equal(t, "a"+bad+"b", tok.Join([]string{"a", byteLetters[0], byteLetters['\n'], "b"}))
	require.Equal(t, bad+"é"+bad, tok.Join([]string{byteLetters[0], "Ã", "©", byteLetters[0xff]}))
	for b, letter := range byteLetters {
		line := tok.Join([]string{"a", letter, "b"})
		require.True(t, utf8.ValidString(line))
		require.NotContains(t, line, "\x00")
		require.NotContains(t, line, "\n")
		if b < utf8.RuneSelf && b != 0 && b != '\n' {
			require.Equal(t, "a"+string(rune(b))+"b", line)
		}
	}
}

func TestReadTokenizerRefuses(t *testing.T) {
	c := subwordCases(t)
	bpeFile, wordPieceFile := c[0].Tokenizer, c[2].Tokenizer
	change := func(file, old, new string) string {
		require.Contains(t, file, old)
		return strings.Replace(file, old, new, 1)
	}
	for _, r := range []struct{ file, letters, want string }{
		{"", "", "not a tokenizer.json"},
		{"{}", "", "no model with a type"},
		{change(bpeFile, `"type":"BPE"`, `"type":"Unigram"`), "", "its model is Unigram"},
		{change(bpeFile, `"normalizer":null`, `"normalizer":{"type":"NFC"}`), "", "its normalizer is NFC"},
		{change(bpeFile, `"pre_tokenizer":{"type":"ByteLevel"`, `"pre_tokenizer":{"type":"Sequence"`), "", "its pre_tokenizer is Sequence"},
		{change(bpeFile, `"use_regex":true`, `"use_regex":false`), "", "by no pattern"},
		{change(bpeFile, `"dropout":null`, `"dropout":0.1`), "", "model.dropout is set"},
		{change(bpeFile, `"byte_fallback":false`, `"byte_fallback":true`), "", "model.byte_fallback is set"},
		{change(bpeFile, `"!":0`, `"!!!!":0`), "", "lacks the byte 0x21"},
		{change(bpeFile, `"merges":["`, `"merges":["zzz `), "", "is not of tokens"},
		{change(bpeFile, `"merges":["`, `"merges":["zzz","`), "", "has no two parts"},
		{change(wordPieceFile, `"BertPreTokenizer"`, `"Whitespace"`), "", "its pre_tokenizer is Whitespace"},
		{change(wordPieceFile, `"BertNormalizer"`, `"NFC"`), "", "its normalizer is NFC"},
		{change(wordPieceFile, `"[PAD]":0`, `"[PAD]":1`), "", "have one id"},
		{wordPieceFile, Keep, "drop --case keep"},
		{bpeFile, "upper", "unknown case"},
	} {
		_, err := ReadTokenizer([]byte(r.file), r.letters)
		require.ErrorContains(t, err, r.want)
		require.NotContains(t, err.Error(), "\n")
	}
}
