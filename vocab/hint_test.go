package vocab

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHint(t *testing.T) {
	word, char := tokenizer(t, "word", ""), tokenizer(t, "char", "")
	require.Contains(t, Hint(word, 100, 130, 90, 80), "1.3 tokens a line: --tokenizer word finds few words")
	require.Contains(t, Hint(word, 100, 1000, 900, 850), "850 of 900 different tokens are seen once")
	require.Empty(t, Hint(word, 100, 1000, 300, 200))
	require.Empty(t, Hint(char, 100, 100, 90, 80))
	require.Empty(t, Hint(word, 3, 3, 3, 3), "too little to say anything")
}
