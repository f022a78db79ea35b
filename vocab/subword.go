package vocab

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"textgan/internal/jsonerr"
)

// A subword scheme cuts by a table that is no part of this program: one that was
// trained on a corpus or that a file holds.
type subword interface {
	scheme
	content() string         // the tokenizer.json that it is
	table() []string         // its tokens by id
	holds(token string) bool // is it a token of the table?
	// halves are the two tokens that a token of the table was merged of.
	halves(token string) (left, right string, ok bool)
	// always are tokens that belong to every vocabulary, so that no text is
	// unknown; nil if there are none.
	always() []string
}

// tokenizerJSON is what is read of a file tokenizer.json of Hugging Face's tokenizers.
type tokenizerJSON struct {
	Version       string          `json:"version"`
	Truncation    json.RawMessage `json:"truncation"`
	Padding       json.RawMessage `json:"padding"`
	AddedTokens   json.RawMessage `json:"added_tokens"`
	Normalizer    *normalizerJSON `json:"normalizer"`
	PreTokenizer  *preTokenizer   `json:"pre_tokenizer"`
	PostProcessor json.RawMessage `json:"post_processor"`
	Decoder       *preTokenizer   `json:"decoder"`
	Model         modelJSON       `json:"model"`
}

type normalizerJSON struct {
	Type               string `json:"type"`
	CleanText          bool   `json:"clean_text"`
	HandleChineseChars bool   `json:"handle_chinese_chars"`
	StripAccents       *bool  `json:"strip_accents"`
	Lowercase          bool   `json:"lowercase"`
}

// preTokenizer is also the form of the decoder of the same name. A setting that is
// missing has the library's default.
type preTokenizer struct {
	Type           string `json:"type"`
	AddPrefixSpace *bool  `json:"add_prefix_space,omitempty"` // default true
	TrimOffsets    *bool  `json:"trim_offsets,omitempty"`
	UseRegex       *bool  `json:"use_regex,omitempty"` // default true
}

type modelJSON struct {
	Type   string           `json:"type"`
	Vocab  map[string]int   `json:"vocab"`
	Merges *json.RawMessage `json:"merges,omitempty"`

	// Of BPE; all have to say nothing.
	Dropout                 *float64 `json:"dropout"`
	UnkToken                *string  `json:"unk_token"` // of WordPiece too
	ContinuingSubwordPrefix *string  `json:"continuing_subword_prefix"`
	EndOfWordSuffix         *string  `json:"end_of_word_suffix"`
	FuseUnk                 bool     `json:"fuse_unk"`
	ByteFallback            bool     `json:"byte_fallback"`
	IgnoreMerges            bool     `json:"ignore_merges"`

	MaxInputCharsPerWord *int `json:"max_input_chars_per_word,omitempty"` // of WordPiece, default 100
}

// ReadTokenizer makes a tokeniser of the content of a file tokenizer.json, as Hugging
// Face's library tokenizers writes it:
//
//	bpe        the model BPE over bytes, as of GPT-2: pre_tokenizer ByteLevel, no normalizer
//	wordpiece  the model WordPiece as of BERT: BertNormalizer, if any, and BertPreTokenizer
//
// Anything else in these places is an error that names it. The tokens of a line are
// those that the library gives without special tokens, but for added tokens such as
// <|endoftext|>, which in a text are text, and <unk> between spaces for a wordpiece,
// which is the unknown word.
//
// letters is Keep, Lower, or "" for what the file does: a file that lowers letters
// itself cannot keep them.
func ReadTokenizer(content []byte, letters string) (Tokenizer, error) {
	var f tokenizerJSON
	if err := json.Unmarshal(content, &f); err != nil {
		return Tokenizer{}, fmt.Errorf("not a tokenizer.json: %w", jsonerr.Plain(err, "it"))
	}
	var s scheme
	var err error
	switch f.Model.Type {
	case "BPE":
		s, err = newBPE(f, string(content))
	case "WordPiece":
		s, err = newWordPiece(f, string(content))
	case "":
		err = errors.New("no model with a type")
	default:
		err = fmt.Errorf("its model is %s; BPE over bytes and WordPiece are read", f.Model.Type)
	}
	if err != nil {
		return Tokenizer{}, fmt.Errorf("tokenizer.json: %w", err)
	}
	if s.lowers() && letters == Keep {
		return Tokenizer{}, errors.New("tokenizer.json: it lowers letters itself; drop --case keep")
	}
	return withCase(s, letters)
}

// OpenTokenizer is ReadTokenizer of a file, which it names in its errors.
func OpenTokenizer(path, letters string) (Tokenizer, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return Tokenizer{}, err
	}
	tok, err := ReadTokenizer(content, letters)
	if err != nil {
		return tok, fmt.Errorf("%s: %w", path, err)
	}
	return tok, nil
}

// only refuses whatever is set of the named settings.
func only(settings ...any) error {
	for i := 0; i < len(settings); i += 2 {
		set := false
		switch v := settings[i+1].(type) {
		case bool:
			set = v
		case *string:
			set = v != nil && *v != ""
		case *float64:
			set = v != nil && *v != 0
		}
		if set {
			return fmt.Errorf("%s is set, which is not read here", settings[i])
		}
	}
	return nil
}

// typeOf is the type that a part of the file has.
func (p *preTokenizer) typeOf() string {
	if p == nil {
		return "none"
	}
	return p.Type
}

// tableOf are the tokens of a table by id.
func tableOf(vocab map[string]int) ([]string, error) {
	if len(vocab) == 0 {
		return nil, errors.New("its vocabulary is empty")
	}
	tokens := make([]string, 0, len(vocab))
	for t := range vocab {
		tokens = append(tokens, t)
	}
	slices.SortFunc(tokens, func(a, b string) int {
		if vocab[a] != vocab[b] {
			return vocab[a] - vocab[b]
		}
		return strings.Compare(a, b)
	})
	for i := 1; i < len(tokens); i++ {
		if vocab[tokens[i]] == vocab[tokens[i-1]] {
			return nil, fmt.Errorf("the tokens %q and %q have one id", tokens[i-1], tokens[i])
		}
	}
	return tokens, nil
}

// pairsOf reads merges, of which the library has written two forms: "a b" and
// ["a", "b"].
func pairsOf(merges *json.RawMessage) ([][2]string, error) {
	if merges == nil {
		return nil, errors.New("the model has no merges")
	}
	var pairs [][2]string
	if json.Unmarshal(*merges, &pairs) == nil {
		return pairs, nil
	}
	var lines []string
	if err := json.Unmarshal(*merges, &lines); err != nil {
		return nil, fmt.Errorf("merges: %w", err)
	}
	pairs = pairs[:0] // what was read before the first that is none
	for i, line := range lines {
		left, right, ok := strings.Cut(line, " ")
		if !ok {
			return nil, fmt.Errorf("merge %d, %q, has no two parts", i, line)
		}
		pairs = append(pairs, [2]string{left, right})
	}
	return pairs, nil
}

// signature is eight digits of the hash of a table.
func signature(content string) string {
	sum := sha256.Sum256([]byte(content))
	return hex.EncodeToString(sum[:4])
}

// compactJSON writes a value as JSON as it stands in a file of its own.
func compactJSON(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(v) // of strings and numbers
	return strings.TrimSpace(b.String())
}
