"""Writes captions.json, the values that the captions are held against.

    python3 make_captions.py        (Python 3.11)

A second reading of ../captions.grammar, in exact fractions: probabilities by
the chart of Cocke, Younger and Kasami, over all derivations; the entropy as
the sum over prefixes of P(prefix) H(next word | prefix). For that the stacks
of symbols which may follow a prefix, with their probabilities, are the states
of an automaton. It counts sentences and not derivations, so it would notice
an ambiguous grammar. Sentences of null are no captions.
"""
import json
import math
import random
import re
from collections import defaultdict
from fractions import Fraction
from functools import lru_cache

START = "Sentence"


def read(text):
    rules = {}
    for line in text.splitlines():
        line = line.split("//")[0].strip()
        mark, forms = ("~", ["ing", "sg", "pl"]) if "~" in line else ("#", ["sg", "pl"]) if "#" in line else ("", [""])
        for k, form in enumerate(forms if line else []):
            x = line.replace(mark, "." + form) if mark else line
            x = re.sub(r"\S+/\S+", lambda m: m[0].split("/")[k], x)
            name, kind, rest = x.split(maxsplit=2)
            if kind == ":":
                weighted = [(Fraction(1, i + 3), (w,)) for i, w in enumerate(rest.split())]
            else:
                weighted = []
                for alternative in rest.split("|"):
                    number, words = re.fullmatch(r"\s*(\d*)\s*(.*?)\s*", alternative).groups()
                    weighted.append((Fraction(number or 1), tuple(words.split())))
            total = sum(w for w, _ in weighted)
            rules[name] = [(w / total, rhs) for w, rhs in weighted]
    return rules


with open("../captions.grammar") as f:
    G = read(f.read())

# Rules of one and of two symbols, by what stands on their right; a rule of
# more is cut by symbols of its own.
ones, twos = defaultdict(list), defaultdict(list)
for name, alternatives in G.items():
    for n, (p, rhs) in enumerate(alternatives):
        left = name
        while len(rhs) > 2:
            rest = (name, n, len(rhs))
            twos[rhs[0], rest].append((left, p))
            left, rhs, p = rest, rhs[1:], Fraction(1)
        (ones[rhs[0]] if len(rhs) == 1 else twos[rhs]).append((left, p))


@lru_cache(None)
def above(symbol):
    """What derives the symbol by rules of one symbol, and how probably."""
    out = defaultdict(Fraction)
    out[symbol] = Fraction(1)
    for name, p in ones[symbol]:
        for top, q in above(name).items():
            out[top] += p * q
    return out


def probability(words):
    chart = {}
    for width in range(1, len(words) + 1):
        for i in range(len(words) - width + 1):
            found = defaultdict(Fraction)
            if width == 1:
                found[words[i]] = Fraction(1)
            for k in range(i + 1, i + width):
                for b, p in chart[i, k].items():
                    for c, q in chart[k, i + width].items():
                        for name, r in twos.get((b, c), ()):
                            found[name] += p * q * r
            cell = chart[i, i + width] = defaultdict(Fraction)
            for name, p in found.items():
                for top, q in above(name).items():
                    cell[top] += p * q
    return chart[0, len(words)][START]


@lru_cache(None)
def step(stack):
    """Next words of a stack: [(word, stack after it, probability)]."""
    if not stack:
        return [(None, (), Fraction(1))]
    if stack[0] not in G:
        return [(stack[0], stack[1:], Fraction(1))]
    out = defaultdict(Fraction)
    for p, rhs in G[stack[0]]:
        for word, rest, q in step(rhs):
            out[word, rest + stack[1:]] += p * q
    return [(word, rest, p) for (word, rest), p in out.items()]


@lru_cache(None)
def follow(state):
    """Entropy of the next word, and the states after each with their probability."""
    after = defaultdict(lambda: defaultdict(Fraction))
    for stack, p in state:
        for word, rest, q in step(stack):
            after[word][rest] += p * q
    h, out = 0.0, []
    for word, stacks in after.items():
        p = sum(stacks.values())
        h -= float(p) * math.log(p)
        if word is not None:
            out.append((tuple(sorted((s, q / p) for s, q in stacks.items())), float(p)))
    return h, out


def entropy():
    level, sentence, tokens = {(((START,), Fraction(1)),): 1.0}, 0.0, 0.0
    while level:
        after = defaultdict(float)
        for state, p in level.items():
            h, out = follow(state)
            sentence += p * h
            tokens += p  # the next word or the end
            for s, q in out:
                after[s] += p * q
        level = after
    return sentence, sentence / tokens


def sample(symbol):
    if symbol not in G:
        return [symbol]
    rhs = rng.choices([r for _, r in G[symbol]], [float(p) for p, _ in G[symbol]])[0]
    return [w for s in rhs for w in sample(s)]


def changed(words):
    """One word changed, mostly to another of its class."""
    i = rng.randrange(len(words))
    classes = [[r[0] for _, r in a] for a in G.values() if any(r == (words[i],) for _, r in a)]
    new = rng.choice([
        lambda: [rng.choice(rng.choice(classes))] if classes else [], lambda: [rng.choice(vocabulary)],
        lambda: [], lambda: [words[i], words[i - 1]], lambda: [{"is": "are", "are": "is"}.get(words[i], words[i].title())],
    ])()
    return words[:i] + [w for w in new if w not in G] + words[i + 1:]


rng = random.Random(5)
vocabulary = sorted({w for a in G.values() for _, rhs in a for w in rhs if w not in G})
texts = [sample(START) for _ in range(120)]
texts += sorted((sample(START) for _ in range(400)), key=len)[-20:]
texts += [changed(x) for x in texts]
sentences = {}
for x in texts:
    p = probability(x) if x else 0
    sentences[" ".join(x)] = math.log(p.numerator) - math.log(p.denominator) if p else None
sentence, token = entropy()
with open("captions.json", "w") as f:
    json.dump({"words": len(vocabulary), "entropy": sentence, "per_token": token, "sentences": sentences}, f, separators=(",", ":"))
    f.write("\n")
