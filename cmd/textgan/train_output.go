package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"textgan/cmd/textgan/report"
	"textgan/corpora"
	"textgan/discriminator/ratio"
	"textgan/eval"
	"textgan/internal/progress"
	"textgan/train"
	"textgan/train/critic"
	"textgan/train/rundir"
	"textgan/vocab"
)

// trainOutput tells how a training run goes.
type trainOutput struct {
	*process
	t      *train.Trainer
	run    *rundir.Writer
	asJSON bool
	line   *progress.Line

	phase  string // empty before the first step
	evals  []train.Evaluation
	signs  signs
	critic *critic.Critic // kept in the run at its end; nil for none
	real   float64        // share of different lines in the held-out text
	learnt float64        // loss of likelihood training in its last step, nats per token; Inf before
	err    error          // of the first write to standard output that failed
}

func newTrainOutput(p *process, t *train.Trainer, w *rundir.Writer, asJSON bool) *trainOutput {
	return &trainOutput{process: p, t: t, run: w, asJSON: asJSON, line: p.newLine(), real: report.DifferentShare(t.Data.Valid.Lines), learnt: math.Inf(1)}
}

func (s *trainOutput) begin() {
	t, c, d := s.t, s.t.Config, s.t.Data
	const special = int(vocab.Unk) + 1 // ids
	s.say("corpus     %s: %d lines to learn, %d held out, %d tokens and %d special ones, longest sentence %d",
		shown(d.Learnt.Name), d.Learnt.Lines, len(d.Valid.Lines), d.Vocab.Size()-special, special, d.MaxT-1)
	if c.Valid == "" && d.Learnt.Lines-d.Learnt.Different+d.Valid.Duplicates > 0 {
		different := len(d.Valid.Lines) - d.Valid.Duplicates
		s.say("           a line and its copies stay together: held out are %d of %d different lines", different, different+d.Learnt.Different)
	}
	learnt, unknown := d.HeldOutLearnt()
	if learnt > 0 {
		s.say("           %d of the %d held-out lines are learnt too, token by token: their scores are better than those of new lines", learnt, len(d.Held))
	}
	if unknown >= .1 {
		s.say("           %.0f %% of the tokens of the held-out lines are not in the vocabulary", 100*unknown)
	}
	if hint := d.Hint(); hint != "" {
		s.say("           %s", hint)
	}
	for _, p := range train.Presets {
		if p.Name == string(c.Preset) {
			s.say("preset     %s, %s: %s", p.Name, p.Summary, p)
		}
	}
	s.say("generator  %s, %d x %d units, embeddings %d: %d weights", strings.ToUpper(c.Cell), c.Layers, c.Hidden, c.Emb, t.Weights())
	if c.WarmStart != "" {
		more := ""
		if w := s.run.Manifest.WarmStart; w != nil && w.NewWords > 0 {
			more = fmt.Sprintf(", and %d words that it does not know", w.NewWords)
		}
		s.say("begins     with the weights of %s%s", shown(c.WarmStart), more)
	}
	if code := t.Code(); code != "" {
		s.say("code       %s", code)
	}
	if c.Model == "gan" && c.AdvSteps > 0 {
		game := fmt.Sprintf("%s with %s", c.Objective, c.Estimator)
		if !c.ScoreFunction() { // which has neither
			game += fmt.Sprintf(", feedback %s, tau %s", c.Feedback, c.TauSchedule)
		}
		s.say("game       %s", game)
	}
	if c.CoopRounds > 0 {
		rounds := fmt.Sprintf("%d of %d own sentences, weighed by the critic %s", c.CoopRounds, c.CoopSentences, c.Critic)
		if b := t.Backwards(); b != nil && slices.Contains(c.CriticFeatures(), ratio.Ratio) {
			rounds += fmt.Sprintf(", which asks a backwards model: %s, %d x %d units", strings.ToUpper(b.Cell), b.Layers, b.Hidden)
		}
		s.say("rounds     %s", rounds)
	}
	if c.Best != train.Options.Defaults().Best {
		s.say("best       by %s", c.Best)
	}
	s.say("run        %s, seed %d, step %d", s.run.Dir, c.Seed, t.Step)
	if t.Phase() == train.Done {
		s.say("           is done; there is nothing left to do")
	}
}

// shown is a path as somebody in the working directory would write it.
func shown(path string) string {
	if here, err := os.Getwd(); err == nil && filepath.IsAbs(path) {
		if near, err := filepath.Rel(here, path); err == nil && filepath.IsLocal(near) {
			return near
		}
	}
	return path
}

