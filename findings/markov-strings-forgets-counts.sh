#!/usr/bin/env bash
# markov-strings 3.0.4 (npm), a text generator by Markov chains, does not know how often a word follows
# another. What follows is kept as a list of different words, of which one is drawn evenly, and so
# is the beginning of a sentence: of a corpus with "the dog sleeps" 99 times and "the cat sleeps" once,
# half of the text is about cats; a next word by Zipf's law, 6 bits, is written with 7.6. Where one
# sentence of the corpus ended, all end. With the usual stateSize of 2 the chain goes on by two
# words, so that no sentence has an odd number of them. The manual has that learning a text twice
# "will skew the random generation of results"; it changes nothing.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts markov-strings@3.0.4 >/dev/null 2>&1
cat >main.cjs <<'JS'
const Markov = require('markov-strings').default;

// SplitMix32, so that each run is the same.
let state = 1;
function random() {
  let z = state = (state + 0x9e3779b9) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
}

const copies = (n, line) => Array(n).fill(line);

function write(stateSize, corpora, n = 1000) {
  const markov = new Markov({stateSize});
  for (const corpus of corpora) markov.addData(corpus);
  return Array.from({length: n}, () => markov.generate({prng: random, maxTries: 100}).string);
}

const share = (lines, word) => `${(100 * lines.filter(l => l.split(' ').includes(word)).length / lines.length).toFixed(0)} %`;

function bits(lines) {
  const counts = new Map();
  for (const l of lines) counts.set(l, (counts.get(l) ?? 0) + 1);
  return [...counts.values()].reduce((sum, c) => sum - c / lines.length * Math.log2(c / lines.length), 0).toFixed(1);
}

const dogs = [...copies(99, 'the dog sleeps'), 'the cat sleeps'];
console.log(`99 lines on dogs, 1 on cats: ${share(write(1, [dogs]), 'cat')} cats`);
console.log(`the dogs learnt ten times: ${share(write(1, [dogs, ...copies(9, copies(99, 'the dog sleeps'))]), 'cat')}`);
console.log(`another first word: ${share(write(1, [[...copies(99, 'a dog sleeps'), 'one cat sleeps']]), 'cat')}`);
console.log(`two words as state: ${share(write(2, [[...copies(99, 'the old dog sleeps'), 'the old cat sleeps']]), 'cat')}`);

const zipf = Array.from({length: 200}, (_, k) => copies(Math.round(200 / (k + 1)), `we saw w${k} there`)).flat();
console.log(`a word by Zipf's law: ${bits(zipf)} bits in the corpus, ${bits(write(1, [zipf], 4000))} in the text`);

const lines = Array.from({length: 1000}, () => [...Array.from({length: 2 + Math.floor(random() * 6)}, () => 'abcdefgh'[Math.floor(random() * 8)]), '.'].join(' '));
const odd = lines => `${(100 * lines.filter(l => l.split(' ').length % 2).length / lines.length).toFixed(0)} %`;
console.log(`lines of 3 to 8 words: ${odd(lines)} have an odd number of them, of the text ${odd(write(2, [lines], 100))}`);
const ends = [...copies(99, 'it is late and dark'), 'it is late'];
console.log(`99 of 100 lines go on behind "late": ${share(write(1, [ends]), 'dark')} of the text`);
JS
out=$(node -p '"markov-strings " + JSON.parse(fs.readFileSync("node_modules/markov-strings/package.json")).version'; node main.cjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
markov-strings 3.0.4
99 lines on dogs, 1 on cats: 54 % cats
the dogs learnt ten times: 49 %
another first word: 50 %
two words as state: 49 %
a word by Zipf's law: 6.0 bits in the corpus, 7.6 in the text
lines of 3 to 8 words: 52 % have an odd number of them, of the text 0 %
99 of 100 lines go on behind "late": 0 % of the text
EXPECTED
