package corpora

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A table under the name of a text is refused, with what to do.
func TestTableInDisguise(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"header":        {"id,text\n1,a dog\n2,a cat\n", "2 columns in each of the first 3 rows, which begin with \"id,text\"; give --format csv and --field NAME"},
		"quotes":        {"quote,who\n\"He said, \"\"no\"\".\",Ann\n\"Two\nlines, here\",Bob\n", "a table: 2 columns in each of the first 3 rows"},
		"no header":     {"1,a dog\n0,a cat\n1,a bird\n0,a fish\n1,a cow\n", "a table: 2 columns"},
		"semicolons":    {"id;review\n1;good, cheap\n2;bad\n", "write it with commas or tabs"},
		"tabs":          {"a dog\tein Hund\na cat\teine Katze\na bird\tein Vogel\na fish\tein Fisch\na cow\teine Kuh\n", "give --format tsv and"},
		"tabs, quotes":  {"text\tn\n5\" nails\t1\n\"so\" they say\t2\n", "give --format tsv-unquoted and"},
		"windows, mark": {"\uFEFFlabel,text\r\n1,a dog\r\n2,a cat\r\n", "a table: 2 columns"},
		"json lines":    {"{\"text\": \"a dog\"}\n{\"text\": \"a cat\"}\n{\"text\": \"a cow\"}\n", "--format jsonl"},
		"long":          {"id,text\n" + strings.Repeat("17,\"a dog, a cat\"\n", 20_000), "the first 200 rows"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "lines.txt")
			require.NoError(t, os.WriteFile(path, []byte(c.text), 0o600))
			_, err := Open(path, Options{})
			require.ErrorContains(t, err, c.want)
			require.ErrorContains(t, err, path)
			require.NotContains(t, err.Error(), "\n")
			// Whoever says that it is text is believed.
			_, err = Open(path, Options{Format: "text"})
			require.NoError(t, err)
		})
	}
}

// Prose is not taken for a table, whatever commas, quotes and tabs it has.
func TestProseIsNoTable(t *testing.T) {
	for name, text := range map[string]string{
		"commas":       "Red, white and blue.\nOne, two, three.\nNo comma here.\nA, b.\n",
		"equal commas": strings.Repeat("Roses are red, violets are blue.\nSugar is sweet, and so are you.\n", 20),
		"no spaces":    strings.Repeat("Roses are red,violets are blue.\n", 20),
		"quotes":       strings.Repeat("\"Yes, it is,\" he said.\n\"No,\" she said, \"it isn't.\"\n\"Why,\" he asked.\n", 9),
		"whole quotes": strings.Repeat("\"Yes.\"\n\"No.\"\n", 9),
		"numbers":      strings.Repeat("In 1999, 12 men left.\n1,000 men came.\n3.5, he said.\n", 9),
		"indented":     strings.Repeat("\treturn x\n", 20),
		"code":         "func f(a, b int) {\n\treturn a, b\n}\n\nx, y = 1, 2\n",
		"semicolons":   strings.Repeat("He came; he saw.\n", 20),
		"json":         "{}\n{}\n{}\n{}\n",
		"two lines":    "id,text\n1,a dog\n",
		"SMILES":       "CCO\nC1CC1\nO=C=O\n",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := Read(strings.NewReader(text), "lines.txt", Options{})
			require.NoError(t, err)
			require.Equal(t, strings.Count(text, "\n"), len(c.Lines)+c.Blank)
		})
	}
	for _, file := range []string{"../README.md", "../docs/metrics.md", "grammar.go", "captions.grammar", "testdata/make_captions.py"} {
		_, err := Open(file, Options{})
		require.NoError(t, err)
	}
}
