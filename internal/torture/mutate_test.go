package torture

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"textgan/train"
	"textgan/train/rundir"
)

// A mutation changes a file, and says how.
type mutation struct {
	name   string
	change func(draw *rand.Rand, b []byte) []byte // nil: the file goes
}

var mutations = []mutation{
	{"flip a bit", func(draw *rand.Rand, b []byte) []byte {
		if len(b) > 0 {
			b[draw.IntN(len(b))] ^= 1 << draw.IntN(8)
		}
		return b
	}},
	{"another digit", func(draw *rand.Rand, b []byte) []byte {
		if at := regexp.MustCompile(`[0-9]`).FindAllIndex(b, -1); len(at) > 0 {
			b[at[draw.IntN(len(at))][0]] = '0' + byte(draw.IntN(10))
		}
		return b
	}},
	{"another number", func(draw *rand.Rand, b []byte) []byte {
		if at := regexp.MustCompile(`[0-9]+`).FindAllIndex(b, -1); len(at) > 0 {
			i := at[draw.IntN(len(at))]
			numbers := []string{"-1", "0", "1e999", "9223372036854775807", "NaN", "null", "99999", `"x"`}
			return slices.Concat(b[:i[0]], []byte(numbers[draw.IntN(len(numbers))]), b[i[1]:])
		}
		return b
	}},
	{"another word", func(draw *rand.Rand, b []byte) []byte {
		if at := regexp.MustCompile(`[a-z]{3,}`).FindAllIndex(b, -1); len(at) > 0 {
			i := at[draw.IntN(len(at))]
			words := []string{"done", "likelihood", "adversarial", "gan", "mle", "", "\x00", "true"}
			return slices.Concat(b[:i[0]], []byte(words[draw.IntN(len(words))]), b[i[1]:])
		}
		return b
	}},
	{"cut", func(draw *rand.Rand, b []byte) []byte { return b[:draw.IntN(len(b)+1)] }},
	{"empty", func(*rand.Rand, []byte) []byte { return []byte{} }},
	{"zeros", func(_ *rand.Rand, b []byte) []byte { clear(b[len(b)/2:]); return b }},
	{"a part twice", func(draw *rand.Rand, b []byte) []byte {
		i := draw.IntN(len(b) + 1)
		j := i + draw.IntN(len(b)-i+1)
		return slices.Concat(b[:j], b[i:])
	}},
	{"a part less", func(draw *rand.Rand, b []byte) []byte {
		i := draw.IntN(len(b) + 1)
		j := i + draw.IntN(min(len(b)-i, 40)+1)
		return slices.Concat(b[:i], b[j:])
	}},
	{"gone", func(*rand.Rand, []byte) []byte { return nil }},
}

// reseal makes the checksums right again, as a stranger who wants to be believed does.
func reseal(t *testing.T, dir string) {
	sum := func(path string) string {
		content, err := os.ReadFile(path)
		if err != nil {
			return ""
		}
		return fmt.Sprintf("%x", sha256.Sum256(content))
	}
	lists, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*", "SHA256SUMS"))
	require.NoError(t, err)
	for _, list := range lists {
		text, err := os.ReadFile(list)
		require.NoError(t, err)
		var out strings.Builder
		for line := range strings.Lines(string(text)) {
			name := strings.TrimSpace(line[min(len(line), 64):])
			if now := sum(filepath.Join(filepath.Dir(list), name)); now != "" {
				line = now + "  " + name + "\n"
			}
			out.WriteString(line)
		}
		require.NoError(t, os.WriteFile(list, []byte(out.String()), 0o600))
	}
	manifest := filepath.Join(dir, "manifest.json")
	if text, err := os.ReadFile(manifest); err == nil {
		text = regexp.MustCompile(`("config_sha256": ")[0-9a-f]*`).ReplaceAll(text, []byte("${1}"+sum(filepath.Join(dir, rundir.ConfigFile))))
		require.NoError(t, os.WriteFile(manifest, text, 0o600))
	}
}

// files are all regular files below dir, with what they hold.
func files(t *testing.T, dir string) map[string]string {
	all := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			var content []byte
			content, err = os.ReadFile(path)
			all[path] = string(content)
		}
		return err
	}))
	return all
}

// finish resumes a run in this process and takes it to its end, or 60 steps further. A
// panic, and an end that does not come, are errors of the test.
func finish(t *testing.T, what, dir string) (hash, note string, err error) {
	type result struct {
		hash, note string
		err        error
		panicked   any
	}
	ended := make(chan result, 1)
	go func() {
		var r result
		defer func() {
			r.panicked = recover()
			ended <- r
		}()
		tr, w, err := train.Resume(dir, bytes.NewReader(nil), rundir.Start{})
		if r.err = err; err != nil {
			return
		}
		defer w.Close()
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		steps := 0
		r.err = tr.Run(ctx, train.Watcher{Step: func(train.Progress) {
			if steps++; steps == 60 {
				stop()
			}
		}})
		r.hash, r.note = tr.Hash(), w.Note
	}()
	select {
	case r := <-ended:
		if r.panicked != nil {
			t.Fatalf("%s: panic: %v", what, r.panicked)
		}
		return r.hash, r.note, r.err
	case <-time.After(2 * time.Minute):
		t.Fatalf("%s: no end", what)
	}
	return
}

