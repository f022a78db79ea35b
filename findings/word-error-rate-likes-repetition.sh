#!/usr/bin/env bash
# word-error-rate 0.0.7 (npm): a word said again costs nothing where it stands against the first
# word of the other sentence: the edit distance's first row and column add one for each word that
# differs, instead of one for each word. "the the the the" is "the" without an error, so is a
# sentence whose first word stutters, and the distance of two sentences can be less than the
# difference of their lengths. The rate is of the longer sentence, not of the reference, and so
# never exceeds 1. Repetition is what degenerate generators do.
#
# The same sums by Levenshtein's recurrence stand beside.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts word-error-rate@0.0.7 >/dev/null 2>&1
cat >main.cjs <<'JS'
const {wordErrorRate, calculateEditDistance} = require('word-error-rate');

// distance is Levenshtein's, of words.
function distance(a, b) {
  let row = [...b.keys(), b.length];
  for (const [i, word] of a.entries()) {
    const next = [i + 1];
    for (const [j, other] of b.entries()) next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (word !== other)));
    row = next;
  }
  return row[b.length];
}

for (const [heard, said] of [
  ['the the the the', 'the'],
  ['a a a a man rides a horse', 'a man rides a horse'],
  ['the dog saw the cat and the bird and the fish', 'the'],
  ['dogs and cats', 'the'],
  ['a man rides a horse', 'a man rides a horse'],
]) {
  const [h, s] = [heard.split(' '), said.split(' ')];
  console.log(`"${heard}" for "${said}": ${calculateEditDistance(heard, said)} errors, rate ${wordErrorRate(heard, said).toFixed(2)}; by Levenshtein ${distance(h, s)}, rate ${(distance(h, s) / s.length).toFixed(2)}`);
}

// All sentences of one to four words of a vocabulary of three against each other.
const sentences = [''];
for (let from = 0, n = 0; n < 4; n++) {
  const end = sentences.length;
  for (; from < end; from++) for (const word of 'abc') sentences.push(`${sentences[from]} ${word}`.trim());
}
sentences.shift();
let pairs = 0, wrong = 0;
for (const a of sentences) for (const b of sentences) {
  pairs++;
  if (calculateEditDistance(a, b) !== distance(a.split(' '), b.split(' '))) wrong++;
}
console.log(`${wrong} of ${pairs} pairs of short sentences have another distance`);
JS
out=$(node main.cjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
"the the the the" for "the": 0 errors, rate 0.00; by Levenshtein 3, rate 3.00
"a a a a man rides a horse" for "a man rides a horse": 0 errors, rate 0.00; by Levenshtein 3, rate 0.60
"the dog saw the cat and the bird and the fish" for "the": 7 errors, rate 0.64; by Levenshtein 10, rate 10.00
"dogs and cats" for "the": 3 errors, rate 1.00; by Levenshtein 3, rate 3.00
"a man rides a horse" for "a man rides a horse": 0 errors, rate 0.00; by Levenshtein 0, rate 0.00
1404 of 14400 pairs of short sentences have another distance
EXPECTED
