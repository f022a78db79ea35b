package main

import (
	"fmt"

	"textgan/eval"
	"textgan/internal/machine"
)

// foresee refuses texts that this machine has not got the memory to judge. needs tells
// what it takes from a forecast of each text. What no text of their sizes can exceed comes
// first, because it costs nothing; only where that is too much is a part of the texts read.
func foresee(tokenize eval.Tokenizer, order int, needs func(of func(lines []string) eval.Forecast) machine.Need) error {
	if needs(func(lines []string) eval.Forecast { return eval.Most(lines, order) }).Check() == nil {
		return nil
	}
	if err := needs(func(lines []string) eval.Forecast { return eval.Foretell(lines, tokenize, order) }).Check(); err != nil {
		return fmt.Errorf("eval: to judge these texts %w", err)
	}
	return nil
}
