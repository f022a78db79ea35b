#!/usr/bin/env bash
# gomarkov (2023-11-20), Markov chains of text in Go: Generate() does not draw from the chain's own
# probabilities. A random number from 0 to n - 1 is counted down until it is no longer above 0, so
# that of the words behind a context the one that the text has first gets a chance of 1 / n more,
# and the one it has last as much less: of two words that followed once each the second
# is never written, though TransitionProbability() has 1/2 for it; the same sentences in another
# order make another language. In a text most contexts are that rare: of 300 sentences every
# ninth continuation is never written by a chain of bigrams where there is a choice, every fourth by
# one of trigrams.
set -euo pipefail
dir=$(mktemp -d)
trap 'chmod -R u+w "$dir"; rm -rf "$dir"' EXIT
cd "$dir"
go mod init finding >/dev/null 2>&1
go get github.com/mb-14/gomarkov@v0.0.0-20231120193207-9cbdc8df67a8 >/dev/null 2>&1
cat >main.go <<'GO'
package main

import (
	"fmt"
	"math/rand"
	"strings"

	"github.com/mb-14/gomarkov"
)

func must[T any](x T, err error) T {
	if err != nil {
		panic(err)
	}
	return x
}

// ask prints how often each word is written behind a context.
func ask(r *rand.Rand, chain *gomarkov.Chain, context []string, words ...string) {
	const n = 10000
	seen := make(map[string]int)
	for range n {
		seen[must(chain.GenerateDeterministic(context, r))]++
	}
	fmt.Printf("behind %q:", strings.Join(context, " "))
	for _, w := range words {
		fmt.Printf(" %s %.3f, written %.3f;", w, must(chain.TransitionProbability(w, context)), float64(seen[w])/n)
	}
	fmt.Println()
}

func main() {
	r := rand.New(rand.NewSource(1))
	for _, text := range [][]string{
		{"the dog sleeps", "the cat sleeps"},
		{"the cat sleeps", "the dog sleeps"},
		{"the dog sleeps", "the cat sleeps", "the owl sleeps", "the fox sleeps"},
		{"the dog sleeps", "the cat sleeps", "the cat sleeps"},
	} {
		chain := gomarkov.NewChain(1)
		for _, sentence := range text {
			chain.Add(strings.Fields(sentence))
		}
		words := []string{}
		for _, sentence := range text {
			if w := strings.Fields(sentence)[1]; len(words) == 0 || words[len(words)-1] != w {
				words = append(words, w)
			}
		}
		ask(r, chain, []string{"the"}, words...)
	}

	// A text of Zipf's law over 200 words, each sentence 4 to 12 words long.
	zipf := rand.NewZipf(r, 1.2, 2, 199)
	var text [][]string
	for range 300 {
		sentence := make([]string, 4+r.Intn(9))
		for i := range sentence {
			sentence[i] = fmt.Sprint("w", zipf.Uint64())
		}
		text = append(text, sentence)
	}
	for order := 1; order <= 2; order++ {
		chain, follows := gomarkov.NewChain(order), make(map[string]map[string]int)
		for _, sentence := range text {
			chain.Add(sentence)
			padded := strings.Fields(strings.Repeat("^ ", order) + strings.Join(sentence, " ") + strings.Repeat(" $", order))
			for i := order; i < len(padded); i++ {
				if padded[i-1] == "$" {
					break
				}
				context := strings.Join(padded[i-order:i], " ")
				if follows[context] == nil {
					follows[context] = make(map[string]int)
				}
				follows[context][padded[i]]++
			}
		}
		known, never := 0, 0
		for context, words := range follows {
			if len(words) < 2 {
				continue // no choice
			}
			n := 0
			for _, count := range words {
				n += count
			}
			written := make(map[string]bool)
			for range 40 * n { // what has a chance of 1 in n is missed in e^-40 of all cases
				written[must(chain.GenerateDeterministic(strings.Fields(context), r))] = true
			}
			for word := range words {
				known++
				if !written[word] {
					never++
				}
			}
		}
		fmt.Printf("order %d: %d of %d continuations are never written where there is a choice\n", order, never, known)
	}
}
GO
go mod tidy >/dev/null 2>&1
out=$(go list -m github.com/mb-14/gomarkov && go run .)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
github.com/mb-14/gomarkov v0.0.0-20231120193207-9cbdc8df67a8
behind "the": dog 0.500, written 1.000; cat 0.500, written 0.000;
behind "the": cat 0.500, written 1.000; dog 0.500, written 0.000;
behind "the": dog 0.250, written 0.501; cat 0.250, written 0.250; owl 0.250, written 0.249; fox 0.250, written 0.000;
behind "the": dog 0.333, written 0.672; cat 0.667, written 0.328;
order 1: 151 of 1409 continuations are never written where there is a choice
order 2: 305 of 1202 continuations are never written where there is a choice
EXPECTED
