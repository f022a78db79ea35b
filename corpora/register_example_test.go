package corpora_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"textgan/corpora"
)

// readColumns reads a treebank: a word a line, its form in the second column, a blank line
// behind each sentence, and comments.
func readColumns(text *bufio.Reader, _ corpora.Options, visit func(sentence []byte, line int) error) error {
	var words []string
	begun, number := 0, 0
	end := func() error {
		if begun == 0 {
			return nil
		}
		sentence, line := strings.Join(words, " "), begun
		words, begun = words[:0], 0
		return visit([]byte(sentence), line)
	}
	lines := bufio.NewScanner(text)
	for lines.Scan() {
		number++
		columns := strings.Split(lines.Text(), "\t")
		switch {
		case lines.Text() == "":
			if err := end(); err != nil {
				return err
			}
		case strings.HasPrefix(lines.Text(), "#"):
		case len(columns) < 2:
			return corpora.At(number, errors.New("a word without a second column"))
		default:
			if begun == 0 {
				begun = number
			}
			words = append(words, columns[1])
		}
	}
	if err := lines.Err(); err != nil {
		return corpora.At(number, err)
	}
	return end()
}

// A program adds a format once, before it opens a text.
var registerColumns = sync.OnceFunc(func() {
	corpora.Register(corpora.Reader{Name: "conllu", Endings: []string{".conllu"}, Read: readColumns})
})

// A format of a program's own is read by the ending of a file's name or by --format, like
// any other: packed, in pieces, within the limits, and refused with the line.
func ExampleRegister() {
	registerColumns()
	dir, err := os.MkdirTemp("", "textgan")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	good, bad := filepath.Join(dir, "good.conllu"), filepath.Join(dir, "bad.conllu")
	for file, text := range map[string]string{
		good: "# text = birds fly\n1\tbirds\n2\tfly\n\n1\ta\n2\tdog\n3\tran\n",
		bad:  "1\tbirds\n2 fly\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			fmt.Println(err)
			return
		}
	}
	c, err := corpora.Open(good, corpora.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%q\n", c.Lines)
	_, err = corpora.Open(bad, corpora.Options{Format: "conllu"})
	fmt.Println(strings.ReplaceAll(err.Error(), dir, "."))
	// Output:
	// ["birds fly" "a dog ran"]
	// corpora: ./bad.conllu:2: a word without a second column
}
