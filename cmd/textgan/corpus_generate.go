package main

import (
	"bufio"
	"strings"

	"github.com/urfave/cli/v2"

	"textgan/corpora"
)

func corpusGenerateCommand(p *process) *cli.Command {
	type options struct {
		N         int    `opt:"n" default:"10000" check:"min=1,max=1000000000" doc:"sentences"`
		Seed      uint64 `opt:"seed" default:"1" doc:"of the sample; train learns that of its --split-seed"`
		MaxTokens int    `opt:"max-tokens" default:"0" check:"min=0,max=100000" doc:"longest sentence of arithmetic; 0: the corpus's default" group:"languages"`
		Words     int    `opt:"words" default:"0" check:"min=0,max=16777216" doc:"vocabulary of oracle; 0: the corpus's default" group:"languages"`
		Oracle    uint64 `opt:"oracle-seed" default:"1" doc:"of oracle's weights: another seed is another language; training has that of 1" group:"languages"`
		Weights   string `opt:"oracle" doc:"oracle's weights from a safetensors file instead; docs/metrics.md" meta:"FILE" group:"languages"`
		Length    int    `opt:"length" default:"0" check:"min=0,max=100000" doc:"tokens of a sentence of oracle; 0: the corpus's default" group:"languages"`
		jsonOption
	}
	return command(p, cli.Command{
		Name: "generate", ArgsUsage: "NAME", Usage: "sentences of a built-in corpus, one per line",
		Description: "NAME is one of textgan corpus list, with or without builtin: before it.",
	}, func(c call[options]) error {
		name := strings.TrimPrefix(c.args[0], "builtin:")
		if err := knownBuiltin("builtin:" + name); err != nil {
			return err
		}
		for option, of := range map[string]string{"max-tokens": "arithmetic", "words": "oracle", "oracle-seed": "oracle", "oracle": "oracle", "length": "oracle"} {
			if flag, ok := c.given[0][option]; ok && of != name {
				return usage("textgan corpus generate", "%s does nothing: it is for %s, not %s; drop it", flag.Quote, of, name)
			}
		}
		weights := corpora.OracleOptions{Words: c.opt.Words, Length: c.opt.Length, Seed: c.opt.Oracle, File: c.opt.Weights}
		if weights.File != "" && !c.has("oracle-seed") {
			weights.Seed = 0
		}
		language, err := corpora.NewLanguage(name, corpora.Options{
			Arithmetic: corpora.ArithmeticOptions{MaxTokens: c.opt.MaxTokens}, Oracle: weights,
		})
		if err != nil {
			return err
		}
		return c.printSentences(corpora.Generate(language, c.opt.Seed, c.opt.N), c.opt.JSON)
	})
}

// sentence is a line of JSON lines, as corpora.Open reads them.
type sentence struct {
	Text string `json:"text"`
}

// printSentences prints one sentence per line, or JSON lines.
func (p *process) printSentences(lines []string, asJSON bool) error {
	buffered := *p
	w := bufio.NewWriterSize(p.out, 1<<16)
	buffered.out = w
	for _, line := range lines {
		var err error
		if asJSON {
			err = buffered.printJSON(sentence{line})
		} else {
			_, err = w.WriteString(line + "\n")
		}
		if err != nil {
			return err
		}
	}
	return w.Flush()
}
