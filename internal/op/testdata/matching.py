#!/usr/bin/env python3
"""Writes matching.json: MMD and entropic optimal transport of two sets of features in
float64 numpy, the latter by 20000 scalings of the kernel, with gradients by central
differences.

    python3 matching.py > matching.json
"""
import json
import numpy as np

rng = np.random.default_rng(20120315)
x = rng.normal(size=(5, 3)).astype(np.float32).astype(np.float64)
y = (0.8 * rng.normal(size=(4, 3)) + 0.5).astype(np.float32).astype(np.float64)
BANDWIDTHS, EPS = [0.5, 1, 2], 0.2


def mmd(x, y):
    def k(a, b):
        d = ((a[:, None] - b[None]) ** 2).sum(-1)
        return sum(np.exp(-d / (2 * s * s)) for s in BANDWIDTHS).mean()
    return k(x, x) + k(y, y) - 2 * k(x, y)


def sinkhorn(x, y):
    unit = lambda a: a / np.linalg.norm(a, axis=1, keepdims=True)
    cost = 1 - unit(x) @ unit(y).T
    K = np.exp(-cost / EPS)
    a, b = np.full(len(x), 1 / len(x)), np.full(len(y), 1 / len(y))
    v = np.ones(len(y))
    for _ in range(20000):
        u = a / (K @ v)
        v = b / (K.T @ u)
    P = u[:, None] * K * v
    return (P * cost).sum() + EPS * (P * np.log(P / np.outer(a, b))).sum()


def gradient(f, array):
    g, h = np.zeros_like(array), 1e-5
    for i in np.ndindex(array.shape):
        was = array[i]
        array[i] = was + h
        up = f(x, y)
        array[i] = was - h
        g[i] = (up - f(x, y)) / (2 * h)
        array[i] = was
    return g


flat = lambda a: [float(v) for v in np.asarray(a).reshape(-1)]
out = {"x": flat(x), "y": flat(y), "bandwidths": BANDWIDTHS, "eps": EPS}
for name, f in [("mmd", mmd), ("sinkhorn", sinkhorn)]:
    out[name] = {"value": f(x, y), "dx": flat(gradient(f, x)), "dy": flat(gradient(f, y))}
print(json.dumps(out, separators=(",", ":")))
