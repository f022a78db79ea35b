package machine

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNeed(t *testing.T) {
	n := Need{{"weights", 10 << 30, "--hidden"}, {"a batch", 30 << 30, "--batch"}, {"the text", 1 << 30, "--max-bytes"}}
	require.NoError(t, n.within(41<<30))
	require.NoError(t, n.within(0), "unknown")
	require.EqualError(t, n.within(23<<30), "needs 41 GB (a batch 30 GB, weights 10 GB), this machine has 23 GB; lower --batch or --hidden")
	require.ErrorContains(t, Need{{"weights", math.Inf(1), "--hidden"}}.Check(), "lower --hidden")
	require.NoError(t, Need{}.Check())
}
