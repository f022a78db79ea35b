package corpora

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	"textgan/internal/kernel"
	"textgan/internal/rng"
)

// OracleOptions are the sizes of the oracle; zeros stand for the defaults,
// which are those of SeqGAN.
type OracleOptions struct {
	Words  int // V, default 5000
	Units  int // of the embedding and of the hidden state, default 32
	Length int // T, words of every sentence, default 20; the paper also has 40

	// Seed draws the weights, default 1: another seed is another language.
	Seed uint64

	// File has weights instead, see readOracle; it says what the other options
	// say, but for Length, which may be given besides.
	File string
}

// oracle is the synthetic language of SeqGAN: an LSTM whose every weight and
// bias is a draw from N(0,1), or comes from a file, started with word 0 and a zero state, writes
// sentences of T words, "w0" ... "w4999".
//
// Yu, Zhang, Wang and Yu, "SeqGAN: sequence generative adversarial nets with
// policy gradient", AAAI 2017, https://arxiv.org/abs/1609.05473, section 4.
//
// All sentences have T words, so their end is certain and is no token.
//
// The state is float64. Logits are float32 products of package kernel, so a
// log probability is exact up to about 1e-6 nats per word; draws do not
// depend on that rounding, see draw.
type oracle struct {
	words, units, length int

	input   []float64 // [V,4H] what a word adds to the gates i, f, o, g; bias included
	state   []float64 // [H,4H] what the hidden state adds
	out     []float32 // [H,V]
	bias    []float32 // [V]
	entropy func() Entropy
}

// oracleWeights are the network as it is written down: the gates are i, f, o, g.
type oracleWeights struct {
	words, inputs, units int       // V, E, H
	embedding            []float64 // [V,E]
	toGates, state       []float64 // [E,4H], [H,4H]
	gateBias             []float64 // [4H]
	out, bias            []float64 // [H,V], [V]
}

// maxCells keeps an oracle's weights below half a gigabyte; maxLength lets a
// sentence fit into a line.
const maxCells, maxLength = 8 << 20, 4096

func newOracle(opt OracleOptions) (*oracle, error) {
	w := &oracleWeights{words: cmp.Or(opt.Words, 5000), units: cmp.Or(opt.Units, 32)}
	length, seed, source := cmp.Or(opt.Length, 20), cmp.Or(opt.Seed, 1), ""
	if opt.File != "" {
		if opt.Words != 0 || opt.Units != 0 || opt.Seed != 0 {
			return nil, fmt.Errorf("corpora: builtin:oracle: the weights of %s say how many words and units there are, and need no seed; drop these", opt.File)
		}
		var err error
		if w, length, err = readOracle(opt.File); err != nil {
			return nil, fmt.Errorf("corpora: builtin:oracle: %w", err)
		}
		length, source = cmp.Or(opt.Length, length), opt.File+": "
	}
	if w.words < 1 || w.units < 1 || w.units > maxCells/w.words || length < 1 || length > maxLength {
		return nil, fmt.Errorf("corpora: builtin:oracle: %s%d words, %d units, length %d; all must be positive, words times units at most %s, the length at most %s",
			source, w.words, w.units, length, grouped(maxCells), grouped(maxLength))
	}
	if opt.File == "" {
		w.draw(seed)
	}
	return w.oracle(length, seed), nil
}

// draw fills the weights with draws from N(0,1).
func (w *oracleWeights) draw(seed uint64) {
	v, h := w.words, w.units
	w.inputs = h
	draw := rng.Key{Seed: seed, Stream: rng.Corpus, Step: rng.OracleWeights}.Rand()
	normal := func(n int) []float64 {
		w := make([]float64, n)
		for i := range w {
			w[i] = draw.NormFloat64()
		}
		return w
	}
	w.embedding, w.toGates, w.gateBias = normal(v*h), normal(h*4*h), normal(4*h)
	w.state = normal(h * 4 * h)
	w.out, w.bias = normal(h*v), normal(v)
}

