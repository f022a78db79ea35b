package discriminator_test

import (
	"fmt"

	"textgan/discriminator"
)

// The weights of a small network.
func ExampleNew() {
	d, err := discriminator.New(discriminator.Config{Vocab: 100, Emb: 16, Widths: []int{2, 3}, Filters: 8, Highway: true}, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range d.Params() {
		fmt.Println(p.Name, p.Shape)
	}
	// Output:
	// d.embedding [100 16]
	// d.conv2.w [32 8]
	// d.conv2.b [8]
	// d.conv3.w [48 8]
	// d.conv3.b [8]
	// d.highway.w [16 16]
	// d.highway.b [16]
	// d.gate.w [16 16]
	// d.gate.b [16]
	// d.score.w [16 1]
	// d.score.b [1]
}
