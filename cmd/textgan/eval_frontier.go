package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"textgan/eval"
	"textgan/eval/plot"
	"textgan/generator"
	"textgan/internal/atomicfile"
	"textgan/internal/config"
	"textgan/train/critic"
	"textgan/train/model"
	"textgan/vocab"
)

type frontierOptions struct {
	Run          []string  `opt:"run" check:"required,paths" doc:"run directories; those that differ only in their seed are averaged" meta:"DIR,..."`
	Ref          []string  `opt:"ref" check:"paths" doc:"real text that no model has seen; default what the first run held out" meta:"FILE,..."`
	Train        string    `opt:"train" doc:"text that the models were trained on: the LM scores know its words; default that of the first run" meta:"FILE"`
	Temperatures []float64 `opt:"temperatures" default:"0.6,0.7,0.8,0.9,1,1.1" check:"min=0.001,max=1000" doc:"of the samples"`
	N            int       `opt:"n" default:"2000" check:"min=2,max=1000000000" doc:"sentences of a sample: self-BLEU depends on it"`
	Repeat       int       `opt:"repeat" default:"4" check:"min=1,max=1000000" doc:"samples for every run and temperature; their spread goes into the intervals"`
	MaxN         int       `opt:"max-n" default:"5" check:"min=2,max=9" doc:"longest n-gram of BLEU"`
	Checkpoint   string    `opt:"checkpoint" doc:"last, best or the number of a step; default best of a likelihood model, where a GAN begins, and last of others" meta:"NAME"`
	Confidence   float64   `opt:"confidence" default:"0.95" check:"above=0,below=1" doc:"that a point outside or inside of the curve needs"`
	SVG          string    `opt:"svg" doc:"draw the plots: FILE for BLEU of the highest order, and beside it FILE with -lm" meta:"FILE"`
	Seed         uint64    `opt:"seed" default:"1" doc:"of the samples"`
	criticOptions
	tokenizer
	textInput
	jsonOption
}

func evalFrontierCommand(p *process) *cli.Command {
	return command(p, cli.Command{
		Name: "frontier", Usage: "quality against diversity over a temperature sweep",
		Description: "The first maximum-likelihood model (train --model mle) gives the curve. Every point of another\n" +
			"model lies outside it (better at equal diversity), inside (worse), or within noise.",
	}, evalFrontier)
}

// check reports the first thing that makes options unusable.
func (o frontierOptions) check(given []config.Layer) error {
	const command = "textgan eval frontier"
	if err := oneStdin(append(slices.Clone(o.Ref), o.Train)...); err != nil {
		return err
	}
	if err := noneTwice(command, "ref", o.Ref); err != nil {
		return err
	}
	if err := o.criticOptions.check(command, given); err != nil {
		return err
	}
	if len(o.Temperatures) == 0 {
		return usage(command, "--temperatures is empty; give some, or drop it")
	}
	for i, tau := range o.Temperatures {
		if slices.Contains(o.Temperatures[:i], tau) {
			return usage(command, "--temperatures: %v stands there twice; more samples at each are --repeat's to give", tau)
		}
	}
	return nil
}

func evalFrontier(c call[frontierOptions]) error {
	o := c.opt
	if err := o.check(c.given); err != nil {
		return err
	}
	models, err := c.loadAll(o.Run, o.Checkpoint, len(o.Ref) == 0)
	if err != nil {
		return err
	}
	families, err := familiesOf(models, o.Run)
	if err != nil {
		return err
	}
	if o.Critic {
		if families, err = withCritics(families, o); err != nil {
			return err
		}
	}
	if err := checkSVG(o, families); err != nil {
		return err
	}
	suite, learnt, err := frontierSuite(c, families)
	if err != nil {
		return err
	}
	samples, err := sampleAll(c, families)
	if err != nil {
		return err
	}
	leftOut := ""
	if len(learnt) < o.N {
		leftOut = fmt.Sprintf("Real text is no point here: the training text has %d lines, a sample %d; lower -n.", len(learnt), o.N)
	} else {
		families = append(families, family{name: eval.RealText, kind: "text"})
		samples = append(samples, realSamples(o, learnt, len(families)-1))
	}
	planes, err := placeAll(suite, families, samples)
	if err != nil {
		return err
	}
	for i := range planes {
		if err := planes[i].Judge(o.Confidence); err != nil {
			return err
		}
	}
	if o.JSON {
		err = c.printJSON(struct {
			Samples    int          `json:"samples"`
			Repeat     int          `json:"repeat"`
			Confidence float64      `json:"confidence"`
			LeftOut    string       `json:"left_out,omitempty"`
			Planes     []eval.Plane `json:"planes"`
		}{o.N, o.Repeat, o.Confidence, leftOut, planes})
	} else {
		err = c.printPlanes(planes, families, leftOut)
	}
	if err == nil && o.SVG != "" { // last: no picture costs a number
		err = drawPlanes(o.SVG, planes)
	}
	return err
}

