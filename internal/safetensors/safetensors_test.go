package safetensors

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

var (
	negZero    = float32(math.Copysign(0, -1))
	goldenMeta = map[string]string{"a": "<&> \"é\"\n", "step": "20"}
	golden     = []Tensor{
		{"adam.seed", []int{1}, []uint64{math.MaxUint64}},
		{"mean", []int{}, []float64{0.1}},
		{"step", []int{2}, []int64{-1, 1 << 62}},
		{"empty", []int{0, 7}, []float32{}},
		{"g.emb", []int{2, 3}, []float32{1, negZero, 3.5, float32(math.Inf(1)), 1e-45, -2}},
		{"ids", []int{3}, []int32{-5, 0, math.MaxInt32}},
	}
)

// The golden file comes from testdata/make_golden.py.
func TestGolden(t *testing.T) {
	want, err := os.ReadFile("testdata/golden.safetensors")
	require.NoError(t, err)

	var got bytes.Buffer
	shuffled := []Tensor{golden[5], golden[1], golden[4], golden[0], golden[3], golden[2]}
	require.NoError(t, Write(&got, shuffled, goldenMeta))
	require.Equal(t, want, got.Bytes())

	f, err := Load("testdata/golden.safetensors")
	require.NoError(t, err)
	require.Equal(t, &File{golden, goldenMeta}, f)
	require.True(t, math.Signbit(float64(f.Tensors[4].Data.([]float32)[1])))
}

func TestBlocks(t *testing.T) {
	x := make([]float32, 3*(1<<13)+5)
	for i := range x {
		x[i] = float32(i)
	}
	var b bytes.Buffer
	require.NoError(t, Write(&b, []Tensor{{"x", []int{len(x)}, x}}, nil))
	f, err := Read(bytes.NewReader(b.Bytes()), int64(b.Len()))
	require.NoError(t, err)
	got, err := Values[float32](f, "x", len(x))
	require.NoError(t, err)
	require.Equal(t, x, got)
}

func TestValues(t *testing.T) {
	f := &File{Tensors: golden}
	ids, err := Values[int32](f, "ids", 3)
	require.NoError(t, err)
	require.Equal(t, []int32{-5, 0, math.MaxInt32}, ids)
	mean, err := Values[float64](f, "mean")
	require.NoError(t, err)
	require.Equal(t, []float64{0.1}, mean)
	_, err = Values[int32](f, "idz", 3)
	require.EqualError(t, err, `safetensors: no tensor "idz"`)
	_, err = Values[float32](f, "ids", 3)
	require.EqualError(t, err, `safetensors: tensor "ids" holds []int32, want []float32`)
	_, err = Values[int32](f, "ids", 4)
	require.EqualError(t, err, `safetensors: tensor "ids" has shape [3], want [4]`)
}

func TestWriteRefuses(t *testing.T) {
	for want, ts := range map[string][]Tensor{
		`safetensors: tensor "x": 2 values for shape [3], which needs 3`:                                       {{"x", []int{3}, []int32{1, 2}}},
		`safetensors: tensor "x": shape [-1] has a negative dimension`:                                         {{"x", []int{-1}, []int32{}}},
		`safetensors: tensor "x": data is a []string; want []float64, []float32, []int64, []uint64 or []int32`: {{"x", nil, []string{}}},
		`safetensors: two tensors named "x"`:                                                                   {{"x", nil, []int32{1}}, {"a", nil, []int64{1}}, {"x", nil, []int32{1}}},
		`safetensors: tensor "__metadata__": the name is reserved`:                                             {{"__metadata__", nil, []int32{1}}},
		`safetensors: tensor "\xff": the name is not UTF-8`:                                                    {{"\xff", nil, []int32{1}}},
	} {
		var b bytes.Buffer
		require.EqualError(t, Write(&b, ts, nil), want)
		require.Zero(t, b.Len())
	}
	two := []Tensor{{"x", nil, []int64{1}}, {"y", nil, []int64{1}}, {"a", nil, []int32{1}}, {"x", nil, []int32{1}}}
	require.Error(t, Write(io.Discard, two, nil), "one name, two types")
}

