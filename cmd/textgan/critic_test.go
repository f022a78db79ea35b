package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// A run of cooperative rounds keeps a critic with the backwards model that it has
// trained, by which it is sampled from without another word; the same one comes from
// the command critic.
func TestRunKeepsItsCritic(t *testing.T) {
	t.Chdir(t.TempDir())
	var talk bytes.Buffer
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run m --model mle --corpus-lines 300 --eval-every 0 --eval-samples 20 --hidden 8 --emb 8 --batch 8 --mle-steps 20"), talk.String())
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run r --corpus-lines 300 --eval-every 0 --eval-samples 20 --hidden 8 --emb 8 --batch 8 --mle-steps 20"+
		" --discriminator reverse-lm --d-pretrain 2 --adv-steps 3 --back-steps 20 --coop-rounds 1 --coop-steps 5 --coop-sentences 200"), talk.String())
	require.Contains(t, talk.String(), "The run keeps a critic of the last generator: held-out loss ")
	require.Contains(t, talk.String(), "adversarial moved NLL by ")
	require.Contains(t, talk.String(), "cooperative moved NLL by ")
	require.NotContains(t, talk.String(), "undone")
	require.Contains(t, talk.String(), "game       rsgan with")
	talk.Reset()
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run w --warm-start m --adv-steps 0 --critic none --coop-rounds 1 --coop-steps 5 --coop-sentences 200 --eval-samples 20"), talk.String())
	require.NotContains(t, talk.String(), "game  ", "it plays none")
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run u --model mle --corpus-lines 300 --eval-every 0 --eval-samples 20 --hidden 8 --emb 8 --batch 8 --mle-steps 20"+
		" --critic none --coop-rounds 1 --coop-steps 5 --coop-sentences 200 --coop-lr 9"), talk.String())
	require.Regexp(t, `A round is undone: NLL of held-out lines \d+\.\d+ after it, \d+\.\d+ before\.`, talk.String())
	weights := filepath.Join("r", "critic", "critic.safetensors")
	kept, err := os.ReadFile(weights)
	require.NoError(t, err)
	var sample bytes.Buffer
	require.Zero(t, runOut(&sample, &talk, "textgan sample --run r --critic -n 3"), talk.String())
	require.Equal(t, 3, bytes.Count(sample.Bytes(), []byte("\n")))
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan critic --run r"))
	again, err := os.ReadFile(weights)
	require.NoError(t, err)
	require.Equal(t, kept, again)
}
