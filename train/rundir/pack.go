package rundir

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// PackOptions say what of a run goes into a single file, besides its settings,
// vocabulary and manifest.
type PackOptions struct {
	Checkpoint []string          // names of files of the checkpoint
	Dirs       []string          // directories of the run, of those that it has
	More       map[string][]byte // other files by name
}

// Pack writes a run with one of its checkpoints, to which last and best both lead,
// as a single file, a ZIP archive. The training text, the held-out lines and the
// record are left out. Equal runs give equal files.
func (r *Run) Pack(w io.Writer, ck *Checkpoint, o PackOptions) error {
	z := zip.NewWriter(w)
	add := func(name string, content []byte) error {
		// Weights do not get smaller; a reader then takes them as they lie there.
		method := zip.Deflate
		if strings.HasSuffix(name, ".safetensors") {
			method = zip.Store
		}
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err == nil {
			_, err = f.Write(content)
		}
		return err
	}
	names := []string{manifestFile, ConfigFile, VocabFile}
	var sums []sum
	for _, s := range ck.sums {
		if slices.Contains(o.Checkpoint, s.name) {
			names = append(names, stepFile(ck.Step, s.name))
			sums = append(sums, s)
		}
	}
	own := map[string][]byte{
		stepFile(ck.Step, sumsFile): formatSums(sums),
		checkpoints + "/" + Last:    []byte(stepName(ck.Step) + "\n"),
		checkpoints + "/" + Best:    []byte(stepName(ck.Step) + "\n"),
	}
	maps.Copy(own, o.More)
	for _, dir := range o.Dirs {
		entries, err := r.readDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			names = append(names, dir+"/"+e.Name())
		}
	}
	for _, name := range names {
		read := r.ReadFile
		if name == ConfigFile {
			read = func(string) ([]byte, error) { return r.Settings() }
		}
		content, err := read(name)
		if err == nil {
			err = add(name, content)
		}
		if err != nil {
			return fmt.Errorf("rundir: pack: %w", err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(own)) {
		if err := add(name, own[name]); err != nil {
			return fmt.Errorf("rundir: pack: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("rundir: pack: %w", err)
	}
	return nil
}

// ErrPacked is the error of what needs more of a run than a single file holds.
var ErrPacked = errors.New("a model in a single file, without the text and the record of its run")

// CheckWhole is an ErrPacked if the run is not a directory on disk, but what Pack left
// of it.
func (r *Run) CheckWhole() error {
	if r.files == nil {
		return nil
	}
	return fmt.Errorf("rundir: %s is %w; give the run's directory, or the text where it is a text that is needed (--ref, --train)", r.Dir, ErrPacked)
}

// endOfArchive begins the last record of a ZIP archive, which is so long without a comment.
const endOfArchive, lengthOfEnd = "PK\x05\x06", 22

// Unpack returns the files of a run in a single file.
func Unpack(content []byte) (fs.FS, error) {
	z, err := zip.NewReader(bytes.NewReader(content), int64(len(content)))
	if err != nil {
		return nil, fmt.Errorf("rundir: no run in a single file (%w)", err)
	}
	if end := len(content) - lengthOfEnd - len(z.Comment); !strings.HasPrefix(string(content[end:]), endOfArchive) { // of which the reader says nothing
		return nil, errors.New("rundir: something stands behind the end of the file; export it again")
	}
	return z, nil
}

// openPacked reads the file into memory once it is known to be a run: any other may be
// of any size.
func openPacked(path string) (*Run, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	defer f.Close()
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	var head [2]byte
	_, _ = f.ReadAt(head[:], 0) // a shorter file is no archive either
	z, err := zip.NewReader(f, size)
	if err != nil && string(head[:]) == "PK" { // the end of the archive is its table of contents
		return nil, fmt.Errorf("rundir: %s: %w: the file is cut off or damaged; export it again", path, ErrNotRun)
	}
	if err != nil {
		return nil, fmt.Errorf("rundir: %s: %w: a run is a directory, or a file that textgan export --format single wrote", path, ErrNotRun)
	}
	if _, err := OpenFS(z, path); err != nil {
		return nil, err
	}
	content, err := io.ReadAll(io.NewSectionReader(f, 0, size))
	if err != nil {
		return nil, fmt.Errorf("rundir: %w", err)
	}
	files, err := Unpack(content)
	if err != nil {
		return nil, fmt.Errorf("rundir: %s: %w: %w", path, ErrNotRun, err)
	}
	return OpenFS(files, path)
}
