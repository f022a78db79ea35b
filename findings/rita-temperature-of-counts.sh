#!/usr/bin/env bash
# RiTa 3.2.16 (npm), a toolkit for generative text: the temperature of its Markov model is that of a
# softmax of counts. A word that follows in one case of ten has .1 without a temperature; at 1, told to
# be the default, it has 3e-4 by 10 lines of text and 2e-35 by 100 of the same lines: what a
# temperature does hangs on how much was read. Of 1000 lines the likely word's probability is NaN. And
# generate() takes a temperature and does not read it, unless the model has a maxLengthMatch: the
# text is the same law at .1 and at a million. The manual has that "at higher values, infrequent
# words are more likely to be chosen".
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts rita@3.2.16 >/dev/null 2>&1
cat >main.mjs <<'JS'
import {RiTa} from 'rita';

RiTa.randomSeed(1);

// model learns lines of which nine in ten are about dogs.
function model(lines, options = {}) {
  const m = RiTa.markov(2, {disableInputChecks: true, ...options});
  m.addText(Array.from({length: lines}, (_, i) => i % 10 ? 'The dog sleeps.' : 'The cat sleeps.'));
  return m;
}

for (const lines of [10, 100, 1000]) {
  const m = model(lines);
  const law = temperature => Object.values(m.probabilities('The', temperature)).map(p => +p.toPrecision(2)).join(' and ');
  console.log(`${lines} lines: ${law()} without a temperature, ${law(.5)} at .5, ${law(1)} at 1, ${law(2)} at 2, ${law(100)} at 100`);
}

function cats(m, options) {
  let n = 0;
  for (let i = 0; i < 2000; i++) n += m.generate({minLength: 2, allowDuplicates: true, ...options}).includes('cat');
  return `${(n / 20).toFixed(0)} %`;
}

const m = model(10);
console.log(`generate(), cats: without a temperature ${cats(m)}, ${[.1, 1, 1e6].map(temperature => `at ${temperature} ${cats(m, {temperature})}`).join(', ')}`);
JS
out=$(node -p '"rita " + JSON.parse(fs.readFileSync("node_modules/rita/package.json")).version'; node main.mjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
rita 3.2.16
10 lines: 0.1 and 0.9 without a temperature, 1.1e-7 and 1 at .5, 0.00034 and 1 at 1, 0.018 and 0.98 at 2, 0.48 and 0.52 at 100
100 lines: 0.1 and 0.9 without a temperature, 3.3e-70 and 1 at .5, 1.8e-35 and 1 at 1, 4.2e-18 and 1 at 2, 0.31 and 0.69 at 100
1000 lines: 0.1 and 0.9 without a temperature, 0 and NaN at .5, 0 and NaN at 1, 1.9e-174 and 1 at 2, 0.00034 and 1 at 100
generate(), cats: without a temperature 10 %, at 0.1 10 %, at 1 10 %, at 1000000 10 %
EXPECTED
