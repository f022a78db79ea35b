package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"textgan/train"
	"textgan/train/rundir"
)

// runOut runs a command line in the present directory.
func runOut(out, talk io.Writer, line string) int {
	p := &process{in: strings.NewReader(""), out: out, talk: talk, now: time.Now}
	return p.run(context.Background(), shellWords(line))
}

// Damage to a run is told in one line, by commands that read it and by those
// that would go on with it.
func TestDamagedRun(t *testing.T) {
	t.Chdir(t.TempDir())
	const small = " --model mle --mle-steps 1 --eval-samples 2 --hidden 8 --emb 8 --batch 8 --corpus-lines "
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run a"+small+"300"))
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run b"+small+"30"))
	weights := "a/checkpoints/step-1/weights.safetensors"
	for _, c := range []struct {
		file, source, want string
	}{
		{weights, "b/checkpoints/step-1/weights.safetensors", "weights.safetensors does not match its checksum: it is damaged"},
		{"a/vocab.json", "b/vocab.json", ""},
		{"a/vocab.json", weights, "vocab"},
		{"a/config.toml", "b/vocab.json", "a/config.toml was changed since the run was started"},
		{"a/manifest.json", "b/config.toml", "a/manifest.json: "},
		{"a/checkpoints/last", "a/config.toml", "does not name a checkpoint"},
	} {
		old, err := os.ReadFile(c.file)
		require.NoError(t, err)
		other, err := os.ReadFile(c.source)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(c.file, other, 0o666))
		lines := []string{"textgan sample --run a", "textgan train --run a --resume"}
		if c.file == "a/checkpoints/last" { // which a resume mends
			lines = lines[:1]
		}
		for _, line := range lines {
			var out, talk bytes.Buffer
			code := runOut(&out, &talk, line)
			require.Contains(t, []int{1, 2}, code, "%s with %s as %s: %s", line, c.source, c.file, talk.String())
			require.Zero(t, out.Len())
			require.Equal(t, 1, strings.Count(talk.String(), "\n"), talk.String())
			require.Contains(t, talk.String(), c.want)
		}
		require.NoError(t, os.WriteFile(c.file, old, 0o666))
	}
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan sample --run a"), "whole again")
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.EPIPE}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: syscall.ENOSPC}
}

// A reader that has seen enough is no failure; output that is lost is one.
func TestOutputThatCannotBeWritten(t *testing.T) {
	for _, line := range []string{
		"textgan corpus generate captions -n 9999", "textgan corpus list", "textgan corpus list --json", "textgan version",
		"textgan corpus stats builtin:captions -n 9", "textgan completion bash",
		"textgan eval self-bleu --hyp builtin:captions --max-n 1", "textgan eval diversity --hyp builtin:arithmetic",
		"textgan", "textgan --help", "textgan eval --help", "textgan train --help",
	} {
		var talk bytes.Buffer
		require.Zero(t, runOut(closedPipe{}, &talk, line), line)
		require.Empty(t, talk.String())
		require.Equal(t, 1, runOut(fullDisk{}, &talk, line), line)
		require.Equal(t, "textgan: write /dev/stdout: no space left on device\n", talk.String())
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err     error
		code    int
		message string
	}{
		{nil, 0, ""},
		{errors.New("x"), 1, "textgan: x"},
		{errors.Join(errors.New("x"), errors.New("y")), 1, "textgan: x; y"},
		{usage("textgan eval", "x"), 2, "textgan eval: x"},
		{fmt.Errorf("rundir: %w", rundir.ErrExists), 2, "textgan: directory is not empty"},
		{fmt.Errorf("train: warm start: %w", errors.New("rundir: a (vocab: train: b)")), 1, "textgan: warm start: a (b)"},
		{errors.New("open train: eval.txt: " + strconv.Quote(strings.Repeat("x", 100))), 1, "textgan: open train: eval.txt: \"" + strings.Repeat("x", 60) + "...\""},
		{&fault{"index out of range", "eval.Judge:7", "go on"}, 4, "textgan: this is a fault of textgan, please report it with the command line and textgan version: index out of range (eval.Judge:7); go on"},
		{&train.Diverged{Step: 3, What: "the loss is NaN", Last: 2}, 3, "textgan: step 3: the loss is NaN"},
		{fmt.Errorf("%w at step 3", &interrupted{syscall.SIGINT}), 130, "textgan: interrupted (SIGINT) at step 3"},
		{&interrupted{syscall.SIGTERM}, 143, "textgan: interrupted (SIGTERM)"},
	} {
		code, message := exitCode(c.err)
		require.Equal(t, c.code, code)
		require.True(t, strings.HasPrefix(message, c.message), message)
	}
}

// No number of any command is without an upper bound, and none beyond it is
// taken.
func TestNumbersAreBounded(t *testing.T) {
	p := &process{in: strings.NewReader(""), out: io.Discard, talk: io.Discard, now: time.Now}
	for _, c := range leaves(p.app().Commands) {
		for _, f := range optionFlags(c) {
			require.True(t, f.Bounded(), "%s %s", c.Name, f.Flag())
		}
	}
}

