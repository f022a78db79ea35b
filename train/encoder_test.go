package train

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/model"
)

// The encoder is a language model of its text: it has to beat one that knows
// nothing.
func TestEncoder(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	c := small()
	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(t, err)
	learnt, err := d.LearntCorpus()
	require.NoError(t, err)
	m, err := Encoder(context.Background(), learnt.Lines, 1)
	require.NoError(t, err)
	tally, err := m.NLL(d.Valid.Lines)
	require.NoError(t, err)
	require.Less(t, tally.PerToken(), .6*math.Log(float64(m.Vocab.Size())))
	require.Contains(t, m.EncoderName(), "lstm-1x128")
}
