package plot_test

import (
	"fmt"
	"strings"

	"textgan/eval/plot"
)

// Two columns of a run's record over its phases.
func ExampleCurves() {
	drawing, err := plot.Curves{
		Title: "Negative log-likelihood",
		Curves: []plot.Curve{
			{Name: "train", X: []float64{0, 100, 200}, Y: []float64{5, 3, 2.5}},
			{Name: "valid", Colour: 1, X: []float64{0, 100, 200}, Y: []float64{5.1, 3.2, 2.9}},
		},
		Phases: []plot.Phase{{Name: "likelihood", To: 100}, {Name: "adversarial", From: 100, To: 200, First: 100}},
	}.Render()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(strings.Contains(drawing.SVG, "<svg"), strings.Contains(drawing.SVG, ">likelihood<"), drawing.At(0) < drawing.At(100))
	// Output: true true true
}
