#!/usr/bin/env bash
# float16 0.0.1 (npm): what is too large for half precision becomes anything at all, not infinity. The exponent
# runs on into the sign and out of the 16 bits: 100,000 is written as NaN, 131,072 as -0, and -1e9, what
# a mask adds to the logit of a word that must not be drawn, as a small positive number. Ties are rounded
# away from zero and not to even, so that 1 + 2^-11 is 1.0009765625. A mask or an overflown loss
# that is stored comes back as an ordinary number. No error.
#
# The half precision of @petamoriken/float16 3.9.3 stands beside.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm init -y >/dev/null 2>&1
npm install --silent --no-audit --no-fund --ignore-scripts float16@0.0.1 @petamoriken/float16@3.9.3 >/dev/null 2>&1
cat >main.cjs <<'JS'
const {byteToFloat16, float16ToByte} = require('float16');
const {f16round} = require('@petamoriken/float16');
const text = x => Object.is(x, -0) ? '-0' : String(x);
for (const x of [1.5, 1 + 2 ** -11, 65504, 1e5, -1e5, 131072, 2e5, -1e6, -1e9]) {
  const stored = new Uint16Array([float16ToByte(x)])[0];
  console.log(`${x}: ${text(byteToFloat16(stored))}; right ${text(f16round(x))}`);
}
JS
out=$(timeout 60 node main.cjs)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
1.5: 1.5; right 1.5
1.00048828125: 1.0009765625; right 1
65504: 65504; right 65504
100000: NaN; right Infinity
-100000: NaN; right -Infinity
131072: -0; right Infinity
200000: -0.00003212690353393555; right Infinity
-1000000: 0.00023281574249267578; right -Infinity
-1000000000: 0.2327880859375; right -Infinity
EXPECTED
