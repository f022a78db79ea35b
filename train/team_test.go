package train

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/kernel"
	"textgan/internal/nn"
	"textgan/train/model"
)

// hall is where the goroutines of a test meet, each in the place of a process.
type hall struct {
	size   int
	mu     sync.Mutex
	all    *sync.Cond
	come   int
	round  int
	blocks [][]byte
	got    int // bytes that a process has received of others, all of one size
}

func newHall(size int) *hall {
	h := &hall{size: size, blocks: make([][]byte, size)}
	h.all = sync.NewCond(&h.mu)
	return h
}

// meet waits until all have come.
func (h *hall) meet() {
	h.mu.Lock()
	defer h.mu.Unlock()
	round := h.round
	if h.come++; h.come == h.size {
		h.come, h.round = 0, round+1
		h.all.Broadcast()
	}
	for h.round == round {
		h.all.Wait()
	}
}

// seat is a Team.
type seat struct {
	*hall
	rank int
}

func (s seat) Rank() int { return s.rank }
func (s seat) Size() int { return s.size }

// with lets all show what they have, and calls f while it can be read.
func (s seat) with(src []byte, f func(rank int, b []byte)) {
	s.blocks[s.rank] = src
	s.meet()
	for rank, b := range s.blocks {
		f(rank, b)
	}
	s.meet()
}

func (s seat) Gather(dst, src []byte) {
	s.with(src, func(rank int, b []byte) { copy(dst[rank*len(src):], b) })
	s.count((s.size - 1) * len(src))
}

func (s seat) Swap(dst, src []byte) {
	n := len(src) / s.size
	s.with(src, func(rank int, b []byte) { copy(dst[rank*n:][:n], b[s.rank*n:]) })
	s.count((s.size - 1) * n)
}

func (s seat) count(n int) {
	if s.rank == 0 {
		s.got += n
	}
}

func (s seat) Broadcast(data []byte) {
	first := append([]byte(nil), data...)
	s.with(first, func(rank int, b []byte) {
		if rank == 0 {
			copy(data, b)
		}
	})
}

func (s seat) Sum(data []float32) { panic("unordered sums are not tested here") }

// together trains a run by a team, and returns the trainers at its end.
func together(t *testing.T, c Config, d *model.Data, size int) (all []*Trainer, h *hall) {
	h = newHall(size)
	all = make([]*Trainer, size)
	errs := make([]error, size)
	var group sync.WaitGroup
	for rank := range all {
		var err error
		all[rank], err = New(c, d)
		require.NoError(t, err)
		if rank > 0 { // the first one's weights count
			for _, p := range all[rank].saved().Weights {
				p.Data[0]++
			}
		}
	}
	for rank, tr := range all {
		group.Go(func() {
			if errs[rank] = tr.Join(seat{h, rank}); errs[rank] == nil {
				errs[rank] = tr.Run(context.Background(), Watcher{})
			}
		})
	}
	group.Wait()
	for _, err := range errs {
		require.NoError(t, err)
	}
	return all, h
}

// However many processes run the parts of a step, every one of them ends with the weights of a
// process that runs all.
func TestTeamEqualsOne(t *testing.T) {
	kernel.SetThreads(1) // goroutines in the place of processes share what runs them
	defer kernel.SetThreads(0)
	for name, config := range inParts {
		t.Run(name, func(t *testing.T) {
			c := config()
			c.Accumulate, c.EvalEvery, c.EvalSamples = 4, 3, 8
			c.MLESteps, c.DPre, c.AdvSteps = min(c.MLESteps, 6), 2, 4
			d := dataOf(t, c)
			want := trained(t, c, d).Hash()
			for _, size := range []int{2, 4} {
				all, h := together(t, c, d, size)
				for rank, tr := range all {
					work, ok := tr.TeamWork()
					require.True(t, ok)
					require.Equal(t, size, work.Processes)
					require.Equal(t, tr.Step, work.Steps)
					if rank == 0 {
						const joining = 4 * 32
						require.EqualValues(t, h.got-(size-1)*joining, work.Received)
					}
					require.Equal(t, want, tr.Hash(), "rank %d of %d", rank, size)
				}
			}
		})
	}
}

// The sums of a reduction are those of one process, value by value, whether tensors are gathered
// by rows or cut into slices, and it receives as much as it says.
func TestReduction(t *testing.T) {
	var params nn.Params
	params.New("table", 300, 5)
	params.New("output", 7, 40)
	params.New("bias", 40)
	params.New("other table", 100, 3)
	for _, size := range []int{2, 3, 6} {
		const parts = 6
		h := newHall(size)
		reductions := make([]*reduction, size)
		for rank := range reductions {
			var sum [][]float32
			for _, p := range params {
				sum = append(sum, make([]float32, len(p.Data)))
			}
			reductions[rank] = newReduction(&cut{parts: parts, team: &counted{Team: seat{h, rank}}}, params, sum)
		}
		draws := rand.New(rand.NewPCG(1, 2))
		for update := range 8 {
			gradients := make([][][]float32, parts)
			want := make([][]float32, len(params))
			for p := range parts {
				for i, param := range params {
					g := make([]float32, len(param.Data))
					full := i == 1 || i == 2 || update == 3 // sometimes every row is touched, at times none
					for row := range param.Shape[0] {
						width := len(g) / param.Shape[0]
						if update != 5 && (full || draws.IntN(25) == 0) {
							for j := range width {
								g[row*width+j] = float32(draws.NormFloat64())
							}
						}
					}
					gradients[p] = append(gradients[p], g)
					if p == 0 {
						want[i] = make([]float32, len(g))
					}
					for j, v := range g {
						want[i][j] += v
					}
				}
			}
			before := h.got
			var group sync.WaitGroup
			for rank, r := range reductions {
				group.Go(func() {
					for j := range r.parts {
						for i, g := range gradients[rank*len(r.parts)+j] {
							r.put(j, i, g)
						}
					}
					r.reduce(seat{h, rank})
				})
			}
			group.Wait()
			for rank, r := range reductions {
				require.Equal(t, want, r.result, "rank %d of %d, update %d", rank, size, update)
				require.Equal(t, update != 3, r.tensors[0].sparse)
				require.Equal(t, update == 5, r.tensors[1].sparse)
			}
			k := parts / size
			whole := 4 * reductions[0].size * (k + 1) * (size - 1) / size
			received := h.got - before - 8*len(params)*k*(size-1) // the survey
			if update == 3 {
				require.InDelta(t, whole, received, float64(8*size*k))
			} else {
				require.Less(t, received, whole*7/10)
			}
		}
	}
}

func TestTeamsAreRefused(t *testing.T) {
	c := tiny()
	c.Accumulate = 4
	require.ErrorContains(t, c.CheckTeam(3), "the 4 parts of a step (--accumulate) cannot be divided among 3 processes")
	d := dataOf(t, c)
	other := c
	other.GLR *= 2
	h, errs := newHall(2), make([]error, 2)
	var group sync.WaitGroup
	for rank, c := range []Config{c, other} {
		tr, err := New(c, d)
		require.NoError(t, err)
		group.Go(func() { errs[rank] = tr.Join(seat{h, rank}) })
	}
	group.Wait()
	for _, err := range errs {
		require.ErrorContains(t, err, "rank 1 has other settings than rank 0")
	}
}
