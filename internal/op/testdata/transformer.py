#!/usr/bin/env python3
"""Writes transformer.json: a pre-norm decoder read once more, in float64 numpy.

Vaswani et al. 2017 with the normalisation in front (Xiong et al. 2020) and rotary
positions (Su et al. 2021). It reads whole sentences with a mask, where the product
goes token by token with a cache. The gradients are central differences.

    python3 transformer.py > transformer.json
"""
import json
import numpy as np

E, M, BLOCKS, HEADS, CONTEXT, T = 3, 8, 2, 2, 4, 5
LENGTHS = [5, 3]
rng = np.random.default_rng(20170612)


def draw(*shape, scale=0.5):
    return rng.normal(scale=scale, size=shape).astype(np.float32).astype(np.float64)


def gain(n):
    return (1 + draw(n, scale=0.2)).astype(np.float32).astype(np.float64)


weights = {"win": draw(E, M), "bin": draw(M)}
for i in range(BLOCKS):
    weights |= {f"block{i}.{k}": v for k, v in {
        "norm1.gain": gain(M), "norm1.bias": draw(M, scale=0.2), "wqkv": draw(M, 3 * M), "wo": draw(M, M),
        "norm2.gain": gain(M), "norm2.bias": draw(M, scale=0.2),
        "w1": draw(M, 4 * M), "b1": draw(4 * M), "w2": draw(4 * M, M), "b2": draw(M)}.items()}
weights |= {"norm.gain": gain(M), "norm.bias": draw(M, scale=0.2)}
x = draw(len(LENGTHS), T, E, scale=1)
coefficients = draw(len(LENGTHS), T, M, scale=1)


def norm(a, name):
    centred = a - a.mean(axis=-1, keepdims=True)
    return centred / np.sqrt((centred ** 2).mean(axis=-1, keepdims=True) + 1e-5) * weights[name + ".gain"] + weights[name + ".bias"]


def rotate(a):
    """a [heads, T, size]: pairs (j, j + size/2) as complex numbers, turned by their position."""
    size = a.shape[-1]
    z = a[..., :size // 2] + 1j * a[..., size // 2:]
    frequency = 10000.0 ** (-2 * np.arange(size // 2) / size)
    z = z * np.exp(1j * np.arange(a.shape[1])[:, None] * frequency)
    return np.concatenate([z.real, z.imag], axis=-1)


def decode(x):
    """x [T, E] -> [T, M]"""
    n = len(x)
    back = np.arange(n)[:, None] - np.arange(n)
    hidden = (back < 0) | (back >= CONTEXT)
    s = x @ weights["win"] + weights["bin"]
    for i in range(BLOCKS):
        block = f"block{i}."
        w = lambda name: weights[block + name]
        q, k, v = (a.reshape(n, HEADS, -1).transpose(1, 0, 2) for a in np.split(norm(s, block + "norm1") @ w("wqkv"), 3, axis=-1))
        logits = rotate(q) @ rotate(k).transpose(0, 2, 1) / np.sqrt(M / HEADS)
        logits[:, hidden] = -np.inf
        a = np.exp(logits - logits.max(axis=-1, keepdims=True))
        a /= a.sum(axis=-1, keepdims=True)
        s = s + (a @ v).transpose(1, 0, 2).reshape(n, M) @ w("wo")
        s = s + np.maximum(norm(s, block + "norm2") @ w("w1") + w("b1"), 0) @ w("w2") + w("b2")
    return norm(s, "norm")


def run():
    out = np.zeros((len(LENGTHS), T, M))
    for b, length in enumerate(LENGTHS):
        out[b, :length] = decode(x[b, :length])
    return out


def gradient(array):
    """Of sum(coefficients * out), by differences of the array in place."""
    g = np.zeros_like(array)
    h = 1e-6
    for i in np.ndindex(array.shape):
        was = array[i]
        array[i] = was + h
        up = (coefficients * run()).sum()
        array[i] = was - h
        down = (coefficients * run()).sum()
        array[i] = was
        g[i] = (up - down) / (2 * h)
    return g


def flat(a):
    return [float(f"{v:.9g}") for v in np.asarray(a).reshape(-1)]


print(json.dumps({
    "in": E, "units": M, "blocks": BLOCKS, "heads": HEADS, "context": CONTEXT, "steps": T, "lengths": LENGTHS,
    "x": flat(x), "coefficients": flat(coefficients), "out": flat(run()), "dx": flat(gradient(x)),
    "weights": [{"name": k, "value": flat(v), "gradient": flat(gradient(v))} for k, v in weights.items()],
}, indent=None, separators=(",", ":")))
