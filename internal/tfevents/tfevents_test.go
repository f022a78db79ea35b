package tfevents

import (
	"bytes"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The golden file comes from testdata/make_golden.py.
func TestGolden(t *testing.T) {
	clock := time.Unix(1_700_000_000, 250_000_000).Add(-time.Second)
	now := func() time.Time { clock = clock.Add(time.Second); return clock }
	var b bytes.Buffer
	w, err := NewWriter(&b, now)
	require.NoError(t, err)
	require.NoError(t, w.Restart(20))
	nan := math.Float32frombits(0x7fc00000) // the NaN that Python writes
	require.NoError(t, w.Scalars(300, Scalar{"loss/d", 0.5}, Scalar{"loss/g", nan}))
	require.NoError(t, w.Scalars(0, Scalar{strings.Repeat("t", 200), float32(math.Inf(-1))}))

	want, err := os.ReadFile("testdata/golden.tfevents")
	require.NoError(t, err)
	require.Equal(t, want, b.Bytes())
}

// Records that other programs write: the first two of a file begun at 256.5 s,
// as expected by the tests of the Python package tensorboard_logger.
func TestKnownRecords(t *testing.T) {
	var b bytes.Buffer
	w, err := NewWriter(&b, func() time.Time { return time.UnixMilli(256_500) })
	require.NoError(t, err)
	require.NoError(t, w.Scalars(1, Scalar{"v/1", 1.5}))
	require.Equal(t, ""+
		"\x18\x00\x00\x00\x00\x00\x00\x00\xa3\x7fK\"\t\x00\x00\x00\x00\x00\x08p@\x1a\rbrain.Event:2\xbc\x98!+"+
		"\x19\x00\x00\x00\x00\x00\x00\x00\x8b\xf1\x08(\t\x00\x00\x00\x00\x00\x08p@\x10\x01*\x0c\n\n\n\x03v/1\x15\x00\x00\xc0?,\xec\xc0\x87",
		b.String())
}

// The check value that catalogues of checksums give for CRC-32C is
// 0xe3069283; the mask is a rotation by 15 and a constant.
func TestMaskedCRC(t *testing.T) {
	crc := uint32(0xe3069283)
	require.Equal(t, (crc>>15|crc<<17)+0xa282ead8, maskedCRC([]byte("123456789")))
	// The first bytes of every event file with a first record of 24 bytes.
	require.Equal(t, uint32(0x224b7fa3), maskedCRC([]byte{24, 0, 0, 0, 0, 0, 0, 0}))
}

func TestFileName(t *testing.T) {
	require.Equal(t, "events.out.tfevents.0000000042.host", FileName(time.Unix(42, 0), "host"))
}

type brokenDisk struct{}

func (brokenDisk) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestErrorsComeThrough(t *testing.T) {
	_, err := NewWriter(brokenDisk{}, time.Now)
	require.EqualError(t, err, "no room")
}
