#!/usr/bin/env bash
# PyTorch 1.13.1 (Debian): log_prob of Categorical(probs=softmax(x)) is never below -15.94,
# the log of float32's epsilon, and there its gradient is zero: REINFORCE learns nothing
# from such a word, and its likelihood counts for more than it is. Over 50,000 words the
# probabilities add up to 1.005; the entropy is 10 % short, and the law has a divergence
# from itself. Categorical(logits=x) has none of this. The manual says that probs are divided by
# their sum, and nothing of a floor; the softmax itself is exact down there.
#
# Needs Debian 12 on amd64 with what python3-torch depends on (apt-get install python3-torch).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-torch=1.13.1+dfsg-4 libtorch1.13=1.13.1+dfsg-4 >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" torch; done
cat >floor.py <<'PY'
import sys

import torch
from torch.distributions import Categorical, kl_divergence

assert torch.__file__.startswith(sys.argv[1]), torch.__file__
print("PyTorch", torch.__version__)
x = torch.zeros(50001)
x[0] = 17.8  # the likely word; the others have 1.9e-8 each
x.requires_grad_()
for name, law in ("probs", Categorical(probs=x.softmax(0))), ("logits", Categorical(logits=x)):
    log_p = law.log_prob(torch.tensor(7))
    grad, = torch.autograd.grad(log_p, x, retain_graph=True)
    total = law.log_prob(torch.arange(50001)).double().exp().sum().item()
    kl = kl_divergence(law, Categorical(logits=x.detach())).item()
    print(f"{name}: log p {log_p.item():.3f}, its gradient {grad[7].item():.3f} and {grad[0].item():.3f}, sum of all p {total:.4f}, entropy {law.entropy().item():.5f}, KL from itself {kl:.5f}")
print(f"log_softmax: {x.log_softmax(0)[7].item():.3f}, log of softmax: {x.softmax(0).log()[7].item():.3f}")
PY
out=$(PYTHONPATH=$dir/torch/usr/lib/python3/dist-packages LD_LIBRARY_PATH=$dir/torch/usr/lib/x86_64-linux-gnu /usr/bin/python3 floor.py "$dir")
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
PyTorch 1.13.0a0
probs: log p -15.942, its gradient 0.000 and 0.000, sum of all p 1.0050, entropy 0.01574, KL from itself 0.00173
logits: log p -17.801, its gradient 1.000 and -0.999, sum of all p 1.0000, entropy 0.01747, KL from itself 0.00000
log_softmax: -17.801, log of softmax: -17.801
EXPECTED
