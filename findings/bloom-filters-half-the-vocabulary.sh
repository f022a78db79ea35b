#!/usr/bin/env bash
# bloom-filters 3.0.4 (npm): its HyperLogLog counts half of the different words of a small vocabulary, 143 of
# 300 with 256 registers, of which accuracy() tells 6.5 %; then too many, 732 of 600, and is right
# from some five times as many words as registers on. A register whose words all have a hash that
# begins with a one stays 0, and is taken for one that no word has met. (Callidon/bloom-filters#69
# is of a version before.) The count-min sketch takes the accuracy that it is asked for as the
# chance of a failure: .9 and .99 are one row, .01 is five. So the ten commonest words of a text
# have words among them that occur once, with the counts of others. No error for either.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts bloom-filters@3.0.4 >/dev/null 2>&1
cat >main.cjs <<'JS'
const {HyperLogLog, CountMinSketch, TopK} = require('bloom-filters');
console.log(`bloom-filters ${require('./node_modules/bloom-filters/package.json').version}`);

for (const words of [10, 100, 300, 600, 1200]) {
  let sum = 0;
  for (let seed = 1; seed <= 4; seed++) {
    const sketch = new HyperLogLog(256);
    sketch.seed = seed;
    for (let i = 0; i < words; i++) sketch.update(`word${i}`);
    sum += sketch.count();
  }
  console.log(`${words} different words: ${(sum / 4).toFixed(0)}, mean of four seeds, accuracy() ${new HyperLogLog(256).accuracy()}`);
}

// A text of 4,000 words by a law in which each word is rarer than the one before.
let state = 1;
const uniform = () => (state = state * 48271 % 2147483647) / 2147483647;
const text = Array.from({length: 4000}, () => `word${Math.floor(Math.exp(7 * uniform()))}`);
const counts = {};
for (const w of text) counts[w] = (counts[w] ?? 0) + 1;
for (const accuracy of [.9, .99, .01]) {
  const sketch = CountMinSketch.create(.005, accuracy);
  for (const w of text) sketch.update(w);
  const all = Object.keys(counts), over = all.filter(w => sketch.count(w) > counts[w] + .005 * text.length);
  console.log(`count-min, error .005, accuracy ${accuracy}: ${sketch.rows} rows, ${(100 * (1 - over.length / all.length)).toFixed(1)} % of ${all.length} words within the error`);
}
const top = new TopK(10, .005, .99);
for (const w of text) top.add(w);
console.log(`top ten, accuracy .99: ${top.values().map(v => `${v.value} ${v.frequency} (${counts[v.value]})`).join(', ')}`);
JS
out=$(node main.cjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
bloom-filters 3.0.4
10 different words: 5, mean of four seeds, accuracy() 0.065
100 different words: 46, mean of four seeds, accuracy() 0.065
300 different words: 143, mean of four seeds, accuracy() 0.065
600 different words: 732, mean of four seeds, accuracy() 0.065
1200 different words: 1226, mean of four seeds, accuracy() 0.065
count-min, error .005, accuracy 0.9: 1 rows, 93.3 % of 763 words within the error
count-min, error .005, accuracy 0.99: 1 rows, 93.3 % of 763 words within the error
count-min, error .005, accuracy 0.01: 5 rows, 100.0 % of 763 words within the error
top ten, accuracy .99: word1 400 (397), word2 203 (203), word3 189 (186), word1018 179 (3), word701 134 (2), word5 131 (118), word59 121 (11), word272 108 (1), word4 104 (100), word180 100 (4)
EXPECTED
