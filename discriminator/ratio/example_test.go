package ratio_test

import (
	"fmt"
	"math"
	"slices"

	"textgan/discriminator/ratio"
)

// Sentences of ids, each with its end (2): the real ones are longer than the
// generated ones, and a critic of seven statistics tells them apart.
func Example() {
	sentences := func(n, length int) (out [][]int32) {
		for i := range n {
			var s []int32
			for t := range length + i%3 {
				s = append(s, int32(4+(i+t)%5))
			}
			out = append(out, append(s, 2))
		}
		return out
	}
	texts := ratio.Texts{Real: sentences(200, 6), Fake: sentences(200, 3), HeldReal: sentences(50, 6), HeldFake: sentences(50, 3)}
	c, err := ratio.New([]ratio.Features{ratio.NewStatistics(9, texts.Real)}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	r, err := c.Fit(texts, ratio.FitOptions{Steps: 100, Seed: 1})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("tells more than a guess:", r.Loss < math.Ln2)
	scores, _, err := c.Scores(slices.Concat(texts.HeldReal[:1], texts.HeldFake[:1]))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("the real one is likelier under real text:", scores[0] > scores[1])
	// Output:
	// tells more than a guess: true
	// the real one is likelier under real text: true
}
