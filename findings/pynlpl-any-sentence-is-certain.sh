#!/usr/bin/env bash
# PyNLPl 1.2.9: its Markov chain gives each sequence a probability of 1, sentences that it cannot make and
# words that it does not know among them. p() goes along a sequence with the word before in a variable
# that is never set, so that no transition is looked up; and "in", which asks p(), is always true. So
# a test of a model by the likelihood of held-out text, or a filter of what a generator may have
# made, passes everything. The settings are kept as they should be: Viterbi's algorithm, in a class
# made of this one, reads them and finds the best path.
#
# Needs Debian 12.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-pynlpl=1.2.9-1 >/dev/null 2>&1
dpkg -x python3-pynlpl*.deb .
cat >chain.py <<'PY'
import itertools
import math
import random
from importlib.metadata import version

from pynlpl.statistics import HiddenMarkovModel, MarkovChain

print("PyNLPl", version("pynlpl"))
law = {"<s>": {"the": .9, "a": .1}, "the": {"dog": .5, "cat": .5}, "a": {"dog": 1}, "dog": {"</s>": 1}, "cat": {"</s>": 1}}
chain = MarkovChain("<s>", "</s>")
for word, following in law.items():
    chain.settransitions(word, dict(following))


def right(words):
    """The product of the transitions."""
    path = ["<s>", *words, "</s>"]
    return math.prod(law.get(a, {}).get(b, 0) for a, b in zip(path, path[1:]))


for words in ("the dog", "a dog", "a cat", "dog the", "colourless green ideas"):
    words = words.split()
    print(f"{' '.join(words)}: p = {chain.p(words)}, made by the chain: {words in chain}; should be {right(words):.2f}")
print("all pairs of words:", sum(chain.p(list(w)) for w in itertools.product(["the", "a", "dog", "cat"], repeat=2)),
      "should be", sum(right(w) for w in itertools.product(["the", "a", "dog", "cat"], repeat=2)))

random.seed(1)


def draw(keys):
    v = [random.random() for _ in keys]
    return {k: x / sum(v) for k, x in zip(keys, v)}


wrong = 0
for _ in range(200):
    start, step, emit = draw("ABC"), {s: draw("ABC") for s in "ABC"}, {s: draw("xy") for s in "ABC"}
    model = HiddenMarkovModel("<s>")
    model.settransitions("<s>", dict(start))
    for s in "ABC":
        model.settransitions(s, dict(step[s]))
        model.setemission(s, dict(emit[s]))
    seen = random.choices("xy", k=5)
    best = max(start[p[0]] * math.prod(step[a][b] for a, b in zip(p, p[1:])) * math.prod(emit[s][o] for s, o in zip(p, seen))
               for p in itertools.product("ABC", repeat=5))
    wrong += abs(model.viterbi(seen)[0] - best) > 1e-12
print(f"Viterbi's path is not the best in {wrong} of 200")
PY
out=$(PYTHONPATH=usr/lib/python3/dist-packages /usr/bin/python3 chain.py 2>/dev/null)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
PyNLPl 1.2.9
the dog: p = 1, made by the chain: True; should be 0.45
a dog: p = 1, made by the chain: True; should be 0.10
a cat: p = 1, made by the chain: True; should be 0.00
dog the: p = 1, made by the chain: True; should be 0.00
colourless green ideas: p = 1, made by the chain: True; should be 0.00
all pairs of words: 16 should be 1.0
Viterbi's path is not the best in 0 of 200
EXPECTED
