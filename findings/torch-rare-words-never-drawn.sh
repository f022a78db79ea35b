#!/usr/bin/env bash
# PyTorch 1.13.1 (Debian), CPU: Categorical.sample(), a single draw as well, and
# torch.multinomial with replacement never draw a word of probability below 2^-25 when more
# than half of the mass stands before it: they search a cumulative sum in float32. Of 50,000
# words at 2.9e-8, 0.145 % of all tokens that a confident softmax should give, none is ever
# sampled; at 3.1e-8 as many as there should be, nearly all of the first half of them. All is
# right with the likely word last, in float64, or without replacement (of one draw the
# same law). The manual is silent; pytorch/pytorch#28390, open since 2019, tells of it.
#
# Needs Debian 12 on amd64 with what python3-torch depends on (apt-get install python3-torch).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-torch=1.13.1+dfsg-4 libtorch1.13=1.13.1+dfsg-4 >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" torch; done
cat >rare.py <<'PY'
import sys

import torch
from torch.distributions import Categorical

assert torch.__file__.startswith(sys.argv[1]), torch.__file__
print("PyTorch", torch.__version__)
torch.set_num_threads(1)
torch.manual_seed(1)
words, n = 50000, 500000
for each in 2.9e-8, 3.1e-8:
    for where, dtype in ("first", torch.float32), ("first", torch.float64), ("last", torch.float32):
        p = torch.full((words + 1,), each, dtype=torch.float64)
        p[0 if where == "first" else words] = 1 - words * each
        ids = Categorical(probs=p.to(dtype)).sample((n,))
        if where == "first":
            ids = ids - 1  # -1 is the likely word
        early = ((0 <= ids) & (ids < words // 2)).double().mean().item()
        late = ((words // 2 <= ids) & (ids < words)).double().mean().item()
        print(f"{dtype}, likely word {where}, {words} words at {each}: early half {early:.3%}, late half {late:.3%} (of {words * each / 2:.3%})")
p = torch.full((words + 1,), 2.9e-8)
p[0] = 1 - words * 2.9e-8
rows = 6000
for name, draw in [
    ("Categorical.sample()", lambda: Categorical(probs=p.expand(100, -1)).sample()),
    ("multinomial, without replacement", lambda: torch.multinomial(p.expand(100, -1), 1, False)),
]:
    rare = sum((draw() != 0).sum().item() for _ in range(rows // 100))
    print(f"one draw in {rows} rows, {name}: {rare} rare words (about {rows * words * 2.9e-8:.0f})")
PY
out=$(PYTHONPATH=$dir/torch/usr/lib/python3/dist-packages LD_LIBRARY_PATH=$dir/torch/usr/lib/x86_64-linux-gnu /usr/bin/python3 rare.py "$dir")
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
PyTorch 1.13.0a0
torch.float32, likely word first, 50000 words at 2.9e-08: early half 0.000%, late half 0.000% (of 0.073%)
torch.float64, likely word first, 50000 words at 2.9e-08: early half 0.075%, late half 0.069% (of 0.073%)
torch.float32, likely word last, 50000 words at 2.9e-08: early half 0.070%, late half 0.076% (of 0.073%)
torch.float32, likely word first, 50000 words at 3.1e-08: early half 0.149%, late half 0.008% (of 0.077%)
torch.float64, likely word first, 50000 words at 3.1e-08: early half 0.080%, late half 0.073% (of 0.077%)
torch.float32, likely word last, 50000 words at 3.1e-08: early half 0.080%, late half 0.072% (of 0.077%)
one draw in 6000 rows, Categorical.sample(): 0 rare words (about 9)
one draw in 6000 rows, multinomial, without replacement: 8 rare words (about 9)
EXPECTED
