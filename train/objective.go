package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	G "gorgonia.org/gorgonia"

	"textgan/network"
)

// Objective is the loss of an adversarial run. r and f are the scores [B,R] of
// real and generated sentences (logits), R of each; a loss is the mean over
// both. softplus(x) = log(1+e^x), so softplus(-x) = -log sigmoid(x).
type Objective string

// The objectives.
const (
	// Standard, non-saturating: lossD = softplus(-r) + softplus(f),
	// lossG = softplus(-f). Goodfellow et al. 2014, section 3.
	Standard Objective = "standard"
	// RSGAN, relativistic: lossD = softplus(f-r), lossG = softplus(r-f).
	// Jolicoeur-Martineau 2018, equations 7 and 8; the loss of RelGAN.
	RSGAN Objective = "rsgan"
	// RAGAN, relativistic average: scores against the mean of all of the other side.
	// Jolicoeur-Martineau 2018, equations 10 to 13.
	RAGAN Objective = "ragan"
	// Hinge: lossD = relu(1-r) + relu(1+f), lossG = -f. Lim and Ye 2017.
	Hinge Objective = "hinge"
	// LSGAN, least squares: lossD = ((r-1)^2 + f^2)/2, lossG = (f-1)^2/2.
	// Mao et al. 2017, equation 2 with a=0, b=c=1.
	LSGAN Objective = "lsgan"
	// MMD: the generator's loss is the squared maximum mean discrepancy of the
	// discriminator's features of real and of generated sentences, as in TextGAN
	// (Zhang et al. 2017); lossD is that of Standard.
	MMD Objective = "mmd"
	// Sinkhorn: the entropic optimal transport of these features with a cosine cost,
	// as in FM-GAN (Chen et al. 2018); lossD is that of Standard.
	Sinkhorn Objective = "sinkhorn"
)

// Loss is what an objective of scores is: a row of the table behind --objective.
type Loss struct {
	Name Objective
	// Discriminator is the discriminator's loss from the scores [B,R] of real and of
	// generated sentences. smooth moves the target of "real" from 1 to 1-smooth; a loss
	// without targets refuses one above 0.
	Discriminator func(g *network.Graph, real, fake *G.Node, smooth float64) (*G.Node, error)
	// Generator is the generator's loss. real is nil unless the loss is Relative.
	Generator func(g *network.Graph, real, fake *G.Node) (*G.Node, error)
	Relative  bool // does the generator's loss look at real sentences?
	// Reward is what a generated sentence earns by one of its scores, beside one of a real
	// sentence: minus its share of the generator's loss. nil: no sentence has a loss of its
	// own, and so none a reward; score functions do not suit.
	Reward func(real, fake float64) float64
}

// losses are all of them.
var losses = []Loss{
	{Standard, standardD, func(g *network.Graph, _, f *G.Node) (*G.Node, error) {
		m := maths{g}
		return m.mean(m.softplus(m.neg(f))), g.Err()
	}, false, func(_, f float64) float64 { return -softplus(-f) }},
	{RSGAN, func(g *network.Graph, r, f *G.Node, smooth float64) (*G.Node, error) {
		m := maths{g}
		return m.real(m.sub(r, f), smooth), g.Err()
	}, func(g *network.Graph, r, f *G.Node) (*G.Node, error) {
		m := maths{g}
		return m.mean(m.softplus(m.sub(r, f))), g.Err()
	}, true, func(r, f float64) float64 { return -softplus(r - f) }},
	{RAGAN, func(g *network.Graph, r, f *G.Node, smooth float64) (*G.Node, error) {
		m := maths{g}
		return m.add(m.real(m.sub(r, m.mean(f)), smooth), m.mean(m.softplus(m.sub(f, m.mean(r))))), g.Err()
	}, func(g *network.Graph, r, f *G.Node) (*G.Node, error) {
		m := maths{g}
		return m.add(m.mean(m.softplus(m.sub(r, m.mean(f)))), m.mean(m.softplus(m.sub(m.mean(r), f)))), g.Err()
	}, true, nil},
	{Hinge, func(g *network.Graph, r, f *G.Node, smooth float64) (*G.Node, error) {
		if smooth != 0 {
			return nil, fmt.Errorf("train: the hinge objective has no labels to smooth")
		}
		m := maths{g}
		return m.add(m.mean(m.relu(m.shift(1, m.neg(r)))), m.mean(m.relu(m.shift(1, f)))), g.Err()
	}, func(g *network.Graph, _, f *G.Node) (*G.Node, error) {
		m := maths{g}
		return m.neg(m.mean(f)), g.Err()
	}, false, func(_, f float64) float64 { return f }},
	{LSGAN, func(g *network.Graph, r, f *G.Node, smooth float64) (*G.Node, error) {
		m := maths{g}
		return m.scale(.5, m.add(m.mean(m.square(m.shift(smooth-1, r))), m.mean(m.square(f)))), g.Err()
	}, func(g *network.Graph, _, f *G.Node) (*G.Node, error) {
		m := maths{g}
		return m.scale(.5, m.mean(m.square(m.shift(-1, f)))), g.Err()
	}, false, func(_, f float64) float64 { return -(f - 1) * (f - 1) / 2 }},
}

// Matching are the objectives of features, whose discriminator's loss is that of Standard.
var Matching = []Objective{MMD, Sinkhorn}

func standardD(g *network.Graph, r, f *G.Node, smooth float64) (*G.Node, error) {
	m := maths{g}
	return m.add(m.real(r, smooth), m.mean(m.softplus(f))), g.Err()
}

