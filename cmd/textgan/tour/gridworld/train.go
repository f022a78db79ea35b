package gridworld

import (
	"fmt"

	G "gorgonia.org/gorgonia"

	"textgan/eval/variance"
	"textgan/generator/relax"
	"textgan/internal/kernel"
	"textgan/internal/nn"
	"textgan/internal/op"
	"textgan/internal/rng"
)

// Options of a training.
type Options struct {
	Estimator string // a spec of package relax
	Tau       string // schedule of a relaxation's temperature
	Batch     int    // episodes of a step, n
	Steps     int
	LR        float64
	Seed      uint64
}

// Trainer moves the policy of a walker: a table of logits [S,4], all 0 at first.
type Trainer struct {
	Options
	world  *World
	policy nn.Params
	tau    relax.Schedule
	adam   *nn.Adam
	step   int
	moved  int // moves made in the world so far
	*op.Program

	// Of a relaxation: the temperature, the names of its noise.
	tauOf []float32
	key   []uint32
	// Of a score function: episodes [n,T], and what their moves weigh.
	base    relax.Baseline[float32]
	actions relax.Actions[float32]
	m       int // completions of a move that make its value
	cells   []int32
	slots   []slot // the moves made, and others in their place
	mask    []float32
	rewards []float32
}

// slot is one move in every step of every episode [n,T], with the weight of its log p.
type slot struct {
	ids     []int32
	weights []float32
}

// NewTrainer prepares the training of a policy.
func NewTrainer(w *World, o Options) (*Trainer, error) {
	m, err := relax.New[float32](o.Estimator)
	if err != nil {
		return nil, err
	}
	t := &Trainer{Options: o, world: w, base: m.Baseline, actions: m.Actions, m: m.Completions}
	t.policy.New("policy", w.Cells(), moves)
	t.adam = nn.NewAdam(nn.AdamConfig{LR: o.LR, Beta1: .9, Beta2: .999, Eps: 1e-8}, t.policy)
	if t.tau, err = relax.ParseSchedule(o.Tau, o.Steps); err != nil {
		return nil, err
	}
	switch {
	case m.Relaxed != nil:
		err = t.relaxed(m.Relaxed)
	case m.Actions != nil || m.Baseline != nil && m.Baseline.Reads() == relax.RewardsAlone:
		err = t.score()
	default:
		err = fmt.Errorf("gridworld: estimator %q needs more than rewards and completions; take a relaxation, reinforce, rloo or all-action", o.Estimator)
	}
	return t, err
}

// Logits are the policy [S,4].
func (t *Trainer) Logits() []float32 { return t.policy[0].Data }

// Moved is the number of moves made in the world, those of completions included.
func (t *Trainer) Moved() int { return t.moved }

