package rundir

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"textgan/internal/atomicfile"
	"textgan/internal/jsonerr"
)

// format is the number of the layout in doc.go.
const format = 1

// Manifest says where a run comes from.
type Manifest struct {
	Format    int        `json:"format"`
	Model     string     `json:"model"`            // gan, mle, vae
	Preset    string     `json:"preset,omitempty"` // published configuration that the options began with
	Seed      uint64     `json:"seed"`
	Precision string     `json:"precision,omitempty"` // of products in training: bf16; older runs have none and are of float32
	Best      string     `json:"best,omitempty"`      // metric by which the checkpoint best is chosen; older runs have none and go by the validation NLL
	Parts     int        `json:"parts,omitempty"`     // that the sentences of a step are cut into; older runs have none and take whole steps
	Corpus    Corpus     `json:"corpus"`
	Valid     *Corpus    `json:"valid,omitempty"`         // the held-out text, if it was one of its own
	Config    string     `json:"config_sha256,omitempty"` // hex, of ConfigFile; older runs have none
	HeldOut   *Corpus    `json:"held_out,omitempty"`      // what HeldOutFile holds; older runs have none
	WarmStart *WarmStart `json:"warm_start,omitempty"`    // the run whose weights this one began with
	Starts    []Start    `json:"starts"`                  // the first by Create, one more by each Resume
}

// Corpus identifies the training text.
type Corpus struct {
	Name   string `json:"name"`             // file name, "-" or "builtin:NAME"
	Oracle string `json:"oracle,omitempty"` // file of the weights of builtin:oracle, if they were not its own
	SHA256 string `json:"sha256"`           // hex
	Lines  int    `json:"lines"`
}

// WarmStart says whose weights a run began with.
type WarmStart struct {
	Run    string `json:"run"`
	Model  string `json:"model"`
	Step   int    `json:"step"`
	Corpus Corpus `json:"corpus"` // what they had learnt from

	// Of likelihood training that goes on with it:
	Vocab    string `json:"vocab,omitempty"`     // keep or extend
	NewWords int    `json:"new_words,omitempty"` // that were put behind its vocabulary
}

// Start is one start of the program on the run. Equal bits are promised only
// between starts of one version on one architecture.
type Start struct {
	Step      int       `json:"step"` // of the checkpoint that it goes on from
	Time      time.Time `json:"time"`
	Command   []string  `json:"command"`
	Textgan   string    `json:"textgan"` // version of the program
	Go        string    `json:"go"`
	OS        string    `json:"os"`
	Arch      string    `json:"arch"`
	ISA       string    `json:"isa"`                 // kernels in use: avx512, avx2, generic
	Processes int       `json:"processes,omitempty"` // of mpirun; none for one on its own
	Note      string    `json:"note,omitempty"`      // what had to be mended

	Extended map[string]string `json:"extended,omitempty"` // options that an extension has set anew

	Record *mark `json:"record,omitempty"` // the record as it was mended
}

// otherwise says in what a later start differs from one so that its bits may be others; ""
// if in nothing.
func (s Start) otherwise(now Start) string {
	var list []string
	for _, x := range []struct{ what, was, is string }{
		{"textgan", s.Textgan, now.Textgan}, {"Go", s.Go, now.Go}, {"architecture", s.Arch, now.Arch}, {"instruction set", s.ISA, now.ISA},
	} {
		if x.was != x.is && x.was != "" && x.is != "" {
			list = append(list, fmt.Sprintf("%s %s, now %s", x.what, x.was, x.is))
		}
	}
	if list == nil {
		return ""
	}
	return "begun with " + strings.Join(list, ", ") + ": from here on its bits may be others than those of a run that was never stopped"
}

// sealed is what stands in the file.
type sealed struct {
	Manifest
	Sum string `json:"manifest_sha256"` // hex, of the file with unsealed in its place; older runs have none
}

var unsealed = strings.Repeat("0", 64)

func (m Manifest) save(dir string) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(sealed{m, unsealed}); err != nil {
		return fmt.Errorf("rundir: manifest: %w", err)
	}
	return atomicfile.WriteBytes(filepath.Join(dir, manifestFile), seal(b.Bytes(), unsealed, hexSum(b.Bytes())))
}

// seal puts one checksum of a manifest, which is the last thing in it, in the place of another.
func seal(text []byte, was, now string) []byte {
	at := bytes.LastIndex(text, []byte(was))
	if at < 0 {
		return text
	}
	return slices.Concat(text[:at], []byte(now), text[at+len(was):])
}

// CheckManifest is an error if the manifest was changed since it was written. That of an older
// run has no checksum, and is believed.
func (r *Run) CheckManifest() error {
	text, err := r.ReadFile(manifestFile)
	if err != nil {
		return err
	}
	var m sealed
	if err := json.Unmarshal(text, &m); err != nil || m.Sum != "" && hexSum(seal(text, m.Sum, unsealed)) != m.Sum {
		return fmt.Errorf("rundir: %s was changed since it was written (its checksum differs); put the old file back", r.Path(manifestFile))
	}
	return nil
}

func (r *Run) loadManifest() error {
	b, err := r.read(manifestFile)
	if err != nil {
		return err
	}
	path := r.Path(manifestFile)
	if err := json.Unmarshal(b, &r.Manifest); err != nil {
		return fmt.Errorf("rundir: %s: %w", path, jsonerr.Plain(err, "the file"))
	}
	if r.Manifest.Format > format {
		return fmt.Errorf("rundir: %s: format %d, of a newer textgan; this one knows format %d: take the newer one", path, r.Manifest.Format, format)
	}
	if r.Manifest.Format != format {
		return fmt.Errorf("rundir: %s: format %d; this textgan knows format %d", path, r.Manifest.Format, format)
	}
	return nil
}
