#!/usr/bin/env bash
# ONNX Runtime 1.30.0: what RandomUniform and Multinomial draw with seed 2 is what they draw
# with seed 1, doubled, modulo 1: the seed is the first state of a linear congruential generator.
# Two noises meant to be independent are correlated by .5, those of seeds 1 and 3 by a third;
# the first number of a small seed is nearly 0, so that Gumbel noise never prefers word 0; the
# first words of 200 seeds are spread as by a ruler, so that the spread over seeds is no error
# bar. Two halves of the numbers of one seed are unrelated, and so is RandomNormal, which drops
# numbers unevenly. The page of the operators has "seed to the random generator" and no more.
# The build for the web has another multiplier: one model, one seed, other words.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts onnxruntime-node@1.30.0 onnxruntime-web@1.30.0 onnx-proto@8.0.1 >/dev/null 2>&1
cat >main.mjs <<'JS'
import {createRequire} from 'module';
import * as node from 'onnxruntime-node';
import * as web from 'onnxruntime-web';
import proto from 'onnx-proto';

const {ModelProto, AttributeProto} = proto.onnx, {INT, INTS, FLOAT} = AttributeProto.AttributeType;
const ints = (name, ...ints) => ({name, type: INTS, ints}), int = (name, i) => ({name, type: INT, i}), float = (name, f) => ({name, type: FLOAT, f});
const tensor = (name, elemType, ...dims) => ({name, type: {tensorType: {elemType, shape: {dim: dims.map(dimValue => ({dimValue}))}}}});

// run makes a model of one node, runs it and returns its output.
async function run(runtime, opType, elemType, attribute, x) {
  const graph = {name: 'g', node: [{opType, input: x ? ['x'] : [], output: ['y'], attribute}], input: x ? [tensor('x', 1, ...x.dims)] : [], output: [{name: 'y', type: {tensorType: {elemType}}}]};
  const session = await runtime.InferenceSession.create(ModelProto.encode(ModelProto.create({irVersion: 8, opsetImport: [{domain: '', version: 17}], graph})).finish());
  return Array.from((await session.run(x ? {x} : {})).y.data);
}
const noise = (runtime, op, seed, n) => run(runtime, op, 1, [ints('shape', n), float('seed', seed)]);
const words = (runtime, seed, n, vocabulary) => run(runtime, 'Multinomial', 6, [int('sample_size', n), float('seed', seed), int('dtype', 6)], new runtime.Tensor('float32', new Float32Array(vocabulary), [1, vocabulary]));

const mean = x => x.reduce((a, b) => a + b, 0) / x.length;
const moment = (x, y) => mean(x.map((v, i) => (v - mean(x)) * (y[i] - mean(y))));
const correlation = (x, y) => Math.abs(moment(x, y) / Math.sqrt(moment(x, x) * moment(y, y))).toFixed(1);

const version = createRequire(import.meta.url)('onnxruntime-node/package.json').version;
console.log('ONNX Runtime', version);
for (const op of ['RandomUniform', 'RandomNormal']) {
  const [a, b, c] = await Promise.all([1, 2, 3].map(seed => noise(node, op, seed, 2000)));
  console.log(`${op}: correlation of seeds 1 and 2: ${correlation(a, b)}, 1 and 3: ${correlation(a, c)}, of two halves of seed 1: ${correlation(a.slice(0, 1000), a.slice(1000))}`);
}
const [a, b] = await Promise.all([1, 2].map(seed => noise(node, 'RandomUniform', seed, 2000)));
console.log(`seed 2 is seed 1 doubled, modulo 1, within 1e-6 in ${b.filter((u, i) => Math.abs(u - 2 * a[i] % 1) < 1e-6).length} of 2000`);
let least = 0, zero = 0;
const counts = Array(10).fill(0);
for (let seed = 1; seed <= 200; seed++) {
  const u = await noise(node, 'RandomUniform', seed, 10);
  if (u[0] < .01) least++;
  if (u.indexOf(Math.max(...u)) === 0) zero++;
  counts[(await words(node, seed, 1, 10))[0]]++;
}
console.log(`200 seeds: the first number is below .01 in ${least}, the largest of 10 in ${zero}; the first word of 10 equally likely: ${counts.join(' ')}`);
for (const [name, runtime] of [['node', node], ['web', web]])
  for (const seed of [1, 2]) console.log(`${name}, seed ${seed}: ${(await words(runtime, seed, 8, 1000)).join(' ')}`);
JS
out=$(node main.mjs 2>/dev/null)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
ONNX Runtime 1.30.0
RandomUniform: correlation of seeds 1 and 2: 0.5, 1 and 3: 0.3, of two halves of seed 1: 0.0
RandomNormal: correlation of seeds 1 and 2: 0.0, 1 and 3: 0.0, of two halves of seed 1: 0.0
seed 2 is seed 1 doubled, modulo 1, within 1e-6 in 2000 of 2000
200 seeds: the first number is below .01 in 200, the largest of 10 in 0; the first word of 10 equally likely: 18 20 21 22 20 18 19 21 20 21
node, seed 1: 131 458 218 678 934 519 34 529
node, seed 2: 263 917 437 357 869 38 69 59
web, seed 1: 85 891 189 398 743 560 809 511
web, seed 2: 170 783 379 796 487 120 619 23
EXPECTED