// relaxed builds the graph of a walk through the model of the world. Where the walker
// is, is a point on the simplex of cells s_t [n,S], a one-hot if moves are hard:
//
//	move_t  = relaxation of s_t policy
//	s_t+1   = sum over cells and moves of s_t move_t next(cell, move)
//	loss    = -mean of the sum over t of s_t move_t reward(cell, move)
//
// Episode i draws move t from row t n + i of the Noise stream.
func (t *Trainer) relaxed(r op.Relaxation) error {
	w, n, S := t.world, t.Batch, t.world.Cells()
	t.tauOf, t.key = []float32{1}, make([]uint32, 3)
	start, next, reward := make([]float32, n*S), make([]float32, S*moves*S), make([]float32, S*moves)
	copies, walks := make([]float32, S*S*moves), make([]float32, moves*S*moves) // of each cell and each move, side by side
	for i, to := range w.next {                                                 // i is a cell with a move
		copies[i/moves*S*moves+i], walks[i%moves*S*moves+i] = 1, 1
		next[i*S+to], reward[i] = 1, -float32(w.reward[i])
	}
	for i := range n {
		start[i*S+w.Start] = 1
	}
	g := op.NewGraph()
	zeros := map[int]*G.Node{}
	times := func(x, W *G.Node) *G.Node {
		if g.Err() != nil {
			return nil
		}
		out := W.Shape()[1]
		if zeros[out] == nil {
			zeros[out] = g.Leaf(fmt.Sprint("zeros", out), make([]float32, out), false, out)
		}
		return g.Dense(x, W, zeros[out], op.Identity)
	}
	policy := g.Weights(t.policy[0], true)
	cell, move := g.Leaf("copies", copies, false, S, S*moves), g.Leaf("walks", walks, false, moves, S*moves)
	to, earns := g.Leaf("next", next, false, S*moves, S), g.Leaf("reward", reward, false, S*moves, 1)
	tau, key := g.Leaf("tau", t.tauOf, false, 1), g.Key("key", t.key)
	s := g.Leaf("start", start, false, n, S)
	var loss *G.Node // [n,1]
	for step := range w.T {
		rows := make([]int32, n)
		for i := range rows {
			rows[i] = int32(step*n + i)
		}
		drawn := g.Categorical(r, moves, times(s, policy), tau, g.Ints(fmt.Sprint("rows", step), rows, n), key)
		where, how := times(s, cell), times(drawn, move)
		if g.Err() != nil {
			return g.Err()
		}
		both := g.Must(G.HadamardProd(where, how)) // [n,4S]
		if earned := times(both, earns); loss == nil {
			loss = earned
		} else {
			loss = g.Must(G.Add(loss, earned))
		}
		s = times(both, to)
	}
	var err error
	t.Program, err = g.Compile(g.Must(G.Mean(loss)), policy)
	return err
}

// score builds the graph of weighted -log p of moves in the cells of episodes.
func (t *Trainer) score() error {
	n, T := t.Batch, t.world.T
	count := 1
	if t.actions != nil {
		count = t.actions.Slots()
	}
	t.cells, t.mask, t.rewards = make([]int32, n*T), make([]float32, n*T), make([]float32, n*T)
	g := op.NewGraph()
	lengths := make([]int32, n)
	for i := range lengths {
		lengths[i] = int32(T) // what comes after the end of an episode has no weight
	}
	identity := make([]float32, moves*moves)
	for a := range moves {
		identity[a*moves+a] = 1
	}
	policy := g.Weights(t.policy[0], true)
	long := g.Ints("lengths", lengths, n)
	logits := g.PackedTokens(policy, g.Ints("cells", t.cells, n, T), long, false)
	one, none := g.Leaf("identity", identity, false, moves, moves), g.Leaf("no bias", make([]float32, moves), false, moves)
	var loss *G.Node
	for j := range count {
		s := slot{make([]int32, n*T), make([]float32, n*T)}
		t.slots = append(t.slots, s)
		xent := g.PackedXent(logits, one, none, g.Ints(fmt.Sprint("moves", j), s.ids, n, T), long, g.Leaf(fmt.Sprint("weights", j), s.weights, false, n, T), false)
		if j == 0 || g.Err() != nil {
			loss = xent
		} else {
			loss = g.Must(G.Add(loss, xent))
		}
	}
	var err error
	t.Program, err = g.Compile(loss, policy)
	return err
}

// Step makes a batch of episodes and moves the policy.
func (t *Trainer) Step() error {
	if err := t.gradient(uint32(t.step)); err != nil {
		return err
	}
	t.step++
	_, err := t.adam.Update(t.Grad)
	return err
}

// gradient leaves that of minus the return, with the draws of a step.
func (t *Trainer) gradient(step uint32) error {
	if t.key != nil {
		t.tauOf[0] = float32(t.tau.At(t.step))
		op.RunKey{Seed: t.Seed, Step: step}.Put(t.key)
		t.moved += t.Batch * t.world.T
	} else {
		t.episodes(rng.Key{Seed: t.Seed, Stream: rng.Sample, Step: step})
		t.weigh(rng.Key{Seed: t.Seed, Stream: rng.Noise, Step: step})
	}
	_, err := t.Run()
	return err
}

