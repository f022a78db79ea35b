#!/usr/bin/env bash
# Thinc 8.1.7, the library beneath spaCy: what its LSTM calls a gradient is, on a CPU, mostly the
# weights themselves. The buffer that gradients are added to begins as a copy of the weights
# instead of zeros, so training is weight decay at the full learning rate: where the loss asks for
# no change at all, 100 steps at .01 leave a third of the layer. What is added knows nothing of a
# sentence's first word, whose input gets a gradient of exactly zero. And the class Ops, from
# which backends for GPUs inherit, returns zeros for weights and words alike. Another layer passes
# the same check against finite differences.
#
# Needs Debian 12 on amd64 with python3-numpy.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-thinc=8.1.7-1 python3-{catalogue,confection,cymem,cython-blis,murmurhash,packaging,preshed,pydantic,srsly,typing-extensions,wasabi} >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" .; done
cat >gradient.py <<'PY'
import numpy as np
import thinc
from thinc.api import LSTM, Mish, NumpyOps, Ops, Padded, with_array2d

print("Thinc", thinc.__version__)
STEPS, BATCH, IN, OUT = 6, 4, 2, 4
rng = np.random.default_rng(1)
normal = lambda *shape: rng.normal(size=shape).astype("f")


class General(Ops):
    name = "general"
    xp = np


x = NumpyOps().list2padded([normal(STEPS, IN) for _ in range(BATCH)])
weight = normal(STEPS, BATCH, OUT)  # the loss is the sum of weight times output


def gradients(model, node, name, scale=1.0):
    """Those of the loss times scale, of the parameter and of the input."""
    node.set_grad(name, np.zeros_like(node.get_param(name)))
    y, back = model(x, is_train=True)
    dx = back(Padded(scale * weight, y.size_at_t, y.lengths, y.indices)).data
    return node.get_grad(name).copy(), dx


def differences(model, array):
    """The loss's gradient of array, which the model reads, by central differences."""
    loss = lambda: float((model.predict(x).data.astype("d") * weight).sum())
    slope = np.zeros(array.shape)
    for i in np.ndindex(array.shape):
        value = array[i]
        ends = []
        for step in 0.01, -0.01:
            array[i] = value + step
            ends.append(loss())
        array[i] = value
        slope[i] = (ends[0] - ends[1]) / 0.02
    return slope


def compare(title, model, node, name):
    slope, slope_x = differences(model, node.get_param(name)), differences(model, x.data)
    grad, dx = gradients(model, node, name)
    cosine = (grad * slope).sum() / np.linalg.norm(grad) / np.linalg.norm(slope) if grad.any() else 0
    right = np.isclose(grad, slope, atol=0.02).mean()
    wrong = [t for t in range(STEPS) if not np.allclose(dx[t], slope_x[t], atol=0.02)]
    zero = [t for t in range(STEPS) if not dx[t].any()]
    print(f"{title}: {right:.0%} of the gradient right, cosine {cosine:.2f}; words with a wrong gradient {wrong}, with none at all {zero}")
    return grad


def layer(make):
    model = make.initialize(X=x)
    node = model.layers[0] if model.layers else model
    name = "LSTM" if node.has_param("LSTM") else "W"
    node.set_param(name, 0.5 * normal(*node.get_param(name).shape))
    return model, node, name


compare("Mish", *layer(with_array2d(Mish(OUT, IN))))
for title, make in ("LSTM", LSTM(OUT, IN)), ("LSTM, both directions", LSTM(OUT, IN, bi=True)):
    model, node, name = layer(make)
    compare(title, model, node, name)
model, node, name = layer(LSTM(OUT, IN))
model.ops = General()
grad = compare("LSTM by Ops", model, node, name)
print("  its gradient is zero:", not grad.any())

model, node, name = layer(LSTM(OUT, IN))
inputs = slice(0, 4 * OUT * IN)  # the weights of the gates for the input
w = node.get_param(name)
grad, _ = gradients(model, node, name, scale=0.0)
print("LSTM, a loss times zero: the gradient of the input's weights is these weights:", np.array_equal(grad[inputs], w[inputs]))
before = np.linalg.norm(w[inputs])
for _ in range(100):
    w = w - np.float32(0.01) * gradients(model, node, name, scale=0.0)[0]
    node.set_param(name, w)
print(f"after 100 steps of SGD at .01: {np.linalg.norm(w[inputs]) / before:.3f} of them, .99^100 is {0.99 ** 100:.3f}")
PY
out=$(PYTHONPATH=usr/lib/python3/dist-packages /usr/bin/python3 gradient.py)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
Thinc 8.1.7
Mish: 100% of the gradient right, cosine 1.00; words with a wrong gradient [], with none at all []
LSTM: 6% of the gradient right, cosine 0.27; words with a wrong gradient [0], with none at all [0]
LSTM, both directions: 6% of the gradient right, cosine 0.32; words with a wrong gradient [0, 5], with none at all []
LSTM by Ops: 47% of the gradient right, cosine 0.00; words with a wrong gradient [0, 1, 2, 3, 4, 5], with none at all [0, 1, 2, 3, 4, 5]
  its gradient is zero: True
LSTM, a loss times zero: the gradient of the input's weights is these weights: True
after 100 steps of SGD at .01: 0.366 of them, .99^100 is 0.366
EXPECTED
