// Package plot draws the figures of an evaluation as SVG.
//
// It stands at the end of the flow: numbers from eval in, a picture out.
package plot