// However a run's files are changed, it is refused in one line and left alone, or ends as
// it would have. Whoever makes the checksums right again can change what it ends with;
// but no panic and no endless loop comes of that either.
func TestMutatedRuns(t *testing.T) {
	n := 60
	if testing.Short() {
		n = 20
	}
	if all {
		n = 2000
	}
	for _, model := range []string{"gan", "mle", "vae", "rounds"} {
		t.Run(model, func(t *testing.T) {
			whole := filepath.Join(t.TempDir(), "whole")
			c := train.Options.Defaults()
			c.Corpus = filepath.Join(t.TempDir(), "lines.txt")
			require.NoError(t, os.WriteFile(c.Corpus, []byte("the cat sat\na dog ran far\nbirds fly\nfish swim\nthe dog sat down\na cat ran\nno\nwe read\n"), 0o600))
			c.Model, c.Hidden, c.Emb, c.DEmb, c.DFilters, c.DWidths, c.LatentDim = model, 3, 3, 2, 2, []int{2}, 2
			c.Batch, c.MLESteps, c.DPre, c.AdvSteps, c.EvalSamples, c.LogEvery, c.EvalEvery, c.SaveEvery = 3, 8, 1, 4, 2, 1, 2, 2
			if model == "rounds" { // stopped within the first of two
				c.Model, c.ValidFraction, c.MLESteps, c.BackSteps = "mle", 0.3, 2, 2
				c.CoopRounds, c.CoopSteps, c.CoopSentences, c.CoopBatch = 2, 3, 100, 4
			}
			tr, w, err := train.Start(c, whole, nil, rundir.Start{})
			require.NoError(t, err)
			ctx, stop := context.WithCancel(context.Background())
			err = tr.Run(ctx, train.Watcher{Step: func(p train.Progress) {
				if p.Step == 5 {
					stop()
				}
			}})
			require.ErrorIs(t, err, train.ErrInterrupted)
			require.NoError(t, w.Close())

			peace := filepath.Join(t.TempDir(), "peace")
			require.NoError(t, os.CopyFS(peace, os.DirFS(whole)))
			want, note, err := finish(t, "in peace", peace)
			require.NoError(t, err)
			require.Empty(t, note)

			before := files(t, whole)
			var paths []string
			for path := range before {
				paths = append(paths, strings.TrimPrefix(path, whole+string(filepath.Separator)))
			}
			slices.Sort(paths)
			// What a resume reads is changed more often than what it passes over.
			for _, path := range slices.Clone(paths) {
				if strings.Contains(path, "step-5"+string(filepath.Separator)) || !strings.Contains(path, "step-") && !strings.HasPrefix(path, "events") {
					paths = append(paths, path, path, path)
				}
			}
			draw := rand.New(rand.NewPCG(7, 11))
			refused, same, other := 0, 0, 0
			for i := range n {
				name, m, sealed := paths[draw.IntN(len(paths))], mutations[draw.IntN(len(mutations))], draw.IntN(2) == 0
				what := fmt.Sprintf("%s %d: %s: %s, sealed %v", model, i, name, m.name, sealed)
				dir := filepath.Join(t.TempDir(), "run")
				require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
				path := filepath.Join(dir, name)
				if b := m.change(draw, []byte(before[filepath.Join(whole, name)])); b == nil {
					require.NoError(t, os.Remove(path))
				} else {
					require.NoError(t, os.WriteFile(path, b, 0o600))
				}
				if sealed {
					reseal(t, dir)
				}
				was := files(t, dir)
				got, _, err := finish(t, what, dir)
				switch {
				case err == nil && got == want:
					same++
				case err == nil || errors.Is(err, train.ErrInterrupted):
					other++
					require.True(t, sealed, "%s: another end, and no word", what)
				default:
					refused++
					require.NotContains(t, err.Error(), "\n", what)
					require.NotEmpty(t, err.Error(), what)
					var diverged *train.Diverged
					if !errors.As(err, &diverged) {
						require.Equal(t, was, files(t, dir), "%s: refused (%v), and changed", what, err)
					}
				}
				require.NoError(t, os.RemoveAll(dir))
			}
			t.Logf("%s: %d mutations: %d refused, %d without consequence, %d believed", model, n, refused, same, other)
		})
	}
}
