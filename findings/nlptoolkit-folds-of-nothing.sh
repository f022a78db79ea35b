#!/usr/bin/env bash
# nlptoolkit-sampling 1.0.5 (npm), by whose folds nlptoolkit's n-gram models learn their smoothing: a
# cross-validation of lines that its folds do not divide reads between the lines. The ends of a
# fold are fractions, and line 100.3 is undefined: of 1003 lines in ten folds 101 are ever tested,
# nine folds are undefined from end to end, and fold k is trained on the first k tenths, the first
# on nothing. A fold's length counts the holes, so that averages come out: the commonest of two
# labels is undefined by six folds of ten, and right in half of the cases. With 1000 lines all is
# as it should be. The stratified folds do the same for each class. No error, no word on the page.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts nlptoolkit-sampling@1.0.5 >/dev/null 2>&1
cat >main.cjs <<'JS'
const {KFoldCrossValidation, StratifiedKFoldCrossValidation} = require('nlptoolkit-sampling');

const folds = [...Array(10).keys()];

// report tells of a cross-validation of lines that are numbers.
function report(name, validation) {
  const tested = folds.map(k => validation.getTestFold(k));
  const trained = folds.map(k => validation.getTrainFold(k).filter(x => x !== undefined).length);
  console.log(`${name}: ${new Set(tested.flat().filter(x => x !== undefined)).size} lines are tested, ` +
    `${tested.flat().filter(x => x === undefined).length} times undefined is; lines to train on: ${trained.join(' ')}`);
}

const lines = n => [...Array(n).keys()];
for (const n of [1000, 1001, 1003, 1005]) report(`${n} lines`, new KFoldCrossValidation(lines(n), 10, 1));
report('1000 and 1003 lines, stratified', new StratifiedKFoldCrossValidation([lines(1000), lines(1003).map(x => 1000 + x)], 10, 1));

// Lines of which two in three are good are all taken to be what most lines of the training fold are.
for (const n of [1000, 1003]) {
  const validation = new KFoldCrossValidation(lines(n).map(i => i % 3 ? 'good' : 'bad'), 10, 1);
  const said = {};
  let right = 0, all = 0;
  for (const k of folds) {
    const count = new Map();
    for (const label of validation.getTrainFold(k)) count.set(label, (count.get(label) ?? 0) + 1);
    const most = [...count].sort((a, b) => b[1] - a[1])[0][0];
    said[most] = (said[most] ?? 0) + 1;
    for (const label of validation.getTestFold(k)) {
      right += label === most;
      all++;
    }
  }
  console.log(`${n} labels, the commonest is taken for all: right ${(right / all).toFixed(3)}, said by folds: ${JSON.stringify(said)}`);
}
JS
out=$(node -p '"nlptoolkit-sampling " + JSON.parse(fs.readFileSync("node_modules/nlptoolkit-sampling/package.json")).version'; node main.cjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
nlptoolkit-sampling 1.0.5
1000 lines: 1000 lines are tested, 0 times undefined is; lines to train on: 900 900 900 900 900 900 900 900 900 900
1001 lines: 101 lines are tested, 909 times undefined is; lines to train on: 0 101 201 301 401 501 601 701 801 901
1003 lines: 101 lines are tested, 909 times undefined is; lines to train on: 0 101 201 301 402 502 602 703 803 903
1005 lines: 505 lines are tested, 505 times undefined is; lines to train on: 0 905 201 905 402 905 603 905 804 905
1000 and 1003 lines, stratified: 1101 lines are tested, 909 times undefined is; lines to train on: 900 1001 1101 1201 1302 1402 1502 1603 1703 1803
1000 labels, the commonest is taken for all: right 0.666, said by folds: {"good":10}
1003 labels, the commonest is taken for all: right 0.500, said by folds: {"undefined":6,"good":4}
EXPECTED
