package critic

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"textgan/internal/safetensors"
)

// N-grams and a limit on copies ask the lines that the generator has learnt, without their ends. The
// critic keeps them, and counts and sorts them anew when it is loaded.

// marshalLines returns training lines as a file of safetensors.
func marshalLines(lines [][]int32) ([]byte, error) {
	var ids []int32
	lengths := make([]int32, len(lines))
	for i, x := range lines {
		ids, lengths[i] = append(ids, x...), int32(len(x))
	}
	var b bytes.Buffer
	err := safetensors.Write(&b, []safetensors.Tensor{
		{Name: "ids", Shape: []int{len(ids)}, Data: ids},
		{Name: "lengths", Shape: []int{len(lengths)}, Data: lengths},
	}, nil)
	return b.Bytes(), err
}

func hashOf(file []byte) string {
	sum := sha256.Sum256(file)
	return hex.EncodeToString(sum[:])
}

// unmarshalLines reads what marshalLines has written.
func unmarshalLines(file []byte, vocabulary int) ([][]int32, error) {
	f, err := safetensors.Read(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, err
	}
	ids, err := safetensors.Values[int32](f, "ids", f.Shape("ids")...)
	if err != nil {
		return nil, err
	}
	lengths, err := safetensors.Values[int32](f, "lengths", f.Shape("lengths")...)
	if err != nil {
		return nil, err
	}
	lines := make([][]int32, len(lengths))
	for i, n := range lengths {
		if n < 0 || int(n) > len(ids) {
			return nil, fmt.Errorf("line %d has %d of %d ids", i+1, n, len(ids))
		}
		lines[i], ids = ids[:n:n], ids[n:]
		for _, id := range lines[i] {
			if id < 0 || int(id) >= vocabulary {
				return nil, fmt.Errorf("id %d of line %d, where the vocabulary has %d", id, i+1, vocabulary)
			}
		}
	}
	if len(ids) > 0 {
		return nil, fmt.Errorf("%d ids of no line", len(ids))
	}
	return lines, nil
}