func (s *trainOutput) say(format string, args ...any) { s.line.Print(fmt.Sprintf(format, args...)) }

// step is called after every step.
func (s *trainOutput) step(p train.Progress) {
	if p.Phase != s.phase {
		s.endPhase()
		s.phase = p.Phase
		// The rate leaves out this step, which has built the graphs.
		s.line.Start(string(p.Phase), p.Since, p.Total)
		p.Tokens = 0
	}
	if p.Phase == train.Likelihood {
		s.learnt = p.Loss
	}
	s.line.Step(p.Since, p.Tokens, fmt.Sprintf("loss %.4f", p.Loss))
	if w := s.signs.step(p); w != "" {
		s.say("textgan: %s", w)
	}
	s.round(rundir.Record{Fields: p.Fields})
}

// round says of the cooperative round that a step ends what was not kept.
func (s *trainOutput) round(step rundir.Record) {
	kept, ended := step.Float(train.KeptOfRound)
	before, _ := step.Float(train.BeforeRound)
	after, _ := step.Float(train.AfterRound)
	switch {
	case ended && kept == 0:
		s.say("A round is undone: NLL of held-out lines %.4f after it, %.4f before.", after, before)
	case ended && kept < 1:
		s.say("A round is kept in part, %.0f %%: NLL of held-out lines %.4f after it, %.4f before.", 100*kept, after, before)
	}
}

// eval is called after every evaluation.
func (s *trainOutput) eval(e train.Evaluation) {
	s.evals = append(s.evals, e)
	if s.asJSON && s.err == nil {
		s.err = s.printJSON(jsonEvaluation(e))
	}
	line := fmt.Sprintf("%-12s step %-5d NLL %.4f  BLEU-2..%d %s  self-BLEU-4 %s  different %.1f %%",
		e.Phase, e.Step, e.NLL, len(e.BLEU), strings.Join(fixed(e.BLEU[1:], 3), " "), orderOf(e.SelfBLEU, 4), 100*e.Different)
	if l := e.Language; l != nil {
		line += fmt.Sprintf("  valid %.1f %%  NLL_oracle %s", 100*validShare(l), oracleNLL(l))
	}
	s.line.Print(strings.TrimRight(line+"  "+e.More, " "))
	if w := s.signs.eval(e, s.real); w != "" {
		s.say("textgan: %s", w)
	}
}

// endPhase prints samples of the last evaluation of the phase that ends.
func (s *trainOutput) endPhase() {
	s.line.End()
	if len(s.evals) == 0 {
		return
	}
	last := s.evals[len(s.evals)-1]
	if last.Phase != s.phase {
		return
	}
	for _, line := range last.Example[:min(3, len(last.Example))] {
		s.say("    %s", line)
	}
}

// end sums the run up.
func (s *trainOutput) end() error {
	s.endPhase()
	if s.err != nil {
		return s.err
	}
	s.compare()
	phase, name, size := s.t.LargestWeight()
	if w := ended(s.summary(), s.t.Data.Vocab.Size(), s.learnt, phase, name, size); w != "" {
		s.say("textgan: %s", w)
	}
	if w, ok := s.t.TeamWork(); ok && w.Steps > 0 {
		share := func(d time.Duration) float64 { return 100 * d.Seconds() / w.Took.Seconds() }
		s.say("team       %d processes, %d parts; a step %.2f ms: %.1f %% waiting for each other, %.1f %% adding gradients up, %.3f MB received",
			w.Processes, s.t.Config.Accumulate, 1000*w.Took.Seconds()/float64(w.Steps), share(w.Waited), share(w.Added), float64(w.Received)/float64(w.Steps)/1e6)
	}
	if k := s.critic; k != nil {
		s.say("The run keeps a critic of the last generator: held-out loss %.4f ± %.4f nats (ln 2 = 0.6931 tells nothing), gain %.3f ± %.3f nats a sentence.", k.Loss, z95*k.LossErr, k.Gain, z95*k.GainErr)
		if w := harms(k); w != "" {
			s.say("textgan: %s", w)
		}
	}
	last := s.evals[max(0, len(s.evals)-1):] // at most one
	for _, e := range last {
		if s.asJSON {
			break
		}
		s.say("\nSamples at step %d:", e.Step)
		if err := s.printSentences(e.Example, false); err != nil {
			return err
		}
	}
	s.say("\nThe run is in %s, told in %s. Next:", s.run.Dir, s.run.Path(report.HTMLFile))
	s.say("  %s", s.commandLine("sample", "--run", s.run.Dir, "-n", "20"))
	if k := s.critic; k != nil && k.Gain > z95*k.GainErr { // it knows something
		s.say("  %s", s.commandLine("sample", "--run", s.run.Dir, "-n", "20", "--critic"))
	}
	s.say("  %s", s.commandLine("eval", "all", "--run", s.run.Dir))
	return nil
}

