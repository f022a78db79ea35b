package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"textgan/vocab"
)

func corpusStatsCommand(p *process) *cli.Command {
	type options struct {
		tokenizer
		N    int    `opt:"n" default:"10000" check:"min=1,max=1000000000" doc:"sentences of a built-in corpus"`
		Seed uint64 `opt:"seed" default:"1" doc:"of a built-in corpus"`
		textInput
		jsonOption
	}
	return command(p, cli.Command{
		Name: "stats", ArgsUsage: "FILE", Usage: "lines, tokens, vocabulary, lengths of a text",
		Description: "FILE may be a line per sentence, JSON, CSV, TSV, Parquet or FASTA, also .gz or .zst, several of them,\na directory, builtin:NAME, or - for standard input.\nOf a built-in corpus the entropy is computed too.",
	}, func(c call[options]) error {
		text, err := c.open(c.args[0], c.opt.textInput, c.opt.N, c.opt.Seed)
		if err != nil {
			return err
		}
		k, err := c.opt.tokenizer.tokens(nil)
		if err != nil {
			return err
		}
		stats := text.Stats(k.tokenize)
		stats.Tokenizer, stats.Case = k.name, k.letters
		if tok, err := vocab.NewTokenizer(k.name, ""); err == nil { // a model can be trained with it
			if hint := vocab.Hint(tok, stats.Lines, stats.Tokens, stats.Vocabulary, stats.Once); hint != "" {
				fmt.Fprintf(c.talk, "textgan: %s\n", hint)
			}
		}
		if c.opt.JSON {
			return c.printJSON(stats)
		}
		return stats.WriteTable(c.out)
	})
}
