// Package words looks at a text GAN while it is trained: what it writes, what its
// discriminator looks at, and where it stands against language models of other
// temperatures.
package words

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"textgan/internal/nn"
)

// Filters are the convolutions of a discriminator over words (Kim 2014), read from its
// weights in float64.
type Filters struct {
	E      int // size of an embedding
	table  []float32
	widths []int
	w, b   []*nn.Param
}

// NewFilters finds the embeddings and filters of the given widths among the weights of a
// discriminator of the kind cnn.
func NewFilters(weights nn.Params, widths []int) (*Filters, error) {
	find := func(name string) (*nn.Param, error) {
		for _, p := range weights {
			if p.Name == name {
				return p, nil
			}
		}
		return nil, fmt.Errorf("words: the discriminator has no %s; only a cnn has filters over words", name)
	}
	table, err := find("d.embedding")
	if err != nil {
		return nil, err
	}
	f := &Filters{E: table.Shape[1], table: table.Data, widths: widths}
	for _, k := range widths {
		w, err := find(fmt.Sprintf("d.conv%d.w", k))
		if err != nil {
			return nil, err
		}
		b, err := find(fmt.Sprintf("d.conv%d.b", k))
		if err != nil {
			return nil, err
		}
		f.w, f.b = append(f.w, w), append(f.b, b)
	}
	return f, nil
}

// Len is the number of filters, of all widths together.
func (f *Filters) Len() (n int) {
	for _, b := range f.b {
		n += len(b.Data)
	}
	return n
}

// Width is the number of words that filter i spans.
func (f *Filters) Width(i int) int {
	for k, b := range f.b {
		if i < len(b.Data) {
			return f.widths[k]
		}
		i -= len(b.Data)
	}
	panic("words: no such filter")
}

// Fire is what each filter says of a sentence: its greatest value over all windows, 0
// if none is above, and the word at which the first such window begins. A sentence
// shorter than a filter has one window.
func (f *Filters) Fire(ids []int32) (value []float64, at []int) {
	for k, width := range f.widths {
		w, b := f.w[k].Data, f.b[k].Data
		F := len(b)
		best, where := make([]float64, F), make([]int, F)
		for i := range best {
			best[i] = math.Inf(-1)
		}
		sum := make([]float64, F)
		for from := 0; from == 0 || from+width <= len(ids); from++ {
			for i := range sum {
				sum[i] = float64(b[i])
			}
			for j, id := range ids[from:min(from+width, len(ids))] {
				for e, x := range f.table[int(id)*f.E:][:f.E] {
					row := w[(j*f.E+e)*F:][:F]
					for i := range sum {
						sum[i] += float64(x) * float64(row[i])
					}
				}
			}
			for i, v := range sum {
				if v > best[i] {
					best[i], where[i] = v, from
				}
			}
		}
		for _, v := range best {
			value = append(value, max(v, 0))
		}
		at = append(at, where...)
	}
	return value, at
}

// Told is how a filter tells real sentences from generated ones.
type Told struct {
	Filter, Width   int
	Real, Generated float64 // mean of its value
	// Separation is their difference in standard deviations of the value: d', above 0 if
	// the filter fires for real sentences.
	Separation float64
	Grams      []Gram // the different windows it fires for most, the strongest first
}

// Gram is words that a filter has fired for.
type Gram struct {
	IDs   []int32
	Value float64
}

// Tell judges all filters, those that separate best first, with up to n windows each.
func (f *Filters) Tell(real, generated [][]int32, n int) []Told {
	told := make([]Told, f.Len())
	grams := make([]map[string]Gram, len(told))
	values := make([][2][]float64, len(told))
	for side, set := range [2][][]int32{real, generated} {
		for _, ids := range set {
			value, at := f.Fire(ids)
			for i, v := range value {
				values[i][side] = append(values[i][side], v)
				window := ids[at[i]:min(at[i]+f.Width(i), len(ids))]
				if grams[i] == nil {
					grams[i] = map[string]Gram{}
				}
				if v > 0 {
					grams[i][fmt.Sprint(window)] = Gram{window, v}
				}
			}
		}
	}
	for i := range told {
		t := &told[i]
		t.Filter, t.Width = i, f.Width(i)
		var varReal, varGenerated float64
		t.Real, varReal = moments(values[i][0])
		t.Generated, varGenerated = moments(values[i][1])
		if v := (varReal + varGenerated) / 2; v > 0 {
			t.Separation = (t.Real - t.Generated) / math.Sqrt(v)
		}
		for _, g := range grams[i] {
			t.Grams = append(t.Grams, g)
		}
		slices.SortFunc(t.Grams, func(a, b Gram) int {
			return cmp.Or(cmp.Compare(b.Value, a.Value), slices.Compare(a.IDs, b.IDs))
		})
		t.Grams = t.Grams[:min(n, len(t.Grams))]
	}
	slices.SortStableFunc(told, func(a, b Told) int { return cmp.Compare(math.Abs(b.Separation), math.Abs(a.Separation)) })
	return told
}

func moments(x []float64) (mean, variance float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(max(len(x)-1, 1))
	}
	return mean, variance
}
