package relax

// decoupledST is straight-through with a temperature of its own for the draw
// and one for the derivative:
//
//	id ~ softmax(logits/forward)      dLogits = J(softmax(logits/backward)) dy / backward
//
// With forward at 1 it is straight-through. Otherwise f sees another law than
// the model's, so there are two biases: against the gradient under the model,
// and against that under the tempered law.
//
// https://arxiv.org/abs/2410.13331, in the reading in which the draw itself is tempered: dividing noise and logits by one
// number would not move the argmax.
type decoupledST[F Float] struct {
	math              *rowMath[F]
	forward, backward F
}

func newDecoupledST[F Float](o *options) (Relaxed[F], error) {
	forward, err := o.number("forward", 0.5)
	if err != nil {
		return nil, err
	}
	backward, err := o.number("backward", 1)
	return decoupledST[F]{mathOf[F](), F(forward), F(backward)}, err
}

func (decoupledST[F]) Hard() bool { return true }

// DrawsAt implements Tempered.
func (e decoupledST[F]) DrawsAt() float64 { return float64(e.forward) }

func (e decoupledST[F]) Forward(row []F, tau F, key Key) int {
	scratch := e.math.borrow(len(row))
	tempered := *scratch
	for i, v := range row {
		tempered[i] = v / e.forward
	}
	id := e.math.gumbelArgmax(tempered, key)
	e.math.scratch.Put(scratch)
	e.Given(row, id, tau)
	return id
}

func (e decoupledST[F]) Given(row []F, _ int, _ F) { e.math.softmax(row, row, 1/e.backward) }

func (e decoupledST[F]) Backward(dLogits, saved, dy []F, _ int, _ F, _ Key) {
	e.math.softmaxBackward(dLogits, saved, dy, 1/e.backward)
}
