#!/usr/bin/env bash
# @tainakanchu/mann-whitney-utest 1.1.0 (npm): significant() holds U, which grows with the product of the two
# sizes, against the standardised z, which grows with their distance from what chance gives. Of 30 scores
# against 30 whose ranges overlap by five (z = 6.5, p below 1e-10) it says "not significant"; three scores
# against three that do not overlap at all (exact p = .1) are "significant". The larger the samples,
# the less overlap it takes for a difference to be missed. U and z themselves are right,
# and the manual has significant() as the way to ask. No error.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts @tainakanchu/mann-whitney-utest@1.1.0 >/dev/null 2>&1
cat >main.cjs <<'JS'
const {test, criticalValue, significant} = require('@tainakanchu/mann-whitney-utest');
// count scores from a first one on, one apart.
const scores = (first, count) => Array.from({length: count}, (_, i) => first + i);
const tell = (count, higher) => {
  const pair = [scores(0, count), scores(higher + .5, count)];
  const u = test(pair);
  console.log(`${count} scores against ${count}, ${higher + .5} higher: U = ${Math.min(...u)}, z = ${criticalValue(u, pair).toFixed(2)}, ${significant(u, pair) ? 'significant' : 'not significant'}`);
};
tell(3, 2);
tell(30, 25);
tell(100, 50);
tell(100, 90);
tell(300, 250);
JS
out=$(timeout 60 node main.cjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
3 scores against 3, 2.5 higher: U = 0, z = 1.96, significant
30 scores against 30, 25.5 higher: U = 10, z = 6.51, not significant
100 scores against 100, 50.5 higher: U = 1225, z = 9.22, not significant
100 scores against 100, 90.5 higher: U = 45, z = 12.11, not significant
300 scores against 300, 250.5 higher: U = 1225, z = 20.62, not significant
EXPECTED
