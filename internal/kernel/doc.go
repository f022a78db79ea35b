// Package kernel is the arithmetic under the models: float32 matrix products,
// elementwise functions, row softmax, the cell of an LSTM, Gumbel noise and the
// optimiser's update.
//
// It knows nothing of graphs or layers; the operations in package op and the
// samplers call it with slices. Every function is a few lines of plain Go, its
// meaning, and for amd64 assembly for AVX-512 and AVX2 that is written by the
// program in gen and tested against the former. The best that the CPU has is
// chosen at the start (see [ISA]); the build tag noasm leaves the plain Go.
//
// # Conventions
//
// Matrices are row-major; ld is the distance of two rows in values. The
// destination comes first, and may be a source where that is said. Nothing is
// read or written beyond the last value of a slice. Lengths that do not match
// are a mistake of the program: the functions panic, saying which. Nothing
// allocates once it has been called as often at once as it will be.
//
// [Gemm], [GemmBias], [Adam], [SumSquares] and [Transpose] use several cores, and
// [Parallel] lets other loops do so; all other functions stay on the calling
// goroutine.
//
// # Same bits
//
// No result depends on the number of threads, and no value of a product on how
// the rows and columns of the result are split into calls. The assembly for AVX-512 and that
// for AVX2 give the same bits: reductions are in 16 or 64 lanes that are folded
// in the same order, and products are added up in the same order. Plain Go
// rounds differently, and fuses multiply and add on some CPUs, but [Sum],
// [SumSquares], [Max], [Uniform] and [AddColumnSums] agree there too.
//
// # Denormals
//
// A softmax of a low temperature is full of values around the least normal
// number, 2^-126, and some CPUs need microcode for each that is below: a product
// takes twenty times as long. The assembly of products, of [Scale], which ends a
// softmax, and of [SoftmaxBackward] takes denormals for zero; [Exp] and [Sigmoid]
// do so everywhere. Otherwise they are numbers as any.
//
// # Accuracy
//
// Greatest errors of the assembly, over every float32, in units of the last
// place: [Exp] 1.06, [Log] 1.05, [Tanh] 2.50, [Sigmoid] 2.49. [Gumbel] is within
// 4e-7 of the exact value, relative beyond 1. Plain Go rounds float64 results.
package kernel
