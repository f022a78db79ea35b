package main

import (
	"flag"
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"textgan/internal/config"
)

// optionFlag is the flag of an option. It keeps the texts that were given;
// package config parses them, as it does for the environment and files.
type optionFlag struct {
	config.Option
	texts []string
}

// cli.Flag:

func (f *optionFlag) Apply(set *flag.FlagSet) error { set.Var(f, f.Name, f.Doc); return nil }
func (f *optionFlag) Names() []string               { return []string{f.Name} }
func (f *optionFlag) IsSet() bool                   { return len(f.texts) > 0 }

// flag.Value:

func (f *optionFlag) String() string        { return strings.Join(f.texts, " ") }
func (f *optionFlag) Set(text string) error { f.texts = append(f.texts, text); return nil }
func (f *optionFlag) IsBoolFlag() bool      { return f.Switch() }

// optionFlags are the flags of a command, without --help.
func optionFlags(c *cli.Command) (flags []*optionFlag) {
	for _, f := range c.Flags {
		if f, ok := f.(*optionFlag); ok {
			flags = append(flags, f)
		}
	}
	return flags
}

// leaves are the commands that do something, in the order of the help text.
func leaves(commands []*cli.Command) (all []*cli.Command) {
	for _, c := range commands {
		if len(c.Subcommands) == 0 {
			all = append(all, c)
		} else {
			all = append(all, leaves(c.Subcommands)...)
		}
	}
	return all
}

// configFile reads the file that the option "config" names, if there is such
// an option and it was given.
func configFile[T any](set *config.Set[T], given []config.Layer) (config.Layer, error) {
	for _, layer := range given {
		path, ok := layer["config"]
		if !ok || path.Text == "" {
			continue
		}
		content, err := os.ReadFile(path.Text)
		if err != nil {
			return nil, err
		}
		return set.File(path.Text, content)
	}
	return nil, nil
}
