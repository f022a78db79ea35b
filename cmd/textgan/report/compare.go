package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"textgan/corpora"
	"textgan/internal/atomicfile"
	"textgan/train/rundir"
)

// Member is a run of a comparison.
type Member struct {
	Run     *rundir.Run // nil: it has not begun
	Name    string      // what it is called if it stands alone, such as the options that tell it from others; empty: its directory
	State   string      // of a run that does not count, since it is not complete; empty: it counts
	Why     string      // what is to be known of that
	Options Options
}

// Compare writes one page about several runs to a file: what they came to, side by
// side with the first, and their curves on shared axes. Runs whose settings are equal
// up to the seed are one group, whose numbers are means. Runs that are not complete are
// drawn and listed, and not counted.
func Compare(path, title string, members []Member) error {
	c, err := newComparison(title, members)
	if err != nil {
		return err
	}
	shown := c.page()
	return atomicfile.Write(path, func(w io.Writer) error { return pageTemplate.Execute(w, shown) })
}

// comparison is what several runs say.
type comparison struct {
	title    string
	members  []*member // that have begun
	missing  []Member
	groups   []*group
	language corpora.Language // of all, or nil
	real     reference
	alike    bool // are all judged by the same held-out lines?
}

// member is a run that has begun.
type member struct {
	*document
	Member
	settings map[string]string
	end      *evaluation // of the weights that it has ended with; nil: it has none
}

// group is the runs whose settings are equal up to the seed.
type group struct {
	name    string
	members []*member
	done    []*member // of them, that count
}

// values of a column, of the runs that count.
func (g *group) values(c column) (out []float64) {
	for _, m := range g.done {
		if v, ok := m.end.values[c.name]; ok && (c.name != "nll_oracle" || m.end.values["valid"] > 0) {
			out = append(out, v)
		}
	}
	return out
}

func newComparison(title string, members []Member) (*comparison, error) {
	c := &comparison{title: title, alike: true}
	for _, given := range members {
		if given.Run == nil {
			c.missing = append(c.missing, given)
			continue
		}
		if err := given.Run.CheckWhole(); err != nil {
			return nil, err
		}
		d, err := read(given.Run, given.Options)
		if err != nil {
			return nil, err
		}
		m := &member{document: d, Member: given}
		if m.settings, err = settingsOf(d.Config); err != nil {
			return nil, fmt.Errorf("%s: %w", given.Run.Path(rundir.ConfigFile), err)
		}
		if ends := d.ends(); len(ends) > 0 {
			m.end = &ends[len(ends)-1]
		}
		c.members = append(c.members, m)
	}
	c.nameMembers()
	for _, m := range c.members {
		i := slices.IndexFunc(c.groups, func(g *group) bool { return sameButForSeed(g.members[0].settings, m.settings) })
		if i < 0 {
			i = len(c.groups)
			c.groups = append(c.groups, &group{})
		}
		g := c.groups[i]
		g.members = append(g.members, m)
		if m.State == "" && m.end != nil {
			g.done = append(g.done, m)
		} else {
			c.missing = append(c.missing, m.Member)
		}
	}
	c.nameGroups()
	for _, g := range c.groups {
		if len(g.done) == 1 {
			g.done[0].reference.measure(g.done[0].end)
		}
	}
	if len(c.members) > 0 {
		first := c.members[0]
		for _, m := range c.members {
			if m.reference.lines > c.real.lines {
				c.real = m.reference
			}
			if c.language == nil {
				c.language = m.Options.Language
			}
			if m.heldOut() != first.heldOut() {
				c.alike = false
			}
		}
		if !c.alike {
			c.language, c.real = nil, reference{}
		}
	}
	return c, nil
}

// heldOut names the lines that a run is judged by, and how they are cut.
func (m *member) heldOut() string {
	text := fmt.Sprintf("%s %s %s", m.settings["tokenizer"], m.settings["case"], m.settings["eval-samples"])
	if h := m.Manifest.HeldOut; h != nil {
		return text + h.SHA256
	}
	return text + m.Manifest.Corpus.SHA256
}

// settingsOf are the options of a configuration as text.
func settingsOf(config string) (map[string]string, error) {
	var values map[string]any
	if err := toml.Unmarshal([]byte(config), &values); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, v := range values {
		out[name] = fmt.Sprint(v)
	}
	return out, nil
}

func sameButForSeed(a, b map[string]string) bool {
	without := func(m map[string]string) map[string]string {
		m = maps.Clone(m)
		delete(m, "seed")
		return m
	}
	return maps.Equal(without(a), without(b))
}

