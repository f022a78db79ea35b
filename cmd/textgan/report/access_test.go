package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"textgan/eval"
	"textgan/eval/plot"
)

// luminance of a colour such as #1c1c1c, and contrast of two: WCAG 2.2.
func luminance(t *testing.T, hex string) float64 {
	hex = strings.TrimPrefix(hex, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	v, err := strconv.ParseUint(hex, 16, 24)
	require.NoError(t, err, hex)
	linear := func(c uint64) float64 {
		x := float64(c&255) / 255
		if x <= .04045 {
			return x / 12.92
		}
		return math.Pow((x+.055)/1.055, 2.4)
	}
	return .2126*linear(v>>16) + .7152*linear(v>>8) + .0722*linear(v)
}

func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + .05) / (min(x, y) + .05)
}

// sheet is a style sheet: its rules, and those that a dark screen has besides.
type sheet struct{ light, dark []rule }

type rule struct {
	selector     string
	declarations map[string]string
}

var (
	comments = regexp.MustCompile(`(?s)/\*.*?\*/`)
	media    = regexp.MustCompile(`@media\s*\(([^)]*)\)\s*\{((?:[^{}]*\{[^{}]*\})*)\s*\}`)
	oneRule  = regexp.MustCompile(`([^{}]+)\{([^{}]*)\}`)
)

func parse(css string) (s sheet) {
	rules := func(text string) (out []rule) {
		for _, m := range oneRule.FindAllStringSubmatch(text, -1) {
			r := rule{strings.TrimSpace(m[1]), map[string]string{}}
			for _, d := range strings.Split(m[2], ";") {
				if name, value, ok := strings.Cut(d, ":"); ok {
					r.declarations[strings.TrimSpace(name)] = strings.TrimSpace(value)
				}
			}
			out = append(out, r)
		}
		return out
	}
	css = comments.ReplaceAllString(css, "")
	for _, m := range media.FindAllStringSubmatch(css, -1) {
		if strings.Contains(m[1], "dark") {
			s.dark = append(s.dark, rules(m[2])...)
		} else {
			s.light = append(s.light, rules(m[2])...)
		}
	}
	s.light = append(rules(media.ReplaceAllString(css, "")), s.light...)
	return s
}

