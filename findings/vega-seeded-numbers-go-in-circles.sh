#!/usr/bin/env bash
# vega-statistics 2.0.0 (npm), behind the intervals of Vega and Vega-Lite: its generator for seeds,
# randomLCG, goes in circles of 16,765 numbers for three seeds of four, of 32,511 for the fourth. It is
# meant to be glibc's with 2^31 states; its products exceed 2^53 and are rounded, so that many states
# have one successor. A draw of a million from a million lines, with replacement, sees 2 to 7 % of
# them instead of 63 %; a bootstrap of 479 scores has 44 different resamples, however many it is told
# to take, one of 1000 scores a third of 10,000; and two seeds are mostly one run, shifted. The page
# tells of "stable outputs and testing" and of no period. In the same package the quantile of
# randomInteger is too low by 1: of 0 to 9 a tenth of what is drawn through it is -1, and 9 never comes.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts vega-statistics@2.0.0 >/dev/null 2>&1
cat >main.mjs <<'JS'
import {randomLCG, setRandom, random, bootstrapCI, randomInteger} from 'vega-statistics';

// circle gives the length of the circle that a seed leads to and the least number on it, by Brent's algorithm.
function circle(seed) {
  let next = randomLCG(seed), mark = next(), length = 1, power = 1;
  for (let x = next(); x !== mark; x = next(), length++) {
    if (length === power) [mark, power, length] = [x, 2 * power, 0];
  }
  let least = mark;
  for (let i = 0; i < length; i++) least = Math.min(least, next());
  return `${length} numbers, the least of them ${least.toFixed(9)}`;
}

const circles = new Map();
for (let seed = 0; seed < 1000; seed++) {
  const c = circle(seed);
  circles.set(c, (circles.get(c) ?? 0) + 1);
}
for (const [c, seeds] of [...circles].sort()) console.log(`${seeds} of 1000 seeds end in a circle of ${c}`);

const lines = 1e6;
for (const seed of [1, 2]) {
  setRandom(randomLCG(seed));
  const seen = new Set();
  for (let i = 0; i < lines; i++) seen.add(Math.floor(random() * lines));
  console.log(`seed ${seed}: of ${lines} lines, drawn ${lines} times with replacement, ${seen.size} are seen (1 - 1/e are ${Math.round(lines * (1 - Math.exp(-1)))})`);
}

// Numbers of two seeds, 100,000 each, without the first 60,000.
const late = seed => {
  const next = randomLCG(seed), seen = new Set();
  for (let i = 0; i < 100000; i++) {
    const u = next();
    if (i >= 60000) seen.add(u);
  }
  return seen;
};
const [two, three] = [late(2), late(3)];
console.log(`40000 numbers of seed 2 are ${two.size} different ones, ${[...two].filter(u => three.has(u)).length} of them also seed 3's`);

// A bootstrap by Vega: the numbers are counted as it takes them.
for (const n of [479, 1000]) {
  const next = randomLCG(2), resamples = new Set();
  let resample = [];
  setRandom(() => {
    const u = next();
    resample.push(Math.floor(u * n));
    if (resample.length === n) {
      resamples.add(resample.join());
      resample = [];
    }
    return u;
  });
  bootstrapCI(Array.from({length: n}, (_, i) => i), 10000, .05);
  console.log(`10000 resamples of ${n} scores: ${resamples.size} different ones`);
}

const digit = randomInteger(10);
const drawn = new Array(11).fill(0);
for (let i = 0; i < 1000; i++) drawn[digit.icdf((i + .5) / 1000) + 1]++;
console.log(`0 to 9, 1000 even steps through its quantiles, -1 to 9: ${drawn.join(' ')}`);
JS
out=$(node main.mjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
753 of 1000 seeds end in a circle of 16765 numbers, the least of them 0.000082354
244 of 1000 seeds end in a circle of 32511 numbers, the least of them 0.000087242
3 of 1000 seeds end in a circle of 494 numbers, the least of them 0.005050654
seed 1: of 1000000 lines, drawn 1000000 times with replacement, 67789 are seen (1 - 1/e are 632121)
seed 2: of 1000000 lines, drawn 1000000 times with replacement, 20836 are seen (1 - 1/e are 632121)
40000 numbers of seed 2 are 16765 different ones, 16765 of them also seed 3's
10000 resamples of 479 scores: 44 different ones
10000 resamples of 1000 scores: 3358 different ones
0 to 9, 1000 even steps through its quantiles, -1 to 9: 100 100 100 100 100 100 100 100 100 100 0
EXPECTED
