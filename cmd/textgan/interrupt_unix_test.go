//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"textgan/cmd/textgan/report"
	"textgan/train/rundir"
)

const farewell = "textgan: finishing the step to save it; once more to quit without\n"

// onwards is said when the signal to save has been heard.
const onwards = "textgan: saving after this step, and going on\n"

// stopper sends this process a signal once the text written to it holds a
// word, and lets nobody go on until the signal has been heard.
type stopper struct {
	mu     sync.Mutex // the signal is answered from another goroutine
	text   strings.Builder
	word   string
	signal syscall.Signal
	sent   bool
}

func (s *stopper) Write(b []byte) (int, error) {
	s.mu.Lock()
	s.text.Write(b)
	due := !s.sent && strings.Contains(s.text.String(), s.word)
	s.sent = s.sent || due
	s.mu.Unlock()
	if due {
		if err := syscall.Kill(os.Getpid(), s.signal); err != nil {
			return 0, err
		}
		for !strings.Contains(s.String(), farewell) && !strings.Contains(s.String(), onwards) {
			time.Sleep(time.Millisecond)
		}
	}
	return len(b), nil
}

func (s *stopper) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// A signal ends a run after the step, with a checkpoint and the way to go on;
// what is stopped twice and resumed equals what was never stopped.
func TestInterruptAndResume(t *testing.T) {
	t.Chdir(t.TempDir())
	const small = " --corpus-lines 300 --eval-every 20 --eval-samples 2 --hidden 8 --emb 8 --d-emb 8 --d-filters 4 --batch 8 --d-pretrain 1 --mle-steps 60 --adv-steps 20"
	var talk bytes.Buffer
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run whole"+small), talk.String())

	stop := func(line string, signal syscall.Signal, at string) {
		talk := &stopper{word: at, signal: signal}
		require.Equal(t, 128+int(signal), runOut(io.Discard, talk, line), talk.String())
		require.Regexp(t, `textgan: interrupted \(SIG(INT|TERM|HUP)\) at step \d+; go on with: textgan train --run cut --resume\n$`, talk.String())
	}
	stop("textgan train --run cut"+small, syscall.SIGINT, "likelihood   step 20 ")
	stop("textgan train --run cut --resume", syscall.SIGTERM, "likelihood   step 40 ")
	stop("textgan train --run cut --resume", syscall.SIGHUP, "likelihood   step 60 ")
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run cut --resume"))
	var parent strings.Builder
	require.Equal(t, 1, runOut(io.Discard, &parent, "textgan train --run . --resume"))
	require.Equal(t, "textgan: .: not a run directory but a directory that holds runs; give one of them: cut, whole; go on with: textgan train --run cut --resume\n", parent.String())

	for _, name := range []string{rundir.MetricsFile, "checkpoints/step-81/weights.safetensors", "checkpoints/step-81/optimiser.safetensors", "samples/step-81.txt"} {
		whole, err := os.ReadFile(filepath.Join("whole", name))
		require.NoError(t, err)
		cut, err := os.ReadFile(filepath.Join("cut", name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(whole, cut), name)
	}
}

// SIGUSR1 saves a checkpoint, and nothing else changes.
func TestSaveOnSignal(t *testing.T) {
	t.Chdir(t.TempDir())
	const small = " --model mle --corpus-lines 300 --eval-every 20 --save-every 0 --eval-samples 2 --hidden 8 --emb 8 --batch 8 --mle-steps 60 --patience 0 --lr 1e-38"
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run whole"+small))
	talk := &stopper{word: "likelihood   step 40 ", signal: syscall.SIGUSR1}
	require.Zero(t, runOut(io.Discard, talk, "textgan train --run saved"+small), talk.String())
	steps := func(run string) (names []string) {
		paths, err := filepath.Glob(run + "/checkpoints/step-*")
		require.NoError(t, err)
		for _, p := range paths {
			names = append(names, filepath.Base(p))
		}
		return names
	}
	require.Equal(t, []string{"step-20", "step-59", "step-60"}, steps("whole"))
	require.Equal(t, []string{"step-20", "step-40", "step-59", "step-60"}, steps("saved"))
	whole, err := os.ReadFile("whole/" + rundir.MetricsFile)
	require.NoError(t, err)
	saved, err := os.ReadFile("saved/" + rundir.MetricsFile)
	require.NoError(t, err)
	require.Equal(t, string(whole), string(saved))
}

// A critic whose backwards model is only half trained says so.
func TestCriticOfUnfinishedBackwards(t *testing.T) {
	t.Chdir(t.TempDir())
	const small = " --model mle --corpus-lines 300 --eval-every 20 --eval-samples 2 --hidden 8 --emb 8 --batch 8 --mle-steps 40"
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run m"+small))
	talk := &stopper{word: "likelihood   step 20 ", signal: syscall.SIGINT}
	require.Equal(t, 130, runOut(io.Discard, talk, "textgan train --backwards --run b"+small), talk.String())
	const critic = "textgan critic --run m --backwards b --sentences 100 --steps 10"
	var first, second bytes.Buffer
	require.Zero(t, runOut(io.Discard, &first, critic), first.String())
	require.Contains(t, first.String(), "the training of b is not finished; go on with it first: textgan train --run b --resume")
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run b --resume"))
	require.Zero(t, runOut(io.Discard, &second, critic), second.String())
	require.NotContains(t, second.String(), "not finished")
}

// atWord does something once the text written to it holds a word.
type atWord struct {
	text, word string
	do         func()
}

func (w *atWord) Write(b []byte) (int, error) {
	if w.text += string(b); w.do != nil && strings.Contains(w.text, w.word) {
		w.do()
		w.do = nil
	}
	return len(b), nil
}

// A signal that comes while the report of a finished run is being made is answered before
// a file of it is written; resumed the run gets it.
func TestInterruptWithinReport(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("lines.txt", []byte(strings.Repeat("a cat sleeps\na dog runs\nthe bird sings a song\n", 20)), 0o666))
	ctx, cancel := context.WithCancelCause(t.Context())
	var talk bytes.Buffer
	during := &atWord{word: "a report without nearest training lines: ", do: func() { cancel(&interrupted{syscall.SIGINT}) }}
	away := &atWord{word: "likelihood   step 20 ", do: func() { require.NoError(t, os.Rename("lines.txt", "away")) }}
	const line = "textgan train --run m --corpus lines.txt --model mle --eval-every 20 --eval-samples 2 --hidden 8 --emb 8 --batch 8 --mle-steps 20"
	p := &process{in: strings.NewReader(""), out: io.Discard, talk: io.MultiWriter(away, during, &talk), now: time.Now}
	require.Equal(t, 130, p.run(ctx, shellWords(line)), talk.String())
	require.Contains(t, talk.String(), "textgan: interrupted (SIGINT) before the report was written; go on with: textgan train --run m --resume\n")
	require.NoFileExists(t, "m/"+report.HTMLFile)
	require.NoError(t, os.Rename("away", "lines.txt"))
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run m --resume"))
	require.FileExists(t, "m/"+report.HTMLFile)
}

