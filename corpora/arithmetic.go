package corpora

import (
	"fmt"
	"math"
	"strings"

	"textgan/internal/rng"
)

// ArithmeticOptions are the rule probabilities of
//
//	S -> x | S + S | S - S | S * S | S / S
//
// and the longest sentence in tokens. They must sum to 1, with X above 0;
// if all are 0 the default is taken: 1/2 for x and 1/8 for each operator, for
// which a derivation that is not cut ends with probability 1 and long
// sentences are as frequent as such a grammar allows. MaxTokens defaults to
// 12; since every sentence has an odd number of tokens this is 11 in effect.
type ArithmeticOptions struct {
	X, Plus, Minus, Times, Divide float64
	MaxTokens                     int
}

// arithmetic is the grammar of Kusner and Hernández-Lobato, "GANS for
// sequences of discrete elements with the Gumbel-softmax distribution", 2016,
// https://arxiv.org/abs/1611.04051: sentences of at most 12 characters. The
// rule probabilities are options because they are ours; the distribution is
// the grammar's, conditioned on the length.
//
// The grammar is ambiguous: n operands can be bracketed in Catalan(n-1) ways.
// Each bracketing uses the same rules equally often, so the sum over
// derivations, which an inside algorithm computes in general, is
//
//	P(sentence) = Catalan(n-1) p_x^n  prod_i p_(operator i) / Z
//
// and, given n, the operators are independent draws.
type arithmetic struct {
	pOperands   []float64  // P(n operands) at n-1
	logOperands []float64  // its logarithm, which does not underflow
	pOperator   [4]float64 // P(operator | an operator), as in operators
	entropy     Entropy
}

const operators = "+-*/"

func newArithmetic(opt ArithmeticOptions) (*arithmetic, error) {
	rules := [4]float64{opt.Plus, opt.Minus, opt.Times, opt.Divide}
	if opt.X == 0 && rules == [4]float64{} {
		opt.X, rules = 0.5, [4]float64{0.125, 0.125, 0.125, 0.125}
	}
	if opt.MaxTokens == 0 {
		opt.MaxTokens = 12
	}
	split := 0.0 // probability of the four rules with an operator
	valid := opt.X > 0
	for _, p := range rules {
		valid = valid && p >= 0
		split += p
	}
	// 1e-9: decimals that sum to 1 on paper pass.
	if !valid || !(math.Abs(opt.X+split-1) < 1e-9) {
		return nil, fmt.Errorf("corpora: builtin:arithmetic: rule probabilities %v and %v; they must be at least 0, that of x above 0, and sum to 1", opt.X, rules)
	}
	const limit = defaultMaxLineBytes / 2 // a sentence must fit into a line
	if opt.MaxTokens < 1 || opt.MaxTokens > limit {
		return nil, fmt.Errorf("corpora: builtin:arithmetic: sentences of at most %d tokens; the limit must lie between 1 and %d", opt.MaxTokens, limit)
	}

	// Log weights of n operands, by Catalan(n) = Catalan(n-1) 2 (2n-1) / (n+1).
	a := &arithmetic{}
	sum := 0.0
	w := math.Log(opt.X)
	for n := 1; 2*n-1 <= opt.MaxTokens; n++ {
		a.logOperands = append(a.logOperands, w)
		sum += math.Exp(w)
		w += math.Log(float64(2*(2*n-1)) / float64(n+1) * opt.X * split)
	}
	operator := 0.0 // entropy of one operator
	for i, p := range rules {
		if p > 0 {
			a.pOperator[i] = p / split
			operator -= a.pOperator[i] * math.Log(a.pOperator[i])
		}
	}
	tokens := 0.0
	for i := range a.logOperands {
		a.logOperands[i] -= math.Log(sum)
		p := math.Exp(a.logOperands[i])
		a.pOperands = append(a.pOperands, p)
		if p > 0 {
			a.entropy.Sentence += p * (float64(i)*operator - a.logOperands[i])
		}
		tokens += p * float64(2*i+1+1) // 2i+1 symbols and the end
	}
	a.entropy.Token = a.entropy.Sentence / tokens
	a.entropy.Exact = true
	return a, nil
}

func (a *arithmetic) Name() string { return "arithmetic" }

func (a *arithmetic) Entropy() Entropy { return a.entropy }

func (a *arithmetic) Tokens(sentence string) int { return len(sentence)/2 + 2 }

func (a *arithmetic) Sample(seed uint64, i int) string {
	draw := sentenceKey(rng.Corpus, seed, i).Source()
	var b strings.Builder
	b.WriteByte('x')
	for range pick(a.pOperands, draw.Float64()) {
		b.Write([]byte{' ', operators[pick(a.pOperator[:], draw.Float64())], ' ', 'x'})
	}
	return b.String()
}

func (a *arithmetic) LogProb(sentence string) (float64, bool) {
	// "x" and then any number of " o x".
	n := (len(sentence) + 3) / 4
	if len(sentence)%4 != 1 || n > len(a.pOperands) || sentence[0] != 'x' {
		return math.Inf(-1), false
	}
	p := a.logOperands[n-1]
	for rest := sentence[1:]; rest != ""; rest = rest[4:] {
		o := strings.IndexByte(operators, rest[1])
		if o < 0 || rest[0] != ' ' || rest[2:4] != " x" {
			return math.Inf(-1), false
		}
		p += math.Log(a.pOperator[o])
	}
	return p, !math.IsInf(p, -1)
}

// pick returns the index that u in (0, 1) falls on when the unit interval is
// cut into parts of the given probabilities, never one of probability 0.
func pick(p []float64, u float64) int {
	last := 0
	for i, q := range p {
		if q == 0 {
			continue
		}
		if u < q {
			return i
		}
		u -= q
		last = i // rounding may leave u just above the end
	}
	return last
}
