#!/usr/bin/env bash
# Transformers.js 4.3.1: a batch goes on after the ends of its sentences. Each row that has
# written the token of the end is written further, and all stop only when every row writes that
# token in the same step: two prompts that end after one word and after two, each by itself, run
# to the limit together. Cut at the end, or lengths and n-grams are of words that no one asked
# for; in Python a finished row is padded. And generate() takes top_p, typical_p and
# epsilon_cutoff and samples as if they were not there, top_k alone working; the manual of
# top_p says that "only the smallest set of most probable tokens" is kept. No warning for either.
# (That num_beams does nothing is known: huggingface/transformers.js#1539, open.)
#
# The model is made here: a table of bigrams.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts @huggingface/transformers@4.3.1 onnx-proto@8.0.1 >/dev/null 2>&1
cat >main.mjs <<'JS'
import fs from 'fs';
import proto from 'onnx-proto';
import {AutoModelForCausalLM, Tensor, env, random} from '@huggingface/transformers';

env.allowRemoteModels = false;
env.localModelPath = process.cwd();

// bigrams makes a model whose next token j after token i has probability p[i][j]; 4 is the end.
async function bigrams(name, p) {
  const {ModelProto} = proto.onnx, n = p.length;
  const value = (name, elemType, ...last) => ({name, type: {tensorType: {elemType, shape: {dim: [{dimParam: 'batch'}, {dimParam: 'time'}, ...last]}}}});
  const table = Float32Array.from(p.flat(), Math.log);
  const graph = {
    name, node: [{opType: 'Gather', input: ['table', 'input_ids'], output: ['logits']}],
    initializer: [{name: 'table', dims: [n, n], dataType: 1, rawData: new Uint8Array(table.buffer)}],
    input: [value('input_ids', 7)], output: [value('logits', 1, {dimValue: n})],
  };
  fs.mkdirSync(`${name}/onnx`, {recursive: true});
  fs.writeFileSync(`${name}/onnx/model.onnx`, ModelProto.encode(ModelProto.create({irVersion: 8, opsetImport: [{domain: '', version: 17}], graph})).finish());
  fs.writeFileSync(`${name}/config.json`, JSON.stringify({model_type: 'gpt2', architectures: ['GPT2LMHeadModel'], vocab_size: n, n_head: 1, n_layer: 1, n_embd: 1, bos_token_id: 0, eos_token_id: 4, pad_token_id: 5}));
  return AutoModelForCausalLM.from_pretrained(name, {dtype: 'fp32'});
}

async function generate(model, first, options) {
  const inputs = new Tensor('int64', BigInt64Array.from(first, BigInt), [first.length, 1]);
  return (await model.generate({inputs, ...options})).tolist().map(row => row.map(Number));
}

const row = j => Array.from({length: 6}, (_, i) => i === j ? .95 : .01);
console.log('Transformers.js', env.version);

const even = await bigrams('even', Array(6).fill([.6, .1, .1, .1, 1e-30, .1]));
for (const option of [{}, {top_p: .5}, {typical_p: .1}, {epsilon_cutoff: .3}, {top_k: 1}]) {
  random.seed(1);
  const [words] = await generate(even, [0], {do_sample: true, max_new_tokens: 1000, ...option});
  console.log(`${JSON.stringify(option)}: the word of probability .6 is ${words.slice(1).filter(w => w === 0).length} of 1000`);
}

// 1 is followed by the end, 2 by 1 and the end.
const ends = await bigrams('ends', [row(3), row(4), row(1), row(0), row(0), row(5)]);
for (const first of [[1], [2], [1, 1], [1, 2]]) console.log(`from ${first}: ${(await generate(ends, first, {max_new_tokens: 6})).map(r => r.join(' ')).join(' | ')}`);
JS
out=$(node main.mjs 2>/dev/null)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
Transformers.js 4.3.1
{}: the word of probability .6 is 587 of 1000
{"top_p":0.5}: the word of probability .6 is 587 of 1000
{"typical_p":0.1}: the word of probability .6 is 587 of 1000
{"epsilon_cutoff":0.3}: the word of probability .6 is 587 of 1000
{"top_k":1}: the word of probability .6 is 1000 of 1000
from 1: 1 4
from 2: 2 1 4
from 1,1: 1 4 | 1 4
from 1,2: 1 4 0 3 0 3 0 | 2 1 4 0 3 0 3
EXPECTED
