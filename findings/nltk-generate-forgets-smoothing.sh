#!/usr/bin/env bash
# NLTK 3.8: a smoothed n-gram model does not sample from its own probabilities. generate()
# draws among the words that training has behind the context, so what score() gives to all
# others is never drawn: here 85 % of the mass of a next word under Laplace, 38 % under
# Witten-Bell. A baseline's texts hold no new bigram however it is smoothed, and score better
# under it than its entropy. MLE, which has no such words, is right. The manual says
# "Generate words from the model".
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-nltk=3.8-1 python3-{regex,joblib,click,tqdm} >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" nltk; done
cat >generate.py <<'PY'
from math import log2

import nltk
from nltk.lm import MLE, KneserNeyInterpolated, Laplace, WittenBellInterpolated
from nltk.lm.preprocessing import pad_both_ends, padded_everygram_pipeline

print("NLTK", nltk.__version__)
names = "ann ben cat dan eve fay gus hal ida jim kim leo".split()
verbs = "sees hears likes knows calls helps meets finds pays asks".split()
text = [[n, verbs[i % 10], names[(5 * i + 1) % 12]] for i, n in enumerate(names)]
seen = {b for s in text for b in nltk.bigrams(pad_both_ends(s, 2))}
for kind in MLE, Laplace, WittenBellInterpolated, KneserNeyInterpolated:
    lm = kind(2)
    lm.fit(*padded_everygram_pipeline(2, text))
    p = {w: lm.score(w, ["ann"]) for w in lm.vocab}
    new = sum(q for w, q in p.items() if ("ann", w) not in seen)
    drawn = [lm.generate(text_seed=["ann"], random_seed=i) for i in range(2000)]
    entropy = -sum(q * log2(q) for q in p.values() if q > 0)
    nll = -sum(lm.logscore(w, ["ann"]) for w in drawn) / len(drawn)
    print(f"{kind.__name__}: new words behind 'ann' {new:.2f} by score, {sum(('ann', w) not in seen for w in drawn)} of 2000 drawn; entropy {entropy:.2f}, bits of the drawn {nll:.2f}")
PY
out=$(PYTHONPATH=nltk/usr/lib/python3/dist-packages /usr/bin/python3 generate.py)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
NLTK 3.8
MLE: new words behind 'ann' 0.00 by score, 0 of 2000 drawn; entropy 1.00, bits of the drawn 1.00
Laplace: new words behind 'ann' 0.85 by score, 0 of 2000 drawn; entropy 4.61, bits of the drawn 3.75
WittenBellInterpolated: new words behind 'ann' 0.38 by score, 0 of 2000 drawn; entropy 3.11, bits of the drawn 1.67
KneserNeyInterpolated: new words behind 'ann' 0.07 by score, 0 of 2000 drawn; entropy 1.60, bits of the drawn 1.10
EXPECTED
