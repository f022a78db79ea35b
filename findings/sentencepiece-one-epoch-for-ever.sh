#!/usr/bin/env bash
# SentencePiece 0.1.97: with a seed set, sampled segmentations of a batch are the same in every
# epoch, so that subword regularisation is a fixed, odd segmentation and no regularisation. Each
# call on a list starts new threads, and each thread starts its own generator from the one seed:
# the sentences of one call share their draws too (eight copies of a sentence: two segmentations
# with four threads, one with eight), and the result hangs on the number of threads. Sentences
# given one by one, or no seed, are drawn as they should be.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download python3-sentencepiece=0.1.97-3+b1 libsentencepiece0=0.1.97-3+b1 >/dev/null 2>&1
for deb in *.deb; do dpkg -x "$deb" .; done
cat >batches.py <<'PY'
import random
import sys

import sentencepiece

random.seed(1)
words = ["".join(random.choices("abcde", k=random.randint(2, 7))) for _ in range(300)]
with open("corpus.txt", "w") as f:
    f.writelines(" ".join(random.choices(words, k=8)) + "\n" for _ in range(2000))
sentencepiece.SentencePieceTrainer.train(input="corpus.txt", model_prefix="m", vocab_size=200, num_threads=1, minloglevel=2)
sp = sentencepiece.SentencePieceProcessor(model_file="m.model")
sentence = " ".join(words[:12])
sampling = {"enable_sampling": True, "nbest_size": -1, "alpha": 0.1}


def told(name, epochs):
    epochs = [[tuple(s) for s in e] for e in epochs]
    print(f"{name}: {len(set(epochs[0]))} segmentations in the first epoch, {len(set(sum(epochs, [])))} in five")


def batches(name, threads):
    told(name, [sp.encode([sentence] * 8, num_threads=threads, **sampling) for _ in range(5)])


if sys.argv[1] == "seeded":
    print("SentencePiece", sentencepiece.__version__, "- a sentence eight times, five epochs")
    sentencepiece.set_random_generator_seed(1)
    for threads in 1, 2, 4, 8:
        batches(f"seed 1, a list, {threads} threads", threads)
    told("seed 1, one by one", [[sp.encode(sentence, **sampling) for _ in range(8)] for _ in range(5)])
else:
    drawn = {tuple(s) for _ in range(5) for s in sp.encode([sentence] * 8, num_threads=4, **sampling)}
    print("no seed, a list, 4 threads:", "more than 20" if len(drawn) > 20 else len(drawn), "in five")
PY
run() { PYTHONPATH=usr/lib/python3/dist-packages LD_LIBRARY_PATH=usr/lib/x86_64-linux-gnu /usr/bin/python3 batches.py "$1"; }
out=$(run seeded && run unseeded)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
SentencePiece 0.1.97 - a sentence eight times, five epochs
seed 1, a list, 1 threads: 7 segmentations in the first epoch, 7 in five
seed 1, a list, 2 threads: 4 segmentations in the first epoch, 4 in five
seed 1, a list, 4 threads: 2 segmentations in the first epoch, 2 in five
seed 1, a list, 8 threads: 1 segmentations in the first epoch, 1 in five
seed 1, one by one: 7 segmentations in the first epoch, 30 in five
no seed, a list, 4 threads: more than 20 in five
EXPECTED