// nameMembers gives each run a name of its own.
func (c *comparison) nameMembers() {
	count := map[string]int{}
	for _, m := range c.members {
		count[m.document.Name]++
	}
	for _, m := range c.members {
		if m.Member.Name == "" && count[m.document.Name] > 1 {
			m.Member.Name = m.Run.Dir
		} else if m.Member.Name == "" {
			m.Member.Name = m.document.Name
		}
	}
}

// nameGroups calls a group of one run as the run, and one of several by the settings
// that tell it from others.
func (c *comparison) nameGroups() {
	differing := c.differing("seed")
	for _, g := range c.groups {
		var parts []string
		for _, name := range differing {
			parts = append(parts, name+" "+g.members[0].settings[name])
		}
		text := strings.Join(parts, ", ")
		switch m := g.members[0]; {
		case len(g.members) == 1 || m.Member.Name != m.document.Name && m.Member.Name != m.Run.Dir:
			g.name = m.Member.Name
		case text != "" && len(text) <= 40:
			g.name = text
		default:
			g.name = fmt.Sprintf("%s and %d more", m.Member.Name, len(g.members)-1)
		}
	}
}

// differing are the settings that are not equal in all runs.
func (c *comparison) differing(except ...string) []string {
	names := map[string]bool{}
	for _, m := range c.members {
		for name := range m.settings {
			for _, other := range c.members {
				a, inA := m.settings[name]
				b, inB := other.settings[name]
				if a != b || inA != inB {
					names[name] = true
				}
			}
		}
	}
	for _, name := range except {
		delete(names, name)
	}
	return slices.Sorted(maps.Keys(names))
}

// page shows the comparison.
func (c *comparison) page() *page {
	p := &page{Title: c.title, Sections: c.charts()}
	counted := slices.DeleteFunc(slices.Clone(c.groups), func(g *group) bool { return len(g.done) == 0 })
	if len(counted) > 0 {
		c.summarise(p, counted)
	}
	if !c.alike {
		p.Warnings = append(p.Warnings, "The runs are not judged by the same held-out lines, cut in the same way, and as many samples: their numbers are not comparable.")
	}
	for _, m := range c.members {
		if m.State == "" && m.Why != "" {
			p.Warnings = append(p.Warnings, fmt.Sprintf("%s: %s; its last step is %d.", m.Member.Name, m.Why, m.Steps))
		}
	}
	c.tellMissing(p)
	c.tellSettings(p)
	for _, g := range c.groups {
		if n := len(g.members[0].Samples); n > 0 {
			s := g.members[0].Samples[n-1]
			s.Title = fmt.Sprintf("%s, step %d", g.name, s.Step)
			p.Samples = append(p.Samples, s)
		}
	}
	for _, m := range c.members {
		heading := m.Member.Name
		if heading != m.Run.Dir {
			heading += ": " + m.Run.Dir
		}
		p.Facts = append(p.Facts, facts{m.document, heading})
	}
	return p
}

