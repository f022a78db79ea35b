package vocab

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Tokenizer cuts a line into tokens and puts tokens together again.
//
// For every tokeniser of this package and every line s,
//
//	Tokenize(Join(Tokenize(s))) == Tokenize(s)
//
// and no token is empty. Bytes that are not UTF-8 read as U+FFFD.
type Tokenizer interface {
	Name() string
	Tokenize(line string) []string
	Join(tokens []string) string
}

// TokenizerNames are the names that NewTokenizer knows.
func TokenizerNames() []string { return []string{"word", "whitespace", "char"} }

// NewTokenizer returns the tokeniser of that name:
//
//	word        lower-case; a word with its inner apostrophes, or one punctuation mark, is a token
//	whitespace  lower-case; whatever stands between white space is a token
//	char        each Unicode code point is a token; case and spaces are kept
func NewTokenizer(name string) (Tokenizer, error) {
	switch name {
	case "word":
		return word{}, nil
	case "whitespace":
		return whitespace{}, nil
	case "char":
		return char{}, nil
	}
	return nil, fmt.Errorf("vocab: unknown tokenizer %q; choose one of %s", name, strings.Join(TokenizerNames(), ", "))
}

// word is the pattern
//
//	[^\W_]+(?:['’][^\W_]+)*|[^\w\s]|_
//
// over the lower-cased line, with \w and \s as Python's re defines them for
// str: \w is a letter, a number of any kind, or the underscore.
type word struct{}

func (word) Name() string { return "word" }

func (word) Tokenize(line string) []string {
	line = lower(line)
	tokens := make([]string, 0, len(line)/5+1)
	for i := 0; i < len(line); {
		r, n := utf8.DecodeRuneInString(line[i:])
		end := i + n
		switch {
		case isAlnum(r):
			end = wordEnd(line, end)
			tokens = append(tokens, line[i:end])
		case !isSpace(r):
			tokens = append(tokens, line[i:end])
		}
		i = end
	}
	return tokens
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
		} else if !isAlnum(r) {
			return i
		}
		i += n
	}
	return i
}

// Join puts single spaces between tokens, except before marks that close
// (, . ! ? ; : % and brackets), before combining marks, and after brackets
// that open. These marks are tokens of their own wherever they stand, so the
// cut is the same again. An apostrophe would join two words and stays apart.
func (word) Join(tokens []string) string {
	var b strings.Builder
	open := true
	for _, t := range tokens {
		r, _ := utf8.DecodeRuneInString(t)
		if !open && !strings.ContainsRune(",.!?;:%)]}", r) && !unicode.Is(unicode.M, r) {
			b.WriteByte(' ')
		}
		b.WriteString(t)
		open = strings.ContainsRune("([{", r)
	}
	return b.String()
}

type whitespace struct{}

func (whitespace) Name() string                  { return "whitespace" }
func (whitespace) Tokenize(line string) []string { return strings.FieldsFunc(lower(line), isSpace) }
func (whitespace) Join(tokens []string) string   { return strings.Join(tokens, " ") }

type char struct{}

func (char) Name() string { return "char" }

func (char) Tokenize(line string) []string {
	return strings.Split(strings.ToValidUTF8(line, "\uFFFD"), "")
}

func (char) Join(tokens []string) string { return strings.Join(tokens, "") }

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
