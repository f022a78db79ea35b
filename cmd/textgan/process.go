package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/urfave/cli/v2"

	"textgan/internal/cache"
	"textgan/internal/config"
	"textgan/internal/kernel"
	"textgan/internal/mpi"
	"textgan/internal/progress"
	"textgan/internal/terminal"
	"textgan/train"
)

// process is all that a command touches besides its options and files.
type process struct {
	in      io.Reader
	out     io.Writer // data
	talk    io.Writer // everything else, made safe for terminals by run
	bar     io.Writer // talk as it was, for progress lines
	environ []string
	args    []string   // the command line as it was typed
	name    string     // how the program was called, with its path
	width   func() int // columns of the terminal that talk is; nil if it is none
	now     func() time.Time
	cache   cache.Dir
	saved   string    // what a fault would leave behind, and how to go on with it
	team    *mpi.Team // of processes that train together; nil: this one alone
}

// output remembers that something could not be written.
type output struct {
	io.Writer
	err error
}

func (o *output) Write(b []byte) (int, error) {
	n, err := o.Writer.Write(b)
	if o.err == nil {
		o.err = err
	}
	return n, err
}

// run runs one command line and returns the exit code.
func (p *process) run(ctx context.Context, args []string) int {
	p.name = args[0]
	p.args = append([]string{filepath.Base(args[0])}, args[1:]...)
	p.bar, p.talk = p.talk, terminal.Writer(p.talk)
	out := &output{Writer: p.out}
	p.out = out
	stderr := p.talk
	err := p.joinTeam(args)
	if err == nil {
		err = p.guard(p.command(ctx, args))
	}
	if err == nil {
		err = out.err // a write that failed where no error is returned, as in printing help
	}
	code, message := exitCode(err)
	p.leaveTeam(err, code, func() {
		if message != "" {
			fmt.Fprintln(stderr, message)
		}
	})
	return code
}

// command runs one command line.
func (p *process) command(ctx context.Context, args []string) func() error {
	return func() error {
		app := p.app()
		if err := p.checkEnvironment(app); err != nil {
			return err
		}
		return app.RunContext(ctx, args)
	}
}

// newLine returns a progress line.
func (p *process) newLine() *progress.Line { return progress.New(p.bar, p.width, p.now) }

// warn says something that does not end the command.
func (p *process) warn(format string, args ...any) {
	for i, a := range args {
		if err, ok := a.(error); ok {
			args[i] = oneLine(err)
		}
	}
	fmt.Fprintf(p.talk, "textgan: "+format+"\n", args...)
}

// commandLine is a command of this program as it can be typed into a shell: under
// the name by which it was started, which go run does not leave.
func (p *process) commandLine(words ...string) string {
	line := p.program()
	for _, w := range words {
		line += " " + shellQuote(w)
	}
	return line
}

// program is how this program was started.
func (p *process) program() string {
	if p.name == "" {
		return "textgan"
	}
	// go run builds into a temporary folder that is gone afterwards.
	if slices.Contains(strings.Split(filepath.ToSlash(p.name), "/"), "exe") && strings.Contains(p.name, "go-build") {
		return "go run textgan/cmd/textgan"
	}
	return shellQuote(p.name)
}

