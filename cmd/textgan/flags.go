package main

import (
	"flag"
	"os"

	"github.com/urfave/cli/v2"

	"textgan/internal/config"
)

// optionFlag is an option among the flags of a command, as cli.Flag. readLine reads its
// texts, and package config parses them as it does those of environment and files.
type optionFlag struct{ config.Option }

func (f optionFlag) Apply(*flag.FlagSet) error { return nil }
func (f optionFlag) Names() []string           { return []string{f.Name} }
func (f optionFlag) IsSet() bool               { return false }
func (f optionFlag) String() string            { return f.Name }

// optionFlags are the flags of a command, without --help.
func optionFlags(c *cli.Command) (flags []optionFlag) {
	for _, f := range c.Flags {
		flags = append(flags, f.(optionFlag))
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
