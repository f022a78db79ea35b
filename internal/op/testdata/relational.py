#!/usr/bin/env python3
"""Writes relational.json: a relational memory read once more, in float64 numpy.

Santoro et al. 2018, "Relational recurrent neural networks", section 3, with the
sizes of keys, gates and layers of RelGAN (Nie et al. 2019). The gradients are
central differences of the same float64 program.

    python3 relational.py > relational.json
"""
import json
import numpy as np

E, M, SLOTS, HEADS, T = 3, 6, 2, 3, 4
LENGTHS = [4, 2]
rng = np.random.default_rng(20180605)


def draw(*shape, scale=0.6):
    return rng.normal(scale=scale, size=shape).astype(np.float32).astype(np.float64)


weights = {
    "win": draw(E, M), "bin": draw(M),
    "wqkv": draw(M, 3 * M), "norm.gain": 1 + draw(3 * M, scale=0.2), "norm.bias": draw(3 * M, scale=0.2),
    "norm1.gain": 1 + draw(M, scale=0.2), "norm1.bias": draw(M, scale=0.2),
    "w1": draw(M, M), "b1": draw(M), "w2": draw(M, M), "b2": draw(M),
    "norm2.gain": 1 + draw(M, scale=0.2), "norm2.bias": draw(M, scale=0.2),
    "wu": draw(M, 2 * M), "wm": draw(M, 2 * M),
}
weights = {k: v.astype(np.float32).astype(np.float64) for k, v in weights.items()}
x = draw(len(LENGTHS), T, E, scale=1)
coefficients = draw(len(LENGTHS), T, SLOTS * M, scale=1)


def layer_norm(a, gain, bias):
    mean = a.mean(axis=-1, keepdims=True)
    variance = ((a - mean) ** 2).mean(axis=-1, keepdims=True)
    return (a - mean) / np.sqrt(variance + 1e-5) * gain + bias


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def softmax(a):
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def step(w, memory, token):
    """memory [SLOTS, M], token [E] -> the next memory."""
    u = token @ w["win"] + w["bin"]
    everything = np.vstack([memory, u])
    qkv = layer_norm(everything @ w["wqkv"], w["norm.gain"], w["norm.bias"])
    # [rows, heads, (q k v), size] -> one array [heads, rows, size] of each
    q, k, v = np.split(qkv.reshape(SLOTS + 1, HEADS, -1).transpose(1, 0, 2), 3, axis=-1)
    found = softmax(q @ k.transpose(0, 2, 1) / np.sqrt(3 * M / HEADS)) @ v
    found = found.transpose(1, 0, 2).reshape(SLOTS + 1, M)
    y = layer_norm(everything + found, w["norm1.gain"], w["norm1.bias"])
    z = np.maximum(y @ w["w1"] + w["b1"], 0) @ w["w2"] + w["b2"]
    z = layer_norm(y + z, w["norm2.gain"], w["norm2.bias"])[:SLOTS]
    gates = np.tanh(memory) @ w["wm"] + u @ w["wu"]
    inward, forget = gates[:, :M], gates[:, M:]
    return sigmoid(inward) * np.tanh(z) + sigmoid(forget + 1) * memory


def run(w, x):
    out = np.zeros((len(LENGTHS), T, SLOTS * M))
    for b, length in enumerate(LENGTHS):
        memory = np.eye(SLOTS, M)
        for t in range(length):
            memory = step(w, memory, x[b, t])
            out[b, t] = memory.reshape(-1)
    return out


def gradient(array):
    """Of sum(coefficients * out), by differences of the array in place."""
    g = np.zeros_like(array)
    h = 1e-5
    for i in np.ndindex(array.shape):
        was = array[i]
        array[i] = was + h
        up = (coefficients * run(weights, x)).sum()
        array[i] = was - h
        down = (coefficients * run(weights, x)).sum()
        array[i] = was
        g[i] = (up - down) / (2 * h)
    return g


def flat(a):
    return [float(v) for v in np.asarray(a).reshape(-1)]


print(json.dumps({
    "in": E, "units": M, "slots": SLOTS, "heads": HEADS, "steps": T, "lengths": LENGTHS,
    "x": flat(x), "coefficients": flat(coefficients), "out": flat(run(weights, x)), "dx": flat(gradient(x)),
    "weights": [{"name": k, "value": flat(v), "gradient": flat(gradient(v))} for k, v in weights.items()],
}, indent=None, separators=(",", ":")))
