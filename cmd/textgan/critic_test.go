package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
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
	require.Contains(t, talk.String(), "rounds     1 of 200 own sentences, weighed by the critic ratio, which asks a backwards model: LSTM, 1 x 8 units\n")
	require.Contains(t, talk.String(), "The run keeps a critic of the last generator: held-out loss ")
	require.Contains(t, talk.String(), "adversarial moved NLL by ")
	require.Contains(t, talk.String(), "cooperative moved NLL by ")
	require.Contains(t, talk.String(), "sample --run r -n 20 --critic\n")
	require.NotContains(t, talk.String(), "undone")
	require.Contains(t, talk.String(), "game       rsgan with")
	talk.Reset()
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run w --warm-start m --adv-steps 0 --critic none --coop-rounds 1 --coop-steps 5 --coop-sentences 200 --eval-samples 20"), talk.String())
	require.NotContains(t, talk.String(), "game  ", "it plays none")
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run u --model mle --corpus-lines 300 --eval-every 0 --eval-samples 20 --hidden 8 --emb 8 --batch 8 --mle-steps 20"+
		" --critic none --coop-rounds 1 --coop-steps 5 --coop-sentences 200 --coop-lr 9"), talk.String())
	require.Regexp(t, `A round is undone: NLL of held-out lines \d+\.\d+ after it, \d+\.\d+ before\.`, talk.String())
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run part --model mle --corpus-lines 300 --eval-every 0 --eval-samples 20 --hidden 8 --emb 8 --batch 8 --mle-steps 20"+
		" --critic none --coop-rounds 1 --coop-steps 5 --coop-sentences 200 --coop-lr .05"), talk.String())
	require.Regexp(t, `A round is kept in part, \d\d %: NLL of held-out lines \d+\.\d+ after it, \d+\.\d+ before\.`, talk.String())
	talk.Reset()
	require.Zero(t, runOut(io.Discard, &talk, "textgan critic --run u --sentences 200 --steps 5"), talk.String())
	advice := "textgan train --config " + filepath.Join("u", "config.toml") + " --model mle --backwards --coop-rounds 0 --run u-backwards"
	require.Contains(t, talk.String(), "a backwards model would tell it more: "+advice+", then ")
	require.Zero(t, runOut(io.Discard, &talk, advice), talk.String())
	talk.Reset()
	require.NoError(t, os.WriteFile("few.txt", []byte("a b c\nb c a\nc a b\na c b\n"), 0o600))
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run few --corpus few.txt --eval-samples 20 --hidden 8 --emb 8 --batch 8 --mle-steps 20"+
		" --d-pretrain 2 --adv-steps 3 --coop-rounds 1"), talk.String())
	require.Contains(t, talk.String(), "no cooperative rounds: a critic cannot be judged on 1 held-out line; hold out more by --valid-fraction\n")
	require.NotContains(t, talk.String(), "critic  ")
	require.NoError(t, os.WriteFile("one.txt", []byte("a b c\n"), 0o600))
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run few-held --corpus few.txt --valid one.txt --eval-samples 20 --hidden 8 --emb 8 --batch 8 --mle-steps 20"+
		" --d-pretrain 2 --adv-steps 3 --coop-rounds 1"), talk.String())
	require.Contains(t, talk.String(), "no cooperative rounds: a critic cannot be judged on 1 held-out line; give a longer text as --valid\n")
	weights := filepath.Join("r", "critic", "critic.safetensors")
	kept, err := os.ReadFile(weights)
	require.NoError(t, err)
	var sample bytes.Buffer
	require.Zero(t, runOut(&sample, &talk, "textgan sample --run r --critic -n 3"), talk.String())
	require.Equal(t, 3, bytes.Count(sample.Bytes(), []byte("\n")))
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan critic --run r --learn-from held-out"))
	again, err := os.ReadFile(weights)
	require.NoError(t, err)
	require.Equal(t, kept, again)
}

// A run whose critic has learnt its training lines by heart says what it is worth, and does
// not advise to sample by it.
func TestRunWarnsOfItsCritic(t *testing.T) {
	t.Chdir(t.TempDir())
	draw := rand.New(rand.NewPCG(1, 1))
	var lines strings.Builder
	for range 80 {
		for range 1 + draw.IntN(6) {
			fmt.Fprintf(&lines, "%c ", 'a'+draw.IntN(6))
		}
		lines.WriteByte('\n')
	}
	require.NoError(t, os.WriteFile("few.txt", []byte(lines.String()), 0o600))
	var talk bytes.Buffer
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --model mle --run r --corpus few.txt --valid-fraction 0.3 --eval-every 0 --eval-samples 20 --hidden 4 --emb 8 --batch 8"+
		" --mle-steps 300 --lr 0.01 --lr-schedule constant --dropout 0 --back-hidden 32 --back-steps 500 --back-lr 0.02 --back-dropout 0 --coop-rounds 1 --coop-steps 2 --coop-sentences 100 --coop-learn-from train"), talk.String())
	require.Contains(t, talk.String(), "textgan: the critic is worse than none: a held-out sentence loses ")
	require.NotContains(t, talk.String(), "--critic")
}

