package train

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/safetensors"
	"textgan/train/model"
	"textgan/train/rundir"
)

// tinyRun makes and ends a run on a text file.
func tinyRun(t *testing.T, lines ...string) (dir, corpus string) {
	t.Helper()
	c := tiny()
	c.Model, c.MLESteps = "mle", 3
	c.Corpus = filepath.Join(t.TempDir(), "corpus.txt")
	require.NoError(t, os.WriteFile(c.Corpus, []byte(strings.Join(lines, "\n")), 0o600))
	dir = filepath.Join(t.TempDir(), "run")
	tr, w, err := Start(c, dir, nil, rundir.Start{})
	require.NoError(t, err)
	play(t, tr, w, 0)
	return dir, c.Corpus
}

// oneLine asks for an error of one line that says this.
func oneLine(t *testing.T, err error, says ...string) {
	t.Helper()
	require.Error(t, err)
	require.NotContains(t, err.Error(), "\n")
	for _, s := range says {
		require.ErrorContains(t, err, s)
	}
}

// content is every file below dir.
func content(t *testing.T, dir string) map[string]string {
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files[path] = read(t, path)
		}
		return err
	}))
	return files
}

func TestResumeRefuses(t *testing.T) {
	dir, corpus := tinyRun(t, "the cat sat", "a dog ran", "birds fly away", "no")
	before := content(t, dir)
	resume := func() error {
		_, _, err := Resume(dir, nil, rundir.Start{})
		return err
	}
	text := read(t, corpus)
	for _, other := range []string{text + "\nthe dog sat", strings.ToUpper(text), "one\ntwo\nthree", text + "\na line longer than all of the others", "no\nno"} {
		require.NoError(t, os.WriteFile(corpus, []byte(other), 0o600))
		oneLine(t, resume(), corpus, "is not the text that run "+dir+" was started with", "start a new run")
	}
	require.NoError(t, os.Remove(corpus))
	oneLine(t, resume(), corpus, "no such file")
	require.NoError(t, os.WriteFile(corpus, []byte(text), 0o600))

	_, _, err := Resume(t.TempDir(), nil, rundir.Start{})
	require.ErrorIs(t, err, rundir.ErrNotRun)
	oneLine(t, err, "has no manifest.json")

	config := filepath.Join(dir, rundir.ConfigFile)
	require.NoError(t, os.WriteFile(config, []byte(before[config]+"hiden = 3\n"), 0o600))
	oneLine(t, resume(), config, "was changed since the run was started", "put the old file back")
	asOld(t, dir)
	oneLine(t, resume(), config, "hiden", "hidden")
	for _, path := range []string{config, filepath.Join(dir, "manifest.json")} {
		require.NoError(t, os.WriteFile(path, []byte(before[path]), 0o600))
	}

	require.Equal(t, before, content(t, dir), "a refusal changes nothing")
	require.NoError(t, resume())
}

// asOld takes the checksum of config.toml out of a manifest, which older runs do
// not have.
func asOld(t *testing.T, dir string) {
	path := filepath.Join(dir, "manifest.json")
	text := regexp.MustCompile(`"config_sha256": "[^"]*",`).ReplaceAllString(read(t, path), "")
	require.NotEqual(t, text, read(t, path))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}

func TestLoadRefuses(t *testing.T) {
	dir, _ := tinyRun(t, "the cat sat", "a dog ran", "birds fly away", "no")
	load := func(which string) error {
		_, err := model.Load(dir, which)
		return err
	}
	oneLine(t, load("newest"), `"newest"`, "last, best or the number of a step")
	require.ErrorIs(t, load("17"), rundir.ErrNoCheckpoint)
	oneLine(t, load("17"), "3")
	require.NoError(t, load("3"))

	// The vocabulary of another run.
	other, _ := tinyRun(t, "one two three four five", "six seven eight nine ten", "eleven", "twelve")
	words, path := read(t, dir, rundir.VocabFile), filepath.Join(dir, rundir.VocabFile)
	require.NoError(t, os.WriteFile(path, []byte(read(t, other, rundir.VocabFile)), 0o600))
	oneLine(t, load(rundir.Last), "made with another vocabulary", rundir.VocabFile)
	require.NoError(t, os.WriteFile(path, []byte(words[:len(words)/2]), 0o600))
	oneLine(t, load(rundir.Last), path)
	require.NoError(t, os.WriteFile(path, []byte(words), 0o600))

	m, err := model.Load(dir, rundir.Last)
	require.NoError(t, err)
	_, err = m.NLL(nil)
	oneLine(t, err, "no sentences")

	run, err := rundir.Open(dir)
	require.NoError(t, err)
	last, err := run.LoadCheckpoint(rundir.Last)
	require.NoError(t, err)
	weights := filepath.Join(last.Dir, model.WeightsFile)
	b := []byte(read(t, weights))
	b[len(b)/2] ^= 1
	require.NoError(t, os.WriteFile(weights, b, 0o600))
	require.NoError(t, os.RemoveAll(filepath.Join(dir, "checkpoints", "step-2"))) // the only other one
	oneLine(t, load(rundir.Last), model.WeightsFile+" does not match its checksum: it is damaged")
	_, _, err = Resume(dir, nil, rundir.Start{})
	oneLine(t, err, model.WeightsFile+" does not match its checksum: it is damaged")
	require.NoError(t, os.Remove(weights))
	oneLine(t, load(rundir.Last), model.WeightsFile)
}

