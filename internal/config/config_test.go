package config

import (
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
)

type common struct {
	Seed uint64 `opt:"seed" default:"1" doc:"seed of every stream"`
}

type model struct {
	Model  string    `opt:"model" default:"gan" check:"oneof=gan|mle|vae" doc:"what to train" meta:"NAME"`
	Run    string    `opt:"run" doc:"run directory" meta:"DIR" file:"no"`
	N      int       `opt:"n" default:"10" check:"min=1,max=100" doc:"how many"`
	Tie    bool      `opt:"tie" doc:"tie weights"`
	On     bool      `opt:"on" default:"true" doc:"a switch that is on"`
	TauMin float64   `opt:"tau-min" default:"0.5" check:"above=0,below=5" doc:"last tau" group:"relaxation"`
	Widths []int     `opt:"widths" default:"2,3" check:"min=1" doc:"filter widths" group:"discriminator"`
	Refs   []string  `opt:"ref" doc:"references" meta:"FILE,..." group:"discriminator"`
	Rates  []float64 `opt:"rates" doc:"rates" group:"discriminator"`
	common           // no tags of its own
}

var set = New[model]()

func TestTable(t *testing.T) {
	require.Equal(t, []string{"model", "run", "n", "tie", "on", "tau-min", "widths", "ref", "rates", "seed"}, Known(set.Options))
	o, ok := set.Find("tau-min")
	require.True(t, ok)
	require.Equal(t, "TEXTGAN_TAU_MIN", o.Env())
	require.Equal(t, "--tau-min", o.Flag())
	require.Equal(t, "X", o.Meta)
	n, _ := set.Find("n")
	require.Equal(t, "-n", n.Flag())
	m, _ := set.Find("model")
	require.Equal(t, []string{"gan", "mle", "vae"}, m.Choices)
	require.Equal(t, model{Model: "gan", N: 10, On: true, TauMin: 0.5, Widths: []int{2, 3}, common: common{1}}, set.Defaults())
}

// Flag over environment over file over default.
func TestPrecedence(t *testing.T) {
	file, err := set.File("run.toml", []byte("n = 2\nmodel = 'vae'\ntau-min = 1\nseed = 9\nref = ['a', 'b']\n"))
	require.NoError(t, err)
	env := set.Environment([]string{"TEXTGAN_N=3", "TEXTGAN_MODEL=mle", "TEXTGAN_TIE=", "TEXTGAN_OTHER=x", "N=77", "TEXTGAN_NN=5"})
	cfg, err := set.Resolve(Flags(map[string][]string{"n": {"9", "4"}, "on": {"false"}}), env, file)
	require.NoError(t, err)
	require.Equal(t, model{Model: "mle", N: 4, TauMin: 1, Widths: []int{2, 3}, Refs: []string{"a", "b"}, common: common{9}}, cfg)
}

func TestWrongValuesAreQuoted(t *testing.T) {
	flag := func(name, text string) Layer { return Flags(map[string][]string{name: {text}}) }
	for want, layer := range map[string]Layer{
		"-n 0: want at least 1":                            flag("n", "0"),
		"-n 101: want at most 100":                         flag("n", "101"),
		"-n 1.5: want a whole number":                      flag("n", "1.5"),
		"-n 9223372036854775808: the number is too large":  flag("n", "9223372036854775808"),
		"--seed -1: want a whole number from 0":            flag("seed", "-1"),
		"--tau-min 0: want more than 0":                    flag("tau-min", "0"),
		"--tau-min 5: want less than 5":                    flag("tau-min", "5"),
		"--tau-min NaN: want a finite number":              flag("tau-min", "NaN"),
		"--tau-min hot: want a number":                     flag("tau-min", "hot"),
		"--tie maybe: want true or false":                  flag("tie", "maybe"),
		"--model gam: want gan, mle or vae":                flag("model", "gam"),
		"--widths 2,,3: an element of the list is empty":   flag("widths", "2,,3"),
		"--widths 2,0: want at least 1":                    flag("widths", "2,0"),
		`--modle x: unknown option; did you mean "model"?`: flag("modle", "x"),
		"TEXTGAN_N=many: want a whole number":              set.Environment([]string{"TEXTGAN_N=many"}),
	} {
		_, err := set.Resolve(layer)
		require.EqualError(t, err, want)
		var fault *Error
		require.ErrorAs(t, err, &fault)
	}
	_, err := set.Resolve(flag("n", strings.Repeat("x", 10_000)))
	require.EqualError(t, err, "-n "+strings.Repeat("x", longest-3)+"...: want a whole number")
	// A wrong value is refused even where a stronger source hides it.
	_, err = set.Resolve(flag("n", "5"), set.Environment([]string{"TEXTGAN_N=many"}))
	require.EqualError(t, err, "TEXTGAN_N=many: want a whole number")
}

func TestFileRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"# comment\n\ntau_min = 1": `c.toml:3: unknown key "tau_min"; did you mean "tau-min"?`,
		"zzzzzz = 1":               `c.toml:1: unknown key "zzzzzz"`,
		"run = 'x'":                "c.toml:1: run is no setting of a file; give it on the command line, --run, or as TEXTGAN_RUN",
		"[train]\nn = 1":           "c.toml:1: table [train]: options stand at the top, without tables",
		"n = 1\nn = 2":             "c.toml:2: ",
		"n = ":                     "c.toml:1: ",
		"\xff":                     "c.toml:1: ",
		"n = 1979-05-27":           "c.toml:1: n: want a string, a number, true, false or a list",
		"ref = [['a']]":            "c.toml:1: ref: want a list of strings or numbers",
		"n = [1, 2]":               "c.toml:1: n: want one value, not a list",
	} {
		_, err := set.File("c.toml", []byte(text))
		require.ErrorContains(t, err, want)
		require.NotContains(t, err.Error(), "\n")
		var fault *Error
		require.ErrorAs(t, err, &fault)
	}
	layer, err := set.File("c.toml", []byte("\ufeff\r\n  n = 1_000\r\n")) // as an editor on Windows writes it
	require.NoError(t, err)
	_, err = set.Resolve(layer)
	require.EqualError(t, err, "c.toml:2: n = 1000: want at most 100")
}

// An element of a list may hold commas: between semicolons, in a flag that is
// repeated, in a file, and where it is a setting of the element before it.
func TestLists(t *testing.T) {
	for _, c := range []struct {
		given []string
		want  []string
	}{
		{[]string{"a, b"}, []string{"a", "b"}},
		{[]string{"a,b; c"}, []string{"a,b", "c"}},
		{[]string{"a,b;"}, []string{"a,b"}},
		{[]string{"a,b", "c;d"}, []string{"a,b", "c;d"}},
		{[]string{"all-action:k=4,m=2;rloo"}, []string{"all-action:k=4,m=2", "rloo"}},
		{[]string{"reinmax,all-action:k=4,m=2,rloo"}, []string{"reinmax", "all-action:k=4,m=2", "rloo"}},
		{[]string{"a=1,b=2"}, []string{"a=1", "b=2"}},
		{[]string{"C:x,b=2"}, []string{"C:x", "b=2"}},
		{[]string{""}, nil},
	} {
		cfg, err := set.Resolve(Flags(map[string][]string{"ref": c.given}))
		require.NoError(t, err)
		require.Equal(t, c.want, cfg.Refs, c.given)
	}
	for _, given := range [][]string{{"a,"}, {"a,,b"}, {","}, {"a; ;b"}, {"a", ""}} {
		_, err := set.Resolve(Flags(map[string][]string{"ref": given}))
		require.ErrorContains(t, err, ": an element of the list is empty", given)
	}
	_, err := set.Resolve(Flags(map[string][]string{"widths": {"2,3", "4"}}))
	require.EqualError(t, err, "--widths 2,3 --widths 4: want a whole number")
}

