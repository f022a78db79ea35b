package torture

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// all asks for every crash point, fault and mutation; without it tests take a sample.
var all = os.Getenv("TEXTGAN_TORTURE") != ""

// program builds the command once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "torture")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "textgan")
	if out, err := exec.Command("go", "build", "-o", path, "textgan/cmd/textgan").CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// models are small runs that pass through every kind of phase.
var models = map[string][]string{
	"mle": {"--model", "mle", "--mle-steps", "6"},
	"gan": {"--mle-steps", "3", "--d-pretrain", "1", "--adv-steps", "3"},
	"vae": {"--model", "vae", "--mle-steps", "4", "--latent-dim", "2", "--vae-samples", "1"},
	"rounds": {"--model", "mle", "--mle-steps", "2", "--valid-fraction", "0.3", "--back-steps", "2",
		"--coop-rounds", "2", "--coop-steps", "2", "--coop-sentences", "100", "--coop-batch", "4"},
}

// subject is a run to be disturbed, in a place of its own.
type subject struct {
	place, dir string // dir is the run's, below place
	begin      []string
	before     string // what lies in place before begin; "": nothing
}

func newSubject(t *testing.T, model string) *subject {
	corpus := filepath.Join(t.TempDir(), "lines.txt")
	lines := "the cat sat\na dog ran far\nbirds fly\nfish swim\nthe dog sat down\na cat ran\nno\nwe read\n"
	require.NoError(t, os.WriteFile(corpus, []byte(lines), 0o600))
	s := &subject{place: filepath.Join(t.TempDir(), "place")}
	s.dir = filepath.Join(s.place, "run")
	require.NoError(t, os.Mkdir(s.place, 0o700))
	s.begin = append([]string{"train", "--run", s.dir, "--corpus", corpus, "--threads", "1", "--hidden", "2", "--emb", "2", "--d-emb", "2", "--d-filters", "2", "--d-widths", "2",
		"--batch", "3", "--eval-samples", "2", "--log-every", "1", "--eval-every", "2", "--save-every", "2", "--keep", "1"}, models[model]...)
	return s
}

// again is where a run stands that never was.
func (s *subject) again(t *testing.T) {
	require.NoError(t, os.RemoveAll(s.place))
	require.NoError(t, os.Mkdir(s.place, 0o700))
	if s.before != "" {
		require.NoError(t, os.CopyFS(s.place, os.DirFS(s.before)))
	}
}

// extended is a subject that has ended and is made longer.
func extended(t *testing.T, model string, options ...string) *subject {
	s := newSubject(t, model)
	s.begin = append(s.begin, "--lr-schedule", "constant", "--keep", "3") // the last --keep counts
	require.NoError(t, s.goOn(t))
	s.before = filepath.Join(t.TempDir(), "before")
	require.NoError(t, os.Rename(s.place, s.before))
	s.begin = append([]string{"train", "--run", s.dir, "--threads", "1", "--extend"}, options...)
	s.again(t)
	return s
}

// command is a command line of the program, and where it writes what it says.
func (s *subject) command(t *testing.T, args ...string) (*exec.Cmd, func() string) {
	path, err := program()
	require.NoError(t, err)
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	require.NoError(t, err)
	t.Cleanup(func() { said.Close() })
	cmd := exec.Command(path, args...)
	cmd.Env = append(os.Environ(), "GOMAXPROCS=1")
	cmd.Stderr = said
	return cmd, func() string {
		text, err := os.ReadFile(said.Name())
		require.NoError(t, err)
		return string(text)
	}
}

// goOn does what its user would do with a run that has ended badly: resume it, or begin it
// if it has not begun; and ask for an extension once more, unless it is there already.
func (s *subject) goOn(t *testing.T) error {
	if s.before != "" {
		cmd, said := s.command(t, s.begin...)
		err := cmd.Run()
		if err == nil {
			return nil
		}
		if !strings.Contains(said(), "is as long already, and done") {
			return fmt.Errorf("%v: %w: %s", s.begin, err, said())
		}
	}
	args := []string{"train", "--run", s.dir, "--resume"}
	if _, err := os.Stat(s.dir); err != nil {
		args = s.begin
	}
	cmd, said := s.command(t, args...)
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%v: %w: %s", args, err, said())
	}
	return nil
}

// ended is everything that a run leaves behind and that is a function of its options.
// What depends on when it was started and stopped is left out: the manifest, the event
// files, which are held against the record, and the report of both.
func (s *subject) ended(t *testing.T) map[string]string {
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(s.dir, path)
		name = filepath.ToSlash(name)
		switch {
		case d.IsDir():
			files[name+"/"] = ""
			return nil
		case strings.HasPrefix(name, "events.out"), name == ".lock", name == "manifest.json":
			return nil
		case name == "report.html", name == "model-card.md":
			files[name] = "is there"
			return nil
		}
		content, err := os.ReadFile(path)
		files[name] = string(content)
		return err
	}))
	return files
}

// differs says how a run has ended otherwise than one in peace; "" if it has not.
func (s *subject) differs(t *testing.T, peace map[string]string) string {
	var b bytes.Buffer
	now := s.ended(t)
	for name, want := range peace {
		if got, ok := now[name]; !ok {
			fmt.Fprintf(&b, "%s is missing; ", name)
		} else if got != want {
			fmt.Fprintf(&b, "%s differs; ", name)
		}
	}
	for name := range now {
		if _, ok := peace[name]; !ok {
			fmt.Fprintf(&b, "%s was left behind; ", name)
		}
	}
	if err := sameNumbers(t, s.dir); err != nil {
		fmt.Fprintf(&b, "%v; ", err)
	}
	return b.String()
}

// oneLine is an error if what a program said on its way to a failure does not end in one
// line that tells a user what is wrong.
func oneLine(said string) error {
	lines := strings.Split(strings.TrimSpace(said), "\n")
	last := lines[len(lines)-1]
	switch {
	case strings.Contains(said, "goroutine ") || strings.Contains(said, "panic") || strings.Contains(said, "fault of textgan"):
		return fmt.Errorf("a panic: %s", said)
	case !strings.HasPrefix(last, "textgan"):
		return fmt.Errorf("no message at the end of %q", said)
	}
	return nil
}