// A weight that is no number is refused by whoever loads it, with file, tensor
// and value, though the checksums are right: the last weight of the last tensor.
func TestLoadRefusesWhatIsNotFinite(t *testing.T) {
	for file, value := range map[string]float64{model.WeightsFile: math.NaN(), bestFile: math.Inf(1), optimiserFile: math.Inf(-1)} {
		dir, _ := tinyRun(t, "the cat sat", "a dog ran", "birds fly away", "no")
		run, err := rundir.Open(dir)
		require.NoError(t, err)
		ck, err := run.LoadCheckpoint(rundir.Last)
		require.NoError(t, err)
		path := filepath.Join(ck.Dir, file)
		b := []byte(read(t, path))
		was := sha256.Sum256(b)
		binary.LittleEndian.PutUint32(b[len(b)-4:], math.Float32bits(float32(value)))
		require.NoError(t, os.WriteFile(path, b, 0o600))
		is := sha256.Sum256(b)
		sums := filepath.Join(ck.Dir, "SHA256SUMS")
		require.NoError(t, os.WriteFile(sums, []byte(strings.Replace(read(t, sums), hex.EncodeToString(was[:])+"  "+file, hex.EncodeToString(is[:])+"  "+file, 1)), 0o600))

		tensors, err := safetensors.Load(path)
		require.NoError(t, err)
		name := tensors.Tensors[len(tensors.Tensors)-1].Name
		says := []string{path, strconv.Quote(name), fmt.Sprint(value), "take another checkpoint"}
		_, _, err = Resume(dir, nil, rundir.Start{})
		oneLine(t, err, says...)
		if file != bestFile { // which only a resumed run reads
			_, _, err = Start(warm(t, dir), filepath.Join(t.TempDir(), "gan"), nil, rundir.Start{})
			oneLine(t, err, says...)
		}
		_, err = model.Load(dir, rundir.Last)
		if file == model.WeightsFile {
			oneLine(t, err, says...)
		} else {
			require.NoError(t, err)
		}
	}
}

// A checkpoint that lacks a number of what is remembered is refused, with the
// version that wrote it, before anything is written.
func TestResumeRefusesAnOlderState(t *testing.T) {
	dir, _ := tinyRun(t, "the cat sat", "a dog ran", "birds fly away", "no")
	run, err := rundir.Open(dir)
	require.NoError(t, err)
	ck, err := run.LoadCheckpoint(rundir.Last)
	require.NoError(t, err)
	manifest := filepath.Join(dir, "manifest.json")
	require.NoError(t, os.WriteFile(manifest, []byte(strings.Replace(read(t, manifest), `"textgan": ""`, `"textgan": "0.0.7"`, 1)), 0o600))
	path, sums := filepath.Join(ck.Dir, model.StateFile), filepath.Join(ck.Dir, "SHA256SUMS")
	was := read(t, path)
	is := strings.Replace(was, `"mle_updates"`, `"updates"`, 1)
	require.NotEqual(t, was, is)
	require.NoError(t, os.WriteFile(path, []byte(is), 0o600))
	sum := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	require.NoError(t, os.WriteFile(sums, []byte(strings.Replace(read(t, sums), sum(was), sum(is), 1)), 0o600))
	before := content(t, dir)
	_, _, err = Resume(dir, nil, rundir.Start{})
	oneLine(t, err, "mle_updates", ck.Dir, "textgan 0.0.7 wrote it; go on with that version")
	require.Equal(t, before, content(t, dir))
}

