package eval_test

import (
	"fmt"
	"strings"

	"textgan/eval"
)

func Example() {
	references := []string{"the red kite turns over the hill", "a red kite sits on the hill", "the wind drops"}
	generated := []string{"the red kite sits on the hill", "a wind turns"}

	lexicon := eval.NewLexicon()
	refs, err := eval.NewReferences(lexicon.Add(references, strings.Fields), 3)
	if err != nil {
		fmt.Println(err)
		return
	}
	hyps := lexicon.Find(generated, strings.Fields)
	score, err := eval.BLEU(refs, hyps, eval.Options{MaxN: 3, Tokenizer: "whitespace"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("BLEU-2 %.3f, BLEU-3 %.3f\n%s\n", score.ByOrder[1], score.ByOrder[2], score.Signature)
	// Output:
	// BLEU-2 0.612, BLEU-3 0.585
	// bleu|n:3|level:sentence|smooth:method1|weights:uniform|tok:whitespace|refs:3|hyps:2|version:2
}

func ExampleSelfBLEU() {
	lines := eval.NewLexicon().Add([]string{"a b c d", "a b c d", "e f g h"}, strings.Fields)
	score, err := eval.SelfBLEU(lines, eval.Options{MaxN: 2})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.3f\n%s\n", score.ByOrder, score.Signature)
	// Output:
	// [0.667 0.667]
	// self-bleu|n:2|level:sentence|smooth:method1|weights:uniform|refs:leave-one-out|hyps:3|version:2
}

func ExampleFrontier_Judge() {
	mle, err := eval.NewFrontier(eval.BLEUAxes(5), []eval.Point{
		{Temperature: 1.0, X: 0.288, Y: 0.169, ErrX: 0.002, ErrY: 0.002},
		{Temperature: 0.8, X: 0.533, Y: 0.245, ErrX: 0.002, ErrY: 0.002},
		{Temperature: 0.6, X: 0.792, Y: 0.317, ErrX: 0.002, ErrY: 0.002},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	v, err := mle.Judge(eval.Point{Name: "gan", X: 0.6, Y: 0.22, ErrX: 0.002, ErrY: 0.002}, 0.95)
	fmt.Printf("%s: %+.3f±%.3f %v\n", v.Place, v.Gap, v.ErrGap, err)
	// Output: inside: -0.044±0.003 <nil>
}
