package train

import (
	"fmt"
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

// Objectives are those of scores, in the order of the documentation; Matching are
// those of features.
var (
	Objectives = []Objective{Standard, RSGAN, RAGAN, Hinge, LSGAN}
	Matching   = []Objective{MMD, Sinkhorn}
)

// ParseObjective finds an objective by name.
func ParseObjective(name string) (Objective, error) {
	var names []string
	for _, o := range slices.Concat(Objectives, Matching) {
		if name == string(o) {
			return o, nil
		}
		names = append(names, string(o))
	}
	return "", fmt.Errorf("train: objective %q is not known; use one of %s", name, strings.Join(names, ", "))
}

// Relative reports whether the generator's loss looks at real sentences.
func (o Objective) Relative() bool { return o == RSGAN || o == RAGAN || o.Matches() }

// Matches reports whether the generator's loss is a distance of features.
func (o Objective) Matches() bool { return slices.Contains(Matching, o) }

// Couples reports whether no sentence of a batch has a loss of its own, and so none
// a reward.
func (o Objective) Couples() bool { return o == RAGAN || o.Matches() }

// LossD is the discriminator's loss, a mean over batch and scores in nats (standard
// and relativistic) or squared score units. smooth moves the target of "real"
// from 1 to 1-smooth (one-sided label smoothing, Salimans et al. 2016); the
// hinge has no target and refuses it.
func (o Objective) LossD(g *network.Graph, r, f *G.Node, smooth float64) (*G.Node, error) {
	if o == Hinge && smooth != 0 {
		return nil, fmt.Errorf("train: the hinge objective has no labels to smooth")
	}
	m := maths{g}
	// real scores x against the target: (1-smooth) softplus(-x) + smooth softplus(x)
	real := func(x *G.Node) *G.Node {
		loss := m.mean(m.softplus(m.neg(x)))
		if smooth == 0 {
			return loss
		}
		return m.add(m.scale(1-smooth, loss), m.scale(smooth, m.mean(m.softplus(x))))
	}
	switch o {
	case Standard, MMD, Sinkhorn:
		return m.add(real(r), m.mean(m.softplus(f))), g.Err()
	case RSGAN:
		return real(m.sub(r, f)), g.Err()
	case RAGAN:
		return m.add(real(m.sub(r, m.mean(f))), m.mean(m.softplus(m.sub(f, m.mean(r))))), g.Err()
	case Hinge:
		return m.add(m.mean(m.relu(m.shift(1, m.neg(r)))), m.mean(m.relu(m.shift(1, f)))), g.Err()
	case LSGAN:
		return m.scale(.5, m.add(m.mean(m.square(m.shift(smooth-1, r))), m.mean(m.square(f)))), g.Err()
	}
	return nil, fmt.Errorf("train: objective %q is not known", o)
}

// matching is the generator's loss from features [B,F] of real and of generated
// sentences.
func (a game) matching(g *network.Graph, r, f *G.Node) *G.Node {
	if a.objective == Sinkhorn {
		return g.Sinkhorn(f, r, a.eps)
	}
	return g.MMD(f, r, a.bandwidths)
}

// LossG is the generator's loss, of an objective of scores. r may be nil unless the
// objective is Relative.
func (o Objective) LossG(g *network.Graph, r, f *G.Node) (*G.Node, error) {
	m := maths{g}
	switch o {
	case Standard:
		return m.mean(m.softplus(m.neg(f))), g.Err()
	case RSGAN:
		return m.mean(m.softplus(m.sub(r, f))), g.Err()
	case RAGAN:
		return m.add(m.mean(m.softplus(m.sub(r, m.mean(f)))), m.mean(m.softplus(m.sub(m.mean(r), f)))), g.Err()
	case Hinge:
		return m.neg(m.mean(f)), g.Err()
	case LSGAN:
		return m.scale(.5, m.mean(m.square(m.shift(-1, f)))), g.Err()
	}
	return nil, fmt.Errorf("train: objective %q is not known", o)
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