func sumOf(text []byte) [sha256.Size]byte { return sha256.Sum256(text) }

// warm is a GAN that begins with the run in dir.
func warm(t *testing.T, dir string) Config {
	c, err := Inherit(dir, given("warm-start", dir))
	require.NoError(t, err)
	return c
}

func TestStartRefuses(t *testing.T) {
	used, _ := tinyRun(t, "the cat sat", "a dog ran", "birds fly away", "no")
	before := content(t, used)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("a line\nand another\n"), 0o600))
	one := filepath.Join(t.TempDir(), "one")
	require.NoError(t, os.WriteFile(one, []byte("a line\n"), 0o600))
	fresh := filepath.Join(t.TempDir(), "fresh")
	for name, c := range map[string]struct {
		dir    string
		change func(*Config)
		says   string
	}{
		"used directory":     {used, func(*Config) {}, "holds a run (last checkpoint at step 3)"},
		"a file in the way":  {filepath.Join(file, "run"), func(*Config) {}, file},
		"no corpus":          {fresh, func(c *Config) { c.Corpus = file + "x" }, file + "x"},
		"no builtin":         {fresh, func(c *Config) { c.Corpus = "builtin:caption" }, "captions"},
		"long line":          {fresh, func(c *Config) { c.Corpus, c.MaxLen = file, 1 }, file + ":1: sentence of 2 tokens, longer than 1; raise --max-len"},
		"one line":           {fresh, func(c *Config) { c.Corpus = one }, one + ": there is one line"},
		"no objective":       {fresh, func(c *Config) { c.Objective = "wgan" }, `objective "wgan" is not known`},
		"no estimator":       {fresh, func(c *Config) { c.Estimator = "st-gumble" }, `"st-gumble" is unknown`},
		"no feedback":        {fresh, func(c *Config) { c.Feedback = "hard" }, `feedback "hard"`},
		"no schedule":        {fresh, func(c *Config) { c.TauSchedule = "falling" }, `"falling" is unknown`},
		"tied, sizes differ": {fresh, func(c *Config) { c.Tie, c.Emb = true, 7 }, "--tie needs --emb equal to --hidden"},
		"nothing held out":   {fresh, func(c *Config) { c.ValidFraction = 0 }, "nothing is held out"},
		"no steps":           {fresh, func(c *Config) { c.MLESteps, c.AdvSteps = 0, 0 }, "no steps to take"},
		"filters twice":      {fresh, func(c *Config) { c.DWidths = []int{2, 2} }, "filter width 2 is given twice"},
	} {
		t.Run(name, func(t *testing.T) {
			conf := tiny()
			c.change(&conf)
			_, _, err := Start(conf, c.dir, nil, rundir.Start{})
			oneLine(t, err, c.says)
		})
	}
	require.NoDirExists(t, fresh)
	require.Equal(t, before, content(t, used), "nothing is overwritten")
}

// The precision of a run is on record, and a run goes on with its own. Older runs
// have none on record and are of float32.
func TestPrecisionIsKept(t *testing.T) {
	for given, other := range map[string]string{"bf16": "float32", "float32": "bf16"} {
		c := small()
		c.Precision = given
		dir := filepath.Join(t.TempDir(), given)
		_, w, err := Start(c, dir, nil, rundir.Start{})
		require.NoError(t, err)
		require.Equal(t, given, w.Manifest.Precision)
		require.NoError(t, w.Close())
		path := filepath.Join(dir, rundir.ConfigFile)
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		changed := bytes.Replace(text, []byte("precision = '"+given), []byte("precision = '"+other), 1)
		require.False(t, bytes.Equal(text, changed))
		require.NoError(t, os.WriteFile(path, changed, 0o666))
		_, _, err = Resume(dir, nil, rundir.Start{})
		require.ErrorContains(t, err, "was changed since the run was started")
		asOld(t, dir)
		_, _, err = Resume(dir, nil, rundir.Start{})
		require.ErrorContains(t, err, "the run was started with --precision "+given+", and config.toml now says "+other)
		require.NoError(t, os.WriteFile(path, text, 0o666))
		_, w, err = Resume(dir, nil, rundir.Start{})
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
}
