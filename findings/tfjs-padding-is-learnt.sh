#!/usr/bin/env bash
# TensorFlow.js 4.22.0: embedding({maskZero: true}) hides padding from the LSTM, and from
# nothing behind it. The loss of evaluate() and fit() is the mean over padded places too, and so
# is the accuracy: what stands there in the labels moves both. In the Keras that it follows the
# mask reaches the loss. A language model trained so on short lines learns what the padding is,
# and its perplexity is that of mostly padding.
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
  const fixed = seed => tf.initializers.randomUniform({minval: -1, maxval: 1, seed});
  const model = tf.sequential();
  model.add(tf.layers.embedding({inputDim: 5, outputDim: 4, inputLength: 4, maskZero: true, embeddingsInitializer: fixed(1)}));
  model.add(tf.layers.lstm({units: 6, returnSequences: true, kernelInitializer: fixed(2), recurrentInitializer: fixed(3)}));
  model.add(tf.layers.dense({units: 5, activation: 'softmax', kernelInitializer: fixed(4)}));
  model.compile({optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy']});
  const x = tf.tensor2d([[2, 3, 0, 0]]); // two words and two places of padding
  const p = model.predict(x).arraySync()[0];
  const nll = (t, id) => -Math.log(p[t][id]);
  for (const pad of [0, 1, 4]) {
    const y = [3, 1, pad, pad];
    const [loss] = model.evaluate(x, tf.tensor3d([y.map(id => [id])])).map(t => t.dataSync()[0]);
    const all = (nll(0, 3) + nll(1, 1) + nll(2, pad) + nll(3, pad)) / 4;
    const words = (nll(0, 3) + nll(1, 1)) / 2;
    console.log(`label ${pad} at the padding: loss ${loss.toFixed(4)}; mean of all places ${all.toFixed(4)}, of the words ${words.toFixed(4)}`);
  }
  const same = p[2].every((v, i) => Math.abs(v - p[1][i]) < 1e-6);
  console.log('the LSTM stands still at the padding:', same);
})();
JS
out=$(node main.js 2>/dev/null | grep -v -e '^$' -e '^=' -e 'Hi, looks' -e 'Node.js' -e 'Check out')
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
TensorFlow.js 4.22.0
label 0 at the padding: loss 1.6774; mean of all places 1.6774, of the words 1.5442
label 1 at the padding: loss 1.5081; mean of all places 1.5081, of the words 1.5442
label 4 at the padding: loss 1.6239; mean of all places 1.6239, of the words 1.5442
the LSTM stands still at the padding: true
EXPECTED