// A signal that comes before the critic and the report of a finished run leaves the run
// without them; resumed it gets them, the same as at once.
func TestInterruptBeforeReport(t *testing.T) {
	t.Chdir(t.TempDir())
	const small = " --model mle --corpus-lines 300 --eval-every 20 --eval-samples 2 --hidden 8 --emb 8 --batch 8 --mle-steps 20 --back-steps 5 --back-hidden 8 --coop-rounds 1 --coop-steps 4 --coop-sentences 100"
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run whole"+small))
	talk := &stopper{word: "cooperative  step ", signal: syscall.SIGINT}
	require.Equal(t, 130, runOut(io.Discard, talk, "textgan train --run cut"+small), talk.String())
	require.Contains(t, talk.String(), "textgan: interrupted (SIGINT) before the report was written; go on with: textgan train --run cut --resume\n")
	require.NoDirExists(t, "cut/critic")
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run cut --resume"))
	require.FileExists(t, "cut/"+report.HTMLFile)
	for _, name := range []string{rundir.MetricsFile, "critic/critic.json", "critic/critic.safetensors"} {
		whole, err := os.ReadFile(filepath.Join("whole", name))
		require.NoError(t, err)
		cut, err := os.ReadFile(filepath.Join("cut", name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(whole, cut), name)
	}
}
