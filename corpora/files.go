package corpora

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Files are the files that the name of a corpus means: for each part between commas the
// file of that name, all files below the directory, or all that the pattern (as of the
// shell: *, ?, [a-z]) matches. A part has commas of its own where something of that name
// is there. Those of a directory or a pattern come in the order of their names;
// what begins with a dot is left out. It is an error if a part means nothing.
func Files(name string) ([]string, error) {
	var files []string
	for _, part := range partsOf(name) {
		if part == "" {
			return nil, fmt.Errorf("corpora: %q names a text that has no name", name)
		}
		found, err := filesOf(part)
		if err != nil {
			return nil, fmt.Errorf("corpora: %w", err)
		}
		files = append(files, found...)
	}
	return files, nil
}

// partsOf cuts a name at its commas, but where that leaves the longest part that is there.
func partsOf(name string) (parts []string) {
	for rest := strings.Split(name, ","); len(rest) > 0; {
		n := len(rest)
		for n > 1 && !isThere(strings.Join(rest[:n], ",")) {
			n--
		}
		parts, rest = append(parts, strings.Join(rest[:n], ",")), rest[n:]
	}
	return parts
}

// isThere reports whether a part names or matches anything.
func isThere(part string) bool {
	if _, err := os.Stat(part); err == nil {
		return true
	}
	found, err := filepath.Glob(part)
	return err == nil && len(found) > 0
}

func filesOf(part string) ([]string, error) {
	info, err := os.Stat(part)
	switch {
	case err == nil && info.IsDir():
		return below(part)
	case err == nil:
		return []string{part}, nil
	case !strings.ContainsAny(part, patternSigns):
		// The message of opening it: that of Stat speaks of stat.
		f, err := os.Open(part)
		if err == nil { // made in between
			f.Close()
		}
		return []string{part}, err
	}
	found, err := filepath.Glob(part)
	if err != nil {
		return nil, fmt.Errorf("pattern %q: %w", part, err)
	}
	var files []string
	for _, f := range found {
		info, err := os.Stat(f)
		switch {
		case err != nil:
			return nil, err
		case strings.HasPrefix(filepath.Base(f), ".") && !strings.HasPrefix(filepath.Base(part), "."):
		case info.IsDir():
			more, err := below(f)
			if err != nil {
				return nil, err
			}
			files = append(files, more...)
		default:
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no file matches %q", part)
	}
	return files, nil
}

// below are the files in a directory and its directories.
func below(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path != dir && strings.HasPrefix(d.Name(), "."):
			if d.IsDir() {
				return fs.SkipDir
			}
		case !d.IsDir():
			files = append(files, path)
		}
		return nil
	})
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s: %w", dir, errors.New("no files in this directory"))
	}
	return files, err
}

// Absolute is the name of a corpus that means the same files from any working
// directory. "", "-" and builtin:NAME stay as they are.
func Absolute(name string) (string, error) {
	if name == "" || name == "-" || strings.HasPrefix(name, "builtin:") {
		return name, nil
	}
	parts := partsOf(name)
	for i, part := range parts {
		if filepath.IsAbs(part) {
			parts[i] = filepath.Clean(part)
			continue
		}
		here, err := os.Getwd()
		if err != nil {
			return "", fmt.Errorf("corpora: %w", err)
		}
		if _, err := os.Stat(part); err != nil && strings.ContainsAny(part, patternSigns) && runtime.GOOS != "windows" { // which has no escapes
			here = escape.Replace(here)
		}
		parts[i] = filepath.Join(here, part)
	}
	return strings.Join(parts, ","), nil
}

const patternSigns = "*?["

// escape makes a pattern of a name, which matches nothing else.
var escape = strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`)