// shellQuote is a word as a POSIX shell reads it back.
func shellQuote(word string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("@%+=:,./_-", r))
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	if strings.ContainsFunc(word, unicode.IsControl) { // as escapes, which terminals show and shells read back
		word = strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\t", `\t`).Replace(word)
		return "$'" + terminal.Text(word) + "'"
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// app is the tree of commands.
func (p *process) app() *cli.App {
	return &cli.App{
		Name:            "textgan",
		Usage:           "trains, samples and judges generators of text",
		HideHelp:        true, // choose and readLine know it
		HideVersion:     true,
		SkipFlagParsing: true,
		Action:          choose,
		Writer:          p.out,
		ErrWriter:       p.talk,
		ExitErrHandler:  func(*cli.Context, error) {}, // run does that
		Commands: []*cli.Command{
			trainCommand(p),
			tourCommand(p),
			sampleCommand(p),
			criticCommand(p),
			group("eval", "score text", evalBLEUCommand(p), evalSelfBLEUCommand(p), evalDiversityCommand(p), evalNLLCommand(p), evalAllCommand(p), evalFrontierCommand(p),
				evalVarianceCommand(p), evalEstimatorsCommand(p), evalSamplersCommand(p)),
			group("vae", "sentences and codes of a VAE", vaeReconstructCommand(p), vaeInterpolateCommand(p), vaeEncodeCommand(p), vaeGradientsCommand(p)),
			exportCommand(p),
			reportCommand(p),
			verifyCommand(p),
			group("sweep", "many runs of one file", sweepPlanCommand(p), sweepRunCommand(p), sweepTableCommand(p)),
			group("corpus", "look at text and make it", corpusListCommand(p), corpusGenerateCommand(p), corpusStatsCommand(p)),
			versionCommand(p),
			completionCommand(p),
		},
	}
}

func group(name, about string, commands ...*cli.Command) *cli.Command {
	return &cli.Command{Name: name, Usage: about, HideHelp: true, SkipFlagParsing: true, Action: choose, Subcommands: commands}
}

// call is one use of a command.
type call[T any] struct {
	*process
	ctx   context.Context
	opt   T
	args  []string       // as many as the command's ArgsUsage has words
	given []config.Layer // what came from flags, environment and file
}

// has reports whether an option was given, by flag, environment or file.
func (c call[T]) has(name string) bool {
	for _, layer := range c.given {
		if _, ok := layer[name]; ok {
			return true
		}
	}
	return false
}

// command completes c with the options in T and the function that runs it.
func command[T any](p *process, c cli.Command, run func(call[T]) error) *cli.Command {
	set := config.New[T]()
	for _, o := range set.Options {
		c.Flags = append(c.Flags, optionFlag{o})
	}
	c.HideHelp, c.SkipFlagParsing = true, true
	c.Action = func(cc *cli.Context) error {
		flags, arguments, err := readLine(cc.Command, cc.Args().Slice())
		if errors.Is(err, flag.ErrHelp) {
			return help(cc)
		}
		if err != nil {
			return err
		}
		given := []config.Layer{config.Flags(flags), set.Environment(p.environ)}
		file, err := configFile(set, given)
		if err != nil {
			return usage(cc.Command.HelpName, "%w", err)
		}
		given = append(given, file)
		if _, ok := set.Find("preset"); ok {
			if given, err = train.WithPreset(given); err != nil {
				return usage(cc.Command.HelpName, "%w", err)
			}
		}
		opt, err := set.Resolve(given...)
		if err != nil {
			return usage(cc.Command.HelpName, "%w", err)
		}
		return run(call[T]{p, cc.Context, opt, arguments, given})
	}
	return &c
}

// checkEnvironment refuses instruction sets that there are not, and points out
// variables that look like a misspelt option. The others may belong to another program.
func (p *process) checkEnvironment(app *cli.App) error {
	known := []string{"isa"} // read by package kernel
	for _, c := range leaves(app.Commands) {
		for _, f := range optionFlags(c) {
			known = append(known, f.Name)
		}
	}
	for _, e := range p.environ {
		name, value, _ := strings.Cut(e, "=")
		if name == kernel.EnvISA {
			if err := kernel.CheckISA(value); err != nil {
				return usage("textgan", "%w", err)
			}
		}
		option, ours := strings.CutPrefix(name, config.EnvPrefix)
		if !ours {
			continue
		}
		option = strings.ToLower(strings.ReplaceAll(option, "_", "-"))
		if near, ok := config.Nearest(option, known); ok {
			if env := (config.Option{Name: near}).Env(); env != name {
				p.warn("%s is not an option; did you mean %s?", name, env)
			}
		}
	}
	return nil
}

// printJSON writes v as one line.
func (p *process) printJSON(v any) error {
	enc := json.NewEncoder(p.out)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// show writes v as one line of JSON, or for people.
func (p *process) show(asJSON bool, v any, text func(w io.Writer) error) error {
	if asJSON {
		return p.printJSON(v)
	}
	return text(p.out)
}

// jsonOption is part of every command's options.
type jsonOption struct {
	JSON bool `opt:"json" file:"no" doc:"print JSON instead of text"`
}
