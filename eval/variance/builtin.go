package variance

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"

	"textgan/internal/config"
)

//go:embed problems/*.json
var builtin embed.FS

// Info describes a built-in problem.
type Info struct{ Name, Summary string }

// Builtins lists the built-in problems by name. They are problem files like
// any other.
func Builtins() []Info {
	files, err := fs.Glob(builtin, "problems/*.json")
	if err != nil {
		panic(err) // the pattern is constant
	}
	var list []Info
	for _, f := range files {
		data, err := builtin.ReadFile(f)
		var about struct{ Note string }
		if err == nil {
			err = json.Unmarshal(data, &about)
		}
		if err != nil {
			panic(fmt.Sprintf("variance: built-in problem %s: %v", f, err)) // a broken build
		}
		list = append(list, Info{strings.TrimSuffix(path.Base(f), ".json"), about.Note})
	}
	return list
}

// Builtin returns the built-in problem of that name.
func Builtin(name string) (*Problem, error) {
	f, err := builtin.Open("problems/" + name + ".json")
	if err != nil {
		var names []string
		for _, i := range Builtins() {
			names = append(names, i.Name)
		}
		return nil, &config.Error{Msg: fmt.Sprintf("variance: no built-in problem is called %q; choose one of %s", name, strings.Join(names, ", "))}
	}
	defer f.Close()
	return Read(f, name)
}
