package vocab

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/internal/rng"
)

// numbered returns n sentences of lengths 0 ... 6; sentence i consists of the
// id 10+i.
func numbered(n int) [][]int32 {
	s := make([][]int32, n)
	for i := range s {
		s[i] = slices.Repeat([]int32{int32(10 + i)}, i*5%7)
	}
	return s
}

func check(t *testing.T, b *Batch, sentences [][]int32) {
	t.Helper()
	require.Len(t, b.IDs, b.B*b.T)
	require.Len(t, b.Lengths, b.B)
	require.Len(t, b.Index, b.B)
	require.Equal(t, b.T, int(b.Lengths[0]), "T is the longest")
	tokens := 0
	for r := range b.B {
		s := sentences[b.Index[r]]
		require.Equal(t, len(s)+1, int(b.Lengths[r]))
		require.True(t, r == 0 || b.Lengths[r-1] >= b.Lengths[r], "longest first")
		row := append(append(slices.Clone(s), Eos), make([]int32, b.T-len(s)-1)...)
		require.Equal(t, row, b.IDs[r*b.T:(r+1)*b.T])
		tokens += len(s) + 1
	}
	require.Equal(t, tokens, b.Tokens())
}

var shapes = []struct {
	n   int
	opt BatchOptions
}{
	{1, BatchOptions{Size: 1}},
	{1, BatchOptions{Size: 4}},
	{3, BatchOptions{Size: 8, Seed: 1}},
	{3, BatchOptions{Size: 8, Seed: 1, Bucket: 3}},
	{23, BatchOptions{Size: 4, Seed: 2}},
	{23, BatchOptions{Size: 4, Seed: 2, Bucket: 4}},
	{24, BatchOptions{Size: 8, Seed: 3, Bucket: 1}},
	{40, BatchOptions{Size: 5, Seed: 3, Bucket: 100}},
}

// Every sentence comes once per epoch, whatever the sizes: after a whole
// number of windows each has come equally often, or once more.
func TestEveryEpochHoldsEverySentence(t *testing.T) {
	for _, c := range shapes {
		t.Run(fmt.Sprint(c.n, c.opt), func(t *testing.T) {
			sentences := numbered(c.n)
			s, err := NewBatches(sentences, c.opt)
			require.NoError(t, err)
			seen := make([]int, c.n)
			var b Batch
			for i := range 12 * max(c.opt.Bucket, 1) {
				require.Equal(t, i, s.Position())
				s.Next(&b)
				require.Equal(t, c.opt.Size, b.B)
				require.LessOrEqual(t, b.T, s.MaxT())
				check(t, &b, sentences)
				for _, j := range b.Index {
					seen[j]++
				}
			}
			require.LessOrEqual(t, slices.Max(seen)-slices.Min(seen), 1)
			require.Equal(t, s.Position()*c.opt.Size/c.n, slices.Min(seen))
		})
	}
}

// Continued from any position = never stopped.
func TestSeekIsExact(t *testing.T) {
	for _, c := range shapes {
		sentences := numbered(c.n)
		whole, err := NewBatches(sentences, c.opt)
		require.NoError(t, err)
		jumping, err := NewBatches(sentences, c.opt)
		require.NoError(t, err)
		var batches [25]Batch
		for i := range batches {
			whole.Next(&batches[i])
		}
		for _, i := range []int{7, 8, 24, 0, 3, 3, 23} {
			var b Batch
			require.NoError(t, jumping.Seek(i))
			jumping.Next(&b)
			require.Equal(t, batches[i], b)
		}
	}
	s, err := NewBatches(numbered(3), BatchOptions{Size: 64, Bucket: 1000})
	require.NoError(t, err)
	require.Error(t, s.Seek(-1))
	require.Error(t, s.Seek(math.MaxInt))
}

func TestOrder(t *testing.T) {
	sentences := numbered(50)
	draw := func(opt BatchOptions, n int) (order []int32) {
		s, err := NewBatches(sentences, opt)
		require.NoError(t, err)
		var b Batch
		for range n {
			s.Next(&b)
			order = append(order, b.Index...)
		}
		return order
	}
	one := draw(BatchOptions{Size: 1, Seed: 5}, 100)
	require.NotEqual(t, one[:50], one[50:], "reshuffled")
	require.NotEqual(t, one, draw(BatchOptions{Size: 1, Seed: 6}, 100))
	require.Equal(t, one, draw(BatchOptions{Size: 1, Seed: 5}, 100))
}

