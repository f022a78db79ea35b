#!/usr/bin/env bash
# ai-tokenizer 1.0.6 (npm): words that are methods of every object of JavaScript are no tokens but those methods.
# The vocabulary is an object, and of a word that it lacks the object's own ancestor has a function of that
# name, which encode() takes for a number. The list of tokens has a function in it, null in JSON, and decode()
# writes nothing for it: by the encoding of Codex (p50k_base) "o.hasOwnProperty(k)" comes back as "o.(k)",
# and counts too little. GPT-4's cuts the dot with the word, and so loses it at the beginning of a
# line alone; GPT-4o's loses none. No error. js-tiktoken 1.0.21 stands
# beside; another tokenizer of npm had the same, and has it no more (botisan-ai/gpt3-tokenizer#17).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts ai-tokenizer@1.0.6 js-tiktoken@1.0.21 >/dev/null 2>&1
cat >main.mjs <<'JS'
import Tokenizer from 'ai-tokenizer';
import * as encodings from 'ai-tokenizer/encoding';
import {getEncoding} from 'js-tiktoken';

const texts = ['if (o.hasOwnProperty(k)) return o.valueOf();', 'hasOwnProperty is a method.', 'A house has a property.'];
for (const name of ['p50k_base', 'cl100k_base', 'o200k_base']) {
  const tokenizer = new Tokenizer(encodings[name]);
  for (const text of texts) {
    const tokens = tokenizer.encode(text), strange = tokens.filter(t => typeof t !== 'number'), right = getEncoding(name).encode(text);
    console.log(`${name}: ${JSON.stringify(text)}: ${tokens.length} tokens, by js-tiktoken ${right.length}, ${strange.length} of them ${strange.length ? typeof strange[0] + 's' : 'strange'}; back: ${JSON.stringify(tokenizer.decode(tokens))}`);
  }
  const methods = Object.getOwnPropertyNames(Object.prototype);
  console.log(`${name}, words lost: ${methods.filter(word => tokenizer.decode(tokenizer.encode(word)) !== word).join(' ')}`);
}
JS
out=$(node main.mjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
p50k_base: "if (o.hasOwnProperty(k)) return o.valueOf();": 13 tokens, by js-tiktoken 16, 2 of them functions; back: "if (o.(k)) return o.();"
p50k_base: "hasOwnProperty is a method.": 5 tokens, by js-tiktoken 7, 1 of them functions; back: " is a method."
p50k_base: "A house has a property.": 6 tokens, by js-tiktoken 6, 0 of them strange; back: "A house has a property."
p50k_base, words lost: constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toString valueOf toLocaleString
cl100k_base: "if (o.hasOwnProperty(k)) return o.valueOf();": 10 tokens, by js-tiktoken 10, 0 of them strange; back: "if (o.hasOwnProperty(k)) return o.valueOf();"
cl100k_base: "hasOwnProperty is a method.": 5 tokens, by js-tiktoken 6, 1 of them functions; back: " is a method."
cl100k_base: "A house has a property.": 6 tokens, by js-tiktoken 6, 0 of them strange; back: "A house has a property."
cl100k_base, words lost: hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString
o200k_base: "if (o.hasOwnProperty(k)) return o.valueOf();": 13 tokens, by js-tiktoken 13, 0 of them strange; back: "if (o.hasOwnProperty(k)) return o.valueOf();"
o200k_base: "hasOwnProperty is a method.": 7 tokens, by js-tiktoken 7, 0 of them strange; back: "hasOwnProperty is a method."
o200k_base: "A house has a property.": 6 tokens, by js-tiktoken 6, 0 of them strange; back: "A house has a property."
o200k_base, words lost: 
EXPECTED
