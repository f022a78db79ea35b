package terminal

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

var cases = map[string]string{
	"plain, naïve 日本\tand\nlines": "plain, naïve 日本\tand\nlines",
	"می\u200cخواهم":               "می\u200cخواهم", // a joiner is part of a word
	"\x1b[2Jgone\r\x07\x7f":       `\x1b[2Jgone\x0d\x07\x7f`,
	"\u009b31m":                   `\u009b31m`,
	"\x9b31m":                     `\x9b31m`, // the same control in eight bits
	"a\u202eb\u2066c\u2028d":      `a\u202eb\u2066c\u2028d`,
	"cut \xe6\x97":                `cut \xe6\x97`,
	"\ufffd":                      "\ufffd",
}

func TestText(t *testing.T) {
	for s, want := range cases {
		require.Equal(t, want, Text(s))
	}
	require.Equal(t, `a\nb\tc\x1b`, Line("a\nb\tc\x1b"))
}

// However the bytes are cut into writes, the text is the same.
func TestWriter(t *testing.T) {
	for s, want := range cases {
		for cut := 1; cut <= 3; cut++ {
			var b bytes.Buffer
			w := Writer(&b)
			for rest := []byte(s + "."); len(rest) > 0; {
				n := min(cut, len(rest))
				m, err := w.Write(rest[:n])
				require.NoError(t, err)
				require.Equal(t, n, m)
				rest = rest[n:]
			}
			require.Equal(t, want+".", b.String())
		}
	}
}
