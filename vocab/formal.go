package vocab

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// smiles cuts the line notation of molecules into its symbols: an atom in brackets with
// all that it says of it; Cl and Br; % and the two digits of a ring closure; and
// every other character by itself, among them the atoms, bonds, branches and ring
// closures of one letter. These are the pieces of Schwaller et al. 2018,
// https://arxiv.org/abs/1711.04810.
type smiles struct{}

func (smiles) name() string                { return "smiles" }
func (smiles) lowers() bool                { return false }
func (smiles) join(pieces []string) string { return strings.Join(pieces, "") }

func (smiles) pieces(line string) []string {
	pieces := make([]string, 0, len(line))
	for line != "" {
		n := smilesPiece(line)
		pieces = append(pieces, line[:n])
		line = line[n:]
	}
	return pieces
}

func smilesPiece(line string) int {
	switch {
	case line[0] == '[':
		// An atom has no space and no other bracket in it.
		end := strings.IndexFunc(line[1:], func(r rune) bool { return r == ']' || r == '[' || unicode.IsSpace(r) })
		if end > 0 && line[1+end] == ']' {
			return end + 2
		}
	case strings.HasPrefix(line, "Cl"), strings.HasPrefix(line, "Br"):
		return 2
	case len(line) > 2 && line[0] == '%' && isDigit(line[1]) && isDigit(line[2]):
		return 3
	}
	_, n := utf8.DecodeRuneInString(line)
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// code cuts a line of a program: a name or number with its letters, digits and low
// lines, a run of blanks, such as the indentation, an operator of several signs that
// many languages have, and every other character by itself. Nothing is left out.
type code struct{}

func (code) name() string                { return "code" }
func (code) lowers() bool                { return false }
func (code) join(pieces []string) string { return strings.Join(pieces, "") }

// operators of two and three signs, longer ones first.
var operators = [...]string{
	"<<=", ">>=", "...", "===", "!==", "**=", "//=", "&&=", "||=", "??=", "<=>", "..=", "&^=",
	"==", "!=", "<=", ">=", ":=", "->", "=>", "<-", "&&", "||", "??", "++", "--", "+=", "-=", "*=", "/=", "%=",
	"&=", "|=", "^=", "<<", ">>", "**", "//", "/*", "*/", "::", "..", "?.", "&^", "~=",
}

func (code) pieces(line string) []string {
	pieces := make([]string, 0, len(line)/2+1)
	for line != "" {
		n := codePiece(line)
		pieces = append(pieces, line[:n])
		line = line[n:]
	}
	return pieces
}

func codePiece(line string) int {
	r, n := utf8.DecodeRuneInString(line)
	named := func(r rune) bool { return isAlnum(r) || r == '_' || joins(r) }
	switch {
	case r == ' ':
		return len(line) - len(strings.TrimLeft(line, " "))
	case isAlnum(r) || r == '_':
		if end := strings.IndexFunc(line, func(r rune) bool { return !named(r) }); end >= 0 {
			return end
		}
		return len(line)
	}
	for _, o := range operators {
		if strings.HasPrefix(line, o) {
			return len(o)
		}
	}
	return n
}
