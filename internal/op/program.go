package op

import (
	"errors"
	"fmt"

	G "gorgonia.org/gorgonia"
)

// Program is a graph made ready to run: inputs are slices that the caller
// writes, Run computes the loss and, where asked for, its gradients.
type Program struct {
	vm    G.VM
	out   G.Value
	grads []*G.Node
}

// Compile closes the graph. Grad(i) will be the gradient of train[i]; with no
// train nodes nothing is differentiated. It is an error if a train node is not
// a trained leaf, or has no way to the loss.
func (g *Graph) Compile(loss *G.Node, train ...*G.Node) (*Program, error) {
	if g.err != nil {
		return nil, g.err
	}
	p := new(Program)
	G.Read(loss, &p.out)
	if len(train) > 0 {
		grads, err := G.Grad(loss, train...)
		if err != nil {
			return nil, fmt.Errorf("op: differentiate: %w", err)
		}
		p.grads = grads
	}
	// The machine tells nodes apart by a 32-bit hash alone: refuse a collision.
	seen := map[uint32]*G.Node{}
	for _, n := range g.AllNodes() {
		if m, dup := seen[n.Hashcode()]; dup && m != n {
			return nil, fmt.Errorf("op: nodes %v and %v share a hash; build the graph again", m, n)
		}
		seen[n.Hashcode()] = n
	}
	p.vm = G.NewTapeMachine(g.ExprGraph)
	return p, nil
}

// Run executes the graph once and returns the loss.
func (p *Program) Run() (float64, error) {
	p.vm.Reset()
	if err := p.vm.RunAll(); err != nil {
		var ours failure
		if vm, ok := err.(interface{ Err() error }); ok && errors.As(vm.Err(), &ours) {
			return 0, ours
		}
		return 0, fmt.Errorf("op: run: %w", err)
	}
	return float64(scalarOf(p.out)), nil
}

// Reader returns a function that gives the values of a node in the last run of
// the program, as a copy that the next run overwrites. Call it before Compile.
func (g *Graph) Reader(n *G.Node) func() []float32 {
	v := new(G.Value)
	if n != nil {
		G.Read(n, v)
	}
	return func() []float32 { return f32(*v) }
}

// Output is the value of the compiled node in the last run, as a copy that the
// next Run overwrites. It serves graphs whose result is not a scalar.
func (p *Program) Output() []float32 { return f32(p.out) }

// Grad returns the gradient of the i-th trained node of Compile. It is
// overwritten by the next Run.
func (p *Program) Grad(i int) []float32 { return f32(p.grads[i].Value()) }

// Close releases the machine.
func (p *Program) Close() error { return p.vm.Close() }
