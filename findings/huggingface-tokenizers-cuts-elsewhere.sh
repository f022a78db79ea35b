#!/usr/bin/env bash
# @huggingface/tokenizers 0.2.0 (npm), the tokenizers of Transformers.js: one tokenizer.json cuts a text
# in other places than in Hugging Face's own library in Rust. The pre-tokenizer Whitespace, that of the
# first pages of the manual, cuts at every letter beyond ASCII: "Straße" is three pieces, and to a
# vocabulary of the very words four of ten are unknown. What Punctuation or a Split is
# told to do with what it finds (merge it with what stands before or behind, keep a run of it in
# one piece, drop it) is not heeded but for what a regular expression drops; all else is cut out and
# kept. And an inverted Split drops what the expression does not match, though told to isolate it:
# spaces and punctuation are gone. No error for any. WhitespaceSplit and BertPreTokenizer are right.
#
# Needs Linux on x86-64 (for the library in Rust, as built for Node by @anush008/tokenizers 0.6.0).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/tokenizers@0.2.0 @anush008/tokenizers@0.6.0 >/dev/null 2>&1
cat >main.mjs <<'JS'
import {Tokenizer} from '@huggingface/tokenizers';
import rust from '@anush008/tokenizers';
import {writeFileSync} from 'fs';

const text = 'Die Straße führt über München; nach 2 km, nach rechts!!';

// json is a tokenizer of a model and a pre-tokenizer.
const json = (model, pre_tokenizer) => ({
  version: '1.0', truncation: null, padding: null, normalizer: null, pre_tokenizer, post_processor: null, decoder: null, model,
  added_tokens: [{id: 0, content: '[UNK]', single_word: false, lstrip: false, rstrip: false, normalized: false, special: true}],
});

// ids of the text's tokens by both libraries.
async function ids(tokenizer) {
  writeFileSync('tokenizer.json', JSON.stringify(tokenizer));
  const encoding = await rust.Tokenizer.fromFile('tokenizer.json').encode(text);
  return [encoding.getIds(), new Tokenizer(tokenizer, {unk_token: '[UNK]'}).encode(text).ids];
}

// A vocabulary of characters, with the last of a word marked: the marks show where the pre-tokenizer cuts.
const vocab = {'[UNK]': 0};
for (const c of new Set(text)) for (const token of [c, `${c}|`]) vocab[token] = Object.keys(vocab).length;
const characters = {type: 'BPE', dropout: null, unk_token: '[UNK]', continuing_subword_prefix: null, end_of_word_suffix: '|', fuse_unk: false, byte_fallback: false, vocab, merges: []};
const joined = (vocab, separator) => {
  const tokens = new Map(Object.entries(vocab).map(([token, id]) => [id, token]));
  return ids => Array.from(ids, id => tokens.get(id)).join(separator);
};
const split = (pattern, behavior, invert = false) => ({type: 'Split', pattern, behavior, invert});
for (const [name, pre] of [
  ['WhitespaceSplit', {type: 'WhitespaceSplit'}],
  ['BertPreTokenizer', {type: 'BertPreTokenizer'}],
  ['Whitespace', {type: 'Whitespace'}],
  ['Punctuation, removed', {type: 'Punctuation', behavior: 'Removed'}],
  ['Punctuation, merged with what stands before', {type: 'Punctuation', behavior: 'MergedWithPrevious'}],
  ['Split at spaces, removed', split({String: ' '}, 'Removed')],
  ['Split at spaces, merged with what follows', split({String: ' '}, 'MergedWithNext')],
  ['Split at /[ ,;!]/, removed', split({Regex: '[ ,;!]'}, 'Removed')],
  ['Split at /[,;!]/, runs', split({Regex: '[,;!]'}, 'Contiguous')],
  ['Split at all but /[^ ,;!]+/, isolated', split({Regex: '[^ ,;!]+'}, 'Isolated', true)],
]) {
  const [there, here] = (await ids(json(characters, pre))).map(joined(vocab, ''));
  console.log(`${name}:\n  in Rust ${there}`);
  if (here !== there) console.log(`  in JavaScript ${here}`);
}

const words = {'[UNK]': 0};
for (const word of text.match(/[\p{L}\d]+|[^\p{L}\d\s]+/gu)) words[word] ??= Object.keys(words).length;
const [there, here] = (await ids(json({type: 'WordPiece', vocab: words, unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100}, {type: 'Whitespace'}))).map(joined(words, ' '));
console.log(`a WordPiece of this sentence's words, Whitespace:\n  in Rust ${there}\n  in JavaScript ${here}`);
JS
out=$(node main.mjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
WhitespaceSplit:
  in Rust Die|Straße|führt|über|München;|nach|2|km,|nach|rechts!!|
BertPreTokenizer:
  in Rust Die|Straße|führt|über|München|;|nach|2|km|,|nach|rechts|!|!|
Whitespace:
  in Rust Die|Straße|führt|über|München|;|nach|2|km|,|nach|rechts|!!|
  in JavaScript Die|Stra|ß|e|f|ü|hrt|ü|ber|M|ü|nchen|;|nach|2|km|,|nach|rechts|!!|
Punctuation, removed:
  in Rust Die Straße führt über München| nach 2 km| nach rechts|
  in JavaScript Die Straße führt über München|;| nach 2 km|,| nach rechts|!!|
Punctuation, merged with what stands before:
  in Rust Die Straße führt über München;| nach 2 km,| nach rechts!|!|
  in JavaScript Die Straße führt über München|;| nach 2 km|,| nach rechts|!!|
Split at spaces, removed:
  in Rust Die|Straße|führt|über|München;|nach|2|km,|nach|rechts!!|
  in JavaScript Die| |Straße| |führt| |über| |München;| |nach| |2| |km,| |nach| |rechts!!|
Split at spaces, merged with what follows:
  in Rust Die| Straße| führt| über| München;| nach| 2| km,| nach| rechts!!|
  in JavaScript Die| |Straße| |führt| |über| |München;| |nach| |2| |km,| |nach| |rechts!!|
Split at /[ ,;!]/, removed:
  in Rust Die|Straße|führt|über|München|nach|2|km|nach|rechts|
Split at /[,;!]/, runs:
  in Rust Die Straße führt über München|;| nach 2 km|,| nach rechts|!!|
  in JavaScript Die Straße führt über München|;| nach 2 km|,| nach rechts|!|!|
Split at all but /[^ ,;!]+/, isolated:
  in Rust Die| |Straße| |führt| |über| |München|; |nach| |2| |km|, |nach| |rechts|!!|
  in JavaScript Die|Straße|führt|über|München|nach|2|km|nach|rechts|
a WordPiece of this sentence's words, Whitespace:
  in Rust Die Straße führt über München ; nach 2 km , nach rechts !!
  in JavaScript Die [UNK] [UNK] [UNK] [UNK] [UNK] [UNK] [UNK] [UNK] [UNK] [UNK] [UNK] ; nach 2 km , nach rechts !!
EXPECTED
