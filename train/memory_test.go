package train

import (
	"bufio"
	"fmt"
	"math"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/generator"
	"textgan/train/model"
	"textgan/train/rundir"
)

// sizes are runs of which one or another part takes most of the memory.
var sizes = map[string]func(c *Config){
	"weights": func(c *Config) {
		c.Model, c.MLESteps, c.CorpusLines, c.Hidden, c.Layers, c.Batch = "mle", 2, 200, 768, 2, 8
	},
	"relaxed words": func(c *Config) { c.MLESteps, c.DPre, c.AdvSteps, c.Batch = 0, 1, 2, 48 },
	"score function": func(c *Config) {
		c.MLESteps, c.DPre, c.AdvSteps, c.Batch, c.Estimator = 0, 1, 2, 48, "rloo"
	},
	"relgan": func(c *Config) {
		c.Cell, c.DKind, c.DReps, c.DEmb, c.MLESteps, c.DPre, c.AdvSteps, c.Batch = "relational", "relgan", 16, 256, 0, 1, 2, 256
		c.Corpus = "builtin:captions"
	},
	"transformer": func(c *Config) {
		c.Cell, c.Hidden, c.Layers, c.Model, c.MLESteps = "transformer", 128, 2, "mle", 2
	},
	"recurrent discriminator": func(c *Config) {
		c.DKind, c.DUnits, c.MLESteps, c.DPre, c.AdvSteps, c.Batch = "rnn", 384, 0, 1, 2, 48
	},
	"vae": func(c *Config) { c.Model, c.MLESteps, c.Hidden, c.Batch = "vae", 2, 384, 32 },
	"rounds": func(c *Config) {
		c.Model, c.MLESteps, c.Corpus, c.CoopRounds, c.CoopSteps, c.BackSteps, c.CoopSentences, c.Hidden = "mle", 2, "builtin:captions", 1, 2, 2, 150000, 32
	},
	"evaluations": func(c *Config) { c.Model, c.MLESteps, c.Corpus, c.EvalSamples = "mle", 2, "builtin:captions", 40000 },
}

// TestMemoryIsForeseen: what a run is said to need is what it takes, within a factor of
// 1.5.
func TestMemoryIsForeseen(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the largest resident size is read from /proc")
	}
	corpus := filepath.Join(t.TempDir(), "words.txt")
	var text strings.Builder
	draw := rand.New(rand.NewSource(1))
	for range 6000 { // of 15000 words
		for range 3 + draw.Intn(7) {
			fmt.Fprintf(&text, "w%d ", draw.Intn(15000))
		}
		text.WriteString("\n")
	}
	require.NoError(t, os.WriteFile(corpus, []byte(text.String()), 0o600))
	if name := os.Getenv("MEASURE"); name != "" {
		c := Options.Defaults()
		c.Corpus, c.EvalSamples, c.EvalEvery = os.Getenv("CORPUS"), 20, 0
		sizes[name](&c)
		tr, w, err := Start(c, filepath.Join(t.TempDir(), "run"), nil, rundir.Start{})
		require.NoError(t, err)
		play(t, tr, w, 0)
		need := tr.Config.memory(tr.Data)
		fmt.Printf("need %.0f peak %.0f of %v\n", need.Bytes(), peak(t), need)
		return
	}
	for name := range sizes {
		if testing.Short() && name != "relaxed words" && name != "score function" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			run := exec.Command(os.Args[0], "-test.run=^TestMemoryIsForeseen$", "-test.v")
			run.Env = append(os.Environ(), "MEASURE="+name, "CORPUS="+corpus, "GOGC=25")
			out, err := run.CombinedOutput()
			require.NoError(t, err, string(out))
			var need, peak float64
			for line := range strings.Lines(string(out)) {
				if n, _ := fmt.Sscanf(line, "need %f peak %f", &need, &peak); n == 2 {
					break
				}
			}
			require.Positive(t, peak)
			require.InDelta(t, 0, math.Log(need/peak), math.Log(1.5), "foreseen %.0f MB, taken %.0f MB: %s", need/1e6, peak/1e6, out)
			t.Logf("%s: need %.0f MB, peak %.0f MB, ratio %.2f", name, need/1e6, peak/1e6, need/peak)
		})
	}
}

