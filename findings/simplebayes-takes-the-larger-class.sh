#!/usr/bin/env bash
# simplebayes 1.5.8 (Python): a naive Bayes classifier that finds nothing of a class as soon as the other one
# has twice as much text: of 1000 new texts of 20 words 49, of 200 words none. A word's share of a
# class is taken from counts instead of frequencies, so that the size of the class is in it, and is
# multiplied by that size again; and what the words tell is added, not multiplied, so that a long
# text has the class that the average word has. A classifier that tells generated from real text,
# trained on 10,000 real lines and 5,000 generated ones, would say that all are real. The same counts by
# Bayes' rule, smoothed by one, find all; with as much text of either simplebayes does too.
#
# Needs Debian 12.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-simplebayes=1.5.7-2 >/dev/null 2>&1
dpkg -x python3-simplebayes*.deb .
cat >bayes.py <<'PY'
import math
import random
from collections import Counter
from importlib.metadata import version

from simplebayes import SimpleBayes

print("simplebayes", version("simplebayes"))
random.seed(1)
words = [f"word{i}" for i in range(50)]
# The one says word49 fifty times as often as word0, the other the other way round.
weights = {"one": range(1, 51), "other": range(50, 0, -1)}


def text(label, n):
    return random.choices(words, weights[label], k=n)


def found(classify, label, n):
    return sum(classify(text(label, n)) == label for _ in range(1000))


for share in (1, 1.2, 1.5, 2, 5):
    texts = {"one": int(200 * share), "other": 200}
    bayes, counts = SimpleBayes(), {label: Counter() for label in texts}
    for label, times in texts.items():
        for _ in range(times):
            t = text(label, 20)
            bayes.train(label, " ".join(t))
            counts[label].update(t)

    def theirs(t):
        return bayes.classify(" ".join(t))

    def rule(t):
        return max(texts, key=lambda label: math.log(texts[label]) + sum(
            math.log((counts[label][w] + 1) / (counts[label].total() + len(words))) for w in t))

    for n in (20, 200):
        print(f"{texts['one']} texts of one, 200 of the other; of 1000 new ones of {n} words found:",
              f"one {found(theirs, 'one', n)}, other {found(theirs, 'other', n)};",
              f"by Bayes' rule {found(rule, 'one', n)}, {found(rule, 'other', n)}")
PY
out=$(PYTHONPATH=usr/lib/python3/dist-packages /usr/bin/python3 bayes.py)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
simplebayes 1.5.8
200 texts of one, 200 of the other; of 1000 new ones of 20 words found: one 997, other 1000; by Bayes' rule 1000, 995
200 texts of one, 200 of the other; of 1000 new ones of 200 words found: one 1000, other 1000; by Bayes' rule 1000, 1000
240 texts of one, 200 of the other; of 1000 new ones of 20 words found: one 1000, other 964; by Bayes' rule 999, 999
240 texts of one, 200 of the other; of 1000 new ones of 200 words found: one 1000, other 1000; by Bayes' rule 1000, 1000
300 texts of one, 200 of the other; of 1000 new ones of 20 words found: one 1000, other 605; by Bayes' rule 1000, 998
300 texts of one, 200 of the other; of 1000 new ones of 200 words found: one 1000, other 753; by Bayes' rule 1000, 1000
400 texts of one, 200 of the other; of 1000 new ones of 20 words found: one 1000, other 49; by Bayes' rule 997, 998
400 texts of one, 200 of the other; of 1000 new ones of 200 words found: one 1000, other 0; by Bayes' rule 1000, 1000
1000 texts of one, 200 of the other; of 1000 new ones of 20 words found: one 1000, other 0; by Bayes' rule 999, 999
1000 texts of one, 200 of the other; of 1000 new ones of 200 words found: one 1000, other 0; by Bayes' rule 1000, 1000
EXPECTED
