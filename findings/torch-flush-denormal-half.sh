#!/usr/bin/env bash
# PyTorch 1.13.1 (Debian): torch.set_flush_denormal(True) reaches the thread that calls it
# and those that are made later. With two threads that have worked before, half of one
# product of a tensor takes denormals for zero and the other half does not: equal entries
# come out as 0 and as 1e-38. Called before the first parallel operation it reaches both.
# A softmax at the temperatures of RelGAN is full of such numbers, and slow for them.
#
# Needs Debian 12 on amd64 with what python3-torch depends on (apt-get install python3-torch).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-torch=1.13.1+dfsg-4 libtorch1.13=1.13.1+dfsg-4 >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" torch; done
cat >flush.py <<'PY'
import sys

import torch

assert torch.__file__.startswith(sys.argv[1]), torch.__file__
print("PyTorch", torch.__version__)
threads, begun = int(sys.argv[2]), sys.argv[3] == "begun"
torch.set_num_threads(threads)
if not begun:
    torch.set_flush_denormal(True)
x = torch.full((1 << 20,), 2e-38)  # the first operation of many threads makes them
torch.set_flush_denormal(True)
share = (x * 0.5 == 0).double().mean().item()
print(f"{threads} threads, pool {sys.argv[3]}: {share:.0%} of x / 2 are zero")
PY
out=$(for how in "1 begun" "2 begun" "2 new"; do
	# shellcheck disable=SC2086
	PYTHONPATH=$dir/torch/usr/lib/python3/dist-packages LD_LIBRARY_PATH=$dir/torch/usr/lib/x86_64-linux-gnu /usr/bin/python3 flush.py "$dir" $how
done)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
PyTorch 1.13.0a0
1 threads, pool begun: 100% of x / 2 are zero
PyTorch 1.13.0a0
2 threads, pool begun: 50% of x / 2 are zero
PyTorch 1.13.0a0
2 threads, pool new: 100% of x / 2 are zero
EXPECTED
