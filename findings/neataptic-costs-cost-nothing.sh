#!/usr/bin/env bash
# neataptic 1.4.7 (npm): the cost that train() is given is not what it minimises: the weights are the
# same for all seven, and only the printed error and the place where training stops are of that cost.
# The gradient is always that of the target less the output. Of the costs themselves, the cross-entropy
# of a target of 1 and an output of 1 is NaN; the squared logarithmic error has no square, so that
# outputs far too large have the least; and the binary error counts .7 for 1 as a miss. The
# derivative of softsign is x / (1 + |x|)^2 in place of 1 / (1 + |x|)^2: zero at 0 and negative below,
# where a unit moves away from what is asked. The page tells of costs what they are in other libraries.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts neataptic@1.4.7 >/dev/null 2>&1
cat >main.cjs <<'JS'
const {architect, methods} = require('neataptic');

// seed makes Math.random, from which the weights come, begin again.
function seed(a) {
  Math.random = () => {
    a = a + 0x6D2B79F5 | 0;
    let t = Math.imul(a ^ a >>> 15, 1 | a);
    t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
    return ((t ^ t >>> 14) >>> 0) / 2 ** 32;
  };
}

const or = [[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1]].map(([a, b, c]) => ({input: [a, b], output: [c]}));
const groups = new Map();
for (const cost of Object.keys(methods.cost)) {
  seed(1);
  const net = new architect.Perceptron(2, 3, 1);
  const {error} = net.train(or, {cost: methods.cost[cost], iterations: 500, error: -Infinity, rate: .3});
  const key = JSON.stringify([net.connections.map(c => c.weight), net.nodes.map(n => n.bias)]);
  groups.set(key, [...groups.get(key) ?? [], `${cost} ${error.toFixed(4)}`]);
}
for (const costs of groups.values()) console.log(`one set of weights, with an error of ${costs.join(', ')}`);

const {CROSS_ENTROPY, MSLE, BINARY} = methods.cost;
console.log(`cross-entropy of target 1: output .99 ${CROSS_ENTROPY([1], [.99]).toFixed(4)}, output 1 ${CROSS_ENTROPY([1], [1])}`);
console.log(`squared logarithmic error of target 1: output .5 ${MSLE([1], [.5]).toFixed(4)}, 1 ${MSLE([1], [1])}, 10 ${MSLE([1], [10]).toFixed(4)}`);
console.log(`binary error of target 1: output .6 ${BINARY([1], [.6])}, .7 ${BINARY([1], [.7])}, .8 ${BINARY([1], [.8])}`);

for (const [name, f] of Object.entries(methods.activation)) {
  const wrong = [];
  for (const x of [-2, -.5, .3, 1.5]) {
    const h = 1e-5, slope = (f(x + h) - f(x - h)) / (2 * h);
    if (Math.abs(f(x, true) - slope) > 1e-6) wrong.push(`${f(x, true).toFixed(4)} at ${x}, where it is ${slope.toFixed(4)}`);
  }
  if (wrong.length) console.log(`derivative of ${name}: ${wrong.join('; ')}`);
}

// A hidden unit of softsign that is below 0 and should be higher: its own weight goes the other way.
seed(1);
const net = new architect.Perceptron(1, 1, 1), unit = net.nodes[1];
unit.squash = methods.activation.SOFTSIGN;
unit.bias = -1;
net.nodes[2].squash = methods.activation.IDENTITY;
net.nodes[2].bias = 0;
net.connections[0].weight = 0;
net.connections[1].weight = 1;
console.log(`output before ${net.activate([1])[0].toFixed(4)}, the unit's bias ${unit.bias}`);
net.propagate(.1, 0, true, [1]);
console.log(`a step towards 1: the unit's bias is ${unit.bias.toFixed(4)}`);
JS
out=$(node main.cjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
one set of weights, with an error of CROSS_ENTROPY 0.0085, MSE 0.0001, BINARY 0.0000, MAE 0.0084, MAPE 5278069870141.9023, MSLE -7.6671, HINGE 0.2532
cross-entropy of target 1: output .99 0.0101, output 1 NaN
squared logarithmic error of target 1: output .5 0.6931, 1 0, 10 -2.3026
binary error of target 1: output .6 1, .7 1, .8 0
derivative of SOFTSIGN: -0.2222 at -2, where it is 0.1111; -0.2222 at -0.5, where it is 0.4444; 0.1775 at 0.3, where it is 0.5917; 0.2400 at 1.5, where it is 0.1600
output before -0.5000, the unit's bias -1
a step towards 1: the unit's bias is -1.0347
EXPECTED
