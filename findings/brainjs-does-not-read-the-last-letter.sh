#!/usr/bin/env bash
# brain.js 1.6.1 (npm, the latest): its recurrent networks do not read the last letter of a prompt. In its
# place run() reads what the network itself has guessed there: of the lines "a1x" and "a2y", which are
# learnt, "a1" and "a2" go on alike where it takes the likeliest letter, and "a1" with y in half of the cases
# where it draws. And where the network guesses an end inside of the prompt, nothing is written: of "abc" the
# right continuation is lost in 3 cases of 4 since three lines of four stop behind "ab". Without a prompt
# all is drawn right. What train() calls the error is a hundredth of a perplexity, so that .01 is perfect, and
# the threshold by default is .005: all 20,000 iterations are always made. The perplexity is not one
# either: of n letters the bits of n + 1 guesses are divided by n - 1. The manual has "the acceptable
# error percentage", BrainJS/brain.js#126 a "base 2 log probability", and neither tells of prompts.
#
# The LSTM of 2.0.0-beta.24 stands beside.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts brain.js@1.6.1 beta@npm:brain.js@2.0.0-beta.24 >/dev/null 2>&1
cat >main.js <<'JS'
let state = 1;
Math.random = () => (state = state * 48271 % 2147483647) / 2147483647;

function counted(draw) {
  const seen = {};
  for (let i = 0; i < 1000; i++) {
    const text = JSON.stringify(draw());
    seen[text] = (seen[text] ?? 0) + 1;
  }
  return Object.entries(seen).filter(([, n]) => n >= 20).sort().map(([text, n]) => `${text} ${n}`).join(', ');
}

for (const [module, kinds] of [['brain.js', ['RNN', 'LSTM', 'GRU']], ['beta', ['LSTM']]]) {
  const {recurrent} = require(module);
  console.log('brain.js', require(`${module}/package.json`).version);
  for (const kind of kinds) {
    const learn = (lines, options) => {
      const net = new recurrent[kind]({hiddenLayers: [20]});
      return [net, net.train(lines, options)];
    };
    let [net, {error}] = learn(['a1x', 'a2y'], {iterations: 500});
    const [one, two] = [net.run('a1'), net.run('a2')];
    console.log(`${kind}: a1 and a2 go on ${one === two ? 'alike' : 'otherwise'}; a1, drawn 1000 times: ${counted(() => net.run('a1', true))}`);
    // Of four guesses a line (a, 1 or 2, x or y, the end) one has two outcomes.
    console.log(`${kind}: error ${error.toFixed(3)}; perplexity / 100 ${(2 ** (1 / 4) / 100).toFixed(3)}; 2^(bits / (n - 1)) / 100 ${(2 ** (1 / 2) / 100).toFixed(3)}`);

    [net] = learn(['ab', 'ab', 'ab', 'abcd'], {iterations: 500});
    console.log(`${kind}: abc goes on with ${JSON.stringify(net.run('abc'))}, drawn 1000 times: ${counted(() => net.run('abc', true))}; without a prompt: ${counted(() => net.run('', true))}`);
  }
}
const {recurrent} = require('brain.js');
const net = new recurrent.LSTM({hiddenLayers: [10]});
const {error, iterations} = net.train(['abc']);
console.log(`one line, learnt with the defaults: ${JSON.stringify(net.run(''))}, error ${error.toFixed(5)}, ${iterations} iterations`);
JS
out=$(node main.js)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
brain.js 1.6.1
RNN: a1 and a2 go on alike; a1, drawn 1000 times: "x" 483, "y" 514
RNN: error 0.014; perplexity / 100 0.012; 2^(bits / (n - 1)) / 100 0.014
RNN: abc goes on with "", drawn 1000 times: "" 718, "d" 281; without a prompt: "ab" 711, "abcd" 287
LSTM: a1 and a2 go on alike; a1, drawn 1000 times: "x" 485, "y" 511
LSTM: error 0.014; perplexity / 100 0.012; 2^(bits / (n - 1)) / 100 0.014
LSTM: abc goes on with "", drawn 1000 times: "" 760, "d" 240; without a prompt: "ab" 726, "abcd" 273
GRU: a1 and a2 go on alike; a1, drawn 1000 times: "x" 448, "y" 549
GRU: error 0.014; perplexity / 100 0.012; 2^(bits / (n - 1)) / 100 0.014
GRU: abc goes on with "", drawn 1000 times: "" 696, "d" 304; without a prompt: "ab" 712, "abcd" 288
brain.js 2.0.0-beta.24
LSTM: a1 and a2 go on alike; a1, drawn 1000 times: "x" 455, "y" 544
LSTM: error 0.014; perplexity / 100 0.012; 2^(bits / (n - 1)) / 100 0.014
LSTM: abc goes on with "", drawn 1000 times: "" 728, "d" 271; without a prompt: "ab" 724, "abcd" 274
one line, learnt with the defaults: "abc", error 0.01000, 20000 iterations
EXPECTED
