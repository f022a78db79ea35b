package machine

import (
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMemory(t *testing.T) {
	require.Greater(t, Memory(), 16.*(1<<20))
	if runtime.GOOS == "linux" {
		text, err := os.ReadFile("/proc/meminfo")
		require.NoError(t, err)
		require.Equal(t, "MemTotal:", strings.Fields(string(text))[0])
		require.LessOrEqual(t, Memory(), 1<<50*1.)
	}
}

func TestSize(t *testing.T) {
	for bytes, want := range map[float64]string{0: "0 MB", 350 << 20: "350 MB", 1 << 30: "1.0 GB", 41 << 30: "41 GB", 3 << 40: "3.0 TB", 1e30: "888178419700125 PB"} {
		require.Equal(t, want, Size(bytes))
	}
}
