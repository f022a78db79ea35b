#!/usr/bin/env bash
# js-pytorch 0.7.2: a LayerNorm takes its means from the wrong axis when a batch has as many rows as
# columns. Means and variances lose the dimension that they are asked to keep, and shapes are then
# matched by size: a batch of 4 by 4 comes out with means of -1.8 to 4.6, one of 3 by 4 as it
# should. So go the gradients of x.variance() of a square and of x.sub(x.mean()) of a vector. The
# gradient of x.pow(n) is 2 x for every n; attention divides by the square of a head's width
# instead of its root, and is nearly the mean of all words; ReLU, told to return "z if z>0 else 0",
# lets a thousandth of the rest through. None is an error.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts js-pytorch@0.7.2 >/dev/null 2>&1
cat >main.mjs <<'JS'
import {torch} from 'js-pytorch';

// The library draws from Math.random, which has no seed.
let state = 1;
Math.random = () => (state = (state * 48271) % 2147483647) / 2147483647;

const {nn} = torch;
const sum = x => x.reduce((a, b) => a + b, 0), mean = x => sum(x) / x.length;
const deviation = x => Math.sqrt(mean(x.map(v => (v - mean(x)) ** 2)));
const matrix = (rows, cols) => Array.from({length: rows}, (_, i) => Array.from({length: cols}, (_, j) => Math.sin(7 * i + 3 * j) + i));
const largest = (a, b) => Math.max(...a.flat(3).map((v, i) => Math.abs(v - b.flat(3)[i])));
const told = x => x.flat(2).map(v => v.toFixed(1).replace('-0.0', '0.0')).join(' ');

for (const [rows, cols] of [[3, 4], [4, 4], [6, 4]]) {
  const y = new nn.LayerNorm(cols).forward(torch.tensor(matrix(rows, cols))).data;
  console.log(`LayerNorm of ${rows} by ${cols}: means of rows ${told(y.map(mean))}, deviations ${told(y.map(deviation))}`);
}

// slope is the gradient of f by central differences.
function slope(f, x) {
  const at = y => sum([f(torch.tensor(y)).data].flat(3));
  const moved = (k, h) => { let n = 0; const move = v => Array.isArray(v) ? v.map(move) : v + (n++ === k ? h : 0); return move(x); };
  return x.flat(2).map((_, k) => (at(moved(k, 1e-4)) - at(moved(k, -1e-4))) / 2e-4);
}
for (const [name, f, x] of [
  ['x.pow(2)', x => x.pow(2).sum(), [1.5, -2, 3]],
  ['x.pow(3)', x => x.pow(3).sum(), [1.5, -2, 3]],
  ['x.pow(1)', x => x.pow(1).sum(), [1.5, -2, 3]],
  ['softmax', x => new nn.Softmax().forward(x, -1).mul(torch.tensor([1, 2, 4])).sum(), [1, 2, 3]],
  ['x.sub(x.mean(-1, true))', x => x.sub(x.mean(-1, true)).mul(torch.tensor([1, 2, 4])).sum(), [1, 2, 3]],
  ['x.variance(), 2 by 3', x => x.variance(-1).sum(), [[1, 2, 3], [4, 6, 5]]],
  ['x.variance(), 2 by 2', x => x.variance(-1).sum(), [[1, 2], [4, 6]]],
]) {
  const t = torch.tensor(x, true);
  f(t).backward();
  console.log(`gradient of ${name}: ${told(t.grad)}, by differences ${told(slope(f, x))}`);
}

// The attention of the last of 8 words, one head of width 64, by hand.
const width = 64, layer = new nn.MultiHeadSelfAttention(width, width, 1, 8), x = torch.randn([1, 8, width]);
const [q, k, v] = [layer.Wq, layer.Wk, layer.Wv].map(w => w.forward(x).data[0]);
const score = k.map(key => sum(key.map((a, i) => a * q[7][i])));
function attend(scale) {
  const e = score.map(s => Math.exp((s - Math.max(...score)) / scale)), p = e.map(a => a / sum(e));
  const mix = Array.from({length: width}, (_, i) => sum(p.map((w, t) => w * v[t][i])));
  return {most: Math.max(...p), out: layer.residual_proj.forward(torch.tensor([[mix]])).data};
}
const out = layer.forward(x).data[0][7];
for (const [name, scale] of [['root of the width', Math.sqrt(width)], ['square of the width', width ** 2]]) {
  const {most, out: own} = attend(scale);
  console.log(`attention over the ${name}: largest weight ${most.toFixed(2)}, the library's output: ${largest(out, own[0][0]) < 1e-6}`);
}
console.log('ReLU of -100:', new nn.ReLU().forward(torch.tensor([-100])).data[0]);
JS
out=$(node main.mjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
LayerNorm of 3 by 4: means of rows 0.0 0.0 0.0, deviations 1.0 1.0 1.0
LayerNorm of 4 by 4: means of rows -1.8 0.5 2.7 4.6, deviations 1.0 3.4 5.3 6.2
LayerNorm of 6 by 4: means of rows 0.0 0.0 0.0 0.0 0.0 0.0, deviations 1.0 1.0 1.0 1.0 1.0 1.0
gradient of x.pow(2): 3.0 -4.0 6.0, by differences 3.0 -4.0 6.0
gradient of x.pow(3): 3.0 -4.0 6.0, by differences 6.8 12.0 27.0
gradient of x.pow(1): 3.0 -4.0 6.0, by differences 1.0 1.0 1.0
gradient of softmax: -0.2 -0.3 0.5, by differences -0.2 -0.3 0.5
gradient of x.sub(x.mean(-1, true)): 0.7 1.3 2.7, by differences -1.3 -0.3 1.7
gradient of x.variance(), 2 by 3: -0.7 0.0 0.7 -0.7 0.7 0.0, by differences -0.7 0.0 0.7 -0.7 0.7 0.0
gradient of x.variance(), 2 by 2: -0.5 -3.0 2.5 1.0, by differences -0.5 0.5 -1.0 1.0
attention over the root of the width: largest weight 1.00, the library's output: false
attention over the square of the width: largest weight 0.16, the library's output: true
ReLU of -100: -0.1
EXPECTED
