package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"textgan/corpora"
	"textgan/train/model"
	"textgan/vocab"
)

type statsOptions struct {
	tokenizer
	N    int    `opt:"n" default:"10000" check:"min=1,max=1000000000" doc:"sentences of a built-in corpus"`
	Seed uint64 `opt:"seed" default:"1" doc:"of a built-in corpus"`
	textInput
	jsonOption
}

func corpusStatsCommand(p *process) *cli.Command {
	return command(p, cli.Command{
		Name: "stats", ArgsUsage: "FILE", Usage: "lines, tokens, vocabulary, lengths of a text, and a command to train on it",
		Description: "FILE may be a line per sentence, JSON, CSV, TSV, Parquet or FASTA, also .gz or .zst, several of them,\na directory, builtin:NAME, or - for standard input.\nLines that training would refuse are counted by reason; of a built-in corpus the entropy is computed too.",
	}, func(c call[statsOptions]) error {
		in := c.opt.textInput
		in.tolerant, in.lines = true, c.opt.N
		text, err := c.open(c.args[0], in, c.opt.Seed)
		if err != nil {
			return err
		}
		k, err := c.opt.tokenizer.tokens(nil)
		if err != nil {
			return err
		}
		stats := text.Stats(k.tokenize)
		stats.Tokenizer, stats.Case = k.name, k.letters
		few := ""
		if tok, err := vocab.NewTokenizer(k.name, ""); err == nil { // a model can be trained with it
			if few = vocab.Hint(tok, stats.Lines, stats.Tokens, stats.Vocabulary, stats.Once); few != "" {
				fmt.Fprintf(c.talk, "textgan: %s\n", few)
			}
		}
		if stats.Lengths.Max > model.LongestLine {
			fmt.Fprintf(c.talk, "textgan: lines of up to %d tokens: training takes %d, unless --max-len says more or --truncate cuts them\n", stats.Lengths.Max, model.LongestLine)
		}
		stats.Suggested = suggestion(c.args[0], c.opt, stats, few != "")
		return c.show(c.opt.JSON, stats, stats.WriteTable)
	})
}

// suggestion is a command that trains on a text, or what to mend first. fewWords says
// that the tokeniser finds too few words in it.
func suggestion(name string, o statsOptions, s corpora.Stats, fewWords bool) string {
	const manyWords = 20_000 // the output layer, the longest part of a step, grows with them
	if len(s.Refused) > 0 {
		return "mend or drop the lines that are refused first; training takes all of a text or nothing"
	}
	if s.Lines-s.Duplicates < 2 {
		return "add lines; training holds one out, and needs two different ones"
	}
	parts := []string{"textgan train --corpus " + shellQuote(name)}
	add := func(format string, values ...any) { parts = append(parts, fmt.Sprintf(format, values...)) }
	if o.Format != "" && o.Format != "auto" {
		add("--format %s", o.Format)
	}
	if o.Field != "" {
		add("--field %s", shellQuote(o.Field))
	}
	tok := cmp.Or(o.Tokenizer, "word")
	counted := false // was the text counted as it would be trained on?
	switch {
	case fewWords || unspaced(s.Scripts) && o.Tokenizer == "" && o.File == "":
		add("--tokenizer char")
	case o.File != "":
		add("--tokenizer-file %s", shellQuote(o.File))
		counted = true
	case tok == "word" && s.Unknown[0].Expected > 0.05:
		add("--tokenizer bpe")
	default:
		if tok != "word" && tok != "ptb" {
			add("--tokenizer %s", tok)
		}
		counted = tok != "ptb"
		for _, u := range s.Unknown {
			if u.Vocabulary <= manyWords || u.MinCount == corpora.MinCounts[len(corpora.MinCounts)-1] {
				if u.MinCount > 1 {
					add("--min-count %d", u.MinCount)
				}
				break
			}
		}
	}
	if o.Case != "" {
		add("--case %s", o.Case)
	}
	switch {
	case counted && s.MaxLen <= model.LongestLine && (s.Lengths.Max > model.LongestLine || s.Lengths.Max > 2*s.MaxLen):
		add("--max-len %d --truncate", s.MaxLen)
	case !counted || s.Lengths.Max > model.LongestLine: // cut at that
		add("--truncate")
	}
	add("--run runs/mine")
	return strings.Join(parts, " ")
}

// unspaced reports whether most letters are of scripts that put no spaces between
// words.
func unspaced(scripts []corpora.ScriptShare) bool {
	share := 0.0
	for _, x := range scripts {
		switch x.Script {
		case "Han", "Hiragana", "Katakana", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan":
			share += x.Share
		}
	}
	return share > 0.5
}
