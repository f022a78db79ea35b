package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"textgan/corpora"
	"textgan/generator"
	"textgan/train"
	"textgan/train/model"
	"textgan/train/rundir"
)

// loadToCompare loads the model of a run. Without a checkpoint it takes that
// with which a comparison is fair: likelihood training that goes on until
// held-out text is predicted worse is judged, and handed to a game, at its best.
func loadToCompare(dir, checkpoint string) (*model.Model, error) {
	if checkpoint != "" {
		return model.Load(dir, checkpoint)
	}
	r, err := rundir.Open(dir)
	if err != nil {
		return nil, err
	}
	if r.Manifest.Model == "mle" {
		return model.Load(dir, rundir.Best)
	}
	return model.Load(dir, rundir.Last)
}

// loadAll loads the models of several runs to compare them. ownReference says
// that they are to be judged by what the first run held out: then it warns of
// others that have learnt from that, or from another text altogether.
func (p *process) loadAll(dirs []string, checkpoint string, ownReference bool) (models []*model.Model, err error) {
	for _, dir := range dirs {
		m, err := loadToCompare(dir, checkpoint)
		if err != nil {
			return nil, err
		}
		models = append(models, m)
		switch {
		case !ownReference:
		case m.HasLearntHeldOut(models[0]):
			p.warn("the reference is what %s held out, and %s has learnt most of it; give --ref FILE of lines that neither has seen", dirs[0], dir)
		case m.HasLearntOtherText(models[0]):
			p.warn("the reference is what %s held out of %s, and %s has learnt another text, %s; give --ref FILE of what both should write", dirs[0], models[0].Manifest.Corpus.Name, dir, m.Manifest.Corpus.Name)
		}
	}
	return models, nil
}

// realText is the lines of real text of a comparison.
type realText struct {
	held, learnt []string         // what texts are held against, what the models have learnt
	language     corpora.Language // of a built-in corpus
}

// realText is that of the files ref and learnt and, in the place of either that is not
// given, what first (nil: no model) held out and has learnt. The language is that of its
// corpus, if the corpus was opened for this, or of a built-in corpus among ref;
// withLanguage asks for it.
func (p *process) realText(first *model.Model, ref []string, learnt string, in textInput, withLanguage bool) (real realText, err error) {
	if first != nil && (learnt == "" || len(ref) == 0 || withLanguage && strings.HasPrefix(first.Config.Corpus, "builtin:")) {
		text, valid, err := first.Text()
		if err != nil {
			// The run has its held-out lines with it; what it has learnt is gone.
			if valid, heldErr := first.HeldOut(); heldErr == nil {
				p.warn("without the training text: %v", err)
				real.held = valid.Lines
			} else if len(ref) > 0 {
				p.warn("without the training text: %v", err)
			} else {
				return real, err
			}
		} else {
			real = realText{valid.Lines, text.Lines, text.Language}
		}
	}
	if learnt != "" {
		text, err := p.openAs(asLearnt, first, learnt, in)
		if err != nil {
			return real, err
		}
		real.learnt = text.Lines
	}
	if len(ref) > 0 {
		real.held = nil
	}
	for _, name := range ref {
		text, err := p.openAs(asReference, first, name, in)
		if err != nil {
			return real, err
		}
		real.held = append(real.held, text.Lines...)
		if withLanguage && real.language == nil {
			real.language = text.Language
		}
	}
	return real, nil
}

// warnOfLearnt warns where n of the lines of the reference are in the training text, if that
// is most of them.
func (p *process) warnOfLearnt(n, lines int) {
	if 2*n > lines {
		p.warn("%d of the %d lines of the reference are in the training text, where a model can have learnt them by heart; give --ref FILE of lines that no model has seen", n, lines)
	}
}

// encoderSeed is that of the encoder which is trained on a reference: always the same,
// so that the distances between two texts do not move with the seed of the samples.
const encoderSeed = 1

// loadEncoder loads the model of a run that gives features, so many of each of the lines.
func loadEncoder(dir string, lines []string) (m *model.Model, dims int, err error) {
	if m, err = model.Load(dir, rundir.Best); err != nil {
		return nil, 0, err
	}
	features, err := m.Features(lines[:1])
	if errors.Is(err, generator.ErrNoFeatures) {
		err = usage("textgan eval all", "--encoder %s: %w", dir, err)
	}
	if err != nil {
		return nil, 0, err
	}
	_, dims = features.Dims()
	return m, dims, nil
}

// trainEncoder trains an encoder on lines, which is kept for the next time.
func (p *process) trainEncoder(ctx context.Context, noCache bool, lines []string) (*model.Model, error) {
	kept := p.cache
	if noCache {
		kept = ""
	}
	e, err := train.NewEncoder(lines, encoderSeed)
	if err != nil {
		return nil, err
	}
	if m := e.Kept(kept); m != nil {
		fmt.Fprintf(p.talk, "the encoder of these %d reference lines is that of an earlier call, from %s; --no-cache trains it again\n", len(lines), kept)
		return m, nil
	}
	fmt.Fprintf(p.talk, "training an encoder on the %d reference lines; --encoder DIR takes that of a run, --features=false does without\n", len(lines))
	m, err := e.Train(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.Keep(kept, m); err != nil {
		p.warn("the encoder is not kept for the next call: %v; --no-cache does not try", err)
	}
	return m, nil
}
