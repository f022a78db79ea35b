package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every command that says a number of the same text says the same number: eval
// all, eval frontier, eval bleu, self-bleu and diversity, and the evaluation
// during training.
func TestNumbersAgree(t *testing.T) {
	t.Chdir(t.TempDir())
	run := func(line string) []byte {
		var out, talk bytes.Buffer
		require.Zero(t, runOut(&out, &talk, line), talk.String())
		return out.Bytes()
	}
	type orders map[string]float64
	type score struct {
		BLEU     orders `json:"bleu"`
		SelfBLEU orders `json:"self_bleu"`
	}
	read := func(line string, v any) { require.NoError(t, json.Unmarshal(run(line+" --json"), v)) }
	require.NoError(t, os.WriteFile("c.txt", run("textgan corpus generate captions -n 400"), 0o666))
	require.NoError(t, os.WriteFile("v.txt", run("textgan corpus generate captions -n 60 --seed 2"), 0o666))
	// Words seen once are unknown to the model, and so never in its sentences.
	run("textgan train --model mle --run m --corpus c.txt --valid v.txt --min-count 2 --mle-steps 8 --eval-every 4 --eval-samples 50 --hidden 8 --emb 8 --batch 8")

	var all struct {
		Texts []struct {
			BLEU      score   `json:"bleu"`
			SelfBLEU  score   `json:"self_bleu"`
			Different float64 `json:"different_lines"`
			LM        struct {
				Nats      float64 `json:"nats_per_token"`
				Signature string
			} `json:"lm"`
			ReverseLM struct {
				Nats float64 `json:"nats_per_token"`
			} `json:"reverse_lm"`
			Copies struct{ Share float64 }
		}
	}
	read("textgan eval all --run m -n 50 --features=false --checkpoint last --seed 4", &all)
	a := all.Texts[0]

	var frontier struct {
		Planes []struct {
			Curve []struct {
				X, Y, Temperature float64
			}
			Signatures [2]string
		}
	}
	read("textgan eval frontier --run m -n 50 --repeat 1 --temperatures 0.8,1 --checkpoint last --seed 4", &frontier)
	require.Len(t, frontier.Planes, 6)
	for i, p := range frontier.Planes {
		at := p.Curve[1]
		require.Equal(t, 1.0, at.Temperature)
		if i == 4 {
			require.Equal(t, a.ReverseLM.Nats, at.X)
			require.Equal(t, a.LM.Nats, at.Y)
			require.Equal(t, a.LM.Signature, p.Signatures[1])
			continue
		}
		if i == 5 {
			require.Equal(t, a.SelfBLEU.SelfBLEU["5"], at.X)
			require.Equal(t, a.Copies.Share, at.Y)
			continue
		}
		n := string(rune('2' + i))
		require.Equal(t, a.SelfBLEU.SelfBLEU[n], at.X)
		require.Equal(t, a.BLEU.BLEU[n], at.Y)
	}

	require.NoError(t, os.WriteFile("s.txt", run("textgan sample --run m -n 50 --seed 4"), 0o666))
	var bleu, self score
	read("textgan eval bleu --hyp s.txt --ref v.txt", &bleu)
	require.Equal(t, a.BLEU.BLEU, bleu.BLEU)
	read("textgan eval self-bleu --hyp s.txt", &self)
	require.Equal(t, a.SelfBLEU.SelfBLEU, self.SelfBLEU)

	metrics, err := os.ReadFile("m/metrics.jsonl")
	require.NoError(t, err)
	seen := 0
	for d := json.NewDecoder(bytes.NewReader(metrics)); ; {
		var m map[string]any
		if err := d.Decode(&m); err == io.EOF {
			break
		} else {
			require.NoError(t, err)
		}
		if m["bleu/2"] == nil {
			continue
		}
		seen++
		file := filepath.Join("m/samples", "step-"+jsonNumber(t, m["step"])+".txt")
		var bleu, self score
		read("textgan eval bleu --ref v.txt --hyp "+file, &bleu)
		read("textgan eval self-bleu --hyp "+file, &self)
		for _, n := range []string{"2", "5"} {
			require.InDelta(t, m["bleu/"+n], bleu.BLEU[n], 1e-14)
			require.InDelta(t, m["self_bleu/"+n], self.SelfBLEU[n], 1e-14)
		}
	}
	require.Equal(t, 2, seen)
}

func jsonNumber(t *testing.T, v any) string {
	b, err := json.Marshal(v)
	require.NoError(t, err)
	return string(b)
}

// A number that rounds to zero has no sign.
func TestRounded(t *testing.T) {
	require.Equal(t, "0.0000 -0.0001 1.2346", fmt.Sprintf("%.4f %.4f %.4f", rounded(-1e-6, 4), rounded(-.00009, 4), rounded(1.23456, 4)))
}

// Both commands that tell the lengths of a text mean the same by a quantile.
func TestLengthsAgree(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("t.txt", []byte("a\na b\na b c\na b c d\n"), 0o666))
	type quantiles struct{ Min, P5, P25, P50, P75, P95, P99, Max int }
	for _, command := range []string{"textgan corpus stats t.txt --json", "textgan eval diversity --hyp t.txt --json"} {
		var out, talk bytes.Buffer
		require.Zero(t, runOut(&out, &talk, command), talk.String())
		var r struct{ Lengths quantiles }
		require.NoError(t, json.Unmarshal(out.Bytes(), &r))
		require.Equal(t, quantiles{1, 1, 1, 2, 3, 4, 4, 4}, r.Lengths, command)
	}
}
