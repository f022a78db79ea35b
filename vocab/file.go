package vocab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"
)

// formatVersion is raised when a reader of the old form would misread the new.
const formatVersion = 1

// file is vocab.json.
type file struct {
	Format    string   `json:"format"`
	Version   int      `json:"version"`
	Tokenizer string   `json:"tokenizer"`
	Specials  []string `json:"specials"` // ids 0, 1, 2, 3
	SHA256    string   `json:"sha256"`   // Vocab.Hash
	Tokens    []string `json:"tokens"`   // ids 4, 5, ...
}

// Save writes the vocabulary as JSON.
func (v *Vocab) Save(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	err := enc.Encode(file{
		Format:    "textgan vocabulary",
		Version:   formatVersion,
		Tokenizer: v.tokenizer.Name(),
		Specials:  specialNames[:],
		SHA256:    v.hash,
		Tokens:    v.tokens,
	})
	if err != nil {
		return fmt.Errorf("vocab: save: %w", err)
	}
	return nil
}

// Load reads what Save wrote. It refuses another format or version, tokens
// that the tokeniser could not have made, and a file changed since.
func Load(r io.Reader) (*Vocab, error) {
	v, err := load(r)
	if err != nil {
		return nil, fmt.Errorf("vocab: load: %w", err)
	}
	return v, nil
}

func load(r io.Reader) (*Vocab, error) {
	var f file
	dec := json.NewDecoder(r)
	if err := dec.Decode(&f); err != nil {
		return nil, fmt.Errorf("not a vocabulary file: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a vocabulary file: text after the end of the object")
	}
	if f.Format != "textgan vocabulary" {
		return nil, fmt.Errorf("not a vocabulary file: format %q", f.Format)
	}
	if f.Version != formatVersion {
		return nil, fmt.Errorf("version %d; this program reads version %d", f.Version, formatVersion)
	}
	if !slices.Equal(f.Specials, specialNames[:]) {
		return nil, fmt.Errorf("special tokens %q; this program needs %q", f.Specials, specialNames)
	}
	tok, err := NewTokenizer(f.Tokenizer)
	if err != nil {
		return nil, err
	}
	if len(f.Tokens) == 0 {
		return nil, errors.New("no tokens")
	}
	seen := make(map[string]bool, len(f.Tokens))
	for i, t := range f.Tokens {
		if !utf8.ValidString(t) || !slices.Equal(tok.Tokenize(t), []string{t}) {
			return nil, fmt.Errorf("token %d, %q, is not one token of the tokenizer %q", i, t, f.Tokenizer)
		}
		if seen[t] {
			return nil, fmt.Errorf("token %d, %q, stands twice", i, t)
		}
		seen[t] = true
	}
	v := newVocab(tok, f.Tokens)
	if v.hash != f.SHA256 {
		return nil, fmt.Errorf("checksum %.12s... does not fit the tokens (%.12s...); the file was changed or damaged", f.SHA256, v.hash)
	}
	return v, nil
}
