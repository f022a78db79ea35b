package main

import (
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"textgan/eval"
	"textgan/internal/config"
	"textgan/internal/machine"
)

// bleuOptions are what BLEU and self-BLEU have in common.
type bleuOptions struct {
	Protocol    string `opt:"protocol" check:"oneof=texygen|texygen-fast|relgan|textgan-pytorch|gans-falling-short" doc:"score as that paper's code does: its sample sizes, letters, tokens and rounding"`
	MaxN        int    `opt:"max-n" default:"5" check:"min=1,max=9" doc:"longest n-gram"`
	Smoothing   string `opt:"smoothing" default:"method1" check:"oneof=none|method0|method1|method2|method3|method4|method5|method7" doc:"what becomes of a precision of 0, as in NLTK; with method5 and method7 a score can exceed 1"`
	CorpusLevel bool   `opt:"corpus-level" doc:"pool the counts of all sentences instead of averaging their scores"`
	tokenizer
	Bootstrap  int     `opt:"bootstrap" default:"0" check:"min=0,max=10000000" doc:"resamples for confidence intervals; 0: none" group:"uncertainty"`
	Confidence float64 `opt:"confidence" default:"0.95" check:"above=0,below=1" doc:"of the intervals" group:"uncertainty"`
	Seed       uint64  `opt:"seed" default:"1" doc:"of the resamples" group:"uncertainty"`
	textInput
	jsonOption
}

// protocol returns the protocol that was asked for, if any. Options that it
// would overrule are refused.
func (o bleuOptions) protocol(given []config.Layer, overruled ...string) (eval.Protocol, bool, error) {
	if o.Protocol == "" {
		return eval.Protocol{}, false, nil
	}
	for _, layer := range given {
		for _, name := range append(overruled, "smoothing", "corpus-level", "tokenizer", "tokenizer-file", "case") {
			if v, ok := layer[name]; ok {
				return eval.Protocol{}, false, usage("textgan eval", "%s: the protocol %s has its own; drop one of them", v.Quote, o.Protocol)
			}
		}
	}
	p, err := eval.LookupProtocol(o.Protocol)
	return p, true, err
}

func (o bleuOptions) scoring() (opt eval.Options, tokenize eval.Tokenizer, err error) {
	k := tokens{name: o.Tokenizer}
	if o.Protocol == "" { // which has its own
		if k, err = o.tokenizer.tokens(nil); err != nil {
			return opt, nil, err
		}
	}
	smoothing, err := eval.ParseSmoothing(o.Smoothing)
	if err != nil {
		return opt, nil, err
	}
	opt = eval.Options{
		MaxN: o.MaxN, Smoothing: smoothing, Bootstrap: o.Bootstrap, Confidence: o.Confidence, Seed: o.Seed,
		Case: k.letters, Tokenizer: k.name,
	}
	if o.CorpusLevel {
		opt.Level = eval.Corpus
	}
	return opt, k.tokenize, nil
}

func evalBLEUCommand(p *process) *cli.Command {
	type options struct {
		Hyp string   `opt:"hyp" check:"required" doc:"text to score, one sentence per line; blank lines score 0" meta:"FILE"`
		Ref []string `opt:"ref" check:"required,paths" doc:"references: each line of each file is one for every sentence" meta:"FILE,..."`
		bleuOptions
	}
	return command(p, cli.Command{
		Name: "bleu", Usage: "how much text looks like references: BLEU-1 to BLEU-n",
		Description: "The mean over sentences of NLTK's sentence_bleu with uniform weights, or corpus_bleu.\nFiles may be a line per sentence, JSON, CSV, TSV, Parquet or FASTA, also .gz or .zst, several of them,\na directory, builtin:NAME, or - for standard input.",
	}, func(c call[options]) error {
		opt, tokenize, err := c.opt.scoring()
		if err != nil {
			return err
		}
		if err := oneStdin(append(c.opt.Ref, c.opt.Hyp)...); err != nil {
			return err
		}
		protocol, published, err := c.opt.protocol(c.given)
		if err != nil {
			return err
		}
		var references []string
		for _, name := range c.opt.Ref {
			text, err := c.openAs(asReference, nil, name, c.opt.textInput)
			if err != nil {
				return err
			}
			references = append(references, text.Lines...)
		}
		text, err := c.openAs(asJudged, nil, c.opt.Hyp, c.opt.textInput)
		if err != nil {
			return err
		}
		var score eval.Score
		if published {
			score, err = protocol.BLEU(text.WithBlanks(), references, opt)
		} else {
			if err := foresee(tokenize, max(c.opt.MaxN, 5), func(of func([]string) eval.Forecast) machine.Need {
				return eval.BLEUNeeds(of(text.Lines), of(references))
			}); err != nil {
				return err
			}
			score, err = bleu(text.WithBlanks(), references, tokenize, opt)
		}
		if err != nil {
			return err
		}
		return c.printScore("BLEU", score, c.opt.JSON)
	})
}

// bleu scores lines a block at a time: beside the text itself it needs memory
// for the references only.
func bleu(lines, references []string, tokenize eval.Tokenizer, opt eval.Options) (eval.Score, error) {
	words := eval.NewLexicon()
	r, err := eval.NewReferences(words.Add(references, tokenize), opt.MaxN)
	if err != nil {
		return eval.Score{}, err
	}
	meter, err := r.Meter(opt)
	if err != nil {
		return eval.Score{}, err
	}
	for block := range slices.Chunk(lines, 1<<16) {
		meter.Add(words.Find(block, tokenize))
	}
	return meter.Score()
}

// printScore prints a score for people or as JSON.
func (p *process) printScore(name string, s eval.Score, asJSON bool) error {
	if asJSON {
		return p.printJSON(s)
	}
	for i, v := range s.ByOrder {
		line := fmt.Sprintf("%s-%d  %.4f", name, i+1, v)
		if s.StdErr != nil {
			line += fmt.Sprintf("  ± %.4f", s.StdErr[i])
		}
		if s.Intervals != nil {
			line += fmt.Sprintf("  [%.4f, %.4f]", s.Intervals[i].Lo, s.Intervals[i].Hi)
		}
		if _, err := fmt.Fprintln(p.out, line); err != nil {
			return err
		}
	}
	if s.Short > 0 && s.Lines > 0 {
		fmt.Fprintln(p.out, shortNote(s.Short, s.Lines, len(s.ByOrder)))
	}
	for _, note := range s.Notes {
		fmt.Fprintln(p.out, note)
	}
	_, err := fmt.Fprintln(p.out, s.Signature)
	return err
}

// shortNote explains the BLEU of lines that have no n-gram of the highest order.
func shortNote(short, lines, order int) string {
	return fmt.Sprintf("%d of %d lines have fewer than %d tokens: smoothing alone decides their BLEU-%d, below 1 even against themselves", short, lines, order, order)
}