// oracle makes the language of the weights; seed is that of its estimate of the
// entropy.
func (w *oracleWeights) oracle(length int, seed uint64) *oracle {
	v, h := w.words, w.units
	o := &oracle{words: v, units: h, length: length, state: w.state}
	o.input = make([]float64, v*4*h)
	for i := range v {
		row := o.input[i*4*h:][:4*h]
		copy(row, w.gateBias)
		addProduct(row, w.embedding[i*w.inputs:][:w.inputs], w.toGates)
	}
	o.out, o.bias = make([]float32, h*v), make([]float32, v)
	for i, x := range w.out {
		o.out[i] = float32(x)
	}
	for i, x := range w.bias {
		o.bias[i] = float32(x)
	}
	o.entropy = sync.OnceValue(func() Entropy { return o.estimateEntropy(seed) })
	return o
}

// addProduct adds x [n] times w [n, len(dst)] to dst.
func addProduct(dst, x, w []float64) {
	for i, f := range x {
		for j, weight := range w[i*len(dst):][:len(dst)] {
			dst[j] += f * weight
		}
	}
}

func (o *oracle) Name() string { return "oracle" }

func (o *oracle) Tokens(string) int { return o.length }

func (o *oracle) Entropy() Entropy { return o.entropy() }

// block is the number of sentences that go through the network together.
const block = 64

// walk takes n sentences through the network, in parallel. next is told the
// logits [V] of word t of a sentence and the hidden state [H] they come from,
// and returns the word to go on with; scratch [V] is its own.
func (o *oracle) walk(n int, next func(sentence, t int, hidden []float64, logits, scratch []float32) (word int)) {
	kernel.Parallel(n, block, func(lo, hi int) {
		rows, h, v := min(hi-lo, block), o.units, o.words
		hidden, cell := make([]float64, rows*h), make([]float64, rows*h)
		gates := make([]float64, 4*h)
		hidden32 := make([]float32, rows*h)
		logits, scratch := make([]float32, rows*v), make([]float32, v)
		for ; lo < hi; lo += rows {
			rows = min(rows, hi-lo)
			clear(hidden)
			clear(cell)
			for r := range rows {
				o.advance(hidden[r*h:][:h], cell[r*h:][:h], gates, 0)
			}
			for t := range o.length {
				for i, x := range hidden {
					hidden32[i] = float32(x)
				}
				kernel.GemmBias(false, false, rows, v, h, hidden32, h, o.out, v, o.bias, logits, v)
				for r := range rows {
					state := hidden[r*h:][:h]
					word := next(lo+r, t, state, logits[r*v:][:v], scratch)
					o.advance(state, cell[r*h:][:h], gates, word)
				}
			}
		}
	})
}

