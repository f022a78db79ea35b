#!/usr/bin/env bash
# TensorFlow.js 4.22.0: a dropout layer with a seed has one mask for all steps: the seed makes the
# generator anew for each call. What is dropped is not trained at all where one mask serves the
# whole batch, as it does for all time steps of a sentence, and the rest is trained without
# dropout. Without a seed each step has its own mask, as in the Keras that it follows, where a seed
# makes the sequence of masks repeatable. The page has "an integer to use as random seed".
# tf.randomGamma, of the same family, tells of beta as the inverse scale and takes it as
# the scale: (2, 4) has the mean 8, not 1/2.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund @tensorflow/tfjs@4.22.0 >/dev/null 2>&1
cat >main.js <<'JS'
const tf = require('@tensorflow/tfjs');
(async () => {
  await tf.setBackend('cpu');
  console.log('TensorFlow.js', tf.version.tfjs);
  const x = tf.randomNormal([16, 20], 0, 1, 'float32', 4), y = tf.randomNormal([16, 1], 0, 1, 'float32', 5);
  for (const seed of [3, undefined]) {
    const model = tf.sequential();
    model.add(tf.layers.dense({units: 40, inputShape: [20], kernelInitializer: tf.initializers.glorotUniform({seed: 1})}));
    // One mask for all rows, as one for all time steps of a sentence.
    model.add(tf.layers.dropout({rate: .5, noiseShape: [1, 40], seed}));
    model.add(tf.layers.dense({units: 1, kernelInitializer: tf.initializers.glorotUniform({seed: 2})}));
    model.compile({optimizer: tf.train.sgd(.01), loss: 'meanSquaredError'});
    const weights = () => model.layers[2].getWeights()[0].flatten().arraySync();
    const before = weights();
    for (let step = 0; step < 50; step++) await model.trainOnBatch(x, y);
    console.log(`seed ${seed}: ${weights().filter((w, i) => w === before[i]).length} of 40 weights behind the dropout have not moved in 50 steps`);
  }
  for (const seed of [3, undefined]) {
    const layer = tf.layers.dropout({rate: .5, seed});
    const masks = Array.from({length: 20}, () => String(layer.apply(tf.ones([16, 40]), {training: true}).arraySync()));
    console.log(`seed ${seed}: masks in 20 steps: ${new Set(masks).size}`);
  }
  for (const [alpha, beta] of [[2, 4], [2, .25], [2, 1]])
    console.log(`randomGamma(${alpha}, ${beta}): mean ${tf.randomGamma([20000], alpha, beta, 'float32', 1).mean().arraySync().toFixed(1)}`);
})();
JS
out=$(node main.js 2>/dev/null | grep -E '^(TensorFlow.js [0-9]|seed|random)')
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
TensorFlow.js 4.22.0
seed 3: 23 of 40 weights behind the dropout have not moved in 50 steps
seed undefined: 0 of 40 weights behind the dropout have not moved in 50 steps
seed 3: masks in 20 steps: 1
seed undefined: masks in 20 steps: 20
randomGamma(2, 4): mean 8.0
randomGamma(2, 0.25): mean 0.5
randomGamma(2, 1): mean 2.0
EXPECTED
