package report

import (
	_ "embed"
	"html/template"
	"strings"
	text "text/template"
	"time"

	"textgan/internal/terminal"
)

var (
	//go:embed report.html.tmpl
	pageText string
	//go:embed model-card.md.tmpl
	cardText string
)

var functions = map[string]any{
	"join": strings.Join,
	"line": terminal.Line,
	"md":   markdown,
	"time": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
}

// markdown is a name within a line of Markdown: it stays on the line and means
// nothing there.
func markdown(name string) string {
	return markdownMarks.Replace(terminal.Line(name))
}

var markdownMarks = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`, "<", "&lt;", "|", `\|`, "#", `\#`)

var (
	pageTemplate = template.Must(template.New("report").Funcs(functions).Parse(pageText))
	cardTemplate = text.Must(text.New("card").Funcs(functions).Parse(cardText))
)