// In a list of files the name of one that there is stands for it, commas, semicolons
// and spaces included; of several such each is a flag of its own.
func TestListOfFiles(t *testing.T) {
	type texts struct {
		Ref  []string `opt:"ref" check:"required,paths" doc:"references"`
		Name []string `opt:"name" doc:"names"`
	}
	t.Chdir(t.TempDir())
	for _, name := range []string{"a,b", "a;b", " a "} {
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	s := New[texts]()
	for _, c := range []struct{ given, want []string }{
		{[]string{"a,b"}, []string{"a,b"}},
		{[]string{"a;b"}, []string{"a;b"}},
		{[]string{" a "}, []string{" a "}},
		{[]string{"a,b,a"}, []string{"a", "b", "a"}},
		{[]string{"a,b", "a;b"}, []string{"a,b", "a;b"}},
		{[]string{"c,d"}, []string{"c", "d"}},
	} {
		o, err := s.Resolve(Flags(map[string][]string{"ref": c.given, "name": {"a,b"}}))
		require.NoError(t, err)
		require.Equal(t, c.want, o.Ref, c.given)
		require.Equal(t, []string{"a", "b"}, o.Name)
	}
}

func TestRequired(t *testing.T) {
	type bleu struct {
		Hyp string `opt:"hyp" check:"required" meta:"FILE" doc:"texts to score"`
	}
	s := New[bleu]()
	_, err := s.Resolve()
	require.EqualError(t, err, "--hyp FILE is required")
	_, err = s.Resolve(Flags(map[string][]string{"hyp": {"-"}}))
	require.NoError(t, err)
}

const resolved = `# what to train: gan, mle or vae
model = 'gan'
# how many
n = 10
# tie weights
tie = false
# a switch that is on
on = true
# seed of every stream
seed = 1

# Relaxation

# last tau
tau-min = 0.5

# Discriminator

# filter widths
widths = [2, 3]
# references
ref = []
# rates
rates = []
`

func TestTOML(t *testing.T) {
	require.Equal(t, resolved, string(set.TOML(set.Defaults())))
}

// Of a group that is not used only what differs from its default is written.
func TestTOMLWithoutUnusedGroups(t *testing.T) {
	cfg := set.Defaults()
	cfg.Rates = []float64{1}
	text := string(set.TOML(cfg, "relaxation", "discriminator"))
	require.NotContains(t, text, "elaxation")
	require.NotContains(t, text, "widths")
	require.Contains(t, text, "\n# Discriminator\n\n# rates\nrates = [1.0]\n")
	layer, err := set.File("c.toml", []byte(text))
	require.NoError(t, err)
	got, err := set.Resolve(layer)
	require.NoError(t, err)
	require.Equal(t, cfg, got)
}

// What is written resolves to the same struct, whatever the values.
func TestTOMLRoundTrip(t *testing.T) {
	r := rng.Key{Seed: 1, Stream: rng.Eval}.Rand()
	for range 200 {
		cfg := model{
			Model:  []string{"gan", "mle", "vae"}[r.IntN(3)],
			N:      1 + r.IntN(100),
			Tie:    r.IntN(2) == 0,
			TauMin: 5 * math.Exp(-30*r.Float64()),
			Widths: []int{1 + r.IntN(9), 1 + r.IntN(9)},
			Refs:   []string{"a,b;", "a \"b\" \\ é\n" + string(rune(r.IntN(0x300)+1)), "#'[x]"},
			common: common{r.Uint64()},
		}
		layer, err := set.File("config.toml", set.TOML(cfg))
		require.NoError(t, err)
		got, err := set.Resolve(layer)
		require.NoError(t, err)
		require.Equal(t, cfg, got)
	}
}

func TestNearest(t *testing.T) {
	known := []string{"temperature", "tokenizer", "top-k", "top-p", "n", "seed"}
	for name, want := range map[string]string{
		"tempreature": "temperature", "temp": "temperature", "tok": "tokenizer", "top-q": "top-k",
		"topk": "top-k", "sede": "seed", "seeed": "seed", "to": "", "quantum": "", "": "",
	} {
		got, _ := Nearest(name, known)
		require.Equal(t, want, got, name)
	}
	require.Equal(t, `; did you mean "top-k" or "top-p"?`, DidYouMean("top", known))
	require.Empty(t, DidYouMean("foo*", []string{"zgr", "reinmax"}))
	for _, c := range []struct {
		a, b string
		d    int
	}{{"", "", 0}, {"abc", "", 3}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}, {"hpy", "hyp", 1}, {"abcd", "badc", 2}, {"ca", "abc", 3}} {
		require.Equal(t, c.d, distance(c.a, c.b))
		require.Equal(t, c.d, distance(c.b, c.a))
	}
}

// Tags that make no sense are found when the table is made.
func TestNewPanics(t *testing.T) {
	type name struct {
		A int `opt:"Big"`
	}
	type twice struct {
		A, B int `opt:"a"`
	}
	type typ struct {
		A map[string]int `opt:"a"`
	}
	type rule struct {
		A int `opt:"a" check:"most=3"`
	}
	type bound struct {
		A int `opt:"a" check:"min=x"`
	}
	type def struct {
		A int `opt:"a" default:"0" check:"min=1"`
	}
	for _, f := range []func(){
		func() { New[name]() }, func() { New[twice]() }, func() { New[typ]() },
		func() { New[rule]() }, func() { New[bound]() }, func() { New[def]() },
	} {
		require.Panics(t, f)
	}
}

func FuzzFile(f *testing.F) {
	f.Add(resolved)
	f.Add("n = 1\n[x]\n")
	f.Add("seed = 0x7f\nrates = [1e3, inf]\nref = [[1]]")
	f.Fuzz(func(t *testing.T, content string) {
		layer, err := set.File("f", []byte(content))
		if err != nil {
			require.NotContains(t, strings.TrimSpace(err.Error()), "\n")
			return
		}
		cfg, err := set.Resolve(layer)
		if err != nil {
			return
		}
		layer, err = set.File("f", set.TOML(cfg))
		require.NoError(t, err)
		again, err := set.Resolve(layer)
		require.NoError(t, err)
		require.Equal(t, cfg, again)
	})
}

// A choice that need not be made is read back as none; one that is made must be known.
func TestTOMLOfNoChoice(t *testing.T) {
	type options struct {
		Preset string `opt:"preset" check:"oneof=a|b" doc:"one of two"`
	}
	set := New[options]()
	layer, err := set.File("config.toml", set.TOML(options{}))
	require.NoError(t, err)
	got, err := set.Resolve(layer)
	require.NoError(t, err)
	require.Equal(t, options{}, got)
	layer, err = set.File("config.toml", []byte("preset = \"c\"\n"))
	require.NoError(t, err)
	_, err = set.Resolve(layer)
	require.ErrorContains(t, err, "want a or b")
}