// compare sets the phases side by side.
func (s *trainOutput) compare() {
	rows := s.summary()
	if len(rows) == 0 {
		return
	}
	var text strings.Builder
	t := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	head := "\tstep\tNLL\t"
	for n := 2; n <= len(rows[0].BLEU); n++ {
		head += fmt.Sprintf("BLEU-%d\t", n)
	}
	head += "self-BLEU-4\tdifferent\t"
	language := s.t.Data.Learnt.Language
	if language != nil {
		head += "valid\tNLL_oracle\t"
	}
	fmt.Fprintln(t, head)
	for _, e := range rows {
		row := fmt.Sprintf("after %s\t%d\t%.4f\t%s\t%s\t%.1f %%\t", e.Phase, e.Step, e.NLL, strings.Join(fixed(e.BLEU[1:], 3), "\t"), orderOf(e.SelfBLEU, 4), 100*e.Different)
		if l := e.Language; l != nil {
			row += fmt.Sprintf("%.1f %%\t%s\t", 100*validShare(l), oracleNLL(l))
		}
		fmt.Fprintln(t, row)
	}
	t.Flush()
	s.say("\n%s", strings.TrimRight(text.String(), "\n"))
	for i, e := range rows {
		if i > 0 {
			s.say("%s moved NLL by %+.4f%s", e.Phase, e.NLL-rows[i-1].NLL, moved(rows[i-1], e))
		}
	}
	if language != nil {
		s.say("NLL_oracle: nats per token that the language itself gives to the valid samples; its entropy is %.3f", language.Entropy().Token)
	}
}

// moved says what lies between the evaluations after two phases.
func moved(from, to train.Evaluation) string {
	text := ""
	if len(from.BLEU) >= 4 && len(to.BLEU) >= 4 {
		text = fmt.Sprintf(", BLEU-4 by %+.3f", to.BLEU[3]-from.BLEU[3])
	}
	if from.Language != nil && to.Language != nil {
		text += fmt.Sprintf(", valid by %+.1f points", 100*(validShare(to.Language)-validShare(from.Language)))
	}
	return text
}

// summary is the evaluation of the weights that each phase has ended with.
func (s *trainOutput) summary() (rows []train.Evaluation) {
	for _, e := range s.evals {
		switch n := len(rows); {
		case n == 0 || rows[n-1].Phase != e.Phase:
			rows = append(rows, e)
		case !e.EndsBest || e.Best:
			rows[n-1] = e
		}
	}
	return rows
}

func validShare(l *corpora.Judgement) float64 { return float64(l.Valid) / float64(l.Sentences) }

// oracleNLL is a dash if there is no valid sentence to speak of.
func oracleNLL(l *corpora.Judgement) string {
	if l.Valid == 0 {
		return "-"
	}
	return fmt.Sprintf("%.3f", l.PerToken)
}

func fixed(values []float64, digits int) []string {
	text := make([]string, len(values))
	for i, v := range values {
		text[i] = fmt.Sprintf("%.*f", digits, v)
	}
	return text
}

// orderOf is the value of order n, or a dash if there is none.
func orderOf(values eval.ByOrder, n int) string {
	if len(values) < n {
		return "-"
	}
	return fmt.Sprintf("%.3f", values[n-1])
}

// evaluationLine is what --json prints per evaluation.
type evaluationLine struct {
	Phase     string             `json:"phase"`
	Step      int                `json:"step"`
	NLL       *float64           `json:"nll"` // nats per held-out token; null if it is not finite
	Samples   int                `json:"samples"`
	BLEU      eval.ByOrder       `json:"bleu"`
	SelfBLEU  eval.ByOrder       `json:"self_bleu,omitempty"`
	Different float64            `json:"different"`
	Language  *corpora.Judgement `json:"language,omitempty"`
	Example   []string           `json:"examples"`
}

func jsonEvaluation(e train.Evaluation) evaluationLine {
	line := evaluationLine{e.Phase, e.Step, &e.NLL, e.Samples, e.BLEU, e.SelfBLEU, e.Different, e.Language, e.Example}
	if math.IsNaN(e.NLL) || math.IsInf(e.NLL, 0) {
		line.NLL = nil
	}
	return line
}
