package vocab_test

import (
	"fmt"

	"textgan/vocab"
)

func ExampleBuild() {
	tok, _ := vocab.NewTokenizer("word", "")
	v, err := vocab.Build([]string{"The cat sleeps.", "The cat's bowl, full."}, tok, vocab.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	ids := v.Encode("the cat, full of cream.")
	fmt.Println(v.Size(), ids)
	fmt.Println(v.Decode(ids))
	// Output:
	// 12 [5 8 6 10 3 3 4]
	// the cat, full <unk> <unk>.
}

func ExampleNewBatches() {
	sentences := [][]int32{{4, 5, 6}, {7}, {8, 9}}
	batches, err := vocab.NewBatches(sentences, vocab.BatchOptions{Size: 3, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	var b vocab.Batch
	batches.Next(&b)
	for row := range b.B {
		fmt.Println(b.IDs[row*b.T:(row+1)*b.T], b.Lengths[row])
	}
	// Output:
	// [4 5 6 2] 4
	// [8 9 2 0] 3
	// [7 2 0 0] 2
}
