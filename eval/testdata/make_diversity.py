"""Writes diversity.json, the values that Diverse and Compare are held against.

    python3 make_diversity.py        (numpy 1.24, scipy 1.10)

Everything is computed from its definition on strings, by brute force where
there is a choice. The texts are invented.
"""
import json
import random
from collections import Counter

import numpy as np
from scipy.spatial.distance import jensenshannon
from scipy.stats import wasserstein_distance

N = 4


def grams(lines, n):
    return Counter(tuple(x[i:i + n]) for x in lines for i in range(len(x) - n + 1))


def ms_jaccard(a, b, n):
    product = 1.0
    for k in range(1, n + 1):
        p, q = grams(a, k), grams(b, k)
        keys = sorted(set(p) | set(q))
        low = sum(min(p[g] / len(a), q[g] / len(b)) for g in keys)
        high = sum(max(p[g] / len(a), q[g] / len(b)) for g in keys)
        product *= low / high if high else 0.0
    return product ** (1 / n)


def js(a, b, n):
    p, q = grams(a, n), grams(b, n)
    keys = sorted(set(p) | set(q))
    return jensenshannon([p[g] for g in keys], [q[g] for g in keys]) ** 2


def longest_copy(line, train):
    runs = {tuple(x[i:j]) for x in train for i in range(len(x)) for j in range(i + 1, len(x) + 1)}
    return max([j - i for i in range(len(line)) for j in range(i + 1, len(line) + 1) if tuple(line[i:j]) in runs], default=0)


def lengths(lines):
    n = [len(x) for x in lines]
    out = {"mean": np.mean(n), "sd": np.std(n, ddof=1), "min": min(n), "max": max(n)}
    for q in (5, 25, 50, 75, 95, 99):
        out["p%d" % q] = int(np.percentile(n, q, method="inverted_cdf"))
    return out


def walks(rng, count, words, longest):
    out = []
    for _ in range(count):
        at, line = rng.randrange(words), []
        for _ in range(rng.randrange(longest + 1)):
            line.append("w%d" % at)
            at = (at + rng.choice([1, 1, 1, 2, 0])) % words
        out.append(line)
    return out


rng = random.Random(2)
train = walks(rng, 120, 25, 18)
hyp = walks(rng, 60, 30, 25) + train[:5] + train[:5] + [train[7] + train[9]]
copies = [longest_copy(x, train) for x in hyp]
with open("diversity.json", "w") as f:
    json.dump({
        "train": [" ".join(x) for x in train],
        "hyp": [" ".join(x) for x in hyp],
        "distinct": [len(grams(hyp, n)) / sum(grams(hyp, n).values()) for n in range(1, N + 1)],
        "different": len(set(map(tuple, hyp))) / len(hyp),
        "novelty": sum(x not in train for x in hyp) / len(hyp),
        "copies": copies,
        "copy_std_err": np.std(copies, ddof=1) / len(copies) ** 0.5,
        "copy_share": float(np.mean([c / max(1, len(x)) for c, x in zip(copies, hyp)])),
        "ms_jaccard": [ms_jaccard(hyp, train, n) for n in range(1, N + 1)],
        "jensen_shannon": [js(hyp, train, n) for n in range(1, N + 1)],
        "lengths": lengths(hyp),
        "length_distance": wasserstein_distance([len(x) for x in hyp], [len(x) for x in train]),
    }, f, separators=(",", ":"))
    f.write("\n")
