#!/usr/bin/env bash
# NLTK 3.8: METEOR knows hardly any synonyms, and does not align as its manual says. What is left
# of two sentences behind the stemmer is looked up in WordNet as stems: "happi" and "automobil"
# are no words, so that "glad" and "happy", "car" and "automobile" have no match. Of the
# synonyms in WordNet three in ten are found; with a stemmer that does nothing, all. And a repeated
# word is matched with the last of its kind, where the manual has "the match which has the least
# number of crossing": the beginning of a sentence scores less than its end, and a pair of
# sentences need not score what it scores read backwards, with the same order, precision and recall.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-nltk=3.8-1 python3-{regex,joblib,click,tqdm} wordnet-base=1:3.0-37 >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" .; done
# The names of the 45 files of lexicographers, which Debian leaves out and no score reads.
for i in $(seq 0 44); do printf '%02d\tfile%d\t1\n' "$i" "$i"; done >usr/share/wordnet/lexnames
cat >meteor.py <<'PY'
import itertools
import random
import warnings

import nltk
from nltk.corpus.reader.wordnet import WordNetCorpusReader
from nltk.stem import PorterStemmer
from nltk.translate.meteor_score import align_words, single_meteor_score

warnings.simplefilter("ignore")
print("NLTK", nltk.__version__)
wordnet = WordNetCorpusReader("usr/share/wordnet", None)
porter = PorterStemmer()


class Same:
    """A stemmer that changes nothing."""

    def stem(self, word):
        return word


def score(reference, hypothesis, **options):
    return single_meteor_score(reference, hypothesis, wordnet=wordnet, **options)


for a, b in ("happy", "glad"), ("car", "automobile"), ("buy", "purchase"), ("movie", "film"), ("begin", "start"):
    shared = {s for s in wordnet.synsets(a)} & {s for s in wordnet.synsets(b)}
    print(f"{a}, {b}: {len(shared)} synsets in common, stems {porter.stem(a)}, {porter.stem(b)}; METEOR {score([a], [b]):.1f}, without a stemmer {score([a], [b], stemmer=Same()):.1f}")

pairs = set()
for s in wordnet.all_synsets():
    words = sorted({n for n in s.lemma_names() if n.isalpha() and n.islower()})
    pairs.update((a, b) for a, b in itertools.combinations(words, 2) if porter.stem(a) != porter.stem(b))
pairs = random.Random(1).sample(sorted(pairs), 2000)
for name, stemmer in ("Porter", porter), ("none", Same()):
    found = sum(bool(align_words([a], [b], stemmer=stemmer, wordnet=wordnet)[0]) for a, b in pairs)
    print(f"stemmer {name}: {found} of {len(pairs)} pairs of synonyms match")


def crossings(match):
    return sum((i - k) * (j - m) < 0 for (i, j), (k, m) in itertools.combinations(match, 2))


def matches(reference, hypothesis):
    """All ways to match equal words."""
    if not hypothesis:
        yield ()
        return
    last = len(hypothesis) - 1
    for match in matches(reference, hypothesis[:-1]):
        yield match
        for j, word in enumerate(reference):
            if word == hypothesis[-1] and all(j != taken for _, taken in match):
                yield match + ((last, j),)


sentence = "the cat and the dog and the bird".split()
for part in sentence[:2], sentence[-2:]:
    print(f"'{' '.join(part)}' for '{' '.join(sentence)}': {score(sentence, part):.3f}")
random.seed(1)
more, turned, n = 0, 0, 1000
for _ in range(n):
    r, h = (random.choices("the a cat dog of".split(), k=6) for _ in range(2))
    found = align_words(h, r, wordnet=wordnet)[0]
    more += crossings(found) > min(crossings(m) for m in matches(r, h) if len(m) == len(found))
    turned += abs(score(r, h) - score(r[::-1], h[::-1])) > 1e-9
print(f"of {n} pairs of sentences {more} are matched with more crossings than need be, {turned} score otherwise backwards")
PY
out=$(PYTHONPATH=usr/lib/python3/dist-packages /usr/bin/python3 meteor.py)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
NLTK 3.8
happy, glad: 1 synsets in common, stems happi, glad; METEOR 0.0, without a stemmer 0.5
car, automobile: 1 synsets in common, stems car, automobil; METEOR 0.0, without a stemmer 0.5
buy, purchase: 1 synsets in common, stems buy, purchas; METEOR 0.0, without a stemmer 0.5
movie, film: 1 synsets in common, stems movi, film; METEOR 0.0, without a stemmer 0.5
begin, start: 5 synsets in common, stems begin, start; METEOR 0.5, without a stemmer 0.5
stemmer Porter: 585 of 2000 pairs of synonyms match
stemmer none: 2000 of 2000 pairs of synonyms match
'the cat' for 'the cat and the dog and the bird': 0.135
'the bird' for 'the cat and the dog and the bird': 0.253
of 1000 pairs of sentences 392 are matched with more crossings than need be, 288 score otherwise backwards
EXPECTED