// A backwards model counts with its own sizes.
func TestMemoryOfTheBackwardsModel(t *testing.T) {
	c := small()
	coop(&c)
	d, err := model.Prepare(c.Config, nil, nil)
	require.NoError(t, err)
	V := float64(d.Vocab.Size())
	before := c.memory(d).Bytes()
	c.BackEmb = 500
	require.Greater(t, c.memory(d).Bytes(), before+4*6*V*(500-16))
	before = c.memory(d).Bytes()
	c.BackHidden, c.BackLayers = 300, 3
	require.Greater(t, c.memory(d).Bytes(), before+4*6*2*4*(300*600))
	c.BackEmb = 65536
	require.Greater(t, c.memory(d).Bytes(), 4*6*V*65536)
}

// What a machine cannot hold is refused before it is made: at the start, in the
// configuration of a stranger's run, and for a sample.
func TestTooLargeIsRefused(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"--hidden, --emb": func(c *Config) { c.Hidden, c.Layers = 65536, 256 },
		"--batch":         func(c *Config) { c.Batch, c.Estimator = 1<<20, "gumbel-softmax"; c.Emb, c.Hidden = 16384, 16384 },
		"--d-filters":     func(c *Config) { c.DFilters, c.DWidths = 65536, []int{2, 3, 4, 5, 6, 7, 8, 9} },
		"--eval-samples":  func(c *Config) { c.EvalSamples = 100_000_000 * 100 },
		"--hidden":        func(c *Config) { c.Model, c.EncHidden = "vae", 65536; c.Layers = 256; c.Hidden = 65536 },
	} {
		c := small()
		change(&c)
		dir := filepath.Join(t.TempDir(), "run")
		_, _, err := Start(c, dir, nil, rundir.Start{})
		oneLine(t, err, "train: the run needs ", "this machine has ", "; lower ", name)
		require.NoDirExists(t, dir)
	}

	dir, _ := tinyRun(t, "the cat sat", "a dog ran", "birds fly away", "no")
	m, err := model.Load(dir, rundir.Last)
	require.NoError(t, err)
	_, err = m.Sample(1<<40, generator.SampleOptions{}, 1)
	oneLine(t, err, "needs ", "this machine has ", "; lower -n")

	asOld(t, dir)
	path := filepath.Join(dir, rundir.ConfigFile)
	text := regexp.MustCompile(`(?m)^(hidden|layers) = .*`).ReplaceAllStringFunc(read(t, path), func(line string) string {
		if strings.HasPrefix(line, "layers") {
			return "layers = 256"
		}
		return "hidden = 65536"
	})
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	before := content(t, dir)
	_, err = model.Load(dir, rundir.Last)
	oneLine(t, err, dir, "needs ", "this machine has ", "; lower --hidden")
	_, _, err = Resume(dir, nil, rundir.Start{})
	oneLine(t, err, "needs ", "this machine has ", "; lower --hidden")
	require.Equal(t, before, content(t, dir))
}

// peak is the largest resident size of this process so far, in bytes.
func peak(t *testing.T) float64 {
	f, err := os.Open("/proc/self/status")
	require.NoError(t, err)
	defer f.Close()
	for in := bufio.NewScanner(f); in.Scan(); {
		if fields := strings.Fields(in.Text()); fields[0] == "VmHWM:" {
			kilobytes, err := strconv.ParseFloat(fields[1], 64)
			require.NoError(t, err)
			return kilobytes * 1024
		}
	}
	t.Fatal("no VmHWM")
	return 0
}
