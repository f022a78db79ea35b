package op

import (
	"fmt"
	"strings"

	G "gorgonia.org/gorgonia"
)

// Program is a graph made ready to run: inputs are slices that the caller
// writes, Run computes the loss and, where asked for, its gradients.
//
// The library builds the graph and differentiates it; the loop over the nodes is
// here. The library's machine starts a goroutine for every run, allocates for every
// node, and lets some operations write into the memory of their inputs.
type Program struct {
	nodes []*computed // inputs before what reads them
	loss  *computed
	grads []*computed
}

// computed is a node and its value in the last run.
type computed struct {
	*G.Node
	op    G.Op // nil: a leaf, which has its value
	from  []*computed
	in    []G.Value // room for the values of from
	value G.Value
}

// Compile closes the graph. Grad(i) will be the gradient of train[i]; with no
// train nodes nothing is differentiated. It is an error if a train node is not
// a trained leaf, or has no way to the loss.
func (g *Graph) Compile(loss *G.Node, train ...*G.Node) (*Program, error) {
	if g.err != nil {
		return nil, g.err
	}
	var grads G.Nodes
	if len(train) > 0 {
		var err error
		if grads, err = G.Grad(loss, train...); err != nil {
			return nil, fmt.Errorf("op: differentiate: %w", err)
		}
	}
	nodes, err := G.Sort(g.ExprGraph) // readers first
	if err != nil {
		return nil, fmt.Errorf("op: %w", err)
	}
	// The library tells nodes apart by a 32-bit hash alone: refuse a collision.
	seen := map[uint32]*G.Node{}
	p := new(Program)
	for i := len(nodes) - 1; i >= 0; i-- {
		n := nodes[i]
		if m, dup := seen[n.Hashcode()]; dup && m != n {
			return nil, fmt.Errorf("op: nodes %v and %v share a hash; build the graph again", m, n)
		}
		seen[n.Hashcode()] = n
		c, err := g.computed(n)
		if err != nil {
			return nil, err
		}
		p.nodes = append(p.nodes, c)
	}
	p.loss = g.values[loss]
	for _, n := range grads {
		p.grads = append(p.grads, g.values[n])
	}
	return p, nil
}

// computed enters a node behind its inputs.
func (g *Graph) computed(n *G.Node) (*computed, error) {
	c := &computed{Node: n, op: n.Op()}
	g.values[n] = c
	if c.op == nil {
		return c, nil
	}
	if c.op.Type() == nil { // a statement, which only the library's machine knows
		return nil, fmt.Errorf("op: node %v computes nothing; a Reader does what Read and Set do elsewhere", n)
	}
	if op, ok := c.op.(G.TrainModeOp); ok {
		if err := op.SetTraining(true); err != nil {
			return nil, fmt.Errorf("op: %v: %w", n, err)
		}
	}
	for it := g.From(n.ID()); it.Next(); {
		c.from = append(c.from, g.values[it.Node().(*G.Node)])
	}
	c.in = make([]G.Value, len(c.from))
	return c, nil
}

// Run executes the graph once and returns the loss.
func (p *Program) Run() (float64, error) {
	for _, c := range p.nodes {
		if err := c.compute(); err != nil {
			return 0, err
		}
	}
	return float64(scalarOf(p.loss.value)), nil
}

// compute sets the value from those of the inputs. A panic of an operation is an
// error.
func (c *computed) compute() (err error) {
	if c.op == nil {
		if c.value = c.Value(); c.value == nil {
			return fmt.Errorf("op: run: no value bound to leaf %v", c.Node)
		}
		return nil
	}
	for i, n := range c.from {
		c.in[i] = n.value
	}
	defer func() {
		if r := recover(); r != nil {
			name, _, _ := strings.Cut(c.op.String(), "#") // of ours without its number
			err = fmt.Errorf("op: %s: %v", name, r)
		}
	}()
	if c.value, err = c.op.Do(c.in...); err != nil {
		err = fmt.Errorf("op: run: %v: %w", c.Node, err)
	}
	return err
}

// Reader returns a function that gives the values of a node in the last run of
// the graph's program. The next run may overwrite them.
func (g *Graph) Reader(n *G.Node) func() []float32 {
	return func() []float32 { return f32(g.values[n].value) }
}

// Output is the value of the compiled node in the last run. The next one may
// overwrite it. It serves graphs whose result is not a scalar.
func (p *Program) Output() []float32 { return f32(p.loss.value) }

// Grad returns the gradient of the i-th trained node of Compile. It is
// overwritten by the next Run.
func (p *Program) Grad(i int) []float32 { return f32(p.grads[i].value) }

// Close lets go of the graph.
func (p *Program) Close() error {
	*p = Program{}
	return nil
}
