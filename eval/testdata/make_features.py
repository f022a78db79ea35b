"""Writes features.json, the values that Frechet and Mauve are held against.

    python3 make_features.py        (numpy 1.24, scipy 1.10)

The features are random. Those of "blobs" lie close around a few far directions,
so that every quantisation that deserves the name finds the same clusters.
"""
import json

import numpy as np
from scipy.linalg import sqrtm
from scipy.special import rel_entr

rng = np.random.default_rng(4)


def frechet(a, b):
    sa, sb = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    gap = a.mean(0) - b.mean(0)
    return gap @ gap + np.trace(sa + sb - 2 * sqrtm(sa @ sb).real)


def mauve(p, q, scale):
    p, q = np.asarray(p, float) / np.sum(p), np.asarray(q, float) / np.sum(q)
    curve = [(0.0, 1.0), (1.0, 0.0)]
    for w in np.linspace(1e-6, 1 - 1e-6, 25):
        r = w * p + (1 - w) * q
        curve.append((np.exp(-scale * rel_entr(q, r).sum()), np.exp(-scale * rel_entr(p, r).sum())))
    x, y = np.array(sorted(curve, key=lambda c: (c[0], -c[1]))).T
    return float(np.trapz(y, x))


def rounded(x):
    return np.round(x, 6)


pairs = []
for n, m, d, gap in ((40, 50, 5, 0.0), (30, 30, 8, 0.7), (12, 20, 1, 2.0)):
    mix = rng.normal(size=(d, d))
    a = rounded(rng.normal(size=(n, d)) @ mix)
    b = rounded(rng.normal(size=(m, d)) + gap)
    s = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    if d == 1:  # closed form
        value = (a.mean() - b.mean()) ** 2 + (np.sqrt(s[0]) - np.sqrt(s[1])) ** 2
    else:
        value = frechet(a, b)
    pairs.append({"a": a.tolist(), "b": b.tolist(), "frechet": float(value)})

histograms = []
for cells in (2, 7, 30):
    p, q = rng.integers(0, 9, cells), rng.integers(0, 9, cells)
    p[0], q[1] = 0, 0
    for scale in (1.0, 5.0):
        histograms.append({"p": p.tolist(), "q": q.tolist(), "scale": scale, "mauve": mauve(p, q, scale)})

directions = np.eye(6)
labels_a, labels_b = rng.choice(6, 60, p=[.3, .3, .2, .1, .1, 0]), rng.choice(6, 70, p=[.1, .2, .2, .2, .1, .2])
lengths_a, lengths_b = rng.uniform(1, 9, (60, 1)), rng.uniform(1, 9, (70, 1))
blobs = {
    "a": rounded((directions[labels_a] + rng.normal(size=(60, 6)) * .01) * lengths_a).tolist(),
    "b": rounded((directions[labels_b] + rng.normal(size=(70, 6)) * .01) * lengths_b).tolist(),
    "clusters": 6,
    "mauve": mauve(np.bincount(labels_a, minlength=6), np.bincount(labels_b, minlength=6), 5),
}
with open("features.json", "w") as f:
    json.dump({"pairs": pairs, "histograms": histograms, "blobs": blobs}, f, separators=(",", ":"))
    f.write("\n")
