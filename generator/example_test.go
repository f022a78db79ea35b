package generator_test

import (
	"fmt"
	"strings"

	"textgan/generator"
	"textgan/vocab"
)

// A generator with fresh weights, sampled with all options. Fresh weights write
// nonsense, but the options hold for every sentence.
func ExampleGenerator_NewSampler() {
	words, err := vocab.NewTokenizer("word", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := vocab.Build([]string{"the cat sleeps on the mat", "the dog runs"}, words, vocab.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	g, err := generator.New(generator.Config{Cell: "lstm", Vocab: v.Size(), Emb: 16, Hidden: 32, Layers: 1}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := g.NewSampler(generator.SampleOptions{
		MaxLen:      8, // tokens, the end of sentence included
		Temperature: 0.8,
		TopK:        6,
		TopP:        0.95,
		NoUnk:       true,
		Prompt:      v.Encode("the cat"),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sentences := s.Sample(1000, generator.Key{Seed: 7})
	prompted, unknown, longest := 0, 0, 0
	for _, ids := range sentences {
		text := v.Decode(ids)
		if strings.HasPrefix(text, "the cat") {
			prompted++
		}
		if strings.Contains(text, "<unk>") {
			unknown++
		}
		longest = max(longest, len(ids))
	}
	fmt.Println(len(sentences), "sentences,", prompted, "with the prompt,", unknown, "with <unk>; at most", longest, "tokens")
	// Output: 1000 sentences, 1000 with the prompt, 0 with <unk>; at most 8 tokens
}

// How likely sentences are, in nats per token.
func ExampleNLL() {
	g, err := generator.New(generator.Config{Cell: "gru", Vocab: 10, Emb: 4, Hidden: 8, Layers: 1}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	tally, err := generator.NLL(g.NewScorer(), [][]int32{{4, 5, 6}, {7}, {8, 9}}, 64)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d tokens, ends included; near log 8 = 2.08 at first: %v\n", tally.Tokens, 1.9 < tally.PerToken() && tally.PerToken() < 2.3)
	// Output: 9 tokens, ends included; near log 8 = 2.08 at first: true
}

// A VAE with fresh weights: sentences become codes, and codes sentences.
func ExampleNewVAE() {
	v, err := generator.NewVAE(generator.VAEConfig{
		Decoder: generator.Config{Cell: "lstm", Vocab: 10, Emb: 4, Hidden: 8, Layers: 1},
		Hidden:  8, Latent: "gaussian", Dim: 2,
	}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	e, err := v.Encoder(2, 5) // batches of 2 sentences of up to 5 tokens, the end included
	if err != nil {
		fmt.Println(err)
		return
	}
	defer e.Close()
	posteriors, err := e.Encode([][]int32{{4, 5, 6}, {7}, {8, 9}})
	if err != nil {
		fmt.Println(err)
		return
	}
	codes := posteriors.Codes() // the means
	path := generator.Path(codes[:2], codes[2:4], 4)
	w, err := v.NewCodeSampler(path, generator.SampleOptions{MaxLen: 6})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(posteriors.Len(), "codes of", v.Width(), "numbers;", len(w.Sample(4, generator.Key{Seed: 1})), "sentences on the way from the first to the second")
	// Output: 3 codes of 2 numbers; 4 sentences on the way from the first to the second
}
