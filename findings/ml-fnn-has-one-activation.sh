#!/usr/bin/env bash
# ml-fnn 5.0.0 (npm), the feed-forward network of mljs: whichever of its fourteen activations it is told
# to have, it has tanh. The name is looked up with "in" among the names' places, 0 to 13, instead of
# the names, is not found, and is replaced: relu, logistic and softplus give the same weights to
# the last bit, and so does a name that does not exist. The saved model says tanh. A regularisation of
# 0, and a learning rate of 0, are .01. And the weights begin between 0 and 1 / sqrt(n), all
# of them positive, so that all units of a layer begin nearly alike. No error, no word on the page.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts ml-fnn@5.0.0 >/dev/null 2>&1
cat >main.cjs <<'JS'
const FNN = require('ml-fnn');

// seed makes Math.random, from which the weights come, begin again.
function seed(a) {
  Math.random = () => {
    a = a + 0x6D2B79F5 | 0;
    let t = Math.imul(a ^ a >>> 15, 1 | a);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

// Two classes of points: those inside of a circle and those outside.
seed(1);
const points = Array.from({length: 200}, () => [2 * Math.random() - 1, 2 * Math.random() - 1]);
const labels = points.map(([x, y]) => x * x + y * y < .5 ? 'inside' : 'outside');

function train(options) {
  seed(2);
  const net = new FNN({hiddenLayers: [8], iterations: 300, learningRate: .005, ...options});
  net.train(points, labels);
  return net.toJSON();
}
const weights = model => JSON.stringify(model.layers.map(layer => [layer.W, layer.b]));

const names = ['tanh', 'identity', 'logistic', 'arctan', 'softsign', 'relu', 'softplus', 'bent', 'sinusoid', 'sinc', 'gaussian',
  'parametric-relu', 'exponential-relu', 'soft-exponential', 'no-such-thing'];
const groups = new Map();
for (const activation of names) {
  const model = train({activation}), key = JSON.stringify([model.activation, weights(model)]);
  groups.set(key, [...groups.get(key) ?? [], activation]);
}
for (const [key, same] of groups) console.log(`one set of weights, saved as "${JSON.parse(key)[0]}": ${same.join(', ')}`);

const norm = model => Math.sqrt(model.layers.flatMap(layer => layer.W.to1DArray()).reduce((sum, w) => sum + w * w, 0)).toFixed(4);
for (const regularization of [0, .01, 1e-300, .1]) console.log(`regularization ${regularization}: weights of norm ${norm(train({regularization}))}`);
for (const learningRate of [0, .01, 1e-300]) console.log(`learning rate ${learningRate}: weights of norm ${norm(train({learningRate}))}`);

const begin = train({learningRate: 1e-300, hiddenLayers: [100]}).layers.map(layer => layer.W.to1DArray());
for (const w of begin) console.log(`${w.length} weights at the beginning: ${Math.min(...w).toFixed(4)} to ${Math.max(...w).toFixed(4)}`);
JS
out=$(node main.cjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
one set of weights, saved as "tanh": tanh, identity, logistic, arctan, softsign, relu, softplus, bent, sinusoid, sinc, gaussian, parametric-relu, exponential-relu, soft-exponential, no-such-thing
regularization 0: weights of norm 9.7389
regularization 0.01: weights of norm 9.7389
regularization 1e-300: weights of norm 9.7838
regularization 0.1: weights of norm 9.3592
learning rate 0: weights of norm 12.0116
learning rate 0.01: weights of norm 12.0116
learning rate 1e-300: weights of norm 1.7883
200 weights at the beginning: 0.0004 to 0.6997
200 weights at the beginning: 0.0009 to 0.0996
EXPECTED
