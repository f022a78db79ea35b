#!/usr/bin/env bash
# deck 0.0.4 (npm): its uniform shuffle leaves nothing where it was. Each place is exchanged with an earlier
# one and never with itself, which gives only the orders that are a single cycle: of three items 2 of 6, of
# four 6 of 24, and two items always change places. The manual says uniform. Sentences that are
# paired with shuffled ones never meet themselves, a test that shuffles the labels of two
# sentences always swaps them, and the first line of a shuffled corpus is never its first line.
#
# The weighted shuffle of the same function, with equal weights, has all six orders. No error.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts deck@0.0.4 >/dev/null 2>&1
cat >main.cjs <<'JS'
const deck = require('deck');
console.log('deck', require('deck/package.json').version);
const tell = (name, draw) => {
  const orders = new Set();
  let stayed = 0;
  for (let n = 0; n < 20000; n++) {
    const order = draw();
    orders.add(order.join(''));
    if (order.some((x, i) => x === 'abcd'[i])) stayed++;
  }
  console.log(`${name}: ${[...orders].sort().slice(0, 6).join(' ')}, ${orders.size} orders; some item in its place: ${stayed ? 'yes' : 'never'}`);
};
tell('2 items', () => deck.shuffle(['a', 'b']));
tell('3 items', () => deck.shuffle(['a', 'b', 'c']));
tell('4 items', () => deck.shuffle(['a', 'b', 'c', 'd']));
tell('3 items of equal weights', () => deck.shuffle({a: 1, b: 1, c: 1}));
JS
out=$(timeout 60 node main.cjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
deck 0.0.4
2 items: ba, 1 orders; some item in its place: never
3 items: bca cab, 2 orders; some item in its place: never
4 items: bcda bdac cadb cdba dabc dcab, 6 orders; some item in its place: never
3 items of equal weights: abc acb bac bca cab cba, 6 orders; some item in its place: yes
EXPECTED
