#!/usr/bin/env bash
# PyTorch 1.13.1 (Debian), CPU: of a seed only the lower 32 bits are heeded, though the manual takes
# any of 64 and keeps all of them as initial_seed(). Seeds 1 and 2^32 + 1 are one run, and
# so are all seeds made as (experiment << 32) | repetition, for each repetition: weights, dropout,
# shuffles and sampled words are the same in every experiment, and their spread over seeds is none.
# Of 200,000 random seeds of 63 bits a few are twins. NumPy's default_rng, given the same seeds,
# keeps them apart. The manual tells nothing of it.
#
# Needs Debian 12 on amd64 with what python3-torch depends on (apt-get install python3-torch).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-torch=1.13.1+dfsg-4 libtorch1.13=1.13.1+dfsg-4 >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" torch; done
cat >seeds.py <<'PY'
import numpy
import torch

torch.set_num_threads(1)


def run(seed):
    """run gives all that a seed decides: weights, a mask of dropout, an order, words."""
    torch.manual_seed(seed)
    assert torch.initial_seed() == seed
    parts = [torch.nn.LSTM(8, 8).weight_hh_l0.detach(), torch.nn.functional.dropout(torch.ones(100)), torch.randperm(100),
             torch.multinomial(torch.ones(1000), 50, replacement=True), torch.distributions.Gumbel(0., 1.).sample((50,))]
    return b"".join(p.numpy().tobytes() for p in parts)


print("seeds 1 and 2: the same run:", run(1) == run(2))
print("seeds 1 and 2^32 + 1: the same run:", run(1) == run(2**32 + 1))
print("seeds (experiment << 32) | repetition, 1000 experiments of 3 repetitions: %d different runs"
      % len({run(e << 32 | r) for e in range(1000) for r in range(3)}))
print("the same by NumPy: %d different runs"
      % len({numpy.random.default_rng(e << 32 | r).random(4).tobytes() for e in range(1000) for r in range(3)}))

g = torch.Generator()
seeds = numpy.random.default_rng(1).integers(0, 2**63, 200_000).tolist()
firsts = set()
for s in seeds:
    g.manual_seed(s)
    firsts.add(torch.rand(4, generator=g).numpy().tobytes())
print("200,000 random seeds of 63 bits: %d different, %d different streams; different lower halves: %d"
      % (len(set(seeds)), len(firsts), len({s & 0xffffffff for s in seeds})))
PY
out=$(echo "torch $(PYTHONPATH=torch/usr/lib/python3/dist-packages LD_LIBRARY_PATH=torch/usr/lib/x86_64-linux-gnu /usr/bin/python3 -c 'import torch; print(torch.__version__)')"
	PYTHONPATH=torch/usr/lib/python3/dist-packages LD_LIBRARY_PATH=torch/usr/lib/x86_64-linux-gnu /usr/bin/python3 seeds.py)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
torch 1.13.0a0
seeds 1 and 2: the same run: False
seeds 1 and 2^32 + 1: the same run: True
seeds (experiment << 32) | repetition, 1000 experiments of 3 repetitions: 3 different runs
the same by NumPy: 3000 different runs
200,000 random seeds of 63 bits: 200000 different, 199994 different streams; different lower halves: 199994
EXPECTED