// Every package of this module can begin an error, and none does so for people.
func TestPackageNamesAreKnown(t *testing.T) {
	skip := map[string]bool{"textgan": true, "terminal": true, "gradcheck": true, "testdata": true}
	err := filepath.WalkDir("../..", func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.IsDir() {
			return err
		}
		name := filepath.Base(path)
		if name != ".." && strings.HasPrefix(name, ".") || name == "docs" || name == "findings" || name == "testdata" {
			return filepath.SkipDir
		}
		sources, err := filepath.Glob(filepath.Join(path, "*.go"))
		sources = slices.DeleteFunc(sources, func(s string) bool { return strings.HasSuffix(s, "_test.go") })
		if len(sources) > 0 && !skip[name] {
			content, err := os.ReadFile(sources[0])
			require.NoError(t, err)
			_, rest, _ := strings.Cut("\n"+string(content), "\npackage ")
			pkg, _, _ := strings.Cut(rest, "\n")
			if pkg != "main" {
				require.Contains(t, packages, pkg, path)
			}
		}
		return err
	})
	require.NoError(t, err)
}

// faulty panics once, when it is to write a word.
type faulty struct {
	strings.Builder
	word string
	done bool
}

func (f *faulty) Write(b []byte) (int, error) {
	if !f.done && bytes.Contains(b, []byte(f.word)) {
		f.done = true
		panic("no such\nthing")
	}
	return f.Builder.Write(b)
}

// A run that has diverged names what would help, and not what is refused or comes to the same.
func TestDivergedAdvice(t *testing.T) {
	t.Chdir(t.TempDir())
	const small = " --mle-steps 2 --adv-steps 2 --d-pretrain 1 --eval-samples 2 --hidden 8 --emb 8 --batch 8 --d-emb 8 --d-filters 4 --corpus-lines 60"
	var first, resumed bytes.Buffer
	require.Equal(t, 3, runOut(io.Discard, &first, "textgan train --run r --d-lr 1e30"+small), first.String())
	told := regexp.MustCompile(`textgan: step 4: the discriminator's loss is NaN.*`).FindString(first.String())
	require.Contains(t, told, "; a resumed run comes to the same, so start one with a smaller --d-lr (the last checkpoint is "+filepath.Join("r", "checkpoints", "step-3")+")")
	require.Equal(t, 3, runOut(io.Discard, &resumed, "textgan train --run r --resume"))
	require.Contains(t, resumed.String(), told)
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run s --d-lr 1e-4"+small))

	// Each phase by the step size of its own updates.
	const text = " --clip 0 --mle-steps 2 --eval-samples 2 --hidden 8 --emb 8 --batch 8 --corpus-lines 60"
	const rounds = "--model mle --coop-rounds 1 --coop-steps 4 --coop-sentences 100"
	const game = "--adv-steps 3 --d-pretrain 0 --d-emb 8 --d-filters 4"
	for option, run := range map[string]string{
		"--lr":      "--model mle",
		"--d-lr":    game, // of which the generator's loss is no number
		"--g-lr":    game, // of which the likelihood is none
		"--back-lr": rounds + " --back-steps 4",
		"--coop-lr": rounds + " --critic stat",
	} {
		var talk bytes.Buffer
		require.Equal(t, 3, runOut(io.Discard, &talk, "textgan train --run "+option[2:]+" "+run+" "+option+" 1e38"+text), talk.String())
		require.Contains(t, talk.String(), "so start one with a smaller "+option+" (")
	}
}

// A panic becomes one line with an exit code of its own, and leaves a run that
// goes on as if nothing had happened.
func TestFault(t *testing.T) {
	t.Chdir(t.TempDir())
	var talk bytes.Buffer
	require.Equal(t, 4, runOut(&faulty{word: "textgan"}, &talk, "textgan version"))
	require.Regexp(t, `^textgan: this is a fault of textgan, please report it with the command line and textgan version: no such; thing \(\S+/cmd/textgan\.\S+:\d+\)\n$`, talk.String())

	const small = " --model mle --mle-steps 40 --eval-every 20 --save-every 10 --eval-samples 2 --hidden 8 --emb 8 --batch 8 --corpus-lines 300"
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run whole"+small))
	broken := &faulty{word: "step 20 "}
	require.Equal(t, 4, runOut(io.Discard, broken, "textgan train --run broken"+small), broken.String())
	require.Contains(t, broken.String(), "; go on from the last checkpoint with: textgan train --run broken --resume\n")
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run broken --resume"))
	for _, name := range []string{rundir.MetricsFile, "checkpoints/step-40/weights.safetensors"} {
		whole, err := os.ReadFile(filepath.Join("whole", name))
		require.NoError(t, err)
		again, err := os.ReadFile(filepath.Join("broken", name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(whole, again), name)
	}
}

// What is printed for a shell is read back by one as it was.
func TestShellQuote(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	for _, word := range []string{"plain/a.b-c", "", "two words", "it's", "$HOME;`x`", "~a", "日本", "a\nb\\'\t\x1bz"} {
		quoted := shellQuote(word)
		require.NotContains(t, quoted, "\x1b")
		got, err := exec.Command(bash, "-c", "printf %s "+quoted).Output()
		require.NoError(t, err)
		require.Equal(t, word, string(got), quoted)
	}
}

// Nothing that a terminal would obey comes from names.
func TestNamesOnTheTerminal(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{"corpus", "stats", "no\x1b[2J.txt"}, {"train", "--config", "no\x1b[2J.toml"}, {"eval", "bl\x1b[2Jeu"},
		{"eval", "variance", "--problem", "builtin:no\x1b[2J"}, {"train", "--lr", "\x1b[2J"},
	} {
		var talk bytes.Buffer
		p := &process{in: strings.NewReader(""), out: io.Discard, talk: &talk, now: time.Now}
		require.NotZero(t, p.run(context.Background(), append([]string{"textgan"}, args...)))
		require.NotContains(t, talk.String(), "\x1b")
		require.Contains(t, talk.String(), `\x1b[2J`, args)
	}
}

