package eval

import (
	"math"

	"textgan/internal/kernel"
	"textgan/internal/machine"
)

// A Forecast says how much there is in a text, told from a part of its lines: what a
// metric will take of memory can be worked out before any of it is allocated. Numbers
// of the whole text are exact for texts of up to 20,000 lines.
type Forecast struct {
	Lines  float64
	Bytes  float64 // of the lines
	Tokens float64
	Words  float64   // different ones
	Grams  []float64 // different n-grams, [order-1]
	Shared []float64 // of these, those whose two parts of n-1 tokens stand in several lines: what self-BLEU keeps at a time
}

// sized is a Forecast of what is known without a look at the tokens.
func sized(lines []string, order int) Forecast {
	f := Forecast{Lines: float64(len(lines)), Grams: make([]float64, order), Shared: make([]float64, order)}
	for _, line := range lines {
		f.Bytes += float64(len(line))
	}
	return f
}

// Foretell looks at n-grams up to the given order. It reads every line of a text of up
// to 20,000 lines, and that many, or a twentieth, of a longer one, at equal distances.
// How the numbers grow from a sixteenth to a quarter of that part, and to all of it, they
// grow on: the exponent of each quadrupling is to the one before as that was to its own
// predecessor, and never larger.
func Foretell(lines []string, tokenize Tokenizer, order int) Forecast {
	return ForetellMore(lines, float64(len(lines)), tokenize, order)
}

// ForetellMore is Foretell of a text of n lines, of which those are a sample.
func ForetellMore(lines []string, n float64, tokenize Tokenizer, order int) Forecast {
	f := sized(lines, order)
	if len(lines) == 0 {
		return f
	}
	f.Bytes *= n / f.Lines
	f.Lines = n
	part := NewLexicon().Add(Every(lines, max(20_000, len(lines)/20)), tokenize)
	scale := f.Lines / float64(len(part))
	var seen [3]counted
	for i := range seen {
		if i < 2 && scale == 1 {
			continue // all is known
		}
		seen[i] = count(Every(part, max(1, len(part)>>(4-2*i))), order)
	}
	f.Tokens = seen[2].tokens * scale
	grow := func(of func(counted) float64) float64 {
		n := of(seen[2])
		if scale == 1 || n == 0 {
			return n
		}
		a, b := exponent(of(seen[0]), of(seen[1])), exponent(of(seen[1]), n)
		falls := 1.
		if a > 0 {
			falls = min(1, max(0, b/a))
		}
		for left := scale; left > 1; left /= 4 {
			b *= falls
			n *= math.Pow(min(left, 4), b)
		}
		return min(n, f.Tokens)
	}
	f.Words = grow(func(c counted) float64 { return c.words })
	for n := range order {
		f.Grams[n] = grow(func(c counted) float64 { return c.grams[n] })
		f.Shared[n] = grow(func(c counted) float64 { return c.shared[n] })
	}
	return f
}

// exponent is that of the growth from a to b where the text becomes four times as long.
func exponent(a, b float64) float64 {
	if a <= 0 || b <= a {
		return 0
	}
	return math.Log(b/a) / math.Log(4)
}

// counted is what a part of a text holds.
type counted struct {
	tokens, words float64
	grams, shared []float64
}

func count(lines [][]int32, order int) (c counted) {
	all := newCensus(order, lines)
	c.grams = make([]float64, order)
	for _, n := range all.order[1:] {
		c.grams[n-1]++
	}
	c.words = c.grams[0]
	for _, line := range lines {
		c.tokens += float64(len(line))
	}
	for _, n := range newOthers(lines, order).kept {
		c.shared = append(c.shared, float64(n))
	}
	return c
}

// Most is a Forecast that no text of that many lines and bytes exceeds, whatever a token is.
func Most(lines []string, order int) Forecast { return sized(lines, order).most() }

// MostOf is Most of a text of so many lines of so many bytes each.
func MostOf(lines, bytes float64, order int) Forecast {
	f := sized(nil, order)
	f.Lines, f.Bytes = lines, lines*bytes
	return f.most()
}

func (f Forecast) most() Forecast {
	f.Tokens, f.Words = f.Bytes, f.Bytes
	for n := range f.Grams {
		f.Grams[n], f.Shared[n] = f.Bytes, f.Bytes
	}
	return f
}

// Bytes of memory. Garbage is not collected at once, and what grows stands beside what it
// was: garbage and growing are what that comes to, as measured on texts of 100,000 to
// 1,000,000 captions.
const (
	program = 22e6
	garbage = 1.2
	growing = 2.
	perLine = 40. // of a line read: where it is, its number in the file, what is lost by rounding
	perID   = 24. // of a line of ids: where these are
)

// table is what an ngrams of n n-grams takes while it grows to that.
func table(n float64) float64 {
	slots := math.Exp2(math.Ceil(math.Log2(max(1024, n/.75))))
	return 1.5 * 12 * slots
}

func sum(all []float64) (s float64) {
	for _, x := range all {
		s += x
	}
	return s
}

// text is what the lines take, a second list of them included, and ids what the tokens do.
func (f Forecast) text() float64 { return garbage * (1.15*f.Bytes + (perLine+16)*f.Lines) }
func (f Forecast) ids() float64  { return garbage * (4*f.Tokens + perID*f.Lines + 100*f.Words) }

