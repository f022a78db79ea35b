package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"
)

// Every command line in the documents names a command that there is, options that it
// has and choices that they take, and every option that stands by itself is that of
// some command.
func TestCommandLinesOfTheDocuments(t *testing.T) {
	files, err := filepath.Glob("../../docs/*.md")
	require.NoError(t, err)
	commands := (&process{}).app().Commands
	known := []string{"help"}
	for _, c := range leaves(commands) {
		for _, f := range optionFlags(c) {
			known = append(known, f.Name)
		}
	}
	// Options of internal/bench, of our scripts, of lmplz, mpirun and GNU parallel.
	others := []string{"only", "isa", "discount_fallback", "bind-to", "sshloginfile", "workdir"}
	option := regexp.MustCompile(`(?:^|\s)--([a-z][a-z0-9_-]*)`)
	lines := 0
	for _, file := range append(files, "../../README.md", "../../docs/cluster/README.md") {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, code := range codeOf(string(content)) {
			found := commandLines(code)
			for _, line := range found {
				lines++
				if err := parses(commands, line); err != nil {
					t.Errorf("%s: textgan %s: %v", file, strings.Join(line, " "), err)
				}
			}
			if len(found) > 0 {
				continue
			}
			for _, m := range option.FindAllStringSubmatch(code, -1) {
				if strings.HasPrefix(code, "--") && !slices.Contains(known, m[1]) && !slices.Contains(others, m[1]) {
					t.Errorf("%s: %s: no command has --%s", file, code, m[1])
				}
			}
		}
	}
	require.Greater(t, lines, 100)
	for line, want := range map[string]string{
		"eval blue --hyp a": "no command", "sample --number 3": "unknown flag --number", "train --cell lstm2 --run a": `"lstm2"`, "sample -n": "needs a value",
	} {
		require.ErrorContains(t, parses(commands, strings.Fields(line)), want)
	}
}

// codeOf are the pieces of a Markdown text that are set as code: lines of blocks, those
// that end in a backslash joined to the next one, and spans within a paragraph.
func codeOf(text string) (code []string) {
	var prose strings.Builder
	fenced := false
	for line := range strings.Lines(strings.ReplaceAll(text, "\\\n", " ")) {
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced, strings.HasPrefix(line, "    "):
			code = append(code, strings.TrimSpace(line))
		default:
			prose.WriteString(line)
		}
	}
	for _, m := range regexp.MustCompile("`([^`]+)`").FindAllStringSubmatch(prose.String(), -1) {
		code = append(code, strings.Join(strings.Fields(m[1]), " "))
	}
	return code
}

// commandLines are the words behind "textgan" in a piece of code, of as many command
// lines as it has. What is optional stands in brackets, and a|b is a line of each.
func commandLines(code string) (found [][]string) {
	begin := regexp.MustCompile(`(?:^|[ /=(])textgan(?:-mpi)? `)
	end := regexp.MustCompile(` #|   +| [|>&<]|[;)]`)
	command := regexp.MustCompile(`^[a-z-]+(\||$)`)
	places := begin.FindAllStringIndex(code, -1)
	for i, at := range places {
		line := code[at[1]:]
		if i+1 < len(places) {
			line = code[at[1]:places[i+1][0]]
		}
		if stop := end.FindStringIndex(line); stop != nil {
			line = line[:stop[0]]
		}
		words := shellWords(strings.NewReplacer("[", "", "]", "", `"`, "'", "...", "MORE").Replace(line))
		if len(words) == 0 || !command.MatchString(words[0]) {
			continue
		}
		alternatives := [][]string{nil}
		for _, word := range words {
			var longer [][]string
			for _, one := range strings.Split(word, "|") {
				for _, so := range alternatives {
					longer = append(longer, append(slices.Clone(so), one))
				}
			}
			alternatives = longer
		}
		found = append(found, alternatives...)
	}
	return found
}

// parses reads a command line as the program does. Arguments may be missing, and a
// value in capitals stands for others.
func parses(commands []*cli.Command, words []string) error {
	for i, word := range words {
		if isHelp(word) {
			return nil
		}
		at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.Name == word })
		if at < 0 {
			return fmt.Errorf("no command %q", word)
		}
		if len(commands[at].Subcommands) > 0 {
			commands = commands[at].Subcommands
			continue
		}
		c := *commands[at]
		arguments := c.ArgsUsage
		flags, _, err := readLine(&c, words[i+1:])
		if errors.Is(err, flag.ErrHelp) || arguments != "" && err != nil && strings.Contains(err.Error(), " is missing; see ") {
			err = nil
		}
		if err != nil {
			return err
		}
		for _, f := range optionFlags(&c) {
			for _, value := range flags[f.Name] {
				if len(f.Choices) > 0 && !f.Switch() && strings.ToUpper(value) != value && !slices.Contains(f.Choices, value) {
					return fmt.Errorf("--%s is no %q", f.Name, value)
				}
			}
		}
		return nil
	}
	return nil // a group
}