// family is one model, trained with one or several seeds.
type family struct {
	name   string
	kind   string // gan, mle or vae
	models []*model.Model
	dirs   []string // of the models
	// critics of the models, by which sentences are chosen; nil for none.
	critics []*critic.Critic
}

// familiesOf brings the runs together that differ in their seed alone. One seed twice is
// refused.
func familiesOf(models []*model.Model, dirs []string) (families []family, err error) {
	for k, m := range models {
		i := slices.IndexFunc(families, func(g family) bool { return g.models[0].SameButForSeed(m) })
		if i < 0 {
			i = len(families)
			families = append(families, family{name: m.Config.Model + " " + dirs[k], kind: m.Config.Model})
		}
		families[i].models, families[i].dirs = append(families[i].models, m), append(families[i].dirs, dirs[k])
	}
	for i := range families {
		g := &families[i]
		seen := map[string]string{}
		for k, m := range g.models {
			seeds := strings.Join(m.Seeds(), " on ")
			if first, ok := seen[seeds]; ok {
				return nil, usage("textgan eval frontier", "--run: %s and %s are one model, of seed %s; a mean over seeds takes each once", first, g.dirs[k], seeds)
			}
			seen[seeds] = g.dirs[k]
		}
		if len(g.models) > 1 {
			g.name += fmt.Sprintf(" (%d seeds)", len(g.models))
		}
	}
	return families, nil
}

// withCritics are the families, and each once more, sampled by its critics.
func withCritics(families []family, o frontierOptions) ([]family, error) {
	for _, f := range families {
		for i, m := range f.models { // before the others are sampled
			k, err := critic.Load(f.dirs[i], m)
			if err != nil {
				return nil, err
			}
			if _, err := o.criticOptions.sampler(k, generator.SampleOptions{NoUnk: true}, o.Seed); err != nil {
				return nil, err
			}
			f.critics = append(f.critics, k)
		}
		f.name, f.kind = f.name+" by its critic", "critic"
		families = append(families, f)
	}
	return families, nil
}

// frontierSuite holds the reference, and knows its words and those of the
// training text.
func frontierSuite(c call[frontierOptions], families []family) (suite *eval.Suite, learnt []string, err error) {
	o := c.opt
	first := families[0].models[0]
	k, err := o.tokenizer.tokens(first)
	if err != nil {
		return nil, nil, err
	}
	real, err := c.realText(first, o.Ref, o.Train, o.textInput, false)
	if err != nil {
		return nil, nil, err
	}
	if err := foreseeFrontier(o, families, real, k.tokenize); err != nil {
		return nil, nil, err
	}
	suite, err = eval.NewSuite(eval.SuiteOptions{Reference: real.held, Train: real.learnt, Tokenize: k.tokenize, Tokenizer: k.name, Case: k.letters, MaxN: o.MaxN})
	if err != nil {
		return nil, nil, err
	}
	c.warnOfLearnt(suite.ReferenceLearnt(), len(real.held))
	return suite, real.learnt, nil
}

// pilotLines are how many sentences are drawn to tell what a whole sample will hold.
const pilotLines = 1000

// foreseeFrontier is foresee of the samples that a frontier needs, before the first is drawn.
// Only where no bound is low enough some sentences of every model are drawn for it, at the
// highest temperature, which makes the most of them.
func foreseeFrontier(o frontierOptions, families []family, real realText, tokenize eval.Tokenizer) error {
	texts, longest := 0., 0.
	for _, f := range families {
		texts += float64(len(f.models) * len(o.Temperatures) * o.Repeat)
		for _, m := range f.models {
			longest = max(longest, float64(m.Config.MaxLen+1)*float64(longestToken(m.Vocab)+1))
		}
	}
	order, n := max(o.MaxN, 5), float64(o.N)
	needs := eval.FrontierNeeds(eval.Most(real.held, order), eval.Most(real.learnt, order), eval.MostOf(n, longest, order), texts)
	if needs.Check() == nil {
		return nil
	}
	held, learnt := eval.Foretell(real.held, tokenize, order), eval.Foretell(real.learnt, tokenize, order)
	for _, f := range families {
		pilot, err := f.models[0].Sample(min(o.N, pilotLines), generator.SampleOptions{Temperature: slices.Max(o.Temperatures), NoUnk: true}, o.Seed)
		if err != nil {
			return err
		}
		if err := eval.FrontierNeeds(held, learnt, eval.ForetellMore(pilot, n, tokenize, order), texts).Check(); err != nil {
			return fmt.Errorf("eval: to judge these samples %w", err)
		}
	}
	return nil
}