// file puts a header before data.
func file(header string, data ...byte) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(header)))
	return append(append(b, header...), data...)
}

var hostile = map[string][]byte{
	"0 bytes are no safetensors file":                                        nil,
	"7 bytes are no safetensors file":                                        make([]byte, 7),
	"header of 18446744073709551615 bytes in a file of 8":                    bytes.Repeat([]byte{255}, 8),
	"header of 3 bytes in a file of 9":                                       {3, 0, 0, 0, 0, 0, 0, 0, '{'},
	"the header is no JSON object":                                           file(`[]`),
	"header: unexpected EOF":                                                 file(`{"x":`),
	"header: invalid character":                                              file(`{5:1}`),
	"does not end with its JSON object":                                      file(`{} {}`),
	"header: an entry holds string; it must be an object":                    file(`{"__metadata__":"x"}`),
	"header: unknown field":                                                  file(`{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4],"more":1}}`, 0, 0, 0, 0),
	"header: data_offsets holds number -1; it must be a whole number from 0": file(`{"x":{"dtype":"F32","shape":[],"data_offsets":[-1,4]}}`, 0, 0, 0, 0),
	`"x" stands twice`:                                                       file(`{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
	`tensor "x": dtype "BF16" is not supported`:                              file(`{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
	`tensor "x": no shape`:                                                   file(`{"x":{"dtype":"F32","data_offsets":[0,4]}}`, 0, 0, 0, 0),
	"negative dimension":                                                     file(`{"x":{"dtype":"F32","shape":[-1,-1],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
	"shape [4611686018427387904 4611686018427387904] is too":                 file(`{"x":{"dtype":"F32","shape":[4611686018427387904,4611686018427387904],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
	"shape [4611686018427387904] is too large":                               file(`{"x":{"dtype":"F32","shape":[4611686018427387904],"data_offsets":[0,0]}}`),
	"data ends at 4000000000000 of 4 bytes: cut short":                       file(`{"x":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4000000000000]}}`, 0, 0, 0, 0),
	"data begins at 4, not at 0":                                             file(`{"x":{"dtype":"F32","shape":[],"data_offsets":[4,8]}}`, 0, 0, 0, 0, 0, 0, 0, 0),
	"data begins at 0, not at 4":                                             file(`{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 0, 0, 0, 0),
	"data_offsets [0 3] do not fit F32 of shape []":                          file(`{"x":{"dtype":"F32","shape":[],"data_offsets":[0,3]}}`, 0, 0, 0),
	"5 bytes of data, but the tensors end at 4":                              file(`{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 0, 0, 0, 0, 0),
}

func TestReadRefuses(t *testing.T) {
	for want, b := range hostile {
		_, err := Read(bytes.NewReader(b), int64(len(b)))
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "safetensors: ")
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	_, err := Load(path)
	require.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, os.WriteFile(path, []byte("hello"), 0o666))
	_, err = Load(path)
	require.EqualError(t, err, path+": safetensors: 5 bytes are no safetensors file")
}

// A file that ends before the size it was said to have.
func TestShrunk(t *testing.T) {
	b := file(`{"x":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}`, 1, 2)
	_, err := Read(bytes.NewReader(b), int64(len(b))+2)
	require.True(t, errors.Is(err, io.ErrUnexpectedEOF), "%v", err)
}

// Whatever is read can be written, and reads the same again.
func FuzzRead(f *testing.F) {
	for _, b := range hostile {
		f.Add(b)
	}
	b, err := os.ReadFile("testdata/golden.safetensors")
	require.NoError(f, err)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Read(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			return
		}
		var once, twice bytes.Buffer
		require.NoError(t, Write(&once, file.Tensors, file.Meta))
		again, err := Read(bytes.NewReader(once.Bytes()), int64(once.Len()))
		require.NoError(t, err)
		require.Len(t, again.Tensors, len(file.Tensors))
		require.NoError(t, Write(&twice, again.Tensors, again.Meta))
		require.Equal(t, once.Bytes(), twice.Bytes())
	})
}
