#!/usr/bin/env bash
# PyTorch 1.13.1 (Debian), CPU: torch.randint(n) is 32 random bits modulo n for every n below 2^32,
# though its numbers have 64. Of a corpus of 3,000,000,000 tokens, where training loops of language
# models draw the beginnings of their sequences, each of the first 1.3 billion is read twice as
# often as any other: they are 60 % of what is read instead of 43 %. So it is with random_()
# and with RandomSampler(replacement=True). At 2^32 and above 64 bits are taken, and all is
# even. The manual has "generated uniformly"; pytorch/pytorch#148175 tells of it in 2.6.
#
# Needs Debian 12 on amd64 with what python3-torch depends on (apt-get install python3-torch).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-torch=1.13.1+dfsg-4 libtorch1.13=1.13.1+dfsg-4 >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" torch; done
cat >front.py <<'PY'
import sys

import numpy as np
import torch
from torch.utils.data import RandomSampler

assert torch.__file__.startswith(sys.argv[1]), torch.__file__
print("PyTorch", torch.__version__)
torch.manual_seed(1)
draws = 1_000_000
for n in 1_000_000_000, 3_000_000_000, 3 * 2**30, 4_000_000_000, 5_000_000_000:
    front = 2**32 % n  # places that one number of 32 bits more leads to
    share = (torch.randint(n, (draws,)) < front).double().mean().item()
    print(f"n {n}: the first {front / n:.1%} of all places are {share:.0%} of the draws")

n, front = 3_000_000_000, 2**32 - 3_000_000_000
print(f"random_(): {(torch.empty(draws, dtype=torch.int64).random_(n) < front).double().mean().item():.0%}")
sampler = RandomSampler(range(n), replacement=True, num_samples=100_000)
print(f"RandomSampler with replacement: {np.mean([i < front for i in sampler]):.0%}")
print(f"NumPy: {(np.random.default_rng(1).integers(n, size=draws) < front).mean():.0%}")
PY
out=$(PYTHONPATH=$dir/torch/usr/lib/python3/dist-packages LD_LIBRARY_PATH=$dir/torch/usr/lib/x86_64-linux-gnu /usr/bin/python3 front.py "$dir")
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
PyTorch 1.13.0a0
n 1000000000: the first 29.5% of all places are 34% of the draws
n 3000000000: the first 43.2% of all places are 60% of the draws
n 3221225472: the first 33.3% of all places are 50% of the draws
n 4000000000: the first 7.4% of all places are 14% of the draws
n 5000000000: the first 85.9% of all places are 86% of the draws
random_(): 60%
RandomSampler with replacement: 60%
NumPy: 43%
EXPECTED
