package corpora_test

import (
	"fmt"
	"os"
	"strings"

	"textgan/corpora"
)

func ExampleOpen() {
	c, err := corpora.Open("-", corpora.Options{Stdin: strings.NewReader("a red kite\n\na blue kite\na red kite\n")})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(c.Lines), "sentences,", c.Duplicates, "duplicate,", c.Blank, "blank line")
	train, valid, err := c.Split(0.3, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(train.Lines, valid.Lines)
	// Output:
	// 3 sentences, 1 duplicate, 1 blank line
	// [a red kite a red kite] [a blue kite]
}

// Samples of a model are judged by the language that the model has learned.
func ExampleEvaluate() {
	lang, err := corpora.NewLanguage("captions", corpora.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	j := corpora.Evaluate(lang, []string{
		"the dogs that chase a cat are sleeping",
		"the dogs that chase a cat is sleeping",
	})
	fmt.Printf("%d of %d valid, %.2f nats per sentence; entropy %.2f\n", j.Valid, j.Sentences, j.NLL, lang.Entropy().Sentence)
	// Output:
	// 1 of 2 valid, 20.43 nats per sentence; entropy 20.07
}

func ExampleCorpus_Stats() {
	c, err := corpora.Open("builtin:arithmetic", corpora.Options{Seed: 1, Lines: 1000})
	if err != nil {
		fmt.Println(err)
		return
	}
	s := c.Stats(strings.Fields)
	s.SHA256 = s.SHA256[:16]
	s.WriteTable(os.Stdout)
	// Output:
	// corpus                                 builtin:arithmetic
	// sha256                                 e37804b404a572be
	// lines                                  1,000
	// blank lines left out                   0
	// duplicate lines                        871 (87.1 %)
	// different token by token               129
	// tokens                                 2,548
	// vocabulary                             5
	// tokens seen once                       0 (0.0 % of the vocabulary)
	// mean length                            2.55 tokens
	// length min/5%/25%/50%/75%/95%/99%/max  1/1/1/1/3/9/11/11
	// --max-len that keeps 99 % of lines     11
	// --min-count 1                          5 tokens; unknown 0.00 % here, 0.00 % of new text
	// script of letters                      Latin 100.0 %
	// entropy                                2.1815 nats per sentence (exact), 0.6241 per token
}
