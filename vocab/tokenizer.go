package vocab

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Tokenizer cuts a line into tokens and puts tokens together again. The zero
// value is none; NewTokenizer makes them.
type Tokenizer struct {
	scheme scheme
	lower  bool
}

// A scheme is a way of cutting. pieces are tokens that may begin or end with a
// glue mark; no token is empty or holds white space otherwise, except where the
// scheme keeps spaces.
type scheme interface {
	name() string
	lowers() bool // without being told
	pieces(line string) []string
	join(pieces []string) string
}

var schemes = []scheme{word{}, whitespace{}, char{}, smiles{}, code{}}

// TokenizerNames are the names that NewTokenizer knows. BPETrainer and ReadTokenizer
// make tokenisers of other names, bpe and wordpiece.
func TokenizerNames() (names []string) {
	for _, s := range schemes {
		names = append(names, s.name())
	}
	return names
}

// The cases of letters that NewTokenizer knows.
const (
	Keep  = "keep"
	Lower = "lower"
)

// NewTokenizer returns the tokeniser of that name:
//
//	word        a word with its inner apostrophes, marks and joiners, a web address,
//	            an @mention, a #hashtag, or one symbol, is a token
//	whitespace  whatever stands between white space is a token
//	char        each Unicode code point is a token; spaces are kept
//	smiles      an atom, bond, branch or ring closure of a molecule's notation is a token
//	code        a name, number, operator or run of blanks is a token; spaces are kept
//
// letters says what becomes of capitals: Keep, Lower, or "" for what the scheme
// does by itself, which is Lower for word and whitespace and Keep for the others.
func NewTokenizer(name, letters string) (Tokenizer, error) {
	for _, s := range schemes {
		if s.name() == name {
			return withCase(s, letters)
		}
	}
	return Tokenizer{}, fmt.Errorf("unknown tokenizer %q; choose one of %s", name, strings.Join(TokenizerNames(), ", "))
}

func withCase(s scheme, letters string) (Tokenizer, error) {
	switch letters {
	case "":
		return Tokenizer{s, s.lowers()}, nil
	case Keep, Lower:
		return Tokenizer{s, letters == Lower}, nil
	}
	return Tokenizer{}, fmt.Errorf("unknown case %q; choose %s or %s", letters, Keep, Lower)
}

// Name is that of the scheme.
func (t Tokenizer) Name() string { return t.scheme.name() }

// Signature names the tokeniser in signatures of metrics: its Name, of one with a table
// of its own with eight digits of the table's SHA-256.
func (t Tokenizer) Signature() string {
	if s, ok := t.scheme.(subword); ok {
		return s.name() + "-" + signature(s.content())
	}
	return t.Name()
}

// File is the tokenizer.json of a tokeniser that has a table of its own, otherwise
// "". ReadTokenizer reads it.
func (t Tokenizer) File() string {
	if s, ok := t.scheme.(subword); ok {
		return s.content()
	}
	return ""
}

// InCase is the same tokeniser with another case, Keep or Lower; "" leaves it.
func (t Tokenizer) InCase(letters string) (Tokenizer, error) {
	switch {
	case letters == "" || letters == t.Case():
		return t, nil
	case t.File() != "":
		return ReadTokenizer([]byte(t.File()), letters)
	}
	return withCase(t.scheme, letters)
}

// Case is Keep or Lower.
func (t Tokenizer) Case() string {
	if t.lower {
		return Lower
	}
	return Keep
}

// Tokenize returns the tokens of a line as metrics count them. Bytes that are
// not UTF-8 read as U+FFFD.
func (t Tokenizer) Tokenize(line string) []string {
	tokens := t.Pieces(line)
	for i, p := range tokens {
		tokens[i] = unglued(p)
	}
	return tokens
}

// Pieces returns the tokens of a line as a model learns them: the same as
// Tokenize, but a symbol says with glue marks on which side it touches its
// neighbour. So Join(Pieces(line)) is the line, up to case, the kind and number
// of spaces between tokens, and spaces at its ends.
func (t Tokenizer) Pieces(line string) []string {
	// One that lowers by a table of its own does it in its own way.
	_, own := t.scheme.(subword)
	return t.scheme.pieces(inCase(line, t.lower && !(own && t.scheme.lowers())))
}

// inCase is a line of valid UTF-8, in lower case if lowers.
func inCase(line string, lowers bool) string {
	if lowers {
		return lower(line)
	}
	return strings.ToValidUTF8(line, "\uFFFD")
}

// Join makes a line of pieces or tokens. For every line,
// Pieces(Join(Pieces(line))) is Pieces(line).
func (t Tokenizer) Join(pieces []string) string { return t.scheme.join(pieces) }

// glue at the beginning of a piece says that it touches the piece before, at its
// end that it touches the next. White space never stands in a token that can
// have it, so the mark cannot be mistaken for text.
const glue = "\t"

// unglued is a piece without its marks. A scheme that keeps spaces has tabs in
// tokens of one code point: these stay.
func unglued(piece string) string {
	if len(piece) < 2 {
		return piece
	}
	return strings.Trim(piece, glue)
}

// joinGlued puts a space between pieces that no mark holds together.
func joinGlued(pieces []string) string {
	var b strings.Builder
	touch := true
	for _, p := range pieces {
		if !touch && !strings.HasPrefix(p, glue) {
			b.WriteByte(' ')
		}
		b.WriteString(unglued(p))
		touch = strings.HasSuffix(p, glue)
	}
	return b.String()
}