// census is what counting n-grams of one text, or of two together, takes. It is done several
// times, of which the one before is garbage still.
func (f Forecast) census(texts float64) float64 {
	n := sum(f.Grams)
	return 1.3 * garbage * (table(n) + n*(growing+8*texts+4))
}

// model is what a language model of five orders takes.
func (f Forecast) model() float64 {
	n := sum(f.Grams[:min(5, len(f.Grams))]) + 2*f.Lines
	return garbage * (table(n) + n*(growing*(4+1+4+4)+4+1+24))
}

func (f Forecast) references() float64 {
	n := sum(f.Grams)
	return garbage * (table(n) + growing*4*n)
}

func (f Forecast) selfBLEU() float64 {
	most := 0.
	for _, n := range f.Shared {
		most = max(most, n)
	}
	return garbage * (table(most) + growing*12*most + 4*f.Tokens + (9+4*float64(len(f.Shared)))*f.Lines)
}

// copies is a CopyIndex while it is made.
func (f Forecast) copies() float64 { return garbage * (16*f.Tokens + 16*f.Lines) }

// lines are texts that are held as such.
func lines(texts ...Forecast) machine.Need {
	bytes := 0.
	for _, f := range texts {
		bytes += f.text() + f.ids()
	}
	return machine.Need{{What: "the program", Bytes: program}, {What: "the text", Bytes: bytes, Lower: fewer}}
}

const (
	fewer = "the number of lines"
	maxN  = "--max-n"
)

// together is a text of the lines of two of one kind, of which the shorter adds three
// quarters of its n-grams to those of the longer.
func together(a, b Forecast) Forecast {
	if sum(a.Grams) < sum(b.Grams) {
		a, b = b, a
	}
	f := Forecast{Grams: make([]float64, len(a.Grams))}
	for n := range f.Grams {
		f.Grams[n] = a.Grams[n] + .75*b.Grams[n]
	}
	return f
}

// NLLNeeds is what scoring a text by a model takes beside the model and the few lines that
// are read at once.
func NLLNeeds(text Forecast) machine.Need { return lines(text) }

// SelfBLEUNeeds is what SelfBLEU of a text takes of memory, from reading it on.
func SelfBLEUNeeds(text Forecast) machine.Need {
	return append(lines(text), machine.Part{What: "n-grams", Bytes: text.selfBLEU(), Lower: fewer})
}

// BLEUNeeds is what BLEU of a text takes, whose ids are made a block at a time.
func BLEUNeeds(text, reference Forecast) machine.Need {
	text.Tokens, text.Words = 0, 0
	return append(lines(text, reference), machine.Part{What: "n-grams of the references", Bytes: reference.references(), Lower: fewer + " or " + maxN})
}

// DiversityNeeds is what Diverse takes, and Compare if there is a second text.
func DiversityNeeds(text Forecast, train ...Forecast) machine.Need {
	bytes := text.census(1)
	for _, f := range train {
		bytes = max(bytes, together(text, f).census(2)) + f.copies()
	}
	return append(lines(append(train, text)...), machine.Part{What: "n-grams", Bytes: bytes, Lower: fewer + " or " + maxN})
}

// SuiteNeeds is what a Suite takes to judge texts against a reference; train may be empty.
func SuiteNeeds(reference, train Forecast, texts ...Forecast) machine.Need {
	need := lines(append(texts, reference, train)...)
	var work float64
	for _, f := range texts {
		work = max(work, f.selfBLEU(), f.model(), together(f, reference).census(2))
	}
	return append(need, machine.Part{What: "n-grams", Bytes: reference.references() + reference.model() + train.copies() + work, Lower: fewer + " or " + maxN})
}

// FrontierNeeds is what a Suite takes to place texts on planes, so many and each such as
// text, which are all held until the last is placed. Of train the words are learnt.
func FrontierNeeds(reference, train, text Forecast, texts float64) machine.Need {
	one := text
	one.Bytes, one.Lines = 0, 0 // counted with the others
	need := lines(reference, train, one)
	return append(need,
		machine.Part{What: "suffixes of the training text", Bytes: train.copies(), Lower: "the lines of --train"},
		machine.Part{What: "samples", Bytes: texts * text.text(), Lower: samples},
		machine.Part{What: "n-grams", Bytes: reference.references() + reference.model() + max(text.selfBLEU(), text.model()), Lower: samples})
}

// samples are the options that make the samples of a frontier shorter and fewer.
const samples = "-n, --repeat, or the number of temperatures or runs"

// FeaturesNeeds is what the distances of a Suite take for features of so many dimensions
// of a reference and the longest of the texts: vectors of float64, on the way to MAUVE several
// times, and the covariances of FrechetOf on every core.
func FeaturesNeeds(reference, text float64, dims int) machine.Need {
	d, both := float64(dims), min(reference, text)
	return machine.Need{
		{What: "sentence features", Bytes: 8 * d * (reference + 7*both), Lower: fewer},
		{What: "covariances of sentence features", Bytes: 8 * d * d * 8 * float64(kernel.Threads()+1), Lower: "the units of --encoder"},
	}
}