// advance is one step of the LSTM of one sentence: it reads a word.
func (o *oracle) advance(hidden, cell, gates []float64, word int) {
	h := o.units
	copy(gates, o.input[word*4*h:])
	addProduct(gates, hidden, o.state)
	for j := range hidden {
		in, forget, out := sigmoid(gates[j]), sigmoid(gates[h+j]), sigmoid(gates[2*h+j])
		cell[j] = forget*cell[j] + in*math.Tanh(gates[3*h+j])
		hidden[j] = out * math.Tanh(cell[j])
	}
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

// weights sets w = exp(logits - their maximum), and returns the sum and the
// maximum.
func weights(w, logits []float32) (sum, top float64) {
	peak, _ := kernel.Max(logits)
	for i, x := range logits {
		w[i] = x - peak
	}
	kernel.Exp(w, w)
	for _, x := range w {
		sum += float64(x)
	}
	return sum, float64(peak)
}

// roundingOfShares is five times the largest error of a cumulated probability
// that float32 logits were seen to cause, at the default sizes.
const roundingOfShares = 3e-6

// draw returns the word that u in (0, 1) falls on. Where u is so near to the
// border of two words that float32 rounding could decide, float64 decides, so
// that a corpus is the same whatever instructions the kernels use.
func (o *oracle) draw(u float64, hidden []float64, logits, scratch []float32) int {
	sum, _ := weights(scratch, logits)
	target, below := u*sum, 0.0
	for word, w := range scratch {
		above := below + float64(w)
		if target < above {
			if min(target-below, above-target) > roundingOfShares*sum {
				return word
			}
			break
		}
		below = above
	}
	return o.drawExactly(u, hidden)
}

func (o *oracle) drawExactly(u float64, hidden []float64) int {
	p := make([]float64, o.words)
	for j := range p {
		p[j] = float64(o.bias[j])
	}
	for i, x := range hidden {
		for j, w := range o.out[i*o.words:][:o.words] {
			p[j] += x * float64(w)
		}
	}
	top, sum := math.Inf(-1), 0.0
	for _, x := range p {
		top = max(top, x)
	}
	for j, x := range p {
		p[j] = math.Exp(x - top)
		sum += p[j]
	}
	for j := range p {
		p[j] /= sum
	}
	return pick(p, u)
}

// sample draws n sentences, from the first on, as ids [n][T].
func (o *oracle) sample(stream rng.Stream, seed uint64, first, n int) [][]int {
	ids := make([][]int, n)
	for i := range ids {
		ids[i] = make([]int, o.length)
	}
	o.walk(n, func(i, t int, hidden []float64, logits, scratch []float32) int {
		u := sentenceKey(stream, seed, first+i).Float64(uint32(t))
		ids[i][t] = o.draw(u, hidden, logits, scratch)
		return ids[i][t]
	})
	return ids
}

func (o *oracle) Sample(seed uint64, i int) string {
	return o.spell(o.sample(rng.Corpus, seed, i, 1)[0])
}

func (o *oracle) generate(seed uint64, n int) []string {
	lines := make([]string, n)
	for i, ids := range o.sample(rng.Corpus, seed, 0, n) {
		lines[i] = o.spell(ids)
	}
	return lines
}

func (o *oracle) spell(ids []int) string {
	var b []byte
	for t, id := range ids {
		if t > 0 {
			b = append(b, ' ')
		}
		b = strconv.AppendInt(append(b, 'w'), int64(id), 10)
	}
	return string(b)
}

// read undoes spell.
func (o *oracle) read(sentence string) ([]int, bool) {
	words := strings.Split(sentence, " ")
	if len(words) != o.length {
		return nil, false
	}
	ids := make([]int, len(words))
	for t, w := range words {
		id, err := strconv.Atoi(strings.TrimPrefix(w, "w"))
		if err != nil || id < 0 || id >= o.words {
			return nil, false
		}
		ids[t] = id
	}
	return ids, o.spell(ids) == sentence // no leading zeros and the like
}

func (o *oracle) LogProb(sentence string) (float64, bool) {
	p := o.logProbs([]string{sentence})[0]
	return p, !math.IsInf(p, -1)
}

// logProbs is LogProb of many sentences.
func (o *oracle) logProbs(sentences []string) []float64 {
	p := make([]float64, len(sentences))
	var ids [][]int
	var at []int // of ids in sentences
	for i, s := range sentences {
		if r, ok := o.read(s); ok {
			ids, at = append(ids, r), append(at, i)
		} else {
			p[i] = math.Inf(-1)
		}
	}
	o.walk(len(ids), func(i, t int, _ []float64, logits, scratch []float32) int {
		sum, top := weights(scratch, logits)
		word := ids[i][t]
		p[at[i]] += float64(logits[word]) - top - math.Log(sum)
		return word
	})
	return p
}

// entropySamples keeps the standard error of the entropy near 0.1 % and its
// computation near a second.
const entropySamples = 2000

// estimateEntropy is the mean over samples of the sum over t of the entropy of
// word t given the words before: the chain rule, with less variance than the
// mean of -log p.
func (o *oracle) estimateEntropy(seed uint64) Entropy {
	perSentence := make([]float64, entropySamples)
	o.walk(entropySamples, func(i, t int, hidden []float64, logits, scratch []float32) int {
		sum, top := weights(scratch, logits)
		mean := 0.0 // of the logits, under the distribution
		for j, w := range scratch {
			mean += float64(w) * float64(logits[j])
		}
		perSentence[i] += top + math.Log(sum) - mean/sum
		u := sentenceKey(rng.Eval, seed, i).Float64(uint32(t))
		return o.draw(u, hidden, logits, scratch)
	})
	var m moments
	for _, h := range perSentence {
		m.add(h)
	}
	return Entropy{Sentence: m.mean, Token: m.mean / float64(o.length), SE: m.standardError()}
}
