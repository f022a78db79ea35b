package sampling

import (
	"errors"
	"fmt"
	"math"

	"textgan/internal/cell"
	"textgan/internal/kernel"
	"textgan/internal/memory"
	"textgan/internal/nn"
	"textgan/internal/rng"
	"textgan/vocab"
)

// Config is the architecture of a recurrent language model.
type Config struct {
	Cell    string  `json:"cell"`    // lstm, gru, relational or transformer
	Vocab   int     `json:"vocab"`   // V, special ids included
	Emb     int     `json:"emb"`     // E, size of an embedding
	Hidden  int     `json:"hidden"`  // H, units of a layer; of a slot, if it is a relational memory
	Layers  int     `json:"layers"`  // recurrent layers; blocks of a transformer
	Dropout float64 `json:"dropout"` // share of embedding and hidden values dropped in likelihood training
	Tie     bool    `json:"tie"`     // output weights are the embedding table (Emb must equal Hidden, times Slots for a relational memory)

	// Slots of a relational memory; heads of its attention, or of a transformer's,
	// which divide Hidden; tokens that a transformer looks back at, its own
	// included. Others do not read them.
	Slots   int `json:"slots,omitempty"`
	Heads   int `json:"heads,omitempty"`
	Context int `json:"context,omitempty"`
}

// Kind is the kind of its layers.
func (c Config) Kind() (cell.Cell, error) {
	switch c.Cell {
	case "lstm":
		return cell.LSTM, nil
	case "gru":
		return cell.GRU, nil
	case "relational":
		return cell.Relational{Slots: c.Slots, Heads: c.Heads}, nil
	case "transformer":
		return cell.Transformer{Blocks: c.Layers, Heads: c.Heads, Context: c.Context}, nil
	}
	return nil, fmt.Errorf("generator: cell %q is not known; use lstm, gru, relational or transformer", c.Cell)
}

// Cores is how many layers of that kind there are, one upon the other: the blocks
// of a transformer are one.
func (c Config) Cores() int {
	if c.Cell == "transformer" {
		return 1
	}
	return c.Layers
}

// Check reports the first setting that makes no sense.
func (c Config) Check() error {
	_, err := c.Kind()
	switch {
	case err != nil:
		return err
	case c.Vocab <= int(vocab.Unk)+1:
		return fmt.Errorf("generator: a vocabulary of %d ids leaves no word", c.Vocab)
	case c.Emb < 1 || c.Hidden < 1 || c.Layers < 1:
		return fmt.Errorf("generator: emb %d, hidden %d and layers %d must be at least 1", c.Emb, c.Hidden, c.Layers)
	case !(c.Dropout >= 0 && c.Dropout < 1):
		return fmt.Errorf("generator: dropout %v must lie in [0, 1)", c.Dropout)
	case c.Cell == "relational" && (c.Slots < 1 || c.Heads < 1 || c.Hidden%c.Heads != 0):
		return fmt.Errorf("generator: a relational memory of %d slots with %d heads: both must be at least 1, and the heads divide hidden, which is %d", c.Slots, c.Heads, c.Hidden)
	case c.Cell == "transformer" && (c.Context < 1 || c.Heads < 1 || c.Hidden%(2*c.Heads) != 0):
		return fmt.Errorf("generator: a transformer of %d units with %d heads that sees %d tokens: heads and tokens must be at least 1, and twice the heads divide the units", c.Hidden, c.Heads, c.Context)
	case c.Tie && c.Cell == "relational" && c.Emb != c.Slots*c.Hidden:
		return fmt.Errorf("generator: tied output weights need emb = slots x hidden, not %d and %d x %d", c.Emb, c.Slots, c.Hidden)
	case c.Tie && c.Cell != "relational" && c.Emb != c.Hidden:
		return fmt.Errorf("generator: tied output weights need emb = hidden, not %d and %d", c.Emb, c.Hidden)
	}
	return nil
}

// Network is the weights of a recurrent language model:
//
//	x_t = Table[token t-1]       [E]
//	h_t = cell(x_t, h_t-1)       [H], per layer
//	logits_t = h_t W + b         [V]
//
// Pad and Bos have a bias of -1e9, so their probability is 0 in float32 and no
// gradient ever moves them.
type Network struct {
	Config
	Kind   cell.Cell
	Params nn.Params // all of them
	Table  *nn.Param // [V,E]
	Layer  []Layer
	W, B   *nn.Param // [H,V] or the table, and [V]

	fixed []float32 // output weights of weights that stay as they are; see outputs

	stop func() bool // see SetStop; nil: never
}