// Every text of the page and its charts stands out from what is behind it by 4.5 to 1, every line that
// means something by 3 to 1, on a light screen and on a dark one.
func TestContrast(t *testing.T) {
	d, err := plot.Curves{Curves: []plot.Curve{{X: []float64{0, 1}, Y: []float64{0, 1}}}}.Render()
	require.NoError(t, err)
	css := ""
	for _, m := range regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindAllStringSubmatch(pageText+d.SVG, -1) {
		css += m[1]
	}
	s := parse(css)
	for name, rules := range map[string][]rule{"light": s.light, "dark": append(slices.Clone(s.light), s.dark...)} {
		variables := map[string]string{}
		for _, r := range rules { // the later one counts
			for name, value := range r.declarations {
				if strings.HasPrefix(name, "--") {
					variables[name] = value
				}
			}
		}
		colour := func(value string) string { // the colour in a value, "" without one
			for _, m := range regexp.MustCompile(`var\((--[a-z0-9]+)\)`).FindAllStringSubmatch(value, -1) {
				value = strings.Replace(value, m[0], variables[m[1]], 1)
			}
			return regexp.MustCompile(`#[0-9a-f]{3,6}\b`).FindString(value)
		}
		paper, checked := variables["--paper"], map[string]bool{}
		need := func(what, front, back string, least float64) {
			require.NotEmpty(t, front, what)
			checked[front], checked[back] = true, true
			require.GreaterOrEqual(t, contrast(t, front, back), least, "%s, %s: %s on %s", name, what, front, back)
		}
		last := map[string]map[string]string{} // by selector, what counts in the end
		for _, r := range rules {
			if last[r.selector] == nil {
				last[r.selector] = map[string]string{}
			}
			for property, value := range r.declarations {
				last[r.selector][property] = value
			}
		}
		decoration := map[string]bool{variables["--line"]: true, colour(last[".tg-grid"]["stroke"]): true} // hairlines that only part what space parts already
		for selector, declarations := range last {
			back := paper
			if b := colour(declarations["background"]); b != "" {
				back = b
			}
			for property, value := range declarations {
				switch {
				case strings.HasPrefix(property, "--") || property == "background" || strings.Contains(value, "var(--k)"):
				case property == "color" || selector == ".tg" && property == "fill":
					need(selector, colour(value), back, 4.5)
				case colour(value) != "" && !decoration[colour(value)]:
					need(selector+" "+property, colour(value), back, 3)
				}
			}
		}
		for i := range plot.Colours {
			need(fmt.Sprint("curve ", i), variables[fmt.Sprint("--tg", i)], paper, 3)
			require.Equal(t, fmt.Sprintf("var(--tg%d)", i), last[fmt.Sprint(".k", i)]["--k"])
		}
		for variable, value := range variables {
			if strings.HasPrefix(value, "#") && !decoration[value] {
				require.True(t, checked[value], "%s, %s is in no pair", name, variable)
			}
		}
	}
	// Figures are one picture for both.
	f, err := eval.NewFrontier(eval.BLEUAxes(5), []eval.Point{{Temperature: 1, X: .3, Y: .2}, {Temperature: .8, X: .5, Y: .3}})
	require.NoError(t, err)
	var others []eval.Point
	for i := range 6 {
		others = append(others, eval.Point{Name: fmt.Sprint(i), X: .3, Y: .1})
	}
	var figure strings.Builder
	require.NoError(t, plot.Frontier(&figure, f, "mle", others))
	found := regexp.MustCompile(`(?:fill|stroke)="(#[0-9a-f]{6})"`).FindAllStringSubmatch(figure.String(), -1)
	require.Greater(t, len(found), 6)
	for _, m := range found {
		for _, rules := range [][]rule{s.light, s.dark} {
			i := slices.IndexFunc(rules, func(r rule) bool { return r.declarations["--paper"] != "" })
			require.GreaterOrEqual(t, contrast(t, m[1], rules[i].declarations["--paper"]), 3., m[1])
		}
	}
	require.Less(t, contrast(t, "#777777", "#ffffff"), 4.5)
	require.InDelta(t, 21, contrast(t, "#000", "#fff"), 1e-9)
	require.InDelta(t, 4.54, contrast(t, "#767676", "#ffffff"), .005)
}

// What the keyboard comes to, it comes to in the order of the page, knows the name of, and
// leaves by one step: each chart is one group of choices with one of them chosen.
func TestOrderOfFocus(t *testing.T) {
	r := run(t)
	require.NoError(t, Write(r, Options{}))
	content, err := os.ReadFile(r.Path(HTMLFile))
	require.NoError(t, err)
	d := xml.NewDecoder(strings.NewReader(string(content)))
	d.Strict, d.AutoClose, d.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	var groups, order []string // of radio buttons; of everything
	checked := map[string]int{}
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		at := map[string]string{}
		for _, a := range start.Attr {
			at[a.Name.Local] = a.Value
		}
		switch {
		case at["role"] == "radiogroup":
			require.NotEmpty(t, at["aria-label"])
			order = append(order, at["aria-label"])
		case start.Name.Local == "input":
			require.Equal(t, "radio", at["type"])
			if n := len(groups); n == 0 || groups[n-1] != at["name"] {
				require.NotContains(t, groups, at["name"], "a group is in one place")
				groups = append(groups, at["name"])
			}
			if _, ok := at["checked"]; ok {
				checked[at["name"]]++
			}
		case at["tabindex"] != "":
			require.Equal(t, "0", at["tabindex"], "the order of the page")
			require.Equal(t, "region", at["role"])
			require.NotEmpty(t, at["aria-label"])
			order = append(order, at["aria-label"])
		}
	}
	require.Equal(t, []string{"Negative log-likelihood: values by step", "BLEU against held-out text: values by step", "<new>: values by step", "Configuration"}, order)
	require.Len(t, groups, 3)
	for _, g := range groups {
		require.Equal(t, 1, checked[g], g)
	}
	// What is seen is in the order of the page, and nothing moves.
	require.NotRegexp(t, `[^-a-z](order|float|animation|transition)\s*:|-reverse`, pageText)
}