// RegisterObjective adds an objective of a program's own, before any configuration is
// read. It panics if there is one of that name.
func RegisterObjective(l Loss) {
	if _, err := ParseObjective(string(l.Name)); err == nil {
		panic("train: two objectives named " + l.Name)
	}
	losses = append(losses, l)
}

// Objectives are those of scores, in the order of the documentation.
func Objectives() (names []Objective) {
	for _, l := range losses {
		names = append(names, l.Name)
	}
	return names
}

// Choices are the names of all objectives.
func (Objective) Choices() (names []string) {
	for _, o := range slices.Concat(Objectives(), Matching) {
		names = append(names, string(o))
	}
	return names
}

// ParseObjective finds an objective by name.
func ParseObjective(name string) (Objective, error) {
	o := Objective(name)
	if slices.Contains(o.Choices(), name) {
		return o, nil
	}
	return "", fmt.Errorf("train: objective %q is not known; use one of %s", name, strings.Join(o.Choices(), ", "))
}

// loss is the row of an objective of scores; nil of others.
func (o Objective) loss() *Loss {
	if i := slices.IndexFunc(losses, func(l Loss) bool { return l.Name == o }); i >= 0 {
		return &losses[i]
	}
	return nil
}

// Relative reports whether the generator's loss looks at real sentences.
func (o Objective) Relative() bool {
	l := o.loss()
	return l != nil && l.Relative || o.Matches()
}

// Matches reports whether the generator's loss is a distance of features.
func (o Objective) Matches() bool { return slices.Contains(Matching, o) }

// Couples reports whether no sentence of a batch has a loss of its own, and so none
// a reward.
func (o Objective) Couples() bool {
	l := o.loss()
	return l != nil && l.Reward == nil || o.Matches()
}

// LossD is the discriminator's loss, a mean over batch and scores in nats (standard
// and relativistic) or squared score units. smooth moves the target of "real"
// from 1 to 1-smooth (one-sided label smoothing, Salimans et al. 2016); the
// hinge has no target and refuses it.
func (o Objective) LossD(g *network.Graph, r, f *G.Node, smooth float64) (*G.Node, error) {
	if o.Matches() {
		return standardD(g, r, f, smooth)
	}
	if l := o.loss(); l != nil {
		return l.Discriminator(g, r, f, smooth)
	}
	return nil, fmt.Errorf("train: objective %q is not known", o)
}

// LossG is the generator's loss, of an objective of scores. r may be nil unless the
// objective is Relative.
func (o Objective) LossG(g *network.Graph, r, f *G.Node) (*G.Node, error) {
	if l := o.loss(); l != nil {
		return l.Generator(g, r, f)
	}
	return nil, fmt.Errorf("train: objective %q is not known", o)
}

// Rewards sets dst [B] to what sentences with the scores f [B,R] earn under the
// objective: minus their share of LossG, so that raising the expected reward
// lowers the loss that the relaxed estimators lower. r are the scores of the
// real sentences that they are paired with. One that Couples has no such share: NaN.
func (o Objective) Rewards(dst, r, f []float32) {
	R := len(f) / len(dst)
	for i := range dst {
		sum := 0.0
		for j := i * R; j < (i+1)*R; j++ {
			sum += o.reward(float64(r[j]), float64(f[j]))
		}
		dst[i] = float32(sum / float64(R))
	}
}

// reward is that of one score.
func (o Objective) reward(r, f float64) float64 {
	if l := o.loss(); l != nil && l.Reward != nil {
		return l.Reward(r, f)
	}
	return math.NaN()
}

func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// matching is the generator's loss from features [B,F] of real and of generated
// sentences.
func (a game) matching(g *network.Graph, r, f *G.Node) *G.Node {
	if a.objective == Sinkhorn {
		return g.Sinkhorn(f, r, a.eps)
	}
	return g.MMD(f, r, a.bandwidths)
}

// maths is the part of Gorgonia that the objectives are written in, with the
// error kept by the graph.
type maths struct{ g *network.Graph }

func (m maths) one(f func(*G.Node) (*G.Node, error), x *G.Node) *G.Node {
	if m.g.Err() != nil {
		return nil
	}
	return m.g.Must(f(x))
}

func (m maths) two(f func(a, b *G.Node) (*G.Node, error), a, b *G.Node) *G.Node {
	if m.g.Err() != nil {
		return nil
	}
	return m.g.Must(f(a, b))
}

// real is the loss of real scores x against their target: (1-smooth) softplus(-x) +
// smooth softplus(x).
func (m maths) real(x *G.Node, smooth float64) *G.Node {
	loss := m.mean(m.softplus(m.neg(x)))
	if smooth == 0 {
		return loss
	}
	return m.add(m.scale(1-smooth, loss), m.scale(smooth, m.mean(m.softplus(x))))
}

func (m maths) neg(x *G.Node) *G.Node      { return m.one(G.Neg, x) }
func (m maths) softplus(x *G.Node) *G.Node { return m.one(G.Softplus, x) }
func (m maths) relu(x *G.Node) *G.Node     { return m.one(G.Rectify, x) }
func (m maths) square(x *G.Node) *G.Node   { return m.one(G.Square, x) }
func (m maths) add(a, b *G.Node) *G.Node   { return m.two(G.Add, a, b) }
func (m maths) sub(a, b *G.Node) *G.Node   { return m.two(G.Sub, a, b) }
func (m maths) mean(x *G.Node) *G.Node {
	return m.one(func(x *G.Node) (*G.Node, error) { return G.Mean(x) }, x)
}
func (m maths) scale(a float64, x *G.Node) *G.Node {
	return m.two(G.Mul, x, G.NewConstant(float32(a)))
}
func (m maths) shift(a float64, x *G.Node) *G.Node {
	return m.two(G.Add, x, G.NewConstant(float32(a)))
}
