#!/usr/bin/env bash
# TensorFlow.js 4.22.0, its CPU backend: tf.multinomial gives all rows of a batch the same
# random numbers, with a seed and without: the generator is made anew for each row. A batch of
# sentences that start alike is one sentence over and over: a discriminator sees a batch of one,
# and an estimate by REINFORCE averages nothing. Rows of other laws go up and down together.
# On the WebAssembly backend rows differ, as do separate calls. Nothing in the manual tells.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund @tensorflow/tfjs@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 >/dev/null 2>&1
cat >main.js <<'JS'
const tf = require('@tensorflow/tfjs');
require('@tensorflow/tfjs-backend-wasm');

// sentences draws a batch of eight, twenty words each, from a law of the next of 50 words.
function sentences(draw) {
  const law = tf.randomNormal([50, 50], 0, 1, 'float32', 1);
  let word = tf.zeros([8], 'int32');
  const words = [];
  for (let t = 0; t < 20; t++) words.push(word = draw(tf.gather(law, word)));
  return new Set(tf.stack(words, 1).arraySync().map(String)).size;
}

const whole = logits => tf.multinomial(logits, 1).reshape([-1]);
const rows = logits => tf.concat(tf.unstack(logits).map(row => tf.multinomial(row, 1)));

(async () => {
  console.log('TensorFlow.js', tf.version.tfjs);
  for (const backend of ['cpu', 'wasm']) {
    await tf.setBackend(backend);
    const [a, b] = tf.multinomial(tf.zeros([2, 1000]), 5000).arraySync();
    const same = a.filter((x, i) => x === b[i]).length;
    console.log(`${backend}: of 8 sentences drawn as a batch ${sentences(whole)} differ, drawn row by row ${sentences(rows)}; of 5000 words in two rows of one call ${same > 50 ? same : 'few'} agree`);
  }
  await tf.setBackend('cpu');
  const [up, steep] = tf.multinomial([[0, 0, 0, 0], [0, -1, -2, -3]], 5000, 7).arraySync();
  console.log(`cpu, a row of even odds and one that favours low words: the second is above the first in ${steep.filter((x, i) => x > up[i]).length} of 5000 draws`);
})();
JS
out=$(node main.js 2>/dev/null | grep -E '^(TensorFlow.js [0-9]|cpu|wasm)')
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
TensorFlow.js 4.22.0
cpu: of 8 sentences drawn as a batch 1 differ, drawn row by row 8; of 5000 words in two rows of one call 5000 agree
wasm: of 8 sentences drawn as a batch 8 differ, drawn row by row 8; of 5000 words in two rows of one call few agree
cpu, a row of even odds and one that favours low words: the second is above the first in 0 of 5000 draws
EXPECTED
