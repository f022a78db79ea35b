package main

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"textgan/internal/config"
)

// arrange checks a command line and rewrites it as "textgan COMMAND --flag=value
// ... -- ARGUMENT ...". The flag package stops at the first argument and takes
// what follows for arguments, and it lets a flag swallow the next one as its
// value; here the first is read as it was meant, the second refused.
func arrange(app *cli.App, args []string) ([]string, error) {
	path, commands := []string{app.Name}, app.Commands
	for rest := args[1:]; ; rest = rest[1:] {
		name := strings.Join(path, " ")
		if len(rest) == 0 {
			if len(path) == 1 {
				return append(path, "--help"), nil
			}
			return nil, usage(name, "which one? %s", strings.Join(names(commands), ", "))
		}
		word := rest[0]
		switch {
		case isHelp(word):
			return append(path, "--help"), nil
		case word == "--version":
			return append(path, "version"), nil
		case strings.HasPrefix(word, "-"):
			return nil, usage(name, "flag %s before the command; flags come after it", word)
		case word == "help": // help eval bleu = eval bleu --help
			rest = append(slices.Clone(rest), "--help")
			continue
		}
		at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.Name == word })
		if at < 0 {
			return nil, usage(name, "unknown command %q%s", word, didYouMean(word, names(commands), "see textgan --help"))
		}
		path = append(path, word)
		if c := commands[at]; len(c.Subcommands) > 0 {
			commands = c.Subcommands
		} else {
			return arrangeLeaf(path, c, rest[1:])
		}
	}
}

func arrangeLeaf(path []string, c *cli.Command, rest []string) ([]string, error) {
	command := strings.Join(path, " ")
	options := map[string]config.Option{}
	var known []string
	for _, f := range optionFlags(c) {
		options[f.Name] = f.Option
		known = append(known, f.Name)
	}
	var flags, arguments []string
	before := "" // the switch that stands right before
	for i := 0; i < len(rest); i++ {
		word, after := rest[i], before
		before = ""
		name, value, hasValue := flagOf(word)
		switch {
		case word == "--":
			arguments = append(arguments, rest[i+1:]...)
			i = len(rest)
			continue
		case name == "":
			if after != "" && (word == "true" || word == "false") {
				return nil, usage(command, "a switch takes its value with an equals sign: %s=%s", after, word)
			}
			arguments = append(arguments, word)
			continue
		case isHelp(word):
			return append(path, "--help"), nil
		}
		o, ok := options[name]
		switch {
		case !ok:
			return nil, usage(command, "unknown flag %s%s", strings.SplitN(word, "=", 2)[0], didYouMeanFlag(name, known, command))
		case o.Switch():
			if before = o.Flag(); hasValue {
				flags = append(flags, "--"+name+"="+value)
			} else {
				flags = append(flags, "--"+name)
			}
			continue
		case !hasValue:
			if i+1 == len(rest) {
				return nil, usage(command, "flag %s needs a value: %s %s", word, o.Flag(), o.Meta)
			}
			i++
			value = rest[i]
			if next, _, _ := flagOf(value); next != "" && (isHelp(value) || slices.Contains(known, next)) {
				return nil, usage(command, "flag %s needs a value, but %s follows; if that is the value, write %s=%s", word, value, o.Flag(), value)
			}
		}
		flags = append(flags, "--"+name+"="+value)
	}
	want := strings.Fields(c.ArgsUsage)
	if len(arguments) > len(want) {
		return nil, usage(command, "unexpected argument %q%s", arguments[len(want)], misplaced(arguments[len(want)], known))
	}
	if len(arguments) < len(want) {
		return nil, usage(command, "%s is missing; see %s --help", want[len(arguments)], command)
	}
	return slices.Concat(path, flags, []string{"--"}, arguments), nil
}

// flagOf takes --name, --name=value or the same with one dash apart. The name
// is empty if the word is no flag: "-" is a file, "-1" a number.
func flagOf(word string) (name, value string, hasValue bool) {
	if len(word) < 2 || word[0] != '-' || word == "--" || word[1] >= '0' && word[1] <= '9' {
		return "", "", false
	}
	name, value, hasValue = strings.Cut(strings.TrimPrefix(word[1:], "-"), "=")
	return name, value, hasValue
}

func isHelp(word string) bool { return word == "--help" || word == "-h" || word == "-help" }

func names(commands []*cli.Command) (names []string) {
	for _, c := range commands {
		names = append(names, c.Name)
	}
	return names
}

// didYouMean is the end of a message about an unknown name.
func didYouMean(name string, known []string, otherwise string) string {
	if hint := config.DidYouMean(name, known); hint != "" {
		return hint
	}
	return "; " + otherwise
}

func didYouMeanFlag(name string, known []string, command string) string {
	if near, ok := config.Nearest(strings.ToLower(strings.ReplaceAll(name, "_", "-")), known); ok {
		return "; did you mean " + config.Option{Name: near}.Flag() + "?"
	}
	return "; see " + command + " --help"
}

// misplaced guesses that an argument was meant as a flag.
func misplaced(argument string, known []string) string {
	name, _, _ := strings.Cut(argument, "=")
	if slices.Contains(known, name) {
		return "; did you mean " + config.Option{Name: name}.Flag() + "?"
	}
	return ""
}
