"""Writes oracle.json, the values that the oracle is held against.

    python3 make_oracle.py        (numpy 1.24; after convert_seqgan.py has changed too)

The oracle from its seed on, in float64: Philox (Salmon et al. 2011) for the
bits, the ziggurat of Marsaglia and Tsang (2000) with 128 strips, in the order
in which math/rand/v2 takes its bits, for weights from N(0,1), and the LSTM of
SeqGAN. The last case has its weights from oracle.safetensors, which this
program makes with convert_seqgan.py; they are scored gate by gate in the form
in which SeqGAN publishes them, before the conversion. "sentences" have their log probabilities, null if they are not of the
language; "drawn" are the first ones of the corpus of the same seed; "entropy"
is the sum over all sentences where these are few.
"""
import itertools
import json
import math
import re

import numpy as np

import convert_seqgan

CORPUS, WEIGHTS = 7, 2**32 - 1  # stream and step of the weights
u64, low = np.uint64, np.uint64(2**32 - 1)


def bits(seed, step, row, n):
    """The first n 64-bit words of a row."""
    x = [np.arange((n + 1) // 2, dtype=u64)] + [np.full((n + 1) // 2, v, u64) for v in (CORPUS, step, row)]
    k0, k1 = seed % 2**32, seed >> 32
    for _ in range(10):
        p0, p1 = x[0] * u64(0xD2511F53), x[2] * u64(0xCD9E8D57)
        x = [(p1 >> u64(32)) ^ x[1] ^ u64(k0), p1 & low, (p0 >> u64(32)) ^ x[3] ^ u64(k1), p0 & low]
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return np.stack([x[0] << u64(32) | x[1], x[2] << u64(32) | x[3]], 1).ravel()[:n]


def ziggurat():
    """For each strip: where acceptance is sure, its width, the density at its edge."""
    area, edge = 9.91256303526217e-3, 3.442619855899
    density = lambda x: math.exp(-x * x / 2)
    x = [area / density(edge), edge]
    while len(x) < 128:
        x.append(math.sqrt(-2 * math.log(area / x[-1] + density(x[-1]))))
    x = [x[0]] + x[:0:-1]  # the base, then from the narrowest strip to the widest
    sure = [int(x[127] / x[0] * 2**31), 0] + [int(x[i - 1] / x[i] * 2**31) for i in range(2, 128)]
    return sure, np.float32(np.array(x) / 2**31), np.float32([1] + [density(v) for v in x[1:]])


def normals(seed, n):
    sure, width, density = ziggurat()
    u = bits(seed, WEIGHTS, 0, n + n // 20 + 1000)
    unit = ((u & u64(2**53 - 1)) / 2.0**53).tolist()
    steps = (u & low).astype(np.uint32).view(np.int32).tolist()
    strips = (u >> u64(32) & u64(127)).astype(int).tolist()
    out, at = [], 0
    while len(out) < n:
        j, i = steps[at], strips[at]
        x = j * float(width[i])
        at += 1
        if abs(j) >= sure[i]:
            if i == 0:  # the tail
                while True:
                    a, b = -math.log(unit[at]) / 3.442619855899, -math.log(unit[at + 1])
                    at += 2
                    if b + b >= a * a:
                        break
                x = math.copysign(3.442619855899 + a, j)
            else:
                at += 1
                if not density[i] + np.float32(unit[at - 1]) * (density[i - 1] - density[i]) < np.float32(math.exp(-x * x / 2)):
                    continue
        out.append(x)
    return np.array(out)


class Oracle:
    def __init__(self, words, units, length, seed):
        self.words, self.units, self.length = words, units, length
        shapes = [(words, units), (units, 4 * units), (4 * units,), (units, 4 * units), (units, words), (words,)]
        sizes = [math.prod(s) for s in shapes]
        parts = np.split(normals(seed, sum(sizes)), np.cumsum(sizes)[:-1])
        self.embedding, self.w, self.b, self.u, self.out, self.c = (p.reshape(s) for p, s in zip(parts, shapes))

    def walk(self, n, choose):
        """n sentences word by word; choose gets log p [n,V] of word t and returns words [n]."""
        h, c, word = np.zeros((n, self.units)), np.zeros((n, self.units)), np.zeros(n, int)
        for t in range(self.length):
            z = self.embedding[word] @ self.w + h @ self.u + self.b
            i, f, o = (1 / (1 + np.exp(-g)) for g in np.split(z, 4, 1)[:3])
            c = f * c + i * np.tanh(np.split(z, 4, 1)[3])
            h = o * np.tanh(c)
            logits = h @ self.out + self.c
            top = logits.max(1, keepdims=True)
            word = choose(t, logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True)))

    def log_probs(self, ids):
        total = np.zeros(len(ids))

        def read(t, log_p):
            total[:] += log_p[np.arange(len(ids)), ids[:, t]]
            return ids[:, t]

        self.walk(len(ids), read)
        return total

    def draw(self, uniforms):
        ids = np.zeros(uniforms.shape, int)

        def pick(t, log_p):
            ids[:, t] = np.minimum((np.exp(log_p).cumsum(1) <= uniforms[:, t:t + 1]).sum(1), self.words - 1)
            return ids[:, t]

        self.walk(len(ids), pick)
        return ids

    def read(self, sentence):
        words = sentence.split(" ")
        ids = [int(w[1:]) for w in words if re.fullmatch("w(0|[1-9][0-9]*)", w)]
        return ids if len(ids) == len(words) == self.length and max(ids) < self.words else None


class Published(Oracle):
    """The list of fifteen arrays of SeqGAN."""

    def __init__(self, params, length):
        self.params, self.words, self.length = params, len(params[0]), length

    def walk(self, n, choose):
        embedding, wi, ui, bi, wf, uf, bf, wo, uo, bo, wc, uc, bc, out, bias = (p.astype(float) for p in self.params)
        sigmoid = lambda x: 1 / (1 + np.exp(-x))
        h, c, word = np.zeros((n, len(ui))), np.zeros((n, len(ui))), np.zeros(n, int)
        for t in range(self.length):
            x = embedding[word]
            i, f, o = sigmoid(x @ wi + h @ ui + bi), sigmoid(x @ wf + h @ uf + bf), sigmoid(x @ wo + h @ uo + bo)
            c = f * c + i * np.tanh(x @ wc + h @ uc + bc)
            h = o * np.tanh(c)
            p = np.exp(h @ out + bias)
            word = choose(t, np.log(p / p.sum(1, keepdims=True)))


def spell(ids):
    return " ".join("w%d" % i for i in ids)


def draws(seed, row, length):
    """Draw t of a sentence is the first word at counter t."""
    return ((bits(seed, 0, row, 2 * length)[::2] >> u64(12)).astype(float) + .5) / 2**52


rng = np.random.default_rng(6)
out = []
published = np.random.default_rng(7)
V, E, H, T = 30, 3, 5, 2
shapes = [(V, E)] + 4 * [(E, H), (H, H), (H,)] + [(H, V), (V,)]
params = [published.normal(size=s).astype(np.float32) for s in shapes]
convert_seqgan.save("oracle.safetensors", convert_seqgan.tensors(params), T)
for words, units, length, seed in ((5000, 32, 20, 1), (300, 7, 40, 2**40 + 5), (9, 4, 4, 3), (V, 0, T, 5)):
    o = Oracle(words, units, length, seed) if units else Published(params, length)
    ids = np.concatenate([o.draw(rng.random((15, length))), rng.integers(0, words, (10, length))])
    texts = [spell(x) for x in ids]
    first = texts[0].split(" ")
    texts += [" ".join(x) for x in (first[1:], first + ["w1"], first[1:] + ["w%d" % words], first[1:] + ["W1"], first[1:] + ["w01"], first[1:] + ["1"])]
    case = {"words": words, "units": units, "length": length, "seed": seed, "sentences": {}, "entropy": 0,
            "drawn": [spell(x) for x in o.draw(np.array([draws(seed, i, length) for i in range(6)]))]}
    for x in texts:
        case["sentences"][x] = float(o.log_probs(np.array([o.read(x)]))[0]) if o.read(x) else None
    if words ** length < 10_000:
        p = o.log_probs(np.array(list(itertools.product(range(words), repeat=length))))
        assert abs(np.exp(p).sum() - 1) < 1e-12
        case["entropy"] = float(-(p * np.exp(p)).sum())
    if not units:
        case["file"] = "oracle.safetensors"
    out.append(case)
with open("oracle.json", "w") as f:
    json.dump(out, f, separators=(",", ":"))
    f.write("\n")
