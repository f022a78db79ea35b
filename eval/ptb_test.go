package eval

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestPTBEqualsNLTK(t *testing.T) {
	var cases [][2]any
	golden(t, "ptb.json", &cases)
	require.Greater(t, len(cases), 400)
	for _, c := range cases {
		want := []string{}
		for _, token := range c[1].([]any) {
			want = append(want, token.(string))
		}
		require.Equal(t, want, append([]string{}, PTB(c[0].(string))...), "%q", c[0])
	}
}

// Whatever the line, no token is empty or holds white space, and no character
// but a quote is lost or made up.
func FuzzPTB(f *testing.F) {
	for _, line := range []string{"", "don't say \"gonna\".", "'tis (so) -- 3,5...", "`` '' ' \xff\xfe", "İ'ı ſ"} {
		f.Add(line)
	}
	bare := strings.NewReplacer(`"`, "", "`", "", "'", "")
	f.Fuzz(func(t *testing.T, line string) {
		tokens := PTB(line)
		for _, token := range tokens {
			require.True(t, token != "" && strings.IndexFunc(token, isSpace) < 0)
		}
		want := strings.Join(strings.FieldsFunc(line, isSpace), "")
		require.Equal(t, bare.Replace(want), bare.Replace(strings.Join(tokens, "")))
	})
}

func BenchmarkPTB(b *testing.B) {
	const line = `A man in a red jacket can't see the dog, "he said," riding (slowly) down a hill.`
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		PTB(line)
	}
}
