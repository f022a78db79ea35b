package vocab

import "fmt"

// Hint says what speaks against a tokeniser on a text, and what to try: lines of
// one or two tokens, as where a script has no spaces, or a vocabulary of which
// nearly every token is seen once. It is empty where nothing does. once is how many
// of the different tokens occur once.
func Hint(tok Tokenizer, lines, tokens, different, once int) string {
	if tok.Name() == (char{}).name() || lines < 20 {
		return ""
	}
	mean := float64(tokens) / float64(lines)
	switch {
	case mean <= 2:
		return fmt.Sprintf("%.1f tokens a line: --tokenizer %s finds few words in this text; --tokenizer char makes every character a token", mean, tok.Name())
	case once*10 > different*8 && different*2 > tokens:
		return fmt.Sprintf("%d of %d different tokens are seen once: a model learns little of words that it sees once; more text, --min-count, or --tokenizer char", once, different)
	}
	return ""
}