// In 60 000 shuffles of four each of the 24 orders is as likely as any other:
// chi-square with 23 degrees of freedom exceeds 49.7 once in a thousand times.
func TestShuffleIsUniform(t *testing.T) {
	const n = 60_000
	s := &Batches{opt: BatchOptions{Seed: 11}}
	counts := map[[4]int32]float64{}
	for i := range uint32(n) {
		var p [4]int32
		s.shuffle(p[:], i, 0)
		counts[p]++
	}
	require.Len(t, counts, 24)
	chi := 0.0
	for _, c := range counts {
		chi += (c - n/24.0) * (c - n/24.0) / (n / 24.0)
	}
	require.Less(t, chi, 49.7)
}

// Buckets exist to save padding, and the long batches must not come first.
func TestBucketsSavePadding(t *testing.T) {
	sentences := make([][]int32, 1000)
	for i := range sentences {
		sentences[i] = make([]int32, 5+i%30)
	}
	cells := func(bucket int) (n int, lengths []int) {
		s, err := NewBatches(sentences, BatchOptions{Size: 20, Bucket: bucket})
		require.NoError(t, err)
		var b Batch
		for range 50 {
			s.Next(&b)
			n += b.B * b.T
			lengths = append(lengths, b.T)
		}
		return n, lengths
	}
	plain, _ := cells(1)
	bucketed, lengths := cells(10)
	require.Less(t, float64(bucketed), 0.75*float64(plain))
	require.False(t, slices.IsSortedFunc(lengths[:10], func(a, b int) int { return b - a }))
}

// What losses are divided by is that of the whole batch, for its parts too.
func TestDivisor(t *testing.T) {
	sentences := [][]int32{{4}, {4, 5, 6}, {}, {7, 8, 9, 4}} // 12 tokens
	for average, norm := range map[bool]float64{true: 6, false: 0} {
		s, err := NewBatches(sentences, BatchOptions{Size: 2, Seed: 1, Bucket: 2, Average: average})
		require.NoError(t, err)
		require.Equal(t, 3., s.MeanTokens())
		var b, part Batch
		for range 4 {
			s.Next(&b)
			require.Equal(t, norm, b.Norm)
			want := norm
			if !average {
				want = float64(b.Tokens())
			}
			require.Equal(t, want, b.Divisor())
			b.Cut(&part, rng.Part{Piece: 1, Of: 2})
			require.Equal(t, want, part.Divisor())
			for again := range InOrder(sentences, 4) {
				require.EqualValues(t, 12, again.Divisor())
			}
		}
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	for _, bucket := range []int{1, 4} {
		s, err := NewBatches(numbered(100), BatchOptions{Size: 8, Bucket: bucket})
		require.NoError(t, err)
		var b Batch
		s.Next(&b)
		require.Zero(t, testing.AllocsPerRun(200, func() { s.Next(&b) }))
	}
}

func TestInOrder(t *testing.T) {
	sentences := numbered(10)
	var sizes []int
	var index []int32
	for b := range InOrder(sentences, 4) {
		check(t, b, sentences)
		sizes = append(sizes, b.B)
		sorted := slices.Clone(b.Index)
		slices.Sort(sorted)
		index = append(index, sorted...)
	}
	require.Equal(t, []int{4, 4, 2}, sizes)
	require.Equal(t, []int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, index)

	for range InOrder(nil, 4) {
		t.Fatal("a batch of nothing")
	}
	for b := range InOrder(sentences, 99) {
		require.Equal(t, 10, b.B)
		break
	}
}

func TestNewBatchesRefuses(t *testing.T) {
	for want, f := range map[string]func() (*Batches, error){
		"no sentences":    func() (*Batches, error) { return NewBatches(nil, BatchOptions{Size: 1}) },
		"batch size 0":    func() (*Batches, error) { return NewBatches(numbered(1), BatchOptions{}) },
		"bucket of -2":    func() (*Batches, error) { return NewBatches(numbered(1), BatchOptions{Size: 1, Bucket: -2}) },
		"batch size -100": func() (*Batches, error) { return NewBatches(numbered(1), BatchOptions{Size: -100}) },
	} {
		_, err := f()
		require.ErrorContains(t, err, want)
	}
}
