package train

import (
	"fmt"
	"time"

	"textgan/internal/kernel"
	"textgan/internal/mpi"
	"textgan/internal/nn"
	"textgan/internal/rng"
	"textgan/vocab"
)

// AccumulateOptions say how a step is divided.
type AccumulateOptions struct {
	Accumulate int    `opt:"accumulate" default:"1" check:"min=1,max=1048576" doc:"parts that the sentences of a step are cut into, run one after the other: less memory, the same noise, gradients added up in order; mpirun divides them among processes" group:"optimisation"`
	Reduce     string `opt:"reduce" default:"ordered" check:"oneof=ordered|fast" doc:"how the processes of mpirun add gradients up: in the order of parts, bit for bit as one process does, or as MPI likes best" group:"optimisation"`
}

// part is the number of sentences in a part of a step.
func (c Config) part() int { return c.Batch / c.Accumulate }

// checkAccumulate is Check for steps in parts.
func (c Config) checkAccumulate() error {
	n := c.Accumulate
	switch e, err := ParseEstimator(c.Estimator); {
	case n == 1:
		return nil
	case c.Batch%n != 0:
		return fmt.Errorf("train: --batch %d cannot be cut into --accumulate %d equal parts; choose a multiple of %d", c.Batch, n, n)
	case c.CoopRounds > 0 && c.CoopBatch%n != 0:
		return fmt.Errorf("train: --coop-batch %d cannot be cut into --accumulate %d equal parts; choose a multiple of %d", c.CoopBatch, n, n)
	case c.Model != "gan":
		return nil
	case c.Objective.Couples():
		return fmt.Errorf("train: --objective %s couples the sentences of a batch, which --accumulate %d would cut; choose another objective, or --accumulate 1", c.Objective, n)
	case err == nil && e.joint():
		return fmt.Errorf("train: --estimator %s looks at the other sentences of a batch, which --accumulate %d would cut; choose another estimator, or --accumulate 1", c.Estimator, n)
	}
	return nil
}

// cut is how the batches of a run are divided: into parts that run through graphs of their
// size one after the other. What a part leaves is its share of the batch: losses and
// gradients are added up, in the order of the parts.
type cut struct {
	parts int
	team  *counted // that runs them; nil: this process alone
	fast  bool     // add gradients of a team up in any order
	work  TeamWork
	piece vocab.Batch
}

// own are the parts that this process runs: from lo up to hi.
func (c *cut) own() (lo, hi int) {
	if c.team == nil {
		return 0, c.parts
	}
	n := c.parts / c.team.Size()
	return c.team.Rank() * n, (c.team.Rank() + 1) * n
}

// each calls f for every part of a batch that this process runs, from 0 on.
func (c *cut) each(batch *vocab.Batch, f func(i int, piece *vocab.Batch) error) error {
	if c.parts == 1 {
		return f(0, batch)
	}
	lo, hi := c.own()
	for p := lo; p < hi; p++ {
		batch.Cut(&c.piece, rng.Part{Piece: p, Of: c.parts})
		if err := f(p-lo, &c.piece); err != nil {
			return err
		}
	}
	return nil
}

// gather returns what all parts have to say, in their order, from what those of this process
// have: as many numbers for each.
func (c *cut) gather(own []float64) []float64 {
	if c.team == nil {
		return own
	}
	all := make([]float64, c.team.Size()*len(own))
	c.team.Gather(mpi.Bytes(all), mpi.Bytes(own))
	return all
}

// total is the sum of what all parts have to say, number by number. own holds n numbers for
// each part of this process.
func (c *cut) total(own []float64, n int) []float64 {
	sum := make([]float64, n)
	for i, v := range c.gather(own) {
		sum[i%n] += v
	}
	return sum
}

// rows returns what is said of the sentences of a batch, in their order. own holds it part
// after part.
func (c *cut) rows(own []float32) []float32 {
	if c.parts == 1 {
		return own
	}
	wide := make([]float64, len(own))
	for i, v := range own {
		wide[i] = float64(v)
	}
	all := c.gather(wide)
	rows, each := make([]float32, len(all)), len(all)/c.parts
	for i, v := range all {
		rows[rng.Part{Piece: i / each, Of: c.parts}.Row(i%each)] = float32(v)
	}
	return rows
}

// partOf is the inverse of rows for one part: what is said of its sentences.
func partOf(dst, rows []float32, part rng.Part) {
	for i := range dst {
		dst[i] = rows[part.Row(i)]
	}
}

// gradients is the gradient of a batch by the parts of it. The zero value is ready.
type gradients struct {
	sum  [][]float32 // by tensor
	team *reduction  // of what a team adds up; nil before the first update
}

// of lets run leave the gradients of every part in from, and returns the loss and the
// gradient of the batch along params.
func (s *gradients) of(c *cut, batch *vocab.Batch, from interface{ Grad(i int) []float32 }, params nn.Params, run func(piece *vocab.Batch) (float64, error)) (loss float64, grad func(i int) []float32, err error) {
	if c.parts == 1 {
		loss, err = run(batch)
		return loss, from.Grad, err
	}
	var losses []float64
	for _, p := range params[len(s.sum):] {
		s.sum = append(s.sum, make([]float32, len(p.Data)))
	}
	add := func(_ int, i int, grad []float32) { kernel.Add(s.sum[i], grad) }
	if c.team == nil || c.fast {
		for _, d := range s.sum {
			clear(d)
		}
	} else {
		if s.team == nil {
			s.team = newReduction(c, params, s.sum)
		}
		add = s.team.put
	}
	err = c.each(batch, func(j int, piece *vocab.Batch) error {
		share, err := run(piece)
		if err != nil {
			return err
		}
		losses = append(losses, share)
		for i := range params {
			add(j, i, from.Grad(i))
		}
		return nil
	})
	if err != nil {
		return 0, nil, err
	}
	if c.team == nil {
		return c.total(losses, 1)[0], func(i int) []float32 { return s.sum[i] }, nil
	}
	done := time.Now()
	loss = c.total(losses, 1)[0] // which waits for all
	ready := time.Now()
	sum := s.sum
	if c.fast {
		for _, d := range sum {
			c.team.Sum(d)
		}
	} else {
		s.team.reduce(c.team)
		sum = s.team.result
	}
	c.work.Waited += ready.Sub(done)
	c.work.Added += time.Since(ready)
	return loss, func(i int) []float32 { return sum[i] }, nil
}
