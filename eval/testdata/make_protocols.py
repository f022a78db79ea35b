"""Writes protocols.json, the values that Protocol is held against.

    python3 make_protocols.py        (NLTK 3.8)

The protocols as the code of the papers reads, on NLTK's own functions: which
lines are scored against which, letters, rounding; a loop over the hypotheses
with sentence_bleu, method1, and the tokens of NLTKWordTokenizer. The text is
invented; it has blank and short lines, repeats, capitals and periods inside a
line. gans-falling-short is left out: it wants 10,000 lines.
"""
import json
import random

import nltk
from nltk.tokenize import NLTKWordTokenizer
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

assert nltk.__version__ == "3.8"
rng = random.Random(8)
WORDS = ["the", "The", "a", "dog", "Dog", "cat", "can't", "wanna", "sat", "ran", "on", "mat.", "hill", "hill,", "old", "(red)", "it's", "3.5", "--", '"so"']


def text(count):
    lines = [" ".join(rng.choice(WORDS) for _ in range(rng.randrange(1, 9))) + rng.choice(["", ".", "!"]) for _ in range(count)]
    for i in range(0, count, 37):
        lines[i] = lines[rng.randrange(count)]
    return lines


tokenize = NLTKWordTokenizer().tokenize
WEIGHTS = [(1 / n,) * n for n in range(2, 6)]
method1 = SmoothingFunction().method1


def tokens(lines):
    return [tokenize(x) for x in lines]


def mean(hyps, refs_of):
    rows = [sentence_bleu(refs_of(i), h, WEIGHTS, smoothing_function=method1) if h else [0] * 4 for i, h in enumerate(hyps)]
    return [sum(r[n] for r in rows) / len(rows) for n in range(4)]


def bleu(hyps, refs):
    refs = tokens(refs)
    return mean(tokens(hyps), lambda i: refs)


def leave_one_out(lines):
    hyps = tokens(lines)
    return mean(hyps, lambda i: hyps[:i] + hyps[i + 1:])


def lower(lines):
    return [x.lower() for x in lines]


hyps, refs = text(520), text(510)
hyps[3] = ""
out = {
    "texygen": (bleu(hyps, refs), leave_one_out(hyps)),
    "texygen-fast": (bleu(hyps, refs[:500]), leave_one_out(hyps[:500])),
    "relgan": (bleu(hyps[:100], refs), bleu(hyps[:200], hyps)),
    "textgan-pytorch": (
        [round(v, 3) for v in bleu(lower(hyps[:200]), lower(refs))],
        [round(v, 3) for v in bleu(lower(hyps[:200]), lower(hyps[200:]))[:3]],
    ),
}
with open("protocols.json", "w") as f:
    json.dump({"hyps": hyps, "refs": refs, "protocols": {k: {"bleu": b, "self": s} for k, (b, s) in out.items()}}, f, separators=(",", ":"))
    f.write("\n")
