package tour

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"html"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"strings"
)

// drawing is a picture that is no chart, of text, small images and paths. What moves is
// added with frames: one value for each.
type drawing struct {
	strings.Builder
	title, text string
	moves       [][]string // by element, then by frame
}

// newDrawing opens a picture of a size in pixels; title and text say what it shows.
func newDrawing(title, text string, width, height int) *drawing {
	d := &drawing{title: title, text: text}
	fmt.Fprintf(d, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s"><title>%s</title><desc>%s</desc>`,
		width, height, width, height, html.EscapeString(title), html.EscapeString(title), html.EscapeString(text))
	return d
}

// moving is the attribute of an element with the given frames, and what it begins as:
// one frame does not move.
func (d *drawing) moving(frames []string, start int) (attribute, first string) {
	if len(frames) == 1 {
		return "", frames[0]
	}
	d.moves = append(d.moves, frames)
	return fmt.Sprintf(` data-move="%d"`, len(d.moves)-1), frames[start]
}

// write puts a line of text; style is further attributes.
func (d *drawing) write(x, y float64, style string, start int, frames ...string) {
	move, first := d.moving(frames, start)
	fmt.Fprintf(d, `<text x="%g" y="%g" font-family="system-ui,sans-serif" font-size="12" style="fill:var(--ink)" %s%s>%s</text>`, x, y, style, move, html.EscapeString(first))
}

// path puts a path of one colour.
func (d *drawing) path(style string, start int, frames ...string) {
	move, first := d.moving(frames, start)
	fmt.Fprintf(d, `<path %s%s d="%s"/>`, style, move, first)
}

// image puts an image; frames are data URIs.
func (d *drawing) image(x, y, width, height float64, start int, frames ...string) {
	move, first := d.moving(frames, start)
	fmt.Fprintf(d, `<image x="%g" y="%g" width="%g" height="%g" style="image-rendering:pixelated"%s href="%s"/>`, x, y, width, height, move, first)
}

// add closes the drawing and appends it, with a text for each frame.
func (d *drawing) add(r *Results, controls []Control, texts []string) {
	p := Picture{Title: d.title, Alt: d.text, SVG: template.HTML(d.String() + `</svg>`), Controls: controls}
	for i, text := range texts {
		f := Frame{Text: text}
		for _, m := range d.moves {
			f.Move = append(f.Move, m[i])
		}
		p.Frames = append(p.Frames, f)
	}
	r.Pictures = append(r.Pictures, p)
}

// greys are the shades of a sheet, from paper to ink: few, so that it is small.
var greys = func() (p color.Palette) {
	for i := range 16 {
		p = append(p, color.Gray{uint8(255 - 17*i)})
	}
	return p
}()

// sheet is images of ink [n,side*side] in [0,1], in rows of a number of columns with a
// pixel between them, as a data URI.
func sheet(ink []float32, side, columns int) (uri string, width, height int) {
	n := len(ink) / (side * side)
	rows := (n + columns - 1) / columns
	width, height = columns*(side+1)-1, rows*(side+1)-1
	m := image.NewPaletted(image.Rect(0, 0, width, height), greys)
	for i := range n {
		for j := range side * side {
			m.SetColorIndex(i%columns*(side+1)+j%side, i/columns*(side+1)+j/side, uint8(15*ink[i*side*side+j]+.5))
		}
	}
	var b bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&b, m); err != nil {
		panic(err) // a buffer takes what it is given
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()), width, height
}

// wrap breaks a line at spaces into n lines of a number of letters, the last with what
// is left.
func wrap(line string, letters, n int) []string {
	lines := make([]string, n)
	i := 0
	for _, word := range strings.Fields(line) {
		if i < n-1 && lines[i] != "" && len(lines[i])+1+len(word) > letters {
			i++
		}
		if lines[i] != "" {
			lines[i] += " "
		}
		lines[i] += word
	}
	return lines
}