// walk makes moves from a cell on, until an episode ends or T moves are made, counted
// from move at. It draws move t by row + t.
func (t *Trainer) walk(cell, at int, key rng.Key, row int, visit func(at, cell, move int, reward float64)) {
	w := t.world
	for ; at < w.T && !w.ends[cell]; at++ {
		move := kernel.GumbelArgmax(t.Logits()[cell*moves:][:moves], key.At(key.Step, uint32(row+at)))
		i := cell*moves + move
		visit(at, cell, move, w.reward[i])
		cell = w.next[i]
		t.moved++
	}
}

// episodes fills cells, moves, mask and rewards.
func (t *Trainer) episodes(key rng.Key) {
	T := t.world.T
	clear(t.mask)
	clear(t.rewards)
	for i := range t.Batch {
		t.walk(t.world.Start, 0, key, i*T, func(at, cell, move int, reward float64) {
			t.cells[i*T+at], t.slots[0].ids[i*T+at] = int32(cell), int32(move)
			t.mask[i*T+at], t.rewards[i*T+at] = 1, float32(reward)
		})
	}
}

// weigh gives moves their weights.
func (t *Trainer) weigh(key rng.Key) {
	n, T := t.Batch, t.world.T
	toGo := make([]float32, n*T)
	relax.RewardToGo(toGo, t.rewards, t.mask, n, 1)
	if t.actions != nil {
		t.weighActions(key, toGo)
		return
	}
	returns := make([]float32, n)
	for i := range returns {
		returns[i] = toGo[i*T]
	}
	t.base.Advantage(returns, returns, nil)
	relax.SequenceWeights(t.slots[0].weights, returns, t.mask)
}

// weighActions values several moves in every place: the one that was made by what the
// episode earned from there on, others by walks that go on after them.
func (t *Trainer) weighActions(key rng.Key, toGo []float32) {
	n, T, slots, m := t.Batch, t.world.T, len(t.slots), t.m
	ids, p, w, values := make([]int32, slots), make([]float32, slots+1), make([]float32, slots), make([]float32, slots*m)
	row := make([]float32, moves)
	walks := key
	walks.Stream = rng.Sample
	for place := range n * T {
		clear(w)
		if t.mask[place] == 1 {
			cell := int(t.cells[place])
			copy(row, t.Logits()[cell*moves:])
			t.actions.Choose(ids, p, row, int(t.slots[0].ids[place]), key.At(key.Step, uint32(place)))
			for j, move := range ids {
				for k := range m {
					if j == 0 && k == 0 {
						values[0] = toGo[place]
						continue
					}
					if move < 0 {
						continue
					}
					i := cell*moves + int(move)
					sum := t.world.reward[i]
					t.moved++
					t.walk(t.world.next[i], place%T+1, walks, (n+(place*slots+j)*m+k)*T, func(_, _, _ int, reward float64) { sum += reward })
					values[j*m+k] = float32(sum)
				}
			}
			t.actions.Weigh(w, p, values)
		}
		for j := range t.slots {
			if j > 0 {
				t.slots[j].ids[place] = max(ids[j], 0)
			}
			t.slots[j].weights[place] = w[j] / float32(n)
		}
	}
}

// Quality compares draws of the estimate for the policy as it is with the exact
// gradient. The draws have steps from the upper half of their streams, which training
// does not use.
func (t *Trainer) Quality(draws int) (variance.Quality, error) {
	cost := t.world.Gradient(t.Logits())
	for k := range cost { // what is descended is minus the return
		cost[k] = -cost[k]
	}
	defer func(moved int) { t.moved = moved }(t.moved)
	return variance.Compare(cost, draws, func(i int) ([]float32, error) {
		err := t.gradient(1<<31 | uint32(i))
		return t.Grad(0), err
	})
}
