#!/usr/bin/env bash
# NLTK 3.8: BLEU of a sentence can exceed 1. The smoothing functions method5 and method7
# average a precision with its neighbours, the one before the first being the first plus
# 1: six words against themselves have BLEU-1 4/3. And a two-word sentence against itself has
# BLEU-4 below 1 under method1, which puts 0.1/0 n-grams at 0.1/1.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-nltk=3.8-1 python3-{regex,joblib,click,tqdm} >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" nltk; done
cat >bleu.py <<'PY'
import warnings

import nltk
from nltk.translate.bleu_score import SmoothingFunction, sentence_bleu

warnings.simplefilter("ignore")
print("NLTK", nltk.__version__)
s = SmoothingFunction()
for name, words, n in [("method5", "a b c d e f".split(), 1), ("method7", "a b c d e f".split(), 1), ("method1", "a b".split(), 4), ("method1", "a b c d".split(), 4)]:
    score = sentence_bleu([words], words, weights=[1 / n] * n, smoothing_function=getattr(s, name))
    print(f"BLEU-{n} of {len(words)} words against themselves, {name}: {score:.4f}")
PY
out=$(PYTHONPATH=nltk/usr/lib/python3/dist-packages /usr/bin/python3 bleu.py)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
NLTK 3.8
BLEU-1 of 6 words against themselves, method5: 1.3333
BLEU-1 of 6 words against themselves, method7: 1.3333
BLEU-4 of 2 words against themselves, method1: 0.3162
BLEU-4 of 4 words against themselves, method1: 1.0000
EXPECTED
