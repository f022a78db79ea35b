package train

import (
	"math"
	"slices"

	"textgan/discriminator/ratio"
	"textgan/eval"
	"textgan/internal/config"
	"textgan/internal/machine"
	"textgan/train/model"
)

// program is what the program takes of memory before it does anything, in bytes.
const program = 40 << 20

// evaluated is what BLEU and self-BLEU keep of a token of a sample: its n-grams of one
// order after the other, with their counts, in bytes.
const evaluated = 150

// memory is what a run on d will take of memory at its largest. It follows the lists of
// what is made: of weights, of the graphs of each phase, and of an evaluation.
func (c Config) memory(d *model.Data) machine.Need {
	v, T := d.Vocab.Size(), d.MaxT
	if c.Model == "gan" && (c.DKind == "cnn" || c.DKind == "relgan") {
		T = max(T, slices.Max(c.DWidths))
	}
	net := c.Generator(v).Size()
	all := c.Architecture(v).Size() // with the encoder
	back, backE := c.backwardsModel(v).Size(), float64(c.backwardsModel(v).Emb)
	const float = 4
	B, V, E := float64(c.part()), float64(v), float64(c.Emb)
	N := B * float64(T)
	real := B * min(float64(T), 1.5*(meanLength(d.Train)+1)) // pages of the padding are never touched

	// Weights, the best of them, moments, gradients; each graph has the output matrix
	// transposed and with rows on cache lines, and a gradient of it for each half of the batch.
	weights := 4*all.Weights + 2*net.Weights + all.Weights + 4*net.Matrix
	packed := 0. // of each matrix on the right of products
	if c.bf16() {
		packed = 1
	}
	weights += packed * 3 * net.Matrix // of likelihood training, and of sampling
	rows := real * (all.Token + 2*E)   // teacher forcing with gradients
	if c.HasVAE() {
		rows *= 2 // and of held-out text, which others score
	} else {
		rows += 2 * 32 * (net.Row + V)
	}
	var dis float64
	if c.Model == "gan" {
		size, De := c.Options.Config(v).Size(), float64(c.DEmb)
		if c.Options.Config(v).Reads() { // a table of all that two language models read by, gradients of it, and the models' states
			De = back.Matrix/V + net.Matrix/V + backE + E + 3
			size.Weights += V * De
			size.Token += 4*De + back.Token + net.Token + 2*(backE+E)
			size.Row += 2 * V
		}
		dis = 3*size.Weights + 2*size.Weights
		if c.longSteps() { // copies of weights and moments
			weights += 3 * net.Weights
			dis += 3 * size.Weights
		}
		rows += 2 * ((real+N)*size.Token + 2*B*size.Row) // its step and that of the generator
		if e, err := ParseEstimator(c.Estimator); err == nil && e.choice != nil {
			weights += 2*net.Weights + 2*net.Matrix + 2*V*(E+De)
			steps := 1. // graphs that relaxed words are written in
			if !e.Hard() {
				steps, weights = 2, weights+net.Matrix+V*(E+De)
			}
			if e.joint() { // what the other sentences say, for a step of the rollout
				rows += B * (V + De)
			}
			weights += packed * steps * 2 * (net.Matrix + V*(E+De))
			rows += steps*N*(V+3*E+net.Token+2*De) + (steps-1)*B*V + max(B, 128)*V
		} else {
			weights += net.Weights + 3*net.Matrix
			rows += N * (net.Token + 2*E)
		}
	}
	if c.HasBackwards() {
		weights += 6 * back.Weights
		rows += real * (back.Token + 2*backE)
	}
	if c.Accumulate > 1 { // sums of gradients
		weights += 2*all.Weights + net.Weights
		dis += dis / 5
	}
	round := 0.
	if c.CoopRounds > 0 {
		weights += 5*net.Weights + (6+3*packed)*net.Matrix
		rows += float64(c.CoopBatch/c.Accumulate) * min(float64(T), 1.5*(meanLength(d.Train)+1)) * 2 * net.Token
		// A sentence of the pool, and one and a half that are drawn and scored.
		round = float64(c.CoopSentences) * (4*float64(T+2) + 1.5*(120+4*(meanLength(d.Train)+1)))
	}
	counts := 0.
	if c.CoopRounds > 0 && c.criticAsks(ratio.Ngram) {
		counts = eval.KneserNeyBytes(tokensOf(d.Train)+len(d.Train), c.CoopNgram) // with the ends
	}
	text := 0.
	for _, part := range [][][]int32{d.Train, d.Held} {
		for _, s := range part {
			text += 24 + 4*float64(len(s))
		}
	}
	text += 3 * float64(len(d.Held)) * evaluated * meanLength(d.Held) / 4 // references
	sample := float64(c.EvalSamples) * (4*float64(T) + evaluated*min(float64(T), 2*meanLength(d.Held)))
	return machine.Need{
		{What: "the program", Bytes: program},
		{What: "weights of the generator", Bytes: float * weights, Lower: "--hidden, --emb, --layers or --vocab-size"},
		{What: "weights of the discriminator", Bytes: float * dis, Lower: "--d-filters or --d-emb"},
		{What: "a batch", Bytes: float * rows, Lower: "--batch or --max-len (--accumulate cuts a batch)"},
		{What: "own sentences of a round", Bytes: round, Lower: "--coop-sentences"},
		{What: "n-grams of the training text", Bytes: counts, Lower: "--coop-ngram"},
		{What: "the text", Bytes: text, Lower: "--max-bytes"},
		{What: "samples of an evaluation", Bytes: sample, Lower: "--eval-samples"},
	}
}

// checkMemory refuses a run that this machine has not got the memory for.
func (c Config) checkMemory(d *model.Data) error {
	if err := c.memory(d).Check(); err != nil {
		return &config.Error{Msg: "train: the run " + err.Error()}
	}
	return nil
}

// meanLength is that of sentences, in tokens.
func meanLength(sentences [][]int32) float64 {
	return float64(tokensOf(sentences)) / math.Max(1, float64(len(sentences)))
}

// tokensOf counts those of sentences.
func tokensOf(sentences [][]int32) (n int) {
	for _, s := range sentences {
		n += len(s)
	}
	return n
}