// A step size without measure: the run stops with its own exit code, and says
// where the last checkpoint is.
func TestDivergedRun(t *testing.T) {
	t.Chdir(t.TempDir())
	var talk bytes.Buffer
	code := runOut(io.Discard, &talk, "textgan train --run r --model mle --corpus-lines 300 --hidden 8 --emb 8 --batch 8 --eval-samples 2 --save-every 1 --patience 0 --clip 0 --lr 1e38 --mle-steps 50")
	require.Equal(t, 3, code, talk.String())
	require.Regexp(t, `\(the last checkpoint is r/checkpoints/step-\d+\)\n$`, talk.String())
}

// The scripts complete commands, flags and the values of flags.
func TestCompletion(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	dir := t.TempDir()
	script := filepath.Join(dir, "textgan.bash")
	var out bytes.Buffer
	require.Zero(t, runOut(&out, io.Discard, "textgan completion bash"))
	require.NoError(t, os.WriteFile(script, out.Bytes(), 0o666))
	for line, want := range map[string]string{
		"textgan ":                                     "train tour sample critic eval vae export report verify sweep corpus version completion --help",
		"textgan ev":                                   "eval",
		"textgan eval ":                                "bleu self-bleu diversity nll all frontier variance estimators samplers --help",
		"textgan eval bleu --smo":                      "--smoothing",
		"textgan eval bleu --smoothing me":             "method0 method1 method2 method3 method4 method5 method7",
		"textgan train --run eval --cell ":             "lstm gru relational transformer",
		"textgan corpus generate arithmetic --l":       "--length",
		"textgan eval bleu --hyp ":                     "", // files
		"textgan sweep run ":                           "", // files
		"textgan sweep run --j":                        "--jobs --json",
		"textgan corpus stats lines.txt --cas":         "--case",
		"textgan corpus generate ":                     "arithmetic captions oracle",
		"textgan corpus generate o":                    "oracle",
		"textgan completion ":                          "bash zsh fish",
		"textgan critic --features ":                   "stat ratio ngram",
		"textgan critic --features stat,n":             "stat,ngram",
		"textgan critic --features stat,ratio,":        "stat,ratio,stat stat,ratio,ratio stat,ratio,ngram",
		"textgan eval estimators --estimators se":      "self-critic seqgan",
		"textgan eval estimators --estimators rloo,ma": "rloo,maligan",
	} {
		cmd := exec.Command(bash, "--norc", "-c", `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _textgan; echo "${COMPREPLY[*]}"`, "bash", script)
		cmd.Args = append(cmd.Args, strings.Split(line, " ")...)
		got, err := cmd.CombinedOutput()
		require.NoError(t, err, string(got))
		require.Equal(t, want, strings.TrimSpace(string(got)), line)
	}
	for _, shell := range []string{"zsh", "fish"} {
		path, err := exec.LookPath(shell)
		out.Reset()
		require.Zero(t, runOut(&out, io.Discard, "textgan completion "+shell))
		require.Contains(t, out.String(), "self-bleu")
		if err != nil {
			continue
		}
		file := filepath.Join(dir, shell)
		require.NoError(t, os.WriteFile(file, out.Bytes(), 0o666))
		got, err := exec.Command(path, "-n", file).CombinedOutput() // syntax only
		require.NoError(t, err, string(got))
	}
}

// A signal that is sent twice at once stops a run, and does not end it without saving.
func TestStopping(t *testing.T) {
	var s stopping
	begun := time.Now()
	for _, c := range []struct {
		after      time.Duration
		stop, quit bool
	}{
		{0, true, false},
		{0, false, false},
		{time.Millisecond, false, false},
		{grace - 1, false, false},
		{grace, false, true},
		{time.Hour, false, true},
	} {
		stop, quit := s.heard(begun.Add(c.after))
		require.Equal(t, c.stop, stop, c.after)
		require.Equal(t, c.quit, quit, c.after)
	}
}
