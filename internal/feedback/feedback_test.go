package feedback

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse(t *testing.T) {
	for _, f := range All {
		got, err := Parse(string(f))
		require.NoError(t, err)
		require.Equal(t, f, got)
	}
	_, err := Parse("hard")
	require.ErrorContains(t, err, `feedback "hard" is not known; use soft, straight-through or detached`)
}
