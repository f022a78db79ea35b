package eval

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// PTB cuts a line into tokens by the rules of the Penn Treebank, exactly as
// NLTK 3.8's NLTKWordTokenizer does: the text-GAN protocols use it through
// nltk.word_tokenize. The line is taken as one sentence, so only a period at
// its very end is split off. Case is kept; quotes may become two backticks or two
// apostrophes.
//
// The rules rewrite the line one after the other, in NLTK's order, each from
// left to right without overlap; then it is split at white space.
func PTB(line string) []string {
	s := line
	// Starting quotes.
	s = spaceQuotes(s)
	if strings.HasPrefix(s, `"`) {
		s = "``" + s[1:]
	}
	s = strings.ReplaceAll(s, "``", " `` ")
	s = rewrite(s, `"'`, openQuote)
	s = rewrite(s, "'", quotedLetter)
	// Punctuation.
	s = finalPeriod(s, "])}>\"'»”’ ", " ")
	s = rewrite(s, ":,", commaOrColon)
	s = lastComma(s)
	s = rewrite(s, ".", ellipsis)
	s = spaced(s, ";@#$%&")
	s = finalPeriod(s, `])}>"'`, "")
	s = spaced(s, "?!")
	s = rewrite(s, "'", closingQuote)
	s = spaced(s, "*")
	s = spaced(s, "][(){}<>")
	s = strings.ReplaceAll(s, "--", " -- ")
	// Ending quotes and clitics.
	s = " " + s + " "
	s = spaced(s, "»”’")
	s = strings.ReplaceAll(s, "''", " '' ")
	s = strings.ReplaceAll(s, `"`, " '' ")
	s = rewrite(s, "'", shortClitic)
	s = rewrite(s, "'", longClitic)
	// Words that are two.
	for _, c := range contractions {
		s = split(s, c)
	}
	return strings.FieldsFunc(s, isSpace)
}

// isWord and isSpace are \w and \s of Python's regular expressions.
func isWord(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r) }

func isSpace(r rune) bool { return unicode.IsSpace(r) || r >= 0x1c && r <= 0x1f }

// spaced puts a space on both sides of every character of set.
func spaced(s, set string) string {
	i := strings.IndexAny(s, set)
	if i < 0 {
		return s
	}
	var b strings.Builder
	for ; i >= 0; i = strings.IndexAny(s, set) {
		_, n := utf8.DecodeRuneInString(s[i:])
		b.WriteString(s[:i])
		b.WriteByte(' ')
		b.WriteString(s[i : i+n])
		b.WriteByte(' ')
		s = s[i+n:]
	}
	b.WriteString(s)
	return b.String()
}

// spaceQuotes is spaced for opening quotes; a run of backticks stays together.
func spaceQuotes(s string) string {
	s = spaced(s, "«“‘„")
	if !strings.Contains(s, "`") {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		n := len(s[i:]) - len(strings.TrimLeft(s[i:], "`"))
		if n == 0 {
			b.WriteByte(s[i])
			i++
			continue
		}
		b.WriteString(" " + s[i:i+n] + " ")
		i += n
	}
	return b.String()
}

// rewrite applies a rule from left to right. The rule is asked at every byte
// of s that begins a character: it returns how many bytes it matches and what
// takes their place, or 0. Nothing is done if s has no character of trigger.
func rewrite(s, trigger string, rule func(s string, i int) (int, string)) string {
	if !strings.ContainsAny(s, trigger) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if n, with := rule(s, i); n > 0 {
			b.WriteString(with)
			i += n
			continue
		}
		_, n := utf8.DecodeRuneInString(s[i:])
		b.WriteString(s[i : i+n])
		i += n
	}
	return b.String()
}

// ([ ([{<])("|”)
func openQuote(s string, i int) (int, string) {
	if strings.IndexByte(" ([{<", s[i]) < 0 {
		return 0, ""
	}
	for _, quote := range [2]string{`"`, "''"} {
		if strings.HasPrefix(s[i+1:], quote) {
			return 1 + len(quote), s[i:i+1] + " `` "
		}
	}
	return 0, ""
}

// An apostrophe and one letter that is not a clitic: 'a but not 's.
func quotedLetter(s string, i int) (int, string) {
	if s[i] != '\'' {
		return 0, ""
	}
	r, n := utf8.DecodeRuneInString(s[i+1:])
	if !isWord(r) || wordAt(s, i+1+n) {
		return 0, ""
	}
	for _, clitic := range "mtsdn" {
		if sameLetter(r, clitic) {
			return 0, ""
		}
	}
	return 1 + n, "' " + s[i+1:i+1+n]
}

// finalPeriod parts a single period, with the closing marks of set behind it,
// from the end of the line.
func finalPeriod(s, set, gap string) string {
	i := strings.LastIndexByte(s, '.')
	if i < 1 || s[i-1] == '.' {
		return s
	}
	rest := strings.TrimLeft(s[i+1:], set)
	if strings.TrimLeftFunc(rest, isSpace) != "" {
		return s
	}
	return s[:i] + " ." + gap + s[i+1:len(s)-len(rest)] + " "
}

