package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"

	"textgan/internal/kernel"
	"textgan/train/rundir"
)

// build describes this program as a run's manifest does.
func build() rundir.Start {
	b := rundir.Start{Textgan: "(unknown)", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, ISA: kernel.ISA()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Textgan = info.Main.Version
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	// A version made from the commit says it already.
	if commit != "" && b.Textgan == "(devel)" {
		b.Textgan = commit[:min(12, len(commit))] + dirty
	}
	return b
}

func versionCommand(p *process) *cli.Command {
	type report struct {
		Textgan string `json:"textgan"`
		Go      string `json:"go"`
		OS      string `json:"os"`
		Arch    string `json:"arch"`
		ISA     string `json:"isa"`
	}
	return command(p, cli.Command{
		Name: "version", Usage: "version of this program and the kernels it uses",
	}, func(c call[jsonOption]) error {
		b := build()
		if c.opt.JSON {
			return c.printJSON(report{b.Textgan, b.Go, b.OS, b.Arch, b.ISA})
		}
		kernels := b.ISA
		if kernel.NativeBF16() {
			kernels += " with bf16"
		}
		_, err := fmt.Fprintf(c.out, "textgan %s, %s, %s/%s, %s kernels\n", b.Textgan, b.Go, b.OS, b.Arch, kernels)
		return err
	})
}
