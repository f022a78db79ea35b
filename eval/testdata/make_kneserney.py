"""Writes kneserney.json, the values that KneserNey is held against.

    python3 make_kneserney.py        (NLTK 3.8)

"modified": interpolated modified Kneser-Ney written down from the formulas of
Chen and Goodman (1998) on Counters of tuples, for several orders and sizes of
vocabulary, discounts and log probabilities of every token. "nltk": bigrams
with one fixed discount by nltk.lm.KneserNeyInterpolated, whose definition is
the same at order 2 but for the missing discount of its unigrams; only words
of the training text can be scored. The texts are invented.
"""
import json
import math
import random
from collections import Counter, defaultdict

from nltk.lm import KneserNeyInterpolated
from nltk.lm.preprocessing import padded_everygram_pipeline

BOS, EOS = "<s>", "</s>"


class Modified:
    def __init__(self, lines, order, vocabulary):
        self.order = order
        raw = Counter()
        for line in lines:
            x = (BOS,) + tuple(line) + (EOS,)
            for n in range(1, order + 1):
                raw.update(x[i:i + n] for i in range(len(x) - n + 1))
        left = defaultdict(set)
        for g in raw:
            if len(g) > 1:
                left[g[1:]].add(g[0])
        self.c = {g: k if len(g) == order or g[0] == BOS else len(left[g]) for g, k in raw.items() if g != (BOS,)}
        words = {g[0] for g in self.c if len(g) == 1} - {EOS}
        self.base = 1 / ((vocabulary or len(words) + 1) + 1)
        self.d = {}
        for n in range(1, order + 1):
            t = Counter(k for g, k in self.c.items() if len(g) == n)
            try:
                y = t[1] / (t[1] + 2 * t[2])
                d = [k - (k + 1) * y * t[k + 1] / t[k] for k in (1, 2, 3)]
                assert all(0 <= d[k - 1] <= k for k in (1, 2, 3))
            except (ZeroDivisionError, AssertionError):
                d = [0.5, 1.0, 1.5]
            self.d[n] = d
        self.after = defaultdict(list)
        for g, k in self.c.items():
            self.after[g[:-1]].append(k)

    def p(self, w, h):
        lower = self.p(w, h[1:]) if h else self.base
        if h not in self.after:
            return lower
        counts, d = self.after[h], self.d[len(h) + 1]
        c = self.c.get(h + (w,), 0)
        gamma = sum(d[min(k, 3) - 1] for k in counts)
        discounted = c - d[min(c, 3) - 1] if c else 0
        return (discounted + gamma * lower) / sum(counts)

    def log_probs(self, line):
        x = (BOS,) + tuple(line) + (EOS,)
        return [math.log(self.p(x[i], x[max(0, i - self.order + 1):i])) for i in range(1, len(x))]


def walks(rng, count, words, longest):
    out = []
    for _ in range(count):
        at, line = rng.randrange(words), []
        for _ in range(rng.randrange(longest + 1)):
            line.append("w%d" % at)
            at = (at + rng.choice([1, 1, 1, 2, 0])) % words
        out.append(line)
    return out


rng = random.Random(3)
tiny = [x.split() for x in ("the red kite", "the red hill", "a kite over the hill", "kite kite")]
small, test = walks(rng, 150, 20, 15), walks(rng, 20, 24, 15) + [["w1", "never", "w2"], []]
out = {"modified": [], "nltk": {}}
for train, lines, order, vocabulary in (
    (tiny, [["the", "red", "kite"], ["over", "a", "moon"], []], 3, 0),
    (small, test, 1, 0), (small, test, 2, 0), (small, test, 3, 40), (small, test, 5, 0), (small, test, 5, 30),
):
    m = Modified(train, order, vocabulary)
    out["modified"].append({
        "train": [" ".join(x) for x in train], "lines": [" ".join(x) for x in lines],
        "order": order, "vocabulary": vocabulary, "discounts": [m.d[n] for n in range(1, order + 1)],
        "log_probs": [m.log_probs(x) for x in lines],
    })

train = small[:40]
seen = {w for x in train for w in x}
lines = [x for x in test if x and set(x) <= seen][:10]
model = KneserNeyInterpolated(2, discount=0.4)
model.fit(*padded_everygram_pipeline(2, train))
out["nltk"] = {"train": [" ".join(x) for x in train], "lines": [" ".join(x) for x in lines], "discount": 0.4, "log_probs": []}
for x in lines:
    x = [BOS] + x + [EOS]
    out["nltk"]["log_probs"].append([math.log(model.unmasked_score(w, (h,))) for h, w in zip(x, x[1:])])

with open("kneserney.json", "w") as f:
    json.dump(out, f, separators=(",", ":"))
    f.write("\n")
