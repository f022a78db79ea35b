package npy

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The expected bytes are those of
//
//	numpy.save(f, numpy.array([[1, -2.5], [3e-9, 4], [numpy.inf, 6]], dtype='<f4'))
func TestWrite(t *testing.T) {
	want := "\x93NUMPY\x01\x00v\x00{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }" + strings.Repeat(" ", 58) + "\n" +
		"\x00\x00\x80?\x00\x00 \xc0\x8f(N1\x00\x00\x80@\x00\x00\x80\x7f\x00\x00\xc0@"
	var b bytes.Buffer
	require.NoError(t, Write(&b, []float32{1, -2.5, 3e-9, 4, float32(math.Inf(1)), 6}, 3, 2))
	require.Equal(t, want, b.String())
	require.Error(t, Write(&b, []float32{1}, 3, 2))
}
