#!/usr/bin/env bash
# pandemonium 2.4.1 (npm): a weighted sample without replacement depends on the unit of the weights. Of
# probabilities the small ones are not drawn but taken from the front of the list. An item's key is
# u^(1/w), which is 0 in a double for nearly every u where w is small: a thousand words of 1e-5 each
# beside one of .99, what a confident softmax looks like, give 20 candidates of which 12 are
# always the first of the vocabulary; the same weights in thousands are drawn as they should be. The comment
# tells that weights are subtracted from their sum, and names the papers; a key of log(u) / w
# has the same order and no such end (it is Gumbel's way to draw k words, and stands beside).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts pandemonium@2.4.1 mnemonist@0.39.8 >/dev/null 2>&1
cat >main.cjs <<'JS'
const {createWeightedReservoirSample} = require('pandemonium/weighted-reservoir-sample');

// A generator of 32 bits with a seed, so that the numbers below stay.
function seeded(a) {
  return () => {
    a = a + 0x6D2B79F5 | 0;
    let t = Math.imul(a ^ a >>> 15, 1 | a);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

// byLogs draws k words without replacement, by the keys log(u) / w.
const byLogs = rng => (k, words, weight) =>
  words.map(x => [Math.log(rng()) / weight(x), x]).sort((a, b) => b[0] - a[0]).slice(0, k).map(pair => pair[1]);

function tell(name, draw, weights) {
  const words = weights.map((_, i) => i), tenths = new Array(10).fill(0), first = [];
  for (let n = 0; n < 1000; n++) {
    for (const word of draw(20, words, i => weights[i])) {
      if (word > 0) tenths[Math.floor((word - 1) / 100)]++;
      if (word > 0 && word <= 12) first[word] = (first[word] ?? 0) + 1;
    }
  }
  console.log(`${name}: drawn by hundreds ${tenths.join(' ')}; the words 1 to 12 ${first.slice(1).join(' ')}`);
}

const confident = [.99, ...new Array(1000).fill(1e-5)];
const theirs = rng => (k, words, weight) => createWeightedReservoirSample({rng, getWeight: weight})(k, words);
tell('probabilities', theirs(seeded(1)), confident);
tell('the same in hundreds', theirs(seeded(1)), confident.map(p => 100 * p));
tell('the same in thousands', theirs(seeded(1)), confident.map(p => 1000 * p));
tell('probabilities, keys in logs', byLogs(seeded(1)), confident);
JS
out=$(node main.cjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
probabilities: drawn by hundreds 12231 752 736 783 708 767 727 776 767 753; the words 1 to 12 3 13 664 789 255 26 977 993 924 863 551 401
the same in hundreds: drawn by hundreds 1839 1931 1860 1921 1876 1953 1904 1914 1913 1889; the words 1 to 12 20 20 18 12 26 19 18 17 15 17 24 17
the same in thousands: drawn by hundreds 1839 1931 1860 1921 1876 1953 1904 1914 1913 1889; the words 1 to 12 20 20 18 12 26 19 18 17 15 17 24 17
probabilities, keys in logs: drawn by hundreds 1839 1931 1860 1921 1876 1953 1904 1914 1913 1889; the words 1 to 12 20 20 18 12 26 19 18 17 15 17 24 17
EXPECTED
