package model

import "textgan/internal/machine"

// checkMemory refuses a model over v ids that this machine cannot hold, before it is
// made: its weights, and as much again while they are read.
func (c Config) checkMemory(v int) error {
	weights := c.Architecture(v).Size().Weights
	return machine.Need{{What: "weights", Bytes: 2 * 4 * weights, Lower: "--hidden, --emb or --layers"}}.Check()
}

// checkSamples refuses more samples of up to T tokens than this machine can hold.
func checkSamples(n, T int) error {
	const line = 100 // bytes of a sentence and what stands for it
	return machine.Need{{What: "samples", Bytes: float64(n) * (4*float64(T) + line), Lower: "-n"}}.Check()
}
