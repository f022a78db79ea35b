package vocab

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func tokenizer(t testing.TB, name, letters string) Tokenizer {
	t.Helper()
	tok, err := NewTokenizer(name, letters)
	require.NoError(t, err)
	return tok
}

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
		require.Equal(t, r.Word, tokenizer(t, "word", "").Tokenize(r.Line), "word: %q", r.Line)
		require.Equal(t, r.Whitespace, tokenizer(t, "whitespace", "").Tokenize(r.Line), "whitespace: %q", r.Line)
	}
}

// Lines of many scripts and habits come back as they were, up to the spaces
// between tokens, which become one space each.
func TestJoinGivesTheLineBack(t *testing.T) {
	for _, line := range []string{
		`The cat's "bowl" (full), isn't it? 50% . [so]`,
		"$3.5 million, i.e. 10,000 well-known U.S. firms (at 10:30 p.m.)",
		"Bonjour ! Ça va ? « Oui », dit-il ; l'été, 1 000 €.",
		"一个男人，骑着马。“你好！”（笑）",
		"किताबें पढ़ना अच्छा है।",
		"می\u200cخواهم کتاب\u200cها را بخوانم؟",
		"ที่นี่ สวยมาก",
		"e\u0301te\u0301 nai\u0308ve",
		"a dog , a cat .",
		"a man ,riding (a horse )",
		"it's 5pm... see https://a.example/b_c?d=1#e, or mail x.y@z.example!",
		"👩‍🚀👍🏽 ok🙂ok 🇫🇷🇩🇪 ☕️",
		"rock 'n' roll — 'tis the '90s; \u0301 a_b __x__ -5 - 3",
	} {
		for _, letters := range []string{Keep, Lower} {
			want := line
			if letters == Lower {
				want = lower(line)
			}
			for _, name := range TokenizerNames() {
				tok := tokenizer(t, name, letters)
				require.Equal(t, want, tok.Join(tok.Pieces(line)), "%s, %s", name, letters)
				require.Equal(t, tok.Tokenize(line), tok.Tokenize(want))
			}
		}
	}
	tok := tokenizer(t, "word", "")
	require.Equal(t, "a b, c", tok.Join(tok.Pieces("  a\u00a0\u2003 b,   c ")))
}

// Words keep their marks and joiners, emoji of several code points are one
// symbol, addresses, mentions and hashtags are one token, and a symbol says which neighbours it touches.
func TestPiecesOfWord(t *testing.T) {
	for line, want := range map[string][]string{
		"पढ़ना":                       {"पढ़ना"},
		"می\u200cخواهم":               {"می\u200cخواهم"},
		"👩‍🚀 👍🏽 🇫🇷🇩🇪":                 {"👩‍🚀", "👍🏽", "🇫🇷", "\t🇩🇪"},
		"(a, b )":                     {"(\t", "a", "\t,", "b", ")"},
		"3.5":                         {"3", "\t.\t", "5"},
		"a , b":                       {"a", ",", "b"},
		"https://a.b/c?d=1 @you #tag": {"https://a.b/c?d=1", "@you", "#tag"},
		"(www.a.b), @a@b!#c":          {"(\t", "www.a.b", "\t)", "\t,", "@a", "\t@\t", "b", "\t!\t", "#c"},
		"<unk> <unk>,":                {Unknown, "<\t", "unk", "\t>", "\t,"},
	} {
		require.Equal(t, want, tokenizer(t, "word", "").Pieces(line), "%q", line)
	}
}

