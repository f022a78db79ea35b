package main

import (
	"flag"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"textgan/internal/config"
)

// The library finds the command of a line (choose, readLine). What follows it is read
// here: the library would stop at the first argument, take all behind it for arguments,
// and let a flag swallow the next one as its value.

// choose is the action of a group of commands: the line names none of them.
func choose(cc *cli.Context) error {
	name, known, rest := cc.Command.HelpName, names(cc.Command.Subcommands), cc.Args().Slice()
	path := strings.Fields(name)
	if len(rest) == 0 && len(path) > 1 {
		return usage(name, "which one? %s", strings.Join(known, ", "))
	}
	if len(rest) == 0 || isHelp(rest[0]) {
		return help(cc)
	}
	switch word := rest[0]; {
	case word == "--version":
		return cc.App.RunContext(cc.Context, append(path[:1], "version"))
	case strings.HasPrefix(word, "-"):
		return usage(name, "flag %s before the command; flags come after it", word)
	case word == "help": // help eval bleu = eval bleu --help
		return cc.App.RunContext(cc.Context, slices.Concat(path, rest[1:], []string{"--help"}))
	default:
		return usage(name, "unknown command %q%s", word, didYouMean(word, known, "see textgan --help"))
	}
}

// readLine reads the flags and arguments of a command, in any order. It returns
// flag.ErrHelp if help is asked for.
func readLine(c *cli.Command, rest []string) (flags map[string][]string, arguments []string, err error) {
	command, flags := c.HelpName, map[string][]string{}
	options := map[string]config.Option{}
	var known []string
	for _, f := range optionFlags(c) {
		options[f.Name] = f.Option
		known = append(known, f.Name)
	}
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
				return nil, nil, usage(command, "a switch takes its value with an equals sign: %s=%s", after, word)
			}
			arguments = append(arguments, word)
			continue
		case isHelp(word):
			return nil, nil, flag.ErrHelp
		}
		o, ok := options[name]
		switch {
		case !ok:
			return nil, nil, usage(command, "unknown flag %s%s", strings.SplitN(word, "=", 2)[0], didYouMeanFlag(name, known, command))
		case o.Switch():
			if before = o.Flag(); !hasValue {
				value = "true"
			}
		case !hasValue:
			if i+1 == len(rest) {
				return nil, nil, usage(command, "flag %s needs a value: %s %s", word, o.Flag(), o.Meta)
			}
			i++
			value = rest[i]
			if next, _, _ := flagOf(value); next != "" && (isHelp(value) || slices.Contains(known, next)) {
				return nil, nil, usage(command, "flag %s needs a value, but %s follows; if that is the value, write %s=%s", word, value, o.Flag(), value)
			}
		}
		flags[name] = append(flags[name], value)
	}
	want := strings.Fields(c.ArgsUsage)
	if len(arguments) > len(want) {
		return nil, nil, usage(command, "unexpected argument %q%s", arguments[len(want)], misplaced(arguments[len(want)], known))
	}
	if len(arguments) < len(want) {
		return nil, nil, usage(command, "%s is missing; see %s --help", want[len(arguments)], command)
	}
	return flags, arguments, nil
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
