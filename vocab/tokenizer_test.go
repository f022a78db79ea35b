package vocab

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// testdata/tokens.json is written by testdata/make_tokens.py (Python 3.11,
// Unicode 14).
func TestTokenizersAgreeWithPython(t *testing.T) {
	data, err := os.ReadFile("testdata/tokens.json")
	require.NoError(t, err)
	var rows []struct {
		Line             string
		Word, Whitespace []string
	}
	require.NoError(t, json.Unmarshal(data, &rows))
	require.Greater(t, len(rows), 250)
	for _, r := range rows {
		require.Equal(t, r.Word, word{}.Tokenize(r.Line), "word: %q", r.Line)
		require.Equal(t, r.Whitespace, whitespace{}.Tokenize(r.Line), "whitespace: %q", r.Line)
	}
}

func TestJoinReadsLikeText(t *testing.T) {
	tokens := word{}.Tokenize(`The cat's "bowl" (full), isn't it? 50% . [so]`)
	require.Equal(t, `the cat's " bowl " (full), isn't it? 50%. [so]`, word{}.Join(tokens))
}

func TestUnknownTokenizer(t *testing.T) {
	_, err := NewTokenizer("bpe")
	require.EqualError(t, err, `vocab: unknown tokenizer "bpe"; choose one of word, whitespace, char`)
}

// FuzzRoundTrip holds the promise of Tokenizer, and that a vocabulary which
// has seen a line encodes and decodes it without loss and without a special
// id.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "a dog , a cat .", "rock 'n' roll it’s (x) [y] 5 %", "<eos> <pad>", "ΑΣ İ e\u0301 \xff\xfe'\x00_", "👩‍🚀 ' a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, name := range TokenizerNames() {
			tok, err := NewTokenizer(name)
			require.NoError(t, err)
			require.Equal(t, name, tok.Name())
			tokens := tok.Tokenize(line)
			require.NotContains(t, tokens, "")
			joined := tok.Join(tokens)
			require.Equal(t, tokens, tok.Tokenize(joined), "%s: %q joined as %q", name, line, joined)
			require.Equal(t, joined, tok.Join(tok.Tokenize(joined)))
			if len(tokens) == 0 {
				continue
			}
			v, err := Build([]string{line}, tok, Options{})
			require.NoError(t, err)
			ids := v.Encode(line)
			for _, id := range ids {
				require.GreaterOrEqual(t, id, int32(specials))
			}
			require.Equal(t, tokens, v.Tokens(ids))
			require.Equal(t, joined, v.Decode(append(ids, Eos, Pad, ids[0])))
		}
	})
}

func BenchmarkWord(b *testing.B) {
	line := strings.Repeat("a man rides his dog's bicycle , then he rests . ", 10)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		word{}.Tokenize(line)
	}
}