// summarise fills the tables and the verdict.
func (c *comparison) summarise(p *page, counted []*group) {
	var all []evaluation
	seeds := false
	for _, g := range counted {
		for _, m := range g.done {
			all = append(all, *m.end)
		}
		seeds = seeds || len(g.done) > 1
	}
	shown := columnsOf(all)
	t := table{Title: "What the runs came to", Caption: true, Head: []string{"runs"}, Notes: []string{tableLegend}}
	for _, col := range shown {
		t.Head = append(t.Head, col.title)
	}
	for _, g := range counted {
		row := tableRow{Name: g.name, Cells: cells(fmt.Sprint(len(g.done)))}
		for _, col := range shown {
			row.Cells = append(row.Cells, cell{Text: meanOf(g.values(col), col)})
		}
		t.Rows = append(t.Rows, row)
	}
	c.real.tell(&t, shown)
	if seeds {
		t.Notes = append(t.Notes, "Of several seeds: the mean, and half of its 95 % t-interval.")
	}
	p.Tables = append(p.Tables, t)
	if len(counted) < 2 {
		return
	}

	if ahead := leaders(counted, shown); ahead != "" {
		p.Verdict = append(p.Verdict, ahead)
	}
	base := counted[0]
	shown = slices.DeleteFunc(shown, func(c column) bool { return c.better == 0 })
	t = table{Title: "Differences from " + base.name, Caption: true, Head: t.Head[1 : 1+len(shown)]}
	overSeeds, ofSentences := false, false
	for _, g := range counted[1:] {
		row := tableRow{Name: g.name}
		var told, open, single []string
		for _, col := range shown {
			by, i, ok := difference(base, g, col)
			row.Cells = append(row.Cells, changeCell(by, i, ok, col))
			overSeeds = overSeeds || i != nil && len(g.done) > 1
			ofSentences = ofSentences || i != nil && len(g.done) == 1
			if !ok || !slices.Contains(verdictColumns, col.name) {
				continue
			}
			text := fmt.Sprintf("%s %s", col.title, signed(by, col))
			if col.percent {
				text += " points"
			}
			switch {
			case i == nil:
				single = append(single, text)
			case i.told():
				told = append(told, text)
			default:
				open = append(open, text)
			}
		}
		t.Rows = append(t.Rows, row)
		var parts []string
		for _, part := range []struct {
			what string
			list []string
		}{{"", told}, {"not told apart from 0: ", open}, {"without an interval: ", single}} {
			if len(part.list) > 0 {
				parts = append(parts, part.what+strings.Join(part.list, ", "))
			}
		}
		p.Verdict = append(p.Verdict, fmt.Sprintf("%s against %s (%s): %s.", g.name, base.name, runs(len(g.done), len(base.done)), strings.Join(parts, "; ")))
	}
	if overSeeds {
		t.Notes = append(t.Notes, "Over seeds: differences of means, in small print the 95 % t-interval, bold where it leaves out 0: of the differences seed by seed where both have the same seeds, by Welch where they have not.")
	}
	if ofSentences {
		t.Notes = append(t.Notes, "Of one run each: "+overSentences+" How far another seed would move the numbers is not in it: train several.")
	}
	if overSeeds || ofSentences {
		t.Notes = append(t.Notes, "Of twenty differences that are none, one interval leaves out 0 by chance.")
	}
	p.Tables = append(p.Tables, t)
}

// leaders tells who is ahead in each of the columns of the verdict where not all are equal.
func leaders(counted []*group, shown []column) string {
	var parts []string
	for _, col := range shown {
		if !slices.Contains(verdictColumns, col.name) {
			continue
		}
		var best *group
		var value float64
		apart := false
		for _, g := range counted {
			if values := g.values(col); len(values) > 0 {
				mean, _ := moments(values)
				apart = apart || best != nil && mean != value
				if best == nil || (mean-value)*float64(col.better) > 0 {
					best, value = g, mean
				}
			}
		}
		if !apart {
			continue
		}
		word := map[int]string{1: "highest", -1: "lowest"}[col.better]
		parts = append(parts, fmt.Sprintf("%s %s: %s (%s)", word, col.title, best.name, col.format(value)))
	}
	if parts == nil {
		return ""
	}
	text := strings.Join(parts, "; ") + "."
	return strings.ToUpper(text[:1]) + text[1:]
}

// verdictColumns are those that a verdict tells.
var verdictColumns = []string{"nll/valid", "bleu/4", "self_bleu/4", "valid"}

func runs(a, b int) string {
	switch {
	case a == 1 && b == 1:
		return "one run each"
	case a == b:
		return fmt.Sprintf("%d seeds each", a)
	}
	return fmt.Sprintf("seeds: %d and %d", a, b)
}

// meanOf is a mean with half the length of its interval.
func meanOf(values []float64, c column) string {
	if len(values) == 0 {
		return "-"
	}
	mean, _ := moments(values)
	if len(values) == 1 {
		return c.format(mean)
	}
	half := student(values).half()
	if c.percent {
		return fmt.Sprintf("%.*f ± %.*f %%", c.digits, 100*mean, c.digits, 100*half)
	}
	return Fixed(mean, c.digits) + " ± " + Fixed(half, c.digits)
}

// difference is that of two groups in a column. Its interval is over seeds where both
// have several: of the differences seed by seed if the seeds are the same, which share
// initial weights and order of the text. It is over sentences where both have one run, and
// nil otherwise.
func difference(a, b *group, c column) (by float64, i *interval, ok bool) {
	x, y := a.values(c), b.values(c)
	if len(x) == 0 || len(y) == 0 {
		return 0, nil, false
	}
	if len(a.done) == 1 && len(b.done) == 1 {
		return change(*a.done[0].end, *b.done[0].end, c)
	}
	meanX, _ := moments(x)
	meanY, _ := moments(y)
	switch pairs := pairsOf(a, b, c); {
	case len(pairs) > 1:
		i = student(pairs)
	case len(x) > 1 && len(y) > 1:
		i = welch(x, y)
	}
	return meanY - meanX, i, true
}

