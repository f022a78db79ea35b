package report

import (
	_ "embed"
	"html/template"
	"strings"
	text "text/template"
	"time"
)

var (
	//go:embed report.html.tmpl
	pageText string
	//go:embed model-card.md.tmpl
	cardText string
)

var functions = map[string]any{
	"join": strings.Join,
	"time": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") },
}

var (
	page = template.Must(template.New("report").Funcs(functions).Parse(pageText))
	card = text.Must(text.New("card").Funcs(functions).Parse(cardText))
)
