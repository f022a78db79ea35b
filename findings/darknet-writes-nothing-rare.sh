#!/usr/bin/env bash
# Darknet (2018-09-14, Debian), a neural network in C: its generator of text, darknet rnn generate, never writes
# what has a probability below 1e-4. A letter of 1.2e-4 is written as often as it should be, letters
# of 8e-5 never are; of 30,000 words by Zipf's law the last 29,082, which are a third of the text, are missing.
# Where all words are below, of 10,001 equally likely ones, it writes the last word of the vocabulary
# and nothing else, for ever; of 9,999 each has its chance. So does a network of that many words that has not
# learnt yet, or any at a high temperature. It prints no warning, and has no option for it.
#
# The models are made here: they forget what they read and have given probabilities.
#
# Needs Debian 12 on amd64 with darknet's libraries (apt-get install darknet).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download darknet=0.0.0+git20180914.61c9d02e-2+b4 >/dev/null 2>&1
dpkg -x darknet*.deb .
cat >generate.py <<'PY'
import math
import struct
import subprocess
from collections import Counter


def generate(p, tokens, n):
    """What darknet writes, n tokens, where token i always has the probability p[i]."""
    v = len(p)
    with open("model.cfg", "w") as f:
        f.write(f"[net]\nbatch=1\ninputs={v}\n\n[connected]\noutput=1\nactivation=linear\n\n[connected]\noutput={v}\nactivation=linear\n\n[softmax]\n")
    with open("model.weights", "wb") as f:  # a version, images seen; of each layer its biases, then its weights
        f.write(struct.pack("<iiiQ", 0, 2, 0, 0) + bytes(4) + bytes(4 * v) + struct.pack(f"<{v}f", *map(math.log, p)) + bytes(4 * v))
    with open("tokens", "w") as f:
        f.writelines(t + " \n" for t in tokens)
    out = subprocess.run(["usr/bin/darknet", "rnn", "generate", "model.cfg", "model.weights", "-tokens", "tokens", "-temp", "1",
                          "-srand", "1", "-seed", "A", "-len", str(n)], check=True, capture_output=True, text=True).stdout
    return out.split()[1:]


# Letters: 252 of them share the rest.
rare = {"q": 1.2e-4, "x": 8e-5, "y": 8e-5, "z": 8e-5}
names = list(rare) + [f"l{i}" for i in range(252)]
n = 200000
seen = Counter(generate([*rare.values()] + [(1 - sum(rare.values())) / 252] * 252, names, n))
print(f"of {n} letters:", *(f"{l} {seen[l]} (about {n * p:.0f});" for l, p in rare.items()))

v, n = 30000, 20000
norm = sum(1 / (i + 1) for i in range(v))
zipf = [1 / (i + 1) / norm for i in range(v)]
words = list(map(int, generate(zipf, map(str, range(v)), n)))
print(f"of {n} words by Zipf's law: {sum(zipf[w] < 1e-4 for w in words)} below 1e-4 (about {n * sum(p for p in zipf if p < 1e-4):.0f}),",
      f"the last of {v} that is written is {max(words) + 1}; {sum(p >= 1e-4 for p in zipf)} are above")

for v in 9999, 10001:
    words = Counter(map(int, generate([1 / v] * v, map(str, range(v)), 1000)))
    print(f"1000 words of {v} equally likely ones: {len(words)} different, word {v} {words[v - 1]} times")
PY
out=$(nice python3 generate.py)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
of 200000 letters: q 20 (about 24); x 0 (about 16); y 0 (about 16); z 0 (about 16);
of 20000 words by Zipf's law: 0 below 1e-4 (about 6405), the last of 30000 that is written is 918; 918 are above
1000 words of 9999 equally likely ones: 951 different, word 9999 0 times
1000 words of 10001 equally likely ones: 1 different, word 10001 1000 times
EXPECTED
