// Package op holds the fused Gorgonia operations that the models are made of.
//
// Gorgonia is the expression graph, the differentiation and the machine; an
// operation of this package covers a meaningful whole (a recurrent layer over
// a sequence, a softmax layer with its cross-entropy, a relaxed rollout), so
// that a model is a graph of tens of nodes. Each operation owns its output and
// its scratch, allocates nothing per run, and computes only the gradients that
// somebody asked for. It belongs to one graph and one machine at a time.
//
// Sequences come in two layouts:
//
//   - by sentence: [B,T,·], row b*T+t, with lengths [B];
//   - packed: the real tokens only, time by time. Rows of a batch are sorted by
//     falling length, so step t holds rows 0..n_t-1; see Plan.
package op
