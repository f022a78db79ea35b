package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"textgan/corpora"
)

func corpusListCommand(p *process) *cli.Command {
	return command(p, cli.Command{
		Name: "list", Usage: "the corpora that are built in",
	}, func(c call[jsonOption]) error {
		if c.opt.JSON {
			return c.printJSON(corpora.List())
		}
		t := tabwriter.NewWriter(c.out, 0, 0, 3, ' ', 0)
		for _, b := range corpora.List() {
			fmt.Fprintf(t, "builtin:%s\t%s\n", b.Name, b.About)
		}
		return t.Flush()
	})
}
