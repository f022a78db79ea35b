package vocab

import (
	"strings"
	"unicode"
)

// ToLower is what the case Lower makes of a line: Python's str.lower, bytes that
// are not UTF-8 becoming U+FFFD.
func ToLower(line string) string { return lower(line) }

// lower maps a line to lower case as Python's str.lower does: the simple
// mapping of each rune, and the two exceptions that Unicode makes without
// regard to a language, İ and the sigma that ends a word (The Unicode
// Standard, section 3.13, table Final_Sigma).
func lower(s string) string {
	if !strings.ContainsAny(s, "İΣ") {
		return strings.ToLower(strings.ToValidUTF8(s, "\uFFFD"))
	}
	runes := []rune(s)
	var b strings.Builder
	for i, r := range runes {
		switch {
		case r == 'İ':
			b.WriteString("i\u0307")
		case r == 'Σ' && endsWord(runes, i):
			b.WriteRune('ς')
		default:
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return b.String()
}

// endsWord reports whether a cased letter precedes runes[i] and none follows,
// looking past runes that case ignores.
func endsWord(runes []rune, i int) bool {
	before := i - 1
	for before >= 0 && caseIgnorable(runes[before]) {
		before--
	}
	after := i + 1
	for after < len(runes) && caseIgnorable(runes[after]) {
		after++
	}
	return before >= 0 && cased(runes[before]) && (after == len(runes) || !cased(runes[after]))
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// caseIgnorable: marks, modifiers, format characters, and the punctuation
// whose Word_Break is MidLetter, MidNumLet or Single_Quote.
func caseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) ||
		strings.ContainsRune("'.:··՟״‘’․‧︓﹒﹕＇．：", r)
}
