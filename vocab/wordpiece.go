package vocab

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// wordPiece is BERT's tokeniser: words between spaces and punctuation, every
// Chinese character one, are cut into the longest pieces that a table has, from
// the left; those behind the first begin with ##. A word of which a part is in no
// piece is unknown as a whole.
//
// Wu et al. 2016, https://arxiv.org/abs/1609.08144, as in Devlin et al. 2019,
// https://arxiv.org/abs/1810.04805.
type wordPiece struct {
	text    string   // tokenizer.json
	tokens  []string // by id
	known   map[string]bool
	unk     string
	prefix  string
	longest int // in characters, of a word that is not unknown

	clean, chinese, strip, lower bool // of the normalizer
}

func newWordPiece(f tokenizerJSON, content string) (*wordPiece, error) {
	m := f.Model
	if p := f.PreTokenizer.typeOf(); p != "BertPreTokenizer" {
		return nil, fmt.Errorf("its pre_tokenizer is %s; WordPiece is read with BertPreTokenizer", p)
	}
	if d := f.Decoder.typeOf(); f.Decoder != nil && d != "WordPiece" {
		return nil, fmt.Errorf("its decoder is %s; WordPiece is read with its own", d)
	}
	tokens, err := tableOf(m.Vocab)
	if err != nil {
		return nil, err
	}
	t := &wordPiece{text: content, tokens: tokens, known: make(map[string]bool, len(tokens)), unk: "[UNK]", prefix: "##", longest: 100}
	for _, token := range tokens {
		t.known[token] = true
	}
	if m.UnkToken != nil {
		t.unk = *m.UnkToken
	}
	if m.ContinuingSubwordPrefix != nil {
		t.prefix = *m.ContinuingSubwordPrefix
	}
	if m.MaxInputCharsPerWord != nil {
		t.longest = *m.MaxInputCharsPerWord
	}
	if t.prefix == "" {
		return nil, fmt.Errorf("continuing_subword_prefix is empty, so nobody could tell where a word begins")
	}
	if n := f.Normalizer; n != nil {
		if n.Type != "BertNormalizer" {
			return nil, fmt.Errorf("its normalizer is %s; WordPiece is read with BertNormalizer or none", n.Type)
		}
		t.clean, t.chinese, t.lower = n.CleanText, n.HandleChineseChars, n.Lowercase
		t.strip = n.StripAccents == nil && n.Lowercase || n.StripAccents != nil && *n.StripAccents
	}
	return t, nil
}

func (*wordPiece) name() string                          { return "wordpiece" }
func (t *wordPiece) lowers() bool                        { return t.lower }
func (t *wordPiece) content() string                     { return t.text }
func (t *wordPiece) table() []string                     { return slices.Clone(t.tokens) }
func (t *wordPiece) holds(token string) bool             { return t.known[token] && token != t.unk }
func (t *wordPiece) halves(string) (_, _ string, _ bool) { return "", "", false }
func (t *wordPiece) always() []string                    { return nil }

func (t *wordPiece) pieces(line string) []string {
	pieces := make([]string, 0, len(line)/4+1)
	for _, field := range strings.FieldsFunc(line, unicode.IsSpace) {
		if field == Unknown {
			pieces = append(pieces, Unknown)
			continue
		}
		for _, part := range strings.FieldsFunc(t.normal(field), unicode.IsSpace) {
			begin := 0
			for i, r := range part {
				if !isBertPunctuation(r) {
					continue
				}
				pieces = t.word(pieces, part[begin:i])
				begin = i + utf8.RuneLen(r)
				pieces = t.word(pieces, part[i:begin])
			}
			pieces = t.word(pieces, part[begin:])
		}
	}
	return pieces
}

