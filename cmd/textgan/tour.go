package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"textgan/cmd/textgan/tour"
	"textgan/internal/atomicfile"
)

func tourCommand(p *process) *cli.Command {
	type options struct {
		Out    string `opt:"out" file:"no" doc:"folder of the page; default tour, or none with --lesson" meta:"DIR"`
		Lesson string `opt:"lesson" file:"no" doc:"this lesson alone, its numbers to standard output; a name that there is not lists them" meta:"NAME"`
		Seed   uint64 `opt:"seed" default:"1" doc:"of all draws"`
		Images string `opt:"images" file:"no" doc:"images of the lesson on them, in IDX as those of MNIST, .gz or not; default: digits that the program draws" meta:"FILE"`
		jsonOption
	}
	return command(p, cli.Command{
		Name: "tour", Usage: "the whole idea in pictures, computed while you wait: one HTML page",
		Description: "Lessons from the lost gradient to a text GAN, computed by the packages that train and measure. The\n" +
			"page opens offline. With --lesson: one lesson and its numbers.",
	}, func(c call[options]) error {
		o := tour.Options{Seed: c.opt.Seed, Images: c.opt.Images}
		lessons, out := tour.Lessons, c.opt.Out
		if c.opt.Lesson != "" {
			l, err := tour.Find(c.opt.Lesson)
			if err != nil {
				return err
			}
			if lessons = []tour.Lesson{l}; c.has("images") && !l.Images {
				return usage("textgan tour", "--images %s does nothing in the lesson %s; drop it", c.opt.Images, l.Name)
			}
		} else if out == "" {
			out = "tour"
		}
		if out != "" { // before the work, which a folder that cannot be would lose
			if err := os.MkdirAll(out, 0o777); err != nil {
				return err
			}
		}
		done, err := c.runLessons(c.ctx, lessons, o)
		if err != nil {
			return err
		}
		page := ""
		if out != "" {
			page = filepath.Join(out, tour.PageFile)
			if err := atomicfile.Write(page, func(w io.Writer) error { return tour.WritePage(w, done, o) }); err != nil {
				return err
			}
		}
		if c.opt.JSON {
			return c.printJSON(struct {
				Seed    uint64      `json:"seed"`
				Page    string      `json:"page,omitempty"`
				Lessons []tour.Done `json:"lessons"`
			}{o.Seed, page, done})
		}
		if c.opt.Lesson != "" {
			if err := done[0].WriteText(c.out); err != nil {
				return err
			}
		}
		if page != "" {
			_, err = fmt.Fprintln(c.out, page)
		}
		return err
	})
}

// runLessons says which lesson it is at.
func (p *process) runLessons(ctx context.Context, lessons []tour.Lesson, o tour.Options) ([]tour.Done, error) {
	line := p.newLine()
	line.Start("lesson", 0, len(lessons))
	defer line.End()
	done, err := tour.Run(ctx, lessons, o, func(i int) { line.Step(i, 0, lessons[i].Title) })
	if err == nil {
		line.Step(len(lessons), 0, "")
	}
	return done, err
}