// word is the pattern
//
//	address|mention|hashtag|\w'+(?:['’]\w'+)*|<unk>|symbol
//
// where \w' is a letter or number of any kind, and behind the first of a word also
// a combining mark or a joiner; \w and \s are as Python's re defines them for
// str. See address and tagged for the first three. <unk> counts only between spaces:
// it is the unknown word of corpora such as the Penn Treebank. A symbol is a grapheme
// cluster that begins with none of these, such as a punctuation mark, or an emoji of
// several code points.
//
// Two tokens that touch are never both without a symbol's freedom to say so: an
// address ends only where a symbol or a space follows, and a mention or hashtag
// begins only behind a symbol or a space.
//
// Unicode's own word boundaries (UAX 29) are not used: they would change what
// published BLEU figures count as a token, 3.5 and a_b being one word there.
type word struct{}

func (word) name() string                { return "word" }
func (word) lowers() bool                { return true }
func (word) join(pieces []string) string { return joinGlued(pieces) }

func (word) pieces(line string) []string {
	tokens := make([]string, 0, len(line)/5+1)
	touch := false // does the token at i touch the one before?
	symbol := false
	for i := 0; i < len(line); {
		r, n := utf8.DecodeRuneInString(line[i:])
		if isSpace(r) {
			i, touch = i+n, false
			continue
		}
		before, beforeSymbol := len(tokens)-1, symbol
		end := i
		switch {
		case isAlnum(r):
			if end = addressEnd(line, i); end == i {
				end = wordEnd(line, i+n)
			}
		case !touch && strings.HasPrefix(line[i:], Unknown) && endsAt(line, i+len(Unknown)):
			end = i + len(Unknown)
		case !touch || beforeSymbol:
			end = taggedEnd(line, i)
		}
		if symbol = end == i; symbol {
			cluster, _, _, _ := uniseg.FirstGraphemeClusterInString(line[i:], -1)
			end = i + len(cluster)
		}
		tokens = append(tokens, line[i:end])
		if touch {
			if symbol {
				tokens[before+1] = glue + tokens[before+1]
			} else if beforeSymbol {
				tokens[before] += glue
			}
		}
		i, touch = end, true
	}
	return tokens
}

// addressEnd returns where the web address that begins at i ends, i if none does:
// http://, https://, ftp:// or www. in small or capital letters, then letters, numbers,
// marks and the punctuation of RFC 3986 but for the apostrophe; at the end
// neither punctuation that a sentence has there nor a bracket that was opened
// outside.
func addressEnd(s string, i int) int {
	start := i
	for _, p := range [...]string{"http://", "https://", "ftp://", "www."} {
		if len(s)-i > len(p) && strings.EqualFold(s[i:i+len(p)], p) {
			start = i + len(p)
			break
		}
	}
	if r, _ := utf8.DecodeRuneInString(s[start:]); start == i || !isAlnum(r) {
		return i
	}
	end := start
	for end < len(s) {
		r, n := utf8.DecodeRuneInString(s[end:])
		if !isAlnum(r) && !joins(r) && !strings.ContainsRune("-._~:/?#[]@!$&()*+,;=%", r) {
			break
		}
		end += n
	}
	for {
		switch last := s[end-1]; {
		case strings.IndexByte(".,:;!?*_~", last) >= 0:
		case last == ')' && strings.Count(s[start:end], ")") > strings.Count(s[start:end], "("):
		case last == ']' && strings.Count(s[start:end], "]") > strings.Count(s[start:end], "["):
		default:
			return end
		}
		end--
	}
}

// taggedEnd returns where the mention or hashtag that begins at i ends, i if none
// does: @ or #, then letters, numbers, marks and low lines, the first of which is no
// mark, among them a letter (behind @ a number will do).
func taggedEnd(s string, i int) int {
	if s[i] != '@' && s[i] != '#' {
		return i
	}
	end, named := i+1, false
	for end < len(s) {
		r, n := utf8.DecodeRuneInString(s[end:])
		if !isAlnum(r) && r != '_' && (end == i+1 || !joins(r)) {
			break
		}
		named = named || isAlnum(r) && (s[i] == '@' || !unicode.IsNumber(r))
		end += n
	}
	if !named {
		return i
	}
	return end
}

// endsAt reports whether a word that ends before i is followed by a space or by
// nothing.
func endsAt(s string, i int) bool {
	r, n := utf8.DecodeRuneInString(s[i:])
	return n == 0 || isSpace(r)
}

// wordEnd returns where the word that has begun before i ends.
func wordEnd(s string, i int) int {
	for i < len(s) {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == '\'' || r == '’' {
			// An apostrophe belongs to the word only if the word goes on after it.
			next, m := utf8.DecodeRuneInString(s[i+n:])
			if m == 0 || !isAlnum(next) {
				return i
			}
			n += m
		} else if !isAlnum(r) && !joins(r) {
			return i
		}
		i += n
	}
	return i
}

// joins reports whether a rune belongs to the word before it: a combining mark,
// or one of the joiners U+200C and U+200D.
func joins(r rune) bool { return unicode.Is(unicode.M, r) || r == '\u200C' || r == '\u200D' }

type whitespace struct{}

func (whitespace) name() string                { return "whitespace" }
func (whitespace) lowers() bool                { return true }
func (whitespace) pieces(line string) []string { return strings.FieldsFunc(line, isSpace) }
func (whitespace) join(pieces []string) string { return strings.Join(pieces, " ") }

type char struct{}

func (char) name() string                { return "char" }
func (char) lowers() bool                { return false }
func (char) pieces(line string) []string { return strings.Split(line, "") }
func (char) join(pieces []string) string { return strings.Join(pieces, "") }

// isAlnum is Python's str.isalnum: letters and numbers of every kind.
func isAlnum(r rune) bool {
	if r < utf8.RuneSelf {
		return 'a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r)
}

// isSpace is Python's str.isspace, which also counts the four separators of
// ASCII.
func isSpace(r rune) bool { return unicode.IsSpace(r) || '\x1c' <= r && r <= '\x1f' }
