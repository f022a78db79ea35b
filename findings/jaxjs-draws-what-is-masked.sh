#!/usr/bin/env bash
# jax-js 0.1.25: random.categorical() draws words of probability zero. Its noise is
# -log(-log(1 - u)), and u is exactly 0 once in 2^23: the noise is then infinite, and that word
# wins whatever its logit is. Of a vocabulary of 50,000, one word in 170 is thus any word at all,
# masked ones (logit -1e9) too; a softmax of logits and this noise, as in Gumbel-softmax, is NaN
# in such a row. (JAX itself keeps u above the smallest positive float.)
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts @jax-js/jax@0.1.25 >/dev/null 2>&1
cat >main.mjs <<'JS'
globalThis.navigator ??= {}; // Node before 21 has none
const {numpy: np, nn, random, init, defaultDevice} = await import('@jax-js/jax');
await init();
defaultDevice('wasm');

const words = 50_000;
const logits = (likely, mask) => np.array(Float32Array.from({length: words}, (_, i) => i < likely ? 0 : mask));

// drawn counts the masked among 1000 words drawn.
function drawn(likely, mask) {
  const wrong = [];
  for (let seed = 0; seed < 10; seed++) wrong.push(...random.categorical(random.key(seed), logits(likely, mask), {shape: [100]}).js().filter(w => w >= likely));
  return wrong;
}

for (const [likely, mask] of [[1, -1e9], [100, -1e9]]) {
  const wrong = drawn(likely, mask);
  console.log(`${likely} of ${words} words allowed, the others' logits ${mask}: ${wrong.length} of 1000 drawn are others, first ${wrong.slice(0, 3)}`);
}

let noise = 0, infinite = 0;
for (let seed = 0; seed < 3; seed++) for (const x of random.gumbel(random.key(seed), [10_000_000]).dataSync()) {
  noise++;
  if (x === Infinity) infinite++;
}
console.log(`random.gumbel: ${infinite} of ${noise} infinite, 2^-23 would be ${(noise / 2 ** 23).toFixed(1)}`);

let rows = 0, bad = 0;
for (let seed = 0; seed < 10; seed++) {
  const soft = nn.softmax(random.gumbel(random.key(seed), [100, words]), -1);
  for (const total of np.sum(soft, -1).js()) {
    rows++;
    if (Number.isNaN(total)) bad++;
  }
}
console.log(`Gumbel-softmax: ${bad} of ${rows} rows are NaN`);
JS
out=$(node main.mjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
1 of 50000 words allowed, the others' logits -1000000000: 10 of 1000 drawn are others, first 26093,2273,36683
100 of 50000 words allowed, the others' logits -1000000000: 10 of 1000 drawn are others, first 26093,2273,36683
random.gumbel: 5 of 30000000 infinite, 2^-23 would be 3.6
Gumbel-softmax: 10 of 1000 rows are NaN
EXPECTED
