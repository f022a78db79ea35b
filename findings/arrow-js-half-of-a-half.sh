#!/usr/bin/env bash
# Apache Arrow 21.2.0 for JavaScript: some numbers put into a column of half precision come out as
# others. What rounds up to 1/2, 2 or any other odd power of two comes out as half of that: 0.49999
# is 0.25, 2047.9 is 1024. What is too small for a half should be 0 and is anything, minus infinity
# and NaN among it: 1e-8, 1e-12. What is too great should be infinity: 65536 is 2. A softmax stored
# so has negative probabilities and no sum; counts of words and gradients lie there as well. No
# error for any. A column that another program wrote is read right.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts apache-arrow@21.2.0 >/dev/null 2>&1
cat >main.mjs <<'JS'
import {Float16, Table, tableFromIPC, tableToIPC, vectorFromArray} from 'apache-arrow';

// stored writes a table of one column and reads it again.
function stored(numbers) {
  const table = new Table({x: vectorFromArray(numbers, new Float16())});
  return [...tableFromIPC(tableToIPC(table)).getChild('x')];
}

// half rounds a number to half precision.
function half(x) {
  const unit = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -14) - 10);
  const r = unit * Math.round(Math.abs(x) / unit);
  return Math.sign(x) * (r > 65504 ? Infinity : r);
}

const shown = [.49999, .24999, 1.9999, 2047.9, 1e-8, 2.2e-9, 1e-12, 65504, 65536, 1e5];
const got = stored(shown);
for (const [i, x] of shown.entries()) console.log(`${x} comes out as ${+got[i].toPrecision(3)}, a half is ${+half(x).toPrecision(3)}`);

const n = 100_000, spread = (from, to) => Array.from({length: n}, (_, i) => 2 ** (from + (to - from) * i / n));
for (const [what, numbers] of Object.entries({
  '2^-45 to 2^-26': spread(-45, -26),
  '2^-24 to 2^15': spread(-24, 15),
  'whole numbers from 65536 to 2^20': spread(16, 20).map(Math.round),
})) {
  const back = stored(numbers);
  // A neighbour is no fault: there is more than one way to round.
  const wrong = numbers.filter((x, i) => back[i] !== half(x) && !(Math.abs(back[i] - half(x)) <= 2 ** -9 * x + 2 ** -24));
  console.log(`${what}: ${wrong.length} of ${n} are another number`);
}

const logits = Array.from({length: 1000}, (_, i) => -i / 40);
const total = logits.reduce((sum, x) => sum + Math.exp(x), 0);
const p = stored(logits.map(x => Math.exp(x) / total));
console.log(`a softmax of 1000 logits from 0 to -25: sum ${p.reduce((a, b) => a + b, 0)}, below 0 ${p.filter(x => x < 0).length}, NaN ${p.filter(Number.isNaN).length}`);
JS
out=$(node -p '"apache-arrow " + JSON.parse(fs.readFileSync("node_modules/apache-arrow/package.json")).version'; node main.mjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
apache-arrow 21.2.0
0.49999 comes out as 0.25, a half is 0.5
0.24999 comes out as 0.25, a half is 0.25
1.9999 comes out as 1, a half is 2
2047.9 comes out as 1020, a half is 2050
1e-8 comes out as -Infinity, a half is 0
2.2e-9 comes out as NaN, a half is 0
1e-12 comes out as 0.0000225, a half is 0
65504 comes out as 65500, a half is 65500
65536 comes out as 2, a half is Infinity
100000 comes out as 3.05, a half is Infinity
2^-45 to 2^-26: 97348 of 100000 are another number
2^-24 to 2^15: 14 of 100000 are another number
whole numbers from 65536 to 2^20: 100000 of 100000 are another number
a softmax of 1000 logits from 0 to -25: sum NaN, below 0 27, NaN 202
EXPECTED
