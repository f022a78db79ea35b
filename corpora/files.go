package corpora

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Files are the files that the name of a corpus means: the file of that name or,
// if there is none, for each part between commas the file of that name, all files
// below the directory, or all that the pattern (as of the shell: *, ?, [a-z])
// matches. Those of a directory or a pattern come in the order of their names;
// what begins with a dot is left out. It is an error if a part means nothing.
func Files(name string) ([]string, error) {
	if info, err := os.Stat(name); err == nil && !info.IsDir() {
		return []string{name}, nil
	}
	var files []string
	for _, part := range strings.Split(name, ",") {
		found, err := filesOf(part)
		if err != nil {
			return nil, fmt.Errorf("corpora: %w", err)
		}
		files = append(files, found...)
	}
	return files, nil
}

func filesOf(part string) ([]string, error) {
	info, err := os.Stat(part)
	switch {
	case err == nil && info.IsDir():
		return below(part)
	case err == nil:
		return []string{part}, nil
	case !strings.ContainsAny(part, "*?["):
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
	parts := strings.Split(name, ",")
	if _, err := os.Stat(name); err == nil {
		parts = []string{name}
	}
	for i, part := range parts {
		var err error
		if parts[i], err = filepath.Abs(part); err != nil {
			return "", fmt.Errorf("corpora: %w", err)
		}
	}
	return strings.Join(parts, ","), nil
}
