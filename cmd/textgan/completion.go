package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"textgan/corpora"
	"textgan/discriminator/ratio"
	"textgan/generator/relax"
)

func completionCommand(p *process) *cli.Command {
	type report struct {
		Shell  string `json:"shell"`
		Script string `json:"script"`
	}
	scripts := map[string]func(io.Writer, []*cli.Command){"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}
	return command(p, cli.Command{
		Name: "completion", ArgsUsage: "SHELL", Usage: "a script that lets the shell complete commands and flags",
		Description: "SHELL is bash, zsh or fish. To install it:\n" +
			"  bash   textgan completion bash > ~/.local/share/bash-completion/completions/textgan\n" +
			"  zsh    textgan completion zsh > \"${fpath[1]}/_textgan\"\n" +
			"  fish   textgan completion fish > ~/.config/fish/completions/textgan.fish",
	}, func(c call[jsonOption]) error {
		write, ok := scripts[c.args[0]]
		if !ok {
			return usage("textgan completion", "unknown shell %q; want bash, zsh or fish", c.args[0])
		}
		var script strings.Builder
		write(&script, p.app().Commands)
		return c.show(c.opt.JSON, report{c.args[0], script.String()}, func(w io.Writer) error {
			_, err := io.WriteString(w, script.String())
			return err
		})
	})
}

// place is a point of the command line and what can follow it.
type place struct {
	path     string // "", "eval", "eval bleu"
	commands []*cli.Command
	flags    []optionFlag
	argument string // its name, or empty
}

func places(path string, commands []*cli.Command) (all []place) {
	all = append(all, place{path: path, commands: commands})
	for _, c := range commands {
		at := strings.TrimSpace(path + " " + c.Name)
		if len(c.Subcommands) > 0 {
			all = append(all, places(at, c.Subcommands)...)
		} else {
			all = append(all, place{path: at, flags: optionFlags(c), argument: c.ArgsUsage})
		}
	}
	return all
}

// valuesOf are the values of a flag that can be listed, of a flag that takes a list those
// of its elements: of an estimator and of a schedule the name, without its options.
func valuesOf(f optionFlag) (values []string) {
	switch f.Name {
	case "features":
		if f.List() {
			return ratio.FeatureNames
		}
	case "estimator", "estimators":
		for _, e := range relax.Estimators() {
			values = append(values, e.Name)
		}
		return values
	case "tau-schedule", "latent-tau":
		for _, s := range relax.Schedules() {
			name, _, _ := strings.Cut(s.Name, ":")
			values = append(values, name)
		}
		return values
	}
	return f.Choices
}

// arguments are the values of a place's argument, if they can be listed.
func (p place) arguments() (values []string) {
	switch p.argument {
	case "NAME":
		for _, b := range corpora.List() {
			values = append(values, b.Name)
		}
	case "SHELL":
		values = []string{"bash", "zsh", "fish"}
	}
	return values
}

// words are what can follow at a place, but for its argument.
func (p place) words() (words []string) {
	words = append(words, names(p.commands)...)
	for _, f := range p.flags {
		words = append(words, f.Flag())
	}
	return append(words, "--help")
}

// shellScript writes the part that bash and zsh share: it finds the place by the
// words so far that are names of commands, and then offers, by the word before,
// the values of a flag or what can follow at the place: if that is an argument, flags
// to a word that begins as one. offer is the shell's command that offers words, element the
// one that offers them behind the last comma of a list, file the one that offers files.
func shellScript(w io.Writer, commands []*cli.Command, words, previous, present string, offer, element func(words []string) string, file string) {
	all := places("", commands)
	fmt.Fprintf(w, "    local at= word\n    for word in %s; do\n        case \"${at:+$at }$word\" in\n", words)
	for _, p := range all[1:] {
		fmt.Fprintf(w, "            %q) at=%q ;;\n", p.path, p.path)
	}
	fmt.Fprintf(w, "        esac\n    done\n    case \"$at %s\" in\n", previous)
	for _, p := range all {
		for _, f := range p.flags {
			switch at := p.path + " " + f.Flag(); {
			case len(valuesOf(f)) > 0 && f.List():
				fmt.Fprintf(w, "        %q) %s; return ;;\n", at, element(valuesOf(f)))
			case len(valuesOf(f)) > 0:
				fmt.Fprintf(w, "        %q) %s; return ;;\n", at, offer(valuesOf(f)))
			case !f.Switch():
				fmt.Fprintf(w, "        %q) %s; return ;;\n", at, file)
			}
		}
	}
	fmt.Fprint(w, "    esac\n    case \"$at\" in\n")
	for _, p := range all {
		if p.argument != "" {
			argument := file
			if values := p.arguments(); len(values) > 0 {
				argument = offer(values)
			}
			fmt.Fprintf(w, "        %q) case \"%s\" in -*) %s ;; *) %s ;; esac ;;\n", p.path, present, offer(p.words()), argument)
			continue
		}
		fmt.Fprintf(w, "        %q) %s ;;\n", p.path, offer(p.words()))
	}
	fmt.Fprint(w, "    esac\n}\n")
}

// bashCompletion leaves files to bash: it offers them if nothing else fits.
func bashCompletion(w io.Writer, commands []*cli.Command) {
	fmt.Fprint(w, "# bash completion for textgan\n_textgan() {\n")
	offer := func(words []string) string {
		return fmt.Sprintf(`COMPREPLY=($(compgen -W %q -- "${COMP_WORDS[COMP_CWORD]}"))`, strings.Join(words, " "))
	}
	element := func(words []string) string {
		return fmt.Sprintf(`word="${COMP_WORDS[COMP_CWORD]}"; COMPREPLY=($(compgen -P "${word%%"${word##*,}"}" -W %q -- "${word##*,}"))`, strings.Join(words, " "))
	}
	shellScript(w, commands, `"${COMP_WORDS[@]:1:COMP_CWORD-1}"`, "${COMP_WORDS[COMP_CWORD-1]}", "${COMP_WORDS[COMP_CWORD]}", offer, element, "COMPREPLY=()")
	fmt.Fprint(w, "complete -o default -F _textgan textgan\n")
}

func zshCompletion(w io.Writer, commands []*cli.Command) {
	fmt.Fprint(w, "#compdef textgan\n_textgan() {\n")
	offer := func(words []string) string { return "compadd -- " + strings.Join(words, " ") + " || _files" }
	element := func(words []string) string { return "compset -P '*,'; " + offer(words) }
	shellScript(w, commands, `"${(@)words[2,CURRENT-1]}"`, "${words[CURRENT-1]}", "${words[CURRENT]}", offer, element, "_files")
	fmt.Fprint(w, "_textgan \"$@\"\n")
}

func fishCompletion(w io.Writer, commands []*cli.Command) {
	fmt.Fprint(w, "# fish completion for textgan\n")
	for _, p := range places("", commands) {
		when := "__fish_use_subcommand"
		if p.path != "" {
			when = "__fish_seen_subcommand_from " + strings.ReplaceAll(p.path, " ", "; and __fish_seen_subcommand_from ")
		}
		for _, c := range p.commands {
			not := ""
			if p.path != "" {
				not = "; and not __fish_seen_subcommand_from " + strings.Join(names(p.commands), " ")
			}
			fmt.Fprintf(w, "complete -c textgan -f -n '%s%s' -a %s -d %s\n", when, not, c.Name, fishQuote(c.Usage))
		}
		if values := p.arguments(); len(values) > 0 {
			fmt.Fprintf(w, "complete -c textgan -f -n '%s' -a %s\n", when, fishQuote(strings.Join(values, " ")))
		}
		for _, f := range p.flags {
			line := fmt.Sprintf("complete -c textgan -n '%s' -l %s", when, f.Name)
			if len(f.Name) == 1 {
				line = fmt.Sprintf("complete -c textgan -n '%s' -s %s", when, f.Name)
			}
			switch {
			case len(valuesOf(f)) > 0 && f.List():
				line += " -x -a " + fishQuote("(__fish_complete_list , 'printf %s\\\\n "+strings.Join(valuesOf(f), " ")+"')")
			case len(valuesOf(f)) > 0:
				line += " -x -a " + fishQuote(strings.Join(valuesOf(f), " "))
			case !f.Switch():
				line += " -r"
			}
			fmt.Fprintf(w, "%s -d %s\n", line, fishQuote(f.Doc))
		}
	}
}

func fishQuote(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
