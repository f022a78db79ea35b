package tour

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed page.html.tmpl
var pageSource string

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"add":    func(a, b int) int { return a + b },
	"figure": figure,
	// last is the index of the last of n values.
	"last": func(values []string) int { return len(values) - 1 },
	"at":   func(values []string, i int) string { return values[i] },
}).Parse(pageSource))

// PageFile is the name of the page in its folder.
const PageFile = "tour.html"

// WritePage writes lessons as one HTML page, which names no address.
func WritePage(w io.Writer, lessons []Done, o Options) error {
	return pageTemplate.Execute(w, struct {
		Options
		Lessons []Done
	}{o, lessons})
}

// Start is the frame that a picture begins with.
func (p Picture) Start() Frame {
	at := 0
	for _, c := range p.Controls {
		at = at*len(c.Values) + c.Start
	}
	return p.Frames[at]
}
