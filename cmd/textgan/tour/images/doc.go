// Package images trains variational autoencoders on small black-and-white images:
// with a Gaussian code, and with a code of categorical choices.
//
// It is an example of how the graph operations, the optimiser and the estimators
// are used for something that is not text. Images come from an IDX file (that of
// MNIST) or are drawn by the program:
//
//	x [B,P] -> hidden layer -> posterior of the code -> z -> hidden layer -> log odds of the pixels [B,P]
package images