// A critic that cannot be kept is not trained: what cannot be written is said before what
// cannot be trained.
func TestCriticIsKeptOrNotTrained(t *testing.T) {
	t.Chdir(t.TempDir())
	var talk bytes.Buffer
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --model mle --run r --corpus-lines 60 --eval-samples 4 --hidden 4 --emb 4 --mle-steps 1"), talk.String())
	const command = "textgan critic --run r --features ratio"
	require.Equal(t, 2, runOut(io.Discard, &talk, command))
	for i := range 1000 { // the names under which it could be written, also for a user who may write everywhere
		require.NoError(t, os.Mkdir(filepath.Join("r", fmt.Sprintf(".critic.aside-%d", i)), 0o777))
	}
	talk.Reset()
	require.Equal(t, 1, runOut(io.Discard, &talk, command))
	require.Contains(t, talk.String(), "write "+filepath.Join("r", "critic")+": ")
}

// A critic whose description was changed is found wrong.
func TestVerifyOfACritic(t *testing.T) {
	t.Chdir(t.TempDir())
	var talk bytes.Buffer
	verify := func() (code int, says string) {
		var out bytes.Buffer
		code = runOut(&out, &talk, "textgan verify --run r")
		return code, out.String()
	}
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --model mle --run r --corpus-lines 60 --eval-samples 4 --hidden 4 --emb 4 --mle-steps 1"), talk.String())
	require.Zero(t, runOut(io.Discard, &talk, "textgan critic --run r --sentences 50 --steps 2"), talk.String())
	code, says := verify()
	require.Zero(t, code, says)
	require.Regexp(t, `(?m)^critic +ok +of step 1$`, says)
	path := filepath.Join("r", "critic", "critic.json")
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Contains(t, string(text), `"bound": `)
	require.NoError(t, os.WriteFile(path, bytes.Replace(text, []byte(`"bound": `), []byte(`"bound": 9`), 1), 0o600))
	code, says = verify()
	require.Equal(t, 1, code)
	require.Regexp(t, `(?m)^critic +WRONG +`+path+` was changed since it was written`, says)
}

// That there is no critic is wrong where a run ends with one, and going on with the run brings it back as it was.
func TestVerifyOfADeletedCritic(t *testing.T) {
	t.Chdir(t.TempDir())
	run := func(want int, line string) string {
		var out, talk bytes.Buffer
		require.Equal(t, want, runOut(&out, &talk, line), talk.String())
		return out.String()
	}
	const small = "textgan train --corpus-lines 60 --eval-samples 4 --hidden 4 --emb 4 --batch 8 --mle-steps 1 --adv-steps 0 --run "
	run(0, small+"r --coop-rounds 1 --coop-steps 1 --coop-sentences 100 --back-steps 1")
	dir := filepath.Join("r", "critic")
	before, err := os.ReadFile(filepath.Join(dir, "critic.json"))
	require.NoError(t, err)
	require.NoError(t, os.RemoveAll(dir))
	require.Regexp(t, `(?m)^critic +WRONG +is not there, and the run ends with one; train it: textgan train --run r --resume$`, run(1, "textgan verify --run r"))
	run(0, "textgan train --run r --resume")
	after, err := os.ReadFile(filepath.Join(dir, "critic.json"))
	require.NoError(t, err)
	require.Equal(t, string(before), string(after))
	require.Regexp(t, `(?m)^critic +ok +of step `, run(0, "textgan verify --run r"))
	run(0, small+"s --coop-rounds 0")
	require.NotContains(t, run(0, "textgan verify --run s"), "critic")
}

// A run of which nobody has said how long its phases are has one of each kind, and where its
// critic asks a backwards model, one that is a relational memory.
func TestRunOfAllPhases(t *testing.T) {
	for flags, want := range map[string]string{
		"": "1 relational", "--hidden 8 --critic stat": "1 ", "--hidden 9": "1 ", "--hidden 9 --back-hidden 8": "1 relational", "--back-cell gru": "1 gru", "--back-run b": "1 ",
		"--critic reverse-lm": "1 relational", "--critic none": "1 ", "--discriminator reverse-lm": "1 ", "--coop-rounds 2": "2 ", "--coop-rounds 0": "0 ", "--mle-steps 9": "0 ", "--adv-steps 9": "0 ", "--preset relgan": "0 ",
		"--model mle": "0 ", "--model vae": "0 ", "--generator vae": "0 ", "--backwards": "0 ",
	} {
		got := ""
		p := &process{in: strings.NewReader(""), out: io.Discard, talk: io.Discard, now: time.Now}
		c := command(p, cli.Command{Name: "train"}, func(c call[trainOptions]) error {
			err := complete(&c)
			got = fmt.Sprint(c.opt.CoopRounds, " ", c.opt.BackCell)
			return err
		})
		app := &cli.App{Name: "textgan", Commands: []*cli.Command{c}}
		require.NoError(t, app.Run(append([]string{"textgan", "train"}, strings.Fields(flags)...)), flags)
		require.Equal(t, want, got, flags)
	}
}