func TestCase(t *testing.T) {
	for _, name := range TokenizerNames() {
		require.Equal(t, "MIAMI beach", tokenizer(t, name, Keep).Join(tokenizer(t, name, Keep).Pieces("MIAMI beach")))
		require.Equal(t, "miami beach", tokenizer(t, name, Lower).Join(tokenizer(t, name, Lower).Pieces("MIAMI beach")))
	}
	require.Equal(t, Lower, tokenizer(t, "word", "").Case())
	require.Equal(t, Keep, tokenizer(t, "char", "").Case())
	// The case belongs to the vocabulary.
	var hashes []string
	for _, letters := range []string{"", Lower, Keep} {
		v, err := Build([]string{"a b"}, tokenizer(t, "word", letters), Options{})
		require.NoError(t, err)
		hashes = append(hashes, v.Hash())
		var file bytes.Buffer
		require.NoError(t, v.Save(&file))
		back, err := Load(&file)
		require.NoError(t, err)
		require.Equal(t, v.Tokenizer(), back.Tokenizer())
	}
	require.Equal(t, hashes[0], hashes[1])
	require.NotEqual(t, hashes[0], hashes[2])
}

// A vocabulary that knows a symbol in one setting reads it in another.
func TestUnseenSpacing(t *testing.T) {
	v, err := Build([]string{"a, b", "( c"}, tokenizer(t, "word", ""), Options{})
	require.NoError(t, err)
	require.Equal(t, "a, b", v.Decode(v.Encode("a , b")))
	require.Equal(t, "( c", v.Decode(v.Encode("(c")))
	require.NotContains(t, v.Encode("(a ,b"), Unk)
}

// The unknown word that a corpus writes is that of the vocabulary.
func TestUnknownInText(t *testing.T) {
	for _, name := range []string{"word", "whitespace"} {
		v, err := Build([]string{"the <unk> sat", "the <unk>"}, tokenizer(t, name, ""), Options{})
		require.NoError(t, err)
		require.Equal(t, specials+2, v.Size())
		ids := v.Encode("the <unk> sat")
		require.Equal(t, Unk, ids[1])
		require.Equal(t, "the <unk> sat", v.Decode(ids))
	}
}

func TestUnknownTokenizer(t *testing.T) {
	_, err := NewTokenizer("bpe", "")
	require.EqualError(t, err, `unknown tokenizer "bpe"; choose one of word, whitespace, char, smiles, code`)
	_, err = NewTokenizer("word", "upper")
	require.EqualError(t, err, `unknown case "upper"; choose keep or lower`)
}

// FuzzRoundTrip holds the promises of Tokenizer, and that a vocabulary which
// has seen a line encodes and decodes it without loss.
func FuzzRoundTrip(f *testing.F) {
	for _, s := range []string{"", "a dog , a cat .", "rock 'n' roll it’s (x) [y] 5 %", "<eos> <pad> <unk>", "ΑΣ İ e\u0301 \xff\xfe'\x00_", "👩‍🚀 ' a", "see (https://a.b/c_(d)), @you: #tag!#é's @a#b_@c www.x.y.", "\u0301 \u0600a .\u200da"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, line string) {
		for _, name := range TokenizerNames() {
			for _, letters := range []string{Keep, Lower} {
				tok := tokenizer(t, name, letters)
				require.Equal(t, name, tok.Name())
				pieces := tok.Pieces(line)
				require.NotContains(t, tok.Tokenize(line), "")
				joined := tok.Join(pieces)
				require.Equal(t, pieces, tok.Pieces(joined), "%s: %q joined as %q", name, line, joined)
				require.Equal(t, joined, tok.Join(tok.Pieces(joined)))
				v, err := Build([]string{line}, tok, Options{})
				if err != nil { // nothing but spaces, or <unk>
					continue
				}
				ids := v.Encode(line)
				for i, id := range ids {
					require.True(t, id >= specials || id == Unk && pieces[i] == Unknown)
				}
				require.Equal(t, pieces, v.Tokens(ids))
				require.Equal(t, joined, v.Decode(append(ids, Eos, Pad, ids[0])))
				var file bytes.Buffer
				require.NoError(t, v.Save(&file))
				_, err = Load(&file)
				require.NoError(t, err)
			}
		}
	})
}

func BenchmarkWord(b *testing.B) {
	line := strings.Repeat("a man rides his dog's bicycle , then he rests . ", 10)
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		tokenizer(b, "word", "").Tokenize(line)
	}
}
