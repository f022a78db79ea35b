package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// help prints that of a context's command.
func help(cc *cli.Context) error {
	switch w, c := cc.App.Writer, cc.Command; {
	case c.HelpName == cc.App.HelpName:
		appHelp(w, cc.App)
	case len(c.Subcommands) > 0:
		groupHelp(w, c)
	default:
		commandHelp(w, c)
	}
	return nil
}

func appHelp(w io.Writer, app *cli.App) {
	fmt.Fprintf(w, "textgan %s.\n\nUsage: textgan COMMAND [options]\n\n", app.Usage)
	listCommands(w, "textgan", app.Commands)
	fmt.Fprint(w, `
First steps:
  textgan train                                      a model of the built-in corpus, in a minute and a half
  textgan train --corpus my.txt --run runs/mine      a model of one's own sentences, one per line
  textgan sample --run runs/mine -n 5                sentences that it makes up
  textgan eval all --run runs/mine                   how they compare with lines that it has not learnt

"textgan COMMAND --help" lists the options of a command. A file named "-" is standard input.
An option is taken from its flag, else from the environment (--max-n is TEXTGAN_MAX_N),
else from the TOML file that train --config names.
Exit codes: 0 done, 1 failure, 2 wrong usage or configuration, 3 training diverged,
4 a fault of textgan, 129, 130 and 143 training interrupted, with a checkpoint to go on from.
`)
}

func groupHelp(w io.Writer, c *cli.Command) {
	fmt.Fprintf(w, "%s: %s.\n\nUsage: %s COMMAND [options]\n\n", c.HelpName, c.Usage, c.HelpName)
	listCommands(w, c.HelpName, c.Subcommands)
	fmt.Fprintf(w, "\n\"%s COMMAND --help\" lists the options of a command.\n", c.HelpName)
}

func listCommands(w io.Writer, path string, commands []*cli.Command) {
	var rows [][2]string
	var list func(path string, commands []*cli.Command)
	list = func(path string, commands []*cli.Command) {
		for _, c := range commands {
			if len(c.Subcommands) > 0 {
				list(path+" "+c.Name, c.Subcommands)
				continue
			}
			rows = append(rows, [2]string{strings.TrimSpace(path + " " + c.Name + " " + c.ArgsUsage), c.Usage})
		}
	}
	list(strings.TrimPrefix(path, "textgan"), commands)
	fmt.Fprintln(w, "Commands:")
	printRows(w, rows, columnWidth(rows))
}

func columnWidth(rows [][2]string) (width int) {
	for _, r := range rows {
		width = max(width, len(r[0]))
	}
	return width
}

func printRows(w io.Writer, rows [][2]string, width int) {
	for _, r := range rows {
		fmt.Fprintf(w, "  %-*s   %s\n", width, r[0], r[1])
	}
}

// commandHelp has two tiers: the everyday options, then the others in groups.
func commandHelp(w io.Writer, c *cli.Command) {
	arguments := ""
	if c.ArgsUsage != "" {
		arguments = " " + c.ArgsUsage
	}
	fmt.Fprintf(w, "%s: %s.\n\nUsage: %s [options]%s\n", c.HelpName, c.Usage, c.HelpName, arguments)
	if c.Description != "" {
		fmt.Fprintf(w, "\n%s\n", c.Description)
	}
	groups := []string{""}
	rows := map[string][][2]string{}
	var all [][2]string
	for _, f := range optionFlags(c) {
		if !slices.Contains(groups, f.Group) {
			groups = append(groups, f.Group)
		}
		row := [2]string{strings.TrimSpace(f.Flag() + " " + f.Meta), f.Doc + remarks(f)}
		rows[f.Group] = append(rows[f.Group], row)
		all = append(all, row)
	}
	rows[""] = append(rows[""], [2]string{"--help", "this text"})
	for i, group := range groups {
		switch i {
		case 0:
			fmt.Fprint(w, "\nOptions:\n")
		case 1:
			fmt.Fprintf(w, "\nAdvanced options, %s:\n", group)
		default:
			fmt.Fprintf(w, "\n%s:\n", strings.ToUpper(group[:1])+group[1:])
		}
		printRows(w, rows[group], columnWidth(all))
	}
}

// remarks says what values an option takes, and what it is if not given.
func remarks(f optionFlag) string {
	var r []string
	if len(f.Choices) > 0 {
		r = append(r, strings.Join(f.Choices, ", "))
	}
	switch {
	case f.Required:
		r = append(r, "required")
	case f.Switch() && f.Default == "true":
		r = append(r, "on; off with "+f.Flag()+"=false")
	case f.Default != "" && !f.Switch():
		r = append(r, "default "+f.Default)
	}
	if len(r) == 0 {
		return ""
	}
	return " (" + strings.Join(r, "; ") + ")"
}
