package plot_test

import (
	"bytes"
	"fmt"

	"textgan/eval/plot"
)

// Two columns of a run's record over its steps, with a mark where a phase ends.
func ExampleCurves() {
	var svg bytes.Buffer
	err := plot.Curves(&svg, "Negative log-likelihood", []plot.Curve{
		{Name: "train", X: []float64{0, 100, 200}, Y: []float64{5, 3, 2.5}},
		{Name: "valid", X: []float64{0, 100, 200}, Y: []float64{5.1, 3.2, 2.9}},
	}, []float64{100}, false)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(bytes.Contains(svg.Bytes(), []byte("<svg")), bytes.Contains(svg.Bytes(), []byte("valid")))
	// Output: true true
}
