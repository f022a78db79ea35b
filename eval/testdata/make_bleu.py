"""Writes bleu.json, the values that BLEU and SelfBLEU are held against.

    python3 make_bleu.py        (NLTK 3.8)

Each case has reference lines, hypothesis lines (tokens separated by single
spaces) and, per smoothing and for n = 1..5, the mean of sentence_bleu and the
corpus_bleu over the hypotheses, every reference line being a reference of
every hypothesis. Self-BLEU is the mean of sentence_bleu of each line against
all others. The texts are invented.
"""
import json
import random
import warnings

import nltk
from nltk.translate.bleu_score import SmoothingFunction, corpus_bleu, sentence_bleu

assert nltk.__version__ == "3.8"
warnings.simplefilter("ignore")  # method0 warns about every zero

SMOOTHINGS = ["method0", "method1", "method2", "method3", "method4", "method5", "method7"]
ORDERS = range(1, 6)


def weights(n):
    return tuple(1 / n for _ in range(n))


def function(name):
    return getattr(SmoothingFunction(), name)


def sentence_level(refs, hyps, name, n):
    scores = [sentence_bleu(refs, h, weights(n), function(name)) for h in hyps]
    return sum(scores) / len(scores)


def case(name, refs, hyps):
    r, h = [x.split() for x in refs], [x.split() for x in hyps]
    out = {"name": name, "refs": refs, "hyps": hyps, "sentence": {}, "corpus": {}}
    for s in SMOOTHINGS:
        out["sentence"][s] = [sentence_level(r, h, s, n) for n in ORDERS]
        if s not in ("method5", "method7"):  # these read the last sentence only
            out["corpus"][s] = [corpus_bleu([r] * len(h), h, weights(n), function(s)) for n in ORDERS]
    if len(r) > 1:
        out["self"] = [
            sum(sentence_bleu(r[:i] + r[i + 1:], r[i], weights(n), function("method1")) for i in range(len(r))) / len(r)
            for n in ORDERS
        ]
    return out


def lines(rng, count, words, longest):
    """Random walks over a few words, so that longer n-grams do recur."""
    out = []
    for _ in range(count):
        at, line = rng.randrange(words), []
        for _ in range(rng.randrange(longest + 1)):
            line.append("w%d" % at)
            at = (at + rng.choice([1, 1, 1, 2, 0])) % words
        out.append(" ".join(line))
    return out


rng = random.Random(1)
cases = [
    case("identical", ["the red kite turns over the hill"], ["the red kite turns over the hill"]),
    case("identical, three words", ["kites fly high"], ["kites fly high"]),
    case("one word", ["kites fly high"], ["kites"]),
    case("one word, one reference word", ["kites"], ["kites"]),
    case("empty hypothesis", ["kites fly high", "the wind drops"], [""]),
    case("empty among others", ["kites fly high", "the wind drops"], ["", "the wind drops again", "high"]),
    case("nothing in common", ["kites fly high"], ["rain all day today"]),
    case("words but no bigram", ["a b c d e f"], ["f d b a e c"]),
    case("shorter than n", ["the wind drops at noon"], ["the wind", "wind drops at"]),
    case("tie in length: the shorter counts", ["a b c d e f", "a b", "a b c d e f g h"], ["a b c d", "a b c d e f g"]),
    case("closest is empty", ["", "a b c d"], ["a"]),
    case("longer than all", ["a b c"], ["a b c a b c a b c d"]),
    case("clipped repeats", ["the cat sat on the mat", "there is a cat on the mat"], ["the the the the the the the", "cat cat on the mat mat"]),
    case("duplicates", ["a b c d e", "a b c d e", "a a a"], ["a b c d e", "a b c d e", "a a a a"]),
    case("six words", ["one two three four five six"], ["one two three four five seven"]),
    case("walks over 6 words", lines(rng, 12, 6, 9), lines(rng, 40, 6, 9)),
    case("walks over 20 words", lines(rng, 40, 20, 14), lines(rng, 60, 22, 14)),
    case("walks over 50 words", lines(rng, 60, 50, 30), lines(rng, 60, 50, 30)),
]
with open("bleu.json", "w") as f:
    json.dump(cases, f, indent=None, separators=(",", ":"))
    f.write("\n")
