package main

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

// A built-in corpus is other sentences than a run has learnt, whatever its seed and that of
// the samples: the same ones for runs that have learnt the same.
func TestBuiltinTextIsFresh(t *testing.T) {
	t.Chdir(t.TempDir())
	run := func(line string) []byte {
		var out, talk bytes.Buffer
		require.Zero(t, runOut(&out, &talk, line), talk.String())
		return out.Bytes()
	}
	for name, seed := range map[string]string{"learnt.txt": "1", "fresh.txt": "2", "judged.txt": "3"} {
		require.NoError(t, os.WriteFile(name, run("textgan corpus generate captions --seed "+seed), 0o666))
	}
	small := " --hidden 4 --emb 4 --mle-steps 1 --corpus-lines 40 --eval-samples 4"
	run("textgan train --model mle --seed 0 --run m" + small)
	run("textgan train --model vae --seed 3 --run v --latent-dim 2" + small)

	nll := func(options string) (r struct{ NLL float64 }) {
		require.NoError(t, json.Unmarshal(run("textgan eval nll --run m --json "+options), &r))
		return r
	}
	require.Equal(t, nll("--corpus fresh.txt"), nll("--corpus builtin:captions"))
	require.Equal(t, string(run("textgan vae encode --run v --corpus fresh.txt")), string(run("textgan vae encode --run v --corpus builtin:captions")))
	for _, command := range []string{
		"textgan eval all --run m -n 20 --features=false --classifier=false --json --seed 5",
		"textgan eval frontier --run m -n 20 --repeat 1 --temperatures 0.8,1 --json --seed 5",
		"textgan eval bleu --hyp m/held-out.txt --bootstrap 2 --seed 5",
	} {
		require.Equal(t, string(run(command+" --ref fresh.txt")), string(run(command+" --ref builtin:captions")))
	}
	require.Equal(t, string(run("textgan eval diversity --hyp m/held-out.txt --train learnt.txt")), string(run("textgan eval diversity --hyp m/held-out.txt --train builtin:captions")))
	require.Equal(t, string(run("textgan eval self-bleu --hyp judged.txt --seed 5")), string(run("textgan eval self-bleu --hyp builtin:captions --seed 5")))
}
