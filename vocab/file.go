package vocab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"textgan/internal/jsonerr"
)

// formatVersion is raised when a reader of the old form would misread the new.
// Version 1 had no case, and the tokenizer word cut words at marks and kept no
// spacing. In version 2 it cut addresses, mentions and hashtags. The other
// tokenizers read files of both as before.
const formatVersion = 3

// file is vocab.json.
type file struct {
	Format    string   `json:"format"`
	Version   int      `json:"version"`
	Tokenizer string   `json:"tokenizer"`
	Case      string   `json:"case"`     // keep or lower
	Specials  []string `json:"specials"` // ids 0, 1, 2, 3
	SHA256    string   `json:"sha256"`   // Vocab.Hash
	Tokens    []string `json:"tokens"`   // ids 4, 5, ...
	// The text of the tokenizer.json of a tokeniser with a table of its own.
	TokenizerFile string `json:"tokenizer_file,omitempty"`
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
		Case:      v.tokenizer.Case(),
		Specials:  specialNames[:],
		SHA256:    v.hash,
		Tokens:    v.tokens,

		TokenizerFile: v.tokenizer.File(),
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
		return nil, fmt.Errorf("not a vocabulary file: %w", jsonerr.Plain(err, "it"))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a vocabulary file: text after the end of the object")
	}
	if f.Format != "textgan vocabulary" {
		return nil, fmt.Errorf("not a vocabulary file: format %q", f.Format)
	}
	if f.Version == 1 && f.Tokenizer == (word{}).name() {
		return nil, errors.New("version 1, written by textgan 0.1, whose tokenizer word cut lines in another way; train the model again")
	}
	if f.Version == 2 && f.Tokenizer == (word{}).name() && slices.ContainsFunc(f.Tokens, ofAddresses) {
		return nil, errors.New("version 2, of a text with web addresses, @mentions or #hashtags, which the tokenizer word cut into pieces then; train the model again")
	}
	if f.Version < 1 || f.Version > formatVersion {
		return nil, fmt.Errorf("version %d; this program reads versions up to %d", f.Version, formatVersion)
	}
	if !slices.Equal(f.Specials, specialNames[:]) {
		return nil, fmt.Errorf("special tokens %q; this program needs %q", f.Specials, specialNames)
	}
	tok, err := f.tokenizer()
	if err != nil {
		return nil, err
	}
	if len(f.Tokens) == 0 {
		return nil, errors.New("no tokens")
	}
	seen := make(map[string]bool, len(f.Tokens))
	for i, t := range f.Tokens {
		if !utf8.ValidString(t) || !tok.isPiece(t) {
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

func (f file) tokenizer() (Tokenizer, error) {
	if f.TokenizerFile == "" {
		return NewTokenizer(f.Tokenizer, f.Case)
	}
	tok, err := ReadTokenizer([]byte(f.TokenizerFile), f.Case)
	if err == nil && tok.Name() != f.Tokenizer {
		err = fmt.Errorf("tokenizer %q with the table of a %s", f.Tokenizer, tok.Name())
	}
	return tok, err
}

// ofAddresses reports whether a token of version 2 can be a part of what word keeps
// whole now. A vocabulary without any was made of lines that are cut as before.
func ofAddresses(token string) bool {
	plain := unglued(token)
	return plain == "@" || plain == "#" || plain == "/" || plain == "www"
}

// isPiece reports whether a tokeniser can make t.
func (tok Tokenizer) isPiece(t string) bool {
	if s, ok := tok.scheme.(subword); ok {
		return t != Unknown && s.holds(t)
	}
	plain := unglued(t)
	if plain != t {
		// Only a symbol of the scheme that knows glue has marks.
		r, _ := utf8.DecodeRuneInString(plain)
		if tok.scheme != (word{}) || isAlnum(r) || taggedEnd(plain, 0) > 0 || len(t)-len(plain) > 2 {
			return false
		}
	}
	return plain != Unknown && slices.Equal(tok.Pieces(plain), []string{plain})
}