// ErrStopped is the error of a Scorer that SetStop's function has stopped.
var ErrStopped = errors.New("generator: stopped")

// SetStop lets the samplers and scorers of g ask stop before each block of up to some
// thousand sentences: once it says true, always, none is begun any more. What they have
// written then is to be thrown away. Several goroutines ask; nil never stops. It must not
// be called while one of them works.
func (g *Network) SetStop(stop func() bool) { g.stop = stop }

// Stopped reports whether they have to stop.
func (g *Network) Stopped() bool { return g.stop != nil && g.stop() }

// neverLogit is finite so that an optimiser can multiply it by zero.
const neverLogit = -1e9

// Layer is the weights of a recurrent layer, in the order of its core.
type Layer struct {
	Units   int
	Weights nn.Params
}

// Data is the values of the weights.
func (l Layer) Data() (w [][]float32) {
	for _, p := range l.Weights {
		w = append(w, p.Data)
	}
	return w
}

// Initial makes fresh weights, each a function of the seed and of its name.
type Initial struct{ Seed uint64 }

// Weight appends one that is uniform in +-bound.
func (d Initial) Weight(ps *nn.Params, bound float64, name string, shape ...int) *nn.Param {
	p := ps.New(name, shape...)
	p.Uniform(bound, rng.Weights(d.Seed, name))
	return p
}

// Layer appends those of a recurrent layer.
func (d Initial) Layer(ps *nn.Params, name string, units int, core cell.Core) Layer {
	l := Layer{Units: units}
	for _, w := range core.Weights() {
		var p *nn.Param
		if w.Init == nil {
			p = d.Weight(ps, 1/math.Sqrt(float64(units)), name+w.Name, w.Shape...)
		} else {
			p = ps.New(name+w.Name, w.Shape...)
			w.Init(p.Data)
		}
		l.Weights = append(l.Weights, p)
	}
	return l
}

// New returns a network with fresh weights, a function of the configuration
// and the seed (Init stream): embeddings uniform in +-0.1, recurrent and output
// weights uniform in +-1/sqrt(H), the forget gate's bias 1.
func New(c Config, seed uint64) (*Network, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	g := &Network{Config: c}
	g.Kind, _ = c.Kind()
	draw := Initial{seed}
	bound := 1 / math.Sqrt(float64(c.Hidden))
	embBound := 0.1
	if c.Tie {
		embBound = bound
	}
	g.Table = draw.Weight(&g.Params, embBound, "g.embedding", c.Vocab, c.Emb)
	in := c.Emb
	for i := range c.Cores() {
		core := g.Kind.Core(in, c.Hidden)
		g.Layer = append(g.Layer, draw.Layer(&g.Params, fmt.Sprintf("g.layer%d.", i), c.Hidden, core))
		in = core.Sizes().Out
	}
	g.W = g.Table
	if !c.Tie {
		g.W = draw.Weight(&g.Params, bound, "g.output.w", in, c.Vocab)
	}
	g.B = g.Params.New("g.output.b", c.Vocab)
	for _, never := range []int32{vocab.Pad, vocab.Bos} {
		g.B.Data[never] = neverLogit
	}
	return g, nil
}

// Width is the number of values that the output layer reads.
func (g *Network) Width() int {
	if g.Tie {
		return g.Emb
	}
	return g.W.Shape[0]
}

// Fix promises that the weights will not change any more. Samplers that are made
// after it may be used by several goroutines.
func (g *Network) Fix() {
	if g.Tie || kernel.Stride(g.Vocab) != g.Vocab {
		g.fixed = g.outputs(g.newOutputs())
	} else {
		g.fixed = g.W.Data
	}
}

func (g *Network) newOutputs() []float32 { return memory.Floats(g.Width() * kernel.Stride(g.Vocab))[0] }

// outputs sets dst to the output weights [H,V], rows kernel.Stride(V) apart, and returns it.
func (g *Network) outputs(dst []float32) []float32 {
	if g.Tie {
		kernel.TransposeRows(dst, kernel.Stride(g.Vocab), g.Table.Data, g.Emb, g.Vocab, g.Emb)
	} else {
		kernel.CopyRows(dst, kernel.Stride(g.Vocab), g.W.Data, g.Vocab, g.Width(), g.Vocab)
	}
	return dst
}