// longestToken is the largest number of bytes that a token of v is written with.
func longestToken(v *vocab.Vocab) (bytes int) {
	for id := range int32(v.Size()) {
		bytes = max(bytes, len(v.Token(id)))
	}
	return bytes
}

// samples are the texts of one model at one temperature, over its seeds and
// repeats.
type samples struct {
	family      int
	temperature float64
	texts       [][][]string // [seed][repeat][line]
}

// sampleAll draws all that the frontier needs. Every model, temperature and repeat
// has a seed of its own, or two texts would share their random numbers, but for the first
// sample of the first model: at each temperature it is the one that eval all and sample draw.
func sampleAll(c call[frontierOptions], families []family) (all []samples, err error) {
	o := c.opt
	drawn := 0
	for i, g := range families {
		for _, tau := range o.Temperatures {
			s := samples{family: i, temperature: tau}
			for k, m := range g.models {
				var texts [][]string
				for r := range o.Repeat {
					seed := o.Seed + uint64(drawn)<<32
					if drawn++; r+k == 0 && i == 0 {
						seed = o.Seed
					}
					opt := generator.SampleOptions{Temperature: tau, NoUnk: true}
					var lines []string
					var err error
					if g.critics != nil {
						lines, err = o.criticOptions.sample(g.critics[k], m, o.N, opt, seed)
					} else {
						lines, err = m.Sample(o.N, opt, seed)
					}
					if err != nil {
						return nil, err
					}
					texts = append(texts, lines)
				}
				s.texts = append(s.texts, texts)
			}
			fmt.Fprintf(c.talk, "%s at temperature %v\n", g.name, tau)
			all = append(all, s)
		}
	}
	return all, nil
}

// realSamples are disjoint samples of the training text, spread over it, as many as there
// are of it up to --repeat: what a generator could reach, a point of every plane.
func realSamples(o frontierOptions, learnt []string, family int) samples {
	most := len(learnt) / o.N
	var texts [][]string
	for r := range max(1, min(o.Repeat, most)) {
		var lines []string
		for i := range o.N {
			lines = append(lines, learnt[(i*most+r)%len(learnt)])
		}
		texts = append(texts, lines)
	}
	return samples{family: family, texts: [][][]string{texts}}
}

// placeAll places all samples on planes. Before the first is judged, the words of all are
// learnt: what a tokeniser makes of a sentence need not stand in the training text, though
// every word of the model does.
func placeAll(suite *eval.Suite, families []family, all []samples) ([]eval.Plane, error) {
	for _, s := range all {
		for _, lines := range slices.Concat(s.texts...) {
			if err := suite.Learn(lines); err != nil {
				return nil, err
			}
		}
	}
	planes, curve := suite.NewPlanes(), slices.IndexFunc(families, isCurve)
	for _, s := range all {
		if err := suite.Place(planes, families[s.family].name, s.temperature, s.texts, s.family == curve); err != nil {
			return nil, err
		}
	}
	return planes, nil
}

// isCurve tells whether a model can be the curve.
func isCurve(f family) bool { return f.kind == "mle" }

// checkSVG reports what would stop drawPlanes, before the work is done.
func checkSVG(o frontierOptions, families []family) error {
	switch {
	case o.SVG == "":
		return nil
	case !strings.HasSuffix(o.SVG, ".svg"):
		return usage("textgan eval frontier", "--svg %s: the name has to end in .svg", o.SVG)
	case !slices.ContainsFunc(families, isCurve) || len(o.Temperatures) < 2:
		return usage("textgan eval frontier", "--svg needs a curve: a run of train --model mle, and at least two temperatures")
	}
	if err := fileToWrite("textgan eval frontier", "svg", o.SVG); err != nil {
		return err
	}
	return makeRoom(o.SVG)
}

// makeRoom makes the directory of a picture that is drawn after long work, such as that of
// the figures of a run, or says at once why it cannot be.
func makeRoom(path string) error { return os.MkdirAll(filepath.Dir(path), 0o777) }

