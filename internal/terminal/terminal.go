// Package terminal makes text of unknown origin safe to look at: what a terminal
// would obey instead of showing is written as an escape.
package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Text returns s with every character that a terminal might obey, except line
// feeds and tabs, written as an escape: control characters and bytes that are not
// UTF-8 as \x1b, those beyond ASCII and the ones that turn the direction of
// writing as \u202e.
func Text(s string) string {
	if strings.IndexFunc(s, obeyed) < 0 && utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1, obeyed(r) && r < utf8.RuneSelf:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case obeyed(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteString(s[i : i+n])
		}
		i += n
	}
	return b.String()
}

// Line is Text for what has to stay on one line.
func Line(s string) string {
	return strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(Text(s))
}

// obeyed tells whether a terminal acts on r: the controls of ASCII and Latin 1,
// separators of lines, and what embeds, overrides or isolates a direction.
func obeyed(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r), r == '\u2028', r == '\u2029':
		return true
	}
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// Writer passes on what Text makes of the bytes written to it. The beginning of
// a character whose rest has not come yet waits for that. It may be written to
// from several goroutines.
func Writer(w io.Writer) io.Writer { return &writer{w: w} }

type writer struct {
	mu   sync.Mutex
	w    io.Writer
	rest []byte // shorter than a character
}

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := append(w.rest, p...)
	n := len(all)
	for i := 1; i < utf8.UTFMax && i <= n; i++ {
		if utf8.RuneStart(all[n-i]) {
			if !utf8.FullRune(all[n-i:]) {
				n -= i
			}
			break
		}
	}
	w.rest = append([]byte{}, all[n:]...)
	if _, err := io.WriteString(w.w, Text(string(all[:n]))); err != nil {
		return 0, err
	}
	return len(p), nil
}
