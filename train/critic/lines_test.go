package critic

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/safetensors"
)

// Training lines are read as they were written, and nothing else.
func TestUnmarshalLines(t *testing.T) {
	lines := [][]int32{{5, 6, 7}, {}, {6}}
	file, err := marshalLines(lines)
	require.NoError(t, err)
	again, err := unmarshalLines(file, 9)
	require.NoError(t, err)
	require.Equal(t, lines, again)
	_, err = unmarshalLines(file, 7)
	require.ErrorContains(t, err, "id 7")
	_, err = unmarshalLines(file[:len(file)-1], 9)
	require.Error(t, err)
	for _, lengths := range [][]int32{{3}, {3, 2}, {-1, 5}} {
		var b bytes.Buffer
		require.NoError(t, safetensors.Write(&b, []safetensors.Tensor{
			{Name: "ids", Shape: []int{4}, Data: []int32{5, 6, 7, 6}},
			{Name: "lengths", Shape: []int{len(lengths)}, Data: lengths},
		}, nil))
		_, err = unmarshalLines(b.Bytes(), 9)
		require.ErrorContains(t, err, "ids")
	}
}