// normal is what the normalizer makes of a text without spaces.
func (t *wordPiece) normal(s string) string {
	if t.clean || t.chinese {
		var b strings.Builder
		for _, r := range s {
			switch {
			case t.clean && (r == 0 || r == '\uFFFD' || unicode.Is(unicode.C, r)):
			case t.chinese && isChinese(r):
				b.WriteByte(' ')
				b.WriteRune(r)
				b.WriteByte(' ')
			default:
				b.WriteRune(r)
			}
		}
		s = b.String()
	}
	if t.strip {
		s = strings.Map(func(r rune) rune {
			if unicode.Is(unicode.Mn, r) {
				return -1
			}
			return r
		}, norm.NFD.String(s))
	}
	if t.lower {
		// The library does not look at what stands around a sigma.
		s = strings.ToLower(strings.ReplaceAll(s, "İ", "i\u0307"))
	}
	return s
}

// word appends the pieces of a word.
func (t *wordPiece) word(pieces []string, word string) []string {
	if word == "" {
		return pieces
	}
	if utf8.RuneCountInString(word) > t.longest {
		return append(pieces, Unknown)
	}
	first := len(pieces)
	for begin := 0; begin < len(word); {
		piece, end := "", len(word)
		for ; end > begin; end-- {
			if end < len(word) && !utf8.RuneStart(word[end]) {
				continue
			}
			piece = word[begin:end]
			if begin > 0 {
				piece = t.prefix + piece
			}
			if t.known[piece] {
				break
			}
		}
		if end == begin || piece == t.unk {
			return append(pieces[:first], Unknown)
		}
		pieces = append(pieces, piece)
		begin = end
	}
	return pieces
}

// join puts pieces of one word together, and words with a space between them but
// where English has none or between Chinese characters. Wherever it leaves a space
// out, pieces cuts all the same.
func (t *wordPiece) join(pieces []string) string {
	var b strings.Builder
	var before rune
	for i, p := range pieces {
		r, _ := utf8.DecodeRuneInString(p)
		rest, inner := strings.CutPrefix(p, t.prefix)
		switch {
		case inner && rest != "" && i > 0:
			p = rest
		case i == 0 || p != Unknown && tight(before, r, p, t.chinese):
		default:
			b.WriteByte(' ')
		}
		b.WriteString(p)
		before, _ = utf8.DecodeLastRuneInString(p)
		if p == Unknown {
			before = 0
		}
	}
	return b.String()
}

// tight reports whether no space stands between a character and the piece p, which
// begins with r.
func tight(before, r rune, p string, chinese bool) bool {
	switch {
	case before == 0:
		return false
	case strings.ContainsRune(".,!?;:)]}%'’", r) && utf8.RuneCountInString(p) == 1:
		return true
	case strings.ContainsRune("([{'’", before):
		return true
	}
	return chinese && (isChinese(before) || isWide(before)) && (isChinese(r) || isWide(r))
}

// isWide reports whether a rune is punctuation of Chinese or Japanese text.
func isWide(r rune) bool {
	return unicode.IsPunct(r) && (0x3000 <= r && r <= 0x303f || 0xff00 <= r && r <= 0xffef)
}

// isBertPunctuation also counts the symbols of ASCII.
func isBertPunctuation(r rune) bool {
	if r < utf8.RuneSelf {
		return '!' <= r && r <= '/' || ':' <= r && r <= '@' || '[' <= r && r <= '`' || '{' <= r && r <= '~'
	}
	return unicode.IsPunct(r)
}

// isChinese reports whether a rune is in one of the blocks of ideographs that BERT
// makes words of their own: the kana and Hangul are not.
func isChinese(r rune) bool {
	for _, block := range [...][2]rune{
		{0x4e00, 0x9fff}, {0x3400, 0x4dbf}, {0x20000, 0x2a6df}, {0x2a700, 0x2b73f},
		{0x2b740, 0x2b81f}, {0x2b920, 0x2ceaf}, {0xf900, 0xfaff}, {0x2f800, 0x2fa1f},
	} {
		if block[0] <= r && r <= block[1] {
			return true
		}
	}
	return false
}