// pairsOf are the differences of two groups seed by seed; nil if their seeds are not
// the same ones.
func pairsOf(a, b *group, c column) (out []float64) {
	bySeed := map[uint64]float64{}
	for _, m := range a.done {
		if v, ok := m.end.values[c.name]; ok {
			bySeed[m.Manifest.Seed] = v
		}
	}
	if len(bySeed) != len(a.done) || len(a.done) != len(b.done) {
		return nil
	}
	for _, m := range b.done {
		before, same := bySeed[m.Manifest.Seed]
		v, ok := m.end.values[c.name]
		if !same || !ok {
			return nil
		}
		delete(bySeed, m.Manifest.Seed) // each once
		out = append(out, v-before)
	}
	return out
}

// tellMissing lists the runs that do not count.
func (c *comparison) tellMissing(p *page) {
	t := table{Title: "Runs that are not complete", Caption: true, Texts: true, Head: []string{"state", "why"}}
	for _, m := range c.missing {
		state := m.State
		if state == "" {
			state = "not evaluated"
		}
		t.Rows = append(t.Rows, tableRow{m.Name, cells(state, m.Why)})
	}
	if len(t.Rows) > 0 {
		p.Tables = append(p.Tables, t)
	}
}

// tellSettings sets the settings that differ side by side, and folds the others: those
// that some runs have no use for, and those that are alike.
func (c *comparison) tellSettings(p *page) {
	differing := c.differing("seed")
	t := table{Title: "Settings that differ", Caption: true, Texts: true}
	some := table{Title: "Settings that some runs have no use for", Folded: true, Texts: true}
	for _, g := range c.groups {
		t.Head, some.Head = append(t.Head, g.name), append(some.Head, g.name)
	}
	for _, name := range append(differing, "seed") {
		row, into := tableRow{Name: name}, &some
		seen := map[string]bool{}
		for _, g := range c.groups {
			var values []string
			for _, m := range g.members {
				v, ok := m.settings[name]
				if ok && !slices.Contains(values, v) {
					values, seen[v] = append(values, v), true
				}
			}
			row.Cells = append(row.Cells, cell{Text: strings.Join(values, ", ")})
		}
		if len(seen) > 1 || name == "seed" {
			into = &t
		}
		into.Rows = append(into.Rows, row)
	}
	p.Settings = append(p.Settings, t)
	if len(some.Rows) > 0 {
		p.Settings = append(p.Settings, some)
	}
	if len(c.members) == 0 {
		return
	}
	var shared strings.Builder
	first := c.members[0].settings
	for _, name := range slices.Sorted(maps.Keys(first)) {
		if name != "seed" && !slices.Contains(differing, name) {
			fmt.Fprintf(&shared, "%s = %s\n", name, first[name])
		}
	}
	p.Config = shared.String()
}

// charts are one of every column, with the curves of all runs.
func (c *comparison) charts() []section {
	var documents []*document
	var names []string
	for _, m := range c.members {
		documents = append(documents, m.document)
		for _, name := range m.names {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.SortFunc(names, byRank)
	t := newTimeline(documents)
	var head, rest []curves
	for _, name := range names {
		chart := curvesOf(groupOf(name))
		if label(name) != name {
			chart.title = label(name)
		} else if part, ok := strings.CutPrefix(name, groupOf(name)+"/"); ok {
			chart.title += ", " + part
		}
		for i, g := range c.groups {
			k := key{name: g.name, colour: i}
			for _, m := range g.members {
				s := m.series[name]
				if s == nil {
					continue
				}
				k.runs = append(k.runs, t.curve(m.Member.Name, m.document, s))
			}
			if len(k.runs) > 0 {
				chart.keys = append(chart.keys, k)
			}
		}
		if name == "nll/valid" && c.language != nil {
			h := c.language.Entropy().Token
			chart.level, chart.levelNote = &h, "entropy of the language"
		} else if v := c.real.level(name); v != nil {
			chart.level, chart.levelNote = v, "real text"
		}
		if slices.ContainsFunc(columns, func(c column) bool {
			return c.name == name || strings.HasPrefix(c.name, groupOf(name)+"/") && groupOf(name) != "nll"
		}) {
			head = append(head, chart)
		} else {
			rest = append(rest, chart)
		}
	}
	sections := t.sections(head, 0)
	for _, s := range t.sections(rest, len(head)) {
		s.Title, s.Folded = strings.Replace(s.Title, "Curves", "More curves", 1), true
		sections = append(sections, s)
	}
	if !t.steps && len(sections) > 0 {
		sections[0].Note = "The runs end their phases at different steps: the axis counts the steps of each phase from 0."
	}
	return sections
}