// A comma or colon in front of anything but a digit.
func commaOrColon(s string, i int) (int, string) {
	if s[i] != ':' && s[i] != ',' || i+1 == len(s) {
		return 0, ""
	}
	r, n := utf8.DecodeRuneInString(s[i+1:])
	if unicode.IsDigit(r) {
		return 0, ""
	}
	return 1 + n, " " + s[i:i+1] + " " + s[i+1:i+1+n]
}

func lastComma(s string) string {
	body := strings.TrimSuffix(s, "\n")
	if n := len(body); n > 0 && (body[n-1] == ':' || body[n-1] == ',') {
		return body[:n-1] + " " + body[n-1:] + " " + s[n:]
	}
	return s
}

// Two periods or more.
func ellipsis(s string, i int) (int, string) {
	n := len(s[i:]) - len(strings.TrimLeft(s[i:], "."))
	if n < 2 {
		return 0, ""
	}
	return n, " " + s[i:i+n] + " "
}

// ([^'])' with a space behind.
func closingQuote(s string, i int) (int, string) {
	_, n := utf8.DecodeRuneInString(s[i:])
	if s[i] == '\'' || !strings.HasPrefix(s[i+n:], "' ") {
		return 0, ""
	}
	return n + 2, s[i:i+n] + " ' "
}

func shortClitic(s string, i int) (int, string) {
	return clitic(s, i, "'s ", "'S ", "'m ", "'M ", "'d ", "'D ", "' ")
}

func longClitic(s string, i int) (int, string) {
	return clitic(s, i, "'ll ", "'LL ", "'re ", "'RE ", "'ve ", "'VE ", "n't ", "N'T ")
}

// clitic parts an ending from a character that is no apostrophe or space.
func clitic(s string, i int, endings ...string) (int, string) {
	if s[i] == '\'' || s[i] == ' ' {
		return 0, ""
	}
	_, n := utf8.DecodeRuneInString(s[i:])
	for _, ending := range endings {
		if strings.HasPrefix(s[i+n:], ending) {
			return n + len(ending), s[i:i+n] + " " + ending
		}
	}
	return 0, ""
}

// A contraction becomes its two parts. Letters match in either case.
type contraction struct {
	left, right string
	afterSpace  bool // a space must stand in front, instead of any word boundary
	beforeSpace bool // white space must follow, instead of any word boundary
}

var contractions = []contraction{
	{left: "can", right: "not"},
	{left: "d", right: "'ye"},
	{left: "gim", right: "me"},
	{left: "gon", right: "na"},
	{left: "got", right: "ta"},
	{left: "lem", right: "me"},
	{left: "more", right: "'n"},
	{left: "wan", right: "na", beforeSpace: true},
	{left: "'t", right: "is", afterSpace: true},
	{left: "'t", right: "was", afterSpace: true},
}

// split parts every occurrence of c.
func split(s string, c contraction) string {
	var b strings.Builder
	done := 0
	boundary := true // between no word and the first character
	for i, r := range s {
		if i < done {
			continue
		}
		start := boundary
		boundary = !isWord(r)
		if c.afterSpace {
			start = i > 0 && s[i-1] == ' ' && i-1 >= done
		}
		if !start {
			continue
		}
		left := prefixFold(s[i:], c.left)
		if left == 0 {
			continue
		}
		right := prefixFold(s[i+left:], c.right)
		if right == 0 {
			continue
		}
		next := i + left + right
		if c.beforeSpace {
			if r, n := utf8.DecodeRuneInString(s[next:]); n == 0 || !isSpace(r) {
				continue
			}
		} else if wordAt(s, next) {
			continue
		}
		b.WriteString(s[done:i] + " " + s[i:i+left] + " " + s[i+left:next] + " ")
		done, boundary = next, false
	}
	if done == 0 {
		return s
	}
	return b.String() + s[done:]
}

func wordAt(s string, i int) bool {
	r, n := utf8.DecodeRuneInString(s[i:])
	return n > 0 && isWord(r)
}

// prefixFold is the length in bytes of the prefix of s that reads as pattern,
// which is in lower case, or 0.
func prefixFold(s, pattern string) int {
	i := 0
	for _, want := range pattern {
		r, n := utf8.DecodeRuneInString(s[i:])
		if !sameLetter(r, want) {
			return 0
		}
		i += n
	}
	return i
}

// sameLetter compares r with a lower-case ASCII letter the way Python ignores
// case: the long s is an s, and i with or without dot an i.
func sameLetter(r, lower rune) bool {
	switch r {
	case 'ſ':
		return lower == 's'
	case 'İ', 'ı':
		return lower == 'i'
	}
	return r == lower || r == lower-'a'+'A' && lower >= 'a'
}
