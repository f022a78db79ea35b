package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProtocols(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	lines := captions(r, 700)
	refs := captions(r, 600)
	for i := range lines {
		lines[i], refs[i%600] = strings.ToUpper(lines[i][:1])+lines[i][1:]+".", refs[i%600]+"."
	}
	// plain is the score of the first lines without a protocol.
	plain := func(hyps, refs []string) Score {
		x := NewLexicon()
		index, err := NewReferences(x.Add(refs, PTB), 5)
		require.NoError(t, err)
		s, err := BLEU(index, x.Find(hyps, PTB), Options{})
		require.NoError(t, err)
		return s
	}
	leaveOneOut := func(lines []string) Score {
		s, err := SelfBLEU(NewLexicon().Add(lines, PTB), Options{})
		require.NoError(t, err)
		return s
	}
	for name, want := range map[string]struct{ bleu, self Score }{
		"texygen":      {plain(lines, refs), leaveOneOut(lines)},
		"texygen-fast": {plain(lines, refs[:500]), leaveOneOut(lines[:500])},
		"relgan":       {plain(lines[:100], refs), plain(lines[:200], lines)},
	} {
		p, err := LookupProtocol(name)
		require.NoError(t, err)
		bleu, err := p.BLEU(lines, refs, Options{})
		require.NoError(t, err)
		require.Equal(t, want.bleu.ByOrder, bleu.ByOrder)
		self, err := p.SelfBLEU(lines, Options{})
		require.NoError(t, err)
		require.Equal(t, want.self.ByOrder, self.ByOrder, name)
		require.Equal(t, "self_bleu", self.Metric)
		require.Contains(t, bleu.Signature, "|case:mixed|tok:ptb|")
		require.Contains(t, bleu.Signature, "|protocol:"+name+"|")
		if name == "relgan" {
			require.InDelta(t, 1, self.ByOrder[4], 1e-12)
		}
	}

	p, err := LookupProtocol("textgan-pytorch")
	require.NoError(t, err)
	low := lower(lines, true)
	bleu, err := p.BLEU(lines, refs, Options{})
	require.NoError(t, err)
	self, err := p.SelfBLEU(lines, Options{})
	require.NoError(t, err)
	require.Len(t, self.ByOrder, 4)
	wantBLEU, wantSelf := plain(low[:200], lower(refs, true)), plain(low[:200], low[200:])
	for n := range self.ByOrder {
		for _, c := range [][2]float64{{wantSelf.ByOrder[n], self.ByOrder[n]}, {wantBLEU.ByOrder[n], bleu.ByOrder[n]}} {
			require.InDelta(t, c[0], c[1], 0.0005+1e-12)
			require.InDelta(t, math.Round(c[1]*1000), c[1]*1000, 1e-9)
		}
	}
	require.Equal(t, "self-bleu|n:4|level:sentence|smooth:method1|weights:uniform|case:lc|tok:ptb|refs:500|hyps:200|protocol:textgan-pytorch|version:2", self.Signature)
}

func TestProtocolsGolden(t *testing.T) {
	var want struct {
		Hyps, Refs []string
		Protocols  map[string]struct{ BLEU, Self []float64 }
	}
	golden(t, "protocols.json", &want)
	require.Len(t, want.Protocols, len(ProtocolNames())-1)
	for name, w := range want.Protocols {
		p, err := LookupProtocol(name)
		require.NoError(t, err)
		bleu, err := p.BLEU(want.Hyps, want.Refs, Options{})
		require.NoError(t, err)
		require.InDeltaSlice(t, w.BLEU, []float64(bleu.ByOrder[1:]), 1e-12, name)
		self, err := p.SelfBLEU(want.Hyps, Options{})
		require.NoError(t, err)
		require.InDeltaSlice(t, w.Self, []float64(self.ByOrder[1:]), 1e-12, name)
	}
}

func TestProtocolErrors(t *testing.T) {
	_, err := LookupProtocol("textgan")
	require.ErrorContains(t, err, "choose from texygen, ")
	p, err := LookupProtocol("relgan")
	require.NoError(t, err)
	// Fewer lines than a protocol takes are all scored, with a note.
	few, err := p.BLEU(slices.Repeat([]string{"a b"}, 99), []string{"a b"}, Options{})
	require.NoError(t, err)
	require.Equal(t, []string{"protocol relgan takes 100 hypotheses; there are 99, and all were taken"}, few.Notes)
	require.Contains(t, few.Signature, "|hyps:99|")
	enough, err := p.BLEU(slices.Repeat([]string{"a b"}, 101), []string{"a b"}, Options{})
	require.NoError(t, err)
	require.Empty(t, enough.Notes)
	require.Contains(t, enough.Signature, "|hyps:100|")
	p, err = LookupProtocol("textgan-pytorch")
	require.NoError(t, err)
	_, err = p.SelfBLEU(make([]string, 200), Options{})
	require.ErrorContains(t, err, "sample more lines")
}
