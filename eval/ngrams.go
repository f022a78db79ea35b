package eval

import (
	"math/bits"
	"slices"
)

// ngrams gives every distinct n-gram of token ids a dense number, its node. It
// is a trie without pointers: one flat hash table with open addressing maps
// (node of the first n-1 tokens, last token) to the node of the n-gram, so an
// n-gram of any order is one key of 64 bits. Node 0 is the empty n-gram.
type ngrams struct {
	keys  []uint64 // prefix<<32 | token+1; 0 marks a free slot
	nodes []int32
	shift int   // hash >> shift is a slot
	n     int32 // nodes in use, the root included
}

const (
	root    int32 = 0
	missing int32 = -1
)

func newNgrams() *ngrams {
	g := &ngrams{n: 1}
	g.resize(10)
	return g
}

func (g *ngrams) resize(log2 int) {
	keys, nodes := g.keys, g.nodes
	g.keys, g.nodes, g.shift = make([]uint64, 1<<log2), make([]int32, 1<<log2), 64-log2
	for i, key := range keys {
		if key != 0 {
			slot := g.slot(key)
			g.keys[slot], g.nodes[slot] = key, nodes[i]
		}
	}
}

// clear forgets all n-grams but the empty one, and keeps the memory.
func (g *ngrams) clear() {
	clear(g.keys)
	g.n = 1
}

// slot is where key is, or where it belongs.
func (g *ngrams) slot(key uint64) int {
	const golden = 0x9E3779B97F4A7C15 // 2^64 over the golden ratio: Fibonacci hashing
	mask := len(g.keys) - 1
	i := int(key * golden >> g.shift)
	for g.keys[i] != key && g.keys[i] != 0 {
		i = (i + 1) & mask
	}
	return i
}

func ngramKey(prefix, token int32) uint64 { return uint64(prefix)<<32 | uint64(token+1) }

// find returns the node of the n-gram prefix+token, or missing.
func (g *ngrams) find(prefix, token int32) int32 {
	if prefix == missing || token < 0 {
		return missing
	}
	key := ngramKey(prefix, token)
	if i := g.slot(key); g.keys[i] == key {
		return g.nodes[i]
	}
	return missing
}

// add is find that makes the node if there is none. An n-gram with an Unknown
// token has no node.
func (g *ngrams) add(prefix, token int32) int32 {
	if prefix == missing || token < 0 {
		return missing
	}
	key := ngramKey(prefix, token)
	i := g.slot(key)
	if g.keys[i] == key {
		return g.nodes[i]
	}
	if int(g.n) > len(g.keys)/4*3 {
		g.resize(bits.Len(uint(len(g.keys))))
		i = g.slot(key)
	}
	g.keys[i], g.nodes[i] = key, g.n
	g.n++
	return g.n - 1
}

// A scan is the work space for going through one line order by order.
type scan struct {
	nodes, sorted []int32
	order         int
	repeats       bool // whether an n-gram of the order before occurred twice
}

// start prepares for the unigrams of line.
func (s *scan) start(line []int32) {
	s.nodes = slices.Grow(s.nodes[:0], len(line))[:len(line)]
	for i := range s.nodes {
		s.nodes[i] = root
	}
	s.order, s.repeats = 0, true
}

// next goes one order up: step is find or add of an ngrams. Afterwards
// nodes[i] is the node of the n-gram that starts at token i of line.
func (s *scan) next(line []int32, step func(prefix, token int32) int32) {
	s.order++
	s.nodes = s.nodes[:max(0, len(line)-s.order+1)]
	for i, prefix := range s.nodes {
		s.nodes[i] = step(prefix, line[i+s.order-1])
	}
}

// counts calls f with every different n-gram of the present order and the
// number of times that it occurs in the line. Missing n-grams are left out.
func (s *scan) counts(f func(node, count int32)) {
	if !s.repeats { // nor can a longer one occur twice
		for _, node := range s.nodes {
			if node != missing {
				f(node, 1)
			}
		}
		return
	}
	s.sorted = append(s.sorted[:0], s.nodes...)
	slices.Sort(s.sorted)
	s.repeats = false
	for i := 0; i < len(s.sorted); {
		start := i
		for i < len(s.sorted) && s.sorted[i] == s.sorted[start] {
			i++
		}
		if s.sorted[start] != missing {
			s.repeats = s.repeats || i-start > 1
			f(s.sorted[start], int32(i-start))
		}
	}
}
