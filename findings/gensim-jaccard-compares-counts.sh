#!/usr/bin/env bash
# gensim 4.2.0: its Jaccard distance (matutils.jaccard) of two texts given as dense vectors looks at which counts
# occur in them and not of what: texts without a word in common are at 0, like a text and itself, if their words
# occur as often; of 4950 pairs of other texts, ten words of 25 each, 2630 are at 0. Given as bags of words
# no two texts are nearer than 1/2, a text and itself included, so that one pair is at 1 or at 0 by how
# it is written, and a near duplicate is never found by a bound below 1/2. The manual takes arrays and bags
# alike, and has a range "where 0 is min distance". piskvorky/gensim#2841, open since 2020, tells of the
# bags and not of the vectors. Hellinger's distance of the same module is one for both.
#
# Needs Debian 12 on amd64 with python3-scipy (apt-get install python3-scipy).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-gensim=4.2.0+dfsg-1+deb12u1 python3-smart-open=5.2.1-5 >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" .; done
cat >jaccard.py <<'PY'
import itertools
import random
import warnings

warnings.filterwarnings("ignore")
import gensim
import numpy as np
from gensim.corpora import Dictionary
from gensim.matutils import hellinger, jaccard, sparse2full

print("gensim", gensim.__version__)
texts = ["a dog barks".split(), "two cats sleep".split(), "a dog sleeps a dog".split()]
words = Dictionary(texts)


def defined(x, y):
    """One less the common words by all words, each as often as it occurs."""
    return 1 - np.minimum(x, y).sum() / np.maximum(x, y).sum()


for a, b in itertools.combinations_with_replacement(texts, 2):
    bags = words.doc2bow(a), words.doc2bow(b)
    dense = [sparse2full(x, len(words)) for x in bags]
    print(f"'{' '.join(a)}', '{' '.join(b)}': bags {jaccard(*bags):.3f}, dense {jaccard(*dense):.3f}, by definition {defined(*dense):.3f};",
          f"Hellinger {hellinger(*[[(i, n / d.sum()) for i, n in v] for v, d in zip(bags, dense)]):.3f}, {hellinger(*[d / d.sum() for d in dense]):.3f}")

random.seed(1)
texts = [[f"w{i}" for i in random.choices(range(25), k=10)] for _ in range(100)]
words = Dictionary(texts)
bags = [words.doc2bow(t) for t in texts]
pairs = list(itertools.combinations([sparse2full(x, len(words)) for x in bags], 2))
print(f"{len(pairs)} pairs of other texts: dense, {sum(jaccard(*p) == 0 for p in pairs)} at 0;",
      f"bags, {sum(jaccard(*p) < .5 for p in itertools.product(bags, bags))} of all pairs below 1/2;",
      f"by definition, the nearest at {min(defined(*p) for p in pairs):.3f}")
PY
out=$(PYTHONPATH=usr/lib/python3/dist-packages /usr/bin/python3 jaccard.py)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
gensim 4.2.0
'a dog barks', 'a dog barks': bags 0.500, dense 0.000, by definition 0.000; Hellinger 0.000, 0.000
'a dog barks', 'two cats sleep': bags 1.000, dense 0.000, by definition 1.000; Hellinger 1.000, 1.000
'a dog barks', 'a dog sleeps a dog': bags 0.750, dense 0.333, by definition 0.667; Hellinger 0.519, 0.519
'two cats sleep', 'two cats sleep': bags 0.500, dense 0.000, by definition 0.000; Hellinger 0.000, 0.000
'two cats sleep', 'a dog sleeps a dog': bags 1.000, dense 0.333, by definition 1.000; Hellinger 1.000, 1.000
'a dog sleeps a dog', 'a dog sleeps a dog': bags 0.500, dense 0.000, by definition 0.000; Hellinger 0.000, 0.000
4950 pairs of other texts: dense, 2630 at 0; bags, 0 of all pairs below 1/2; by definition, the nearest at 0.462
EXPECTED