// drawPlanes draws the BLEU plane of the highest order and the LM plane.
func drawPlanes(path string, planes []eval.Plane) error {
	for i, name := range []string{path, strings.TrimSuffix(path, ".svg") + "-lm.svg"} {
		p := planes[lmPlane(planes)-1+i]
		var points []eval.Point
		for _, q := range p.Points {
			points = append(points, q.Point)
		}
		err := atomicfile.Write(name, func(w io.Writer) error { return plot.Frontier(w, p.Frontier, p.Curve[0].Name, points) })
		if err != nil {
			return err
		}
	}
	return nil
}

// lmPlane is the number of the plane of the LM scores, which is behind that of the highest order of BLEU.
func lmPlane(planes []eval.Plane) int {
	return slices.IndexFunc(planes, func(p eval.Plane) bool { return p.X == eval.LMAxes().X })
}

// outsideByCopies names the points that lie outside of the curve in a plane of BLEU and copy
// more of the training text than it at equal diversity, with their temperatures.
func outsideByCopies(planes []eval.Plane) (names []string) {
	with := func(place eval.Place, bleu bool) (all []string) {
		for _, p := range planes {
			if strings.HasPrefix(p.Y, "BLEU-") != bleu {
				continue
			}
			for _, q := range p.Points {
				if q.Verdict != nil && q.Verdict.Place == place {
					all = append(all, fmt.Sprintf("%s at %v", q.Name, q.Temperature))
				}
			}
		}
		return all
	}
	outside := with(eval.Outside, true)
	for _, name := range with(eval.CopiesMore, false) {
		if slices.Contains(outside, name) {
			names = append(names, name)
		}
	}
	return names
}

// printPlanes prints a block for every plane.
func (p *process) printPlanes(planes []eval.Plane, families []family, leftOut string) error {
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	across, corner := false, false
	for i, plane := range planes {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "%s\t%s\ttemperature\t\n", plane.X, plane.Y)
		all := append(slices.Clone(plane.Curve), plane.Points...)
		for _, q := range all {
			place := ""
			if q.Verdict != nil {
				place = fmt.Sprintf("%s (%+.4f ± %.4f)", q.Verdict.Place, q.Verdict.Gap, q.Verdict.ErrGap)
				if q.Verdict.Across {
					across = true
					place += " across"
				}
				if q.Verdict.Corner {
					corner = true
					place += " corner"
				}
			}
			temperature := fmt.Sprint(q.Temperature)
			if q.Name == eval.RealText {
				temperature = "-"
			}
			fmt.Fprintf(w, "%.4f ± %.4f\t%.4f ± %.4f\t%s\t%s\t%s\n", q.X, q.ErrX, q.Y, q.ErrY, temperature, q.Name, place)
		}
		if plane.Room != nil {
			fmt.Fprintln(w, plane.Room)
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	var text strings.Builder
	for line := range strings.Lines(table.String()) {
		fmt.Fprintln(&text, strings.TrimRight(line, " \n"))
	}
	fmt.Fprintln(&text)
	for i, p := range planes[lmPlane(planes)-1:] { // BLEU of the highest order, LM, copies
		fmt.Fprintln(&text, p.Signatures[1])
		if i < 2 { // that of copies is the first one's
			fmt.Fprintln(&text, p.Signatures[0])
		}
	}
	fmt.Fprintln(&text, "± is one standard error.")
	if slices.ContainsFunc(planes, func(p eval.Plane) bool { return p.Y == eval.CopyAxes(2).Y }) {
		fmt.Fprintln(&text, "longest copy: the share of a line that one training line holds in a row. No measure of quality: a gap says who copies more at equal diversity.")
	}
	if copied := outsideByCopies(planes); len(copied) > 0 {
		fmt.Fprintf(&text, "outside, and copies more: the gain in BLEU of %s may be copied text.\n", strings.Join(copied, ", "))
	}
	if across {
		fmt.Fprintln(&text, "across: the gap is in the first column, to the part of the curve that is no worse in the second, all of which is less diverse.")
	}
	if corner {
		fmt.Fprintln(&text, "corner: the gap does not tell, but the point beats a temperature of the curve in both columns beyond noise, or is beaten by one.")
	}
	if slices.ContainsFunc(families, func(f family) bool { return len(f.models) == 1 }) {
		fmt.Fprintln(&text, "Of a model with one seed it holds the chance of sampling alone: give runs of several seeds.")
	}
	if leftOut != "" {
		fmt.Fprintln(&text, leftOut)
	}
	if planes[0].Frontier == nil {
		fmt.Fprintln(&text, "No curve: give a run of train --model mle, and at least two temperatures.")
	}
	_, err := io.WriteString(p.out, text.String())
	return err
}
