//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/train/rundir"
)

// onSight calls f once when the text written to it holds a word.
type onSight struct {
	bytes.Buffer
	word string
	f    func()
}

func (o *onSight) Write(b []byte) (int, error) {
	n, err := o.Buffer.Write(b)
	if o.f != nil && strings.Contains(o.String(), o.word) {
		o.f()
		o.f = nil
	}
	return n, err
}

// A signal ends a run after the step, with a checkpoint and the way to go on;
// what is stopped twice and resumed equals what was never stopped.
func TestInterruptAndResume(t *testing.T) {
	t.Chdir(t.TempDir())
	const small = " --corpus-lines 300 --eval-every 20 --eval-samples 2 --hidden 8 --emb 8 --d-emb 8 --d-filters 4 --batch 8 --d-pretrain 1 --mle-steps 60 --adv-steps 20"
	var talk bytes.Buffer
	require.Zero(t, runOut(io.Discard, &talk, "textgan train --run whole"+small), talk.String())

	stop := func(line string, signal syscall.Signal, at string) {
		talk := &onSight{word: at, f: func() { require.NoError(t, syscall.Kill(os.Getpid(), signal)) }}
		require.Equal(t, 128+int(signal), runOut(io.Discard, talk, line), talk.String())
		require.Contains(t, talk.String(), "textgan: finishing the step to save it; once more to quit without\n")
		require.Regexp(t, `textgan: interrupted \(SIG(INT|TERM)\) at step \d+; go on with: textgan train --run cut --resume\n$`, talk.String())
	}
	stop("textgan train --run cut"+small, syscall.SIGINT, "likelihood   step 20 ")
	stop("textgan train --run cut --resume", syscall.SIGTERM, "likelihood   step 40 ")
	require.Zero(t, runOut(io.Discard, io.Discard, "textgan train --run cut --resume"))

	for _, name := range []string{rundir.MetricsFile, "checkpoints/step-81/weights.safetensors", "checkpoints/step-81/optimiser.safetensors", "samples/step-81.txt"} {
		whole, err := os.ReadFile(filepath.Join("whole", name))
		require.NoError(t, err)
		cut, err := os.ReadFile(filepath.Join("cut", name))
		require.NoError(t, err)
		require.True(t, bytes.Equal(whole, cut), name)
	}
}
