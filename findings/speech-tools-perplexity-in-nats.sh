#!/usr/bin/env bash
# Edinburgh Speech Tools 2.5.0, beneath Festival: the perplexity that ngram_test prints is 2 to the power of
# an entropy in nats, which is the true one to the power of .69: a model of 1000 equally likely words
# has 120, one of ten has 5. Against what another toolkit prints, any model of it is better. And the ends of
# sentences are not counted, though they are learnt, stand in the model's file and are asked for
# (-last_tag): a hundred lines of one word are as certain as can be, where each might as well have gone on.
# The help has an "unnormalised entropy" without a unit, and nothing of ends.
#
# Needs Debian 12 on amd64 with libpulse0 (apt-get install libpulse0).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download speech-tools=1:2.5.0-13 libestools2.5=1:2.5.0-13 >/dev/null 2>&1
for p in *.deb; do dpkg -x "$p" .; done
cat >ngrams.py <<'PY'
import math
import random
import subprocess
from collections import Counter


def write(path, lines):
    with open(path, "w") as f:
        f.writelines(" ".join(line) + "\n" for line in lines)


def run(program, *args):
    return subprocess.run(["usr/bin/" + program, *args], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def build(order, words, text):
    write("words", [[w] for w in words])
    write("text", text)
    run("ngram_build", "-w", "words", "-order", str(order), "-default_tags", "-o", "model", "text")


def told(text):
    """What ngram_test prints: how many words, their entropy, their perplexity."""
    write("text", text)
    lines = run("ngram_test", "-g", "model", "-default_tags", "text").splitlines()
    count = run("ngram_test", "-g", "model", "-default_tags", "-raw_stats", "text").split("count")[1].split()[0]
    return int(count), *(float(l.split()[-1]) for l in lines[-2:])


random.seed(1)
for v in 2, 10, 1000:
    words = [f"w{i}" for i in range(v)]
    text = words * 10
    random.shuffle(text)
    # One sentence, so that its end hardly weighs.
    build(1, words, [text])
    count, entropy, perplexity = told([text])
    end = (len(text) + 1) / len(text)
    print(f"{v} words, equally likely: {count} words, entropy {entropy:.4f} (nats {math.log(v * end):.4f}, bits {math.log2(v * end):.4f}),",
          f"perplexity {perplexity:.2f} (should be {v * end:.2f})")

# Half of the sentences that have come to a place end there.
texts = [["a"] * n for n in range(1, 11) for _ in range(2 ** (10 - n))]
build(2, ["a"], texts)
bigrams = Counter()
with open("model") as f:
    for line in list(f)[3:]:
        gram, n = line.split(" : ")
        bigrams[tuple(gram.split())] = float(n)
print("the bigrams learnt:", *(f"{' '.join(g)} {n:.0f}," for g, n in sorted(bigrams.items())))
for name, test in ("a hundred lines of one word", [["a"]] * 100), ("one line of a hundred words", [["a"] * 100]):
    p = {g: n / sum(m for h, m in bigrams.items() if h[0] == g[0]) for g, n in bigrams.items()}
    nats = [-math.log(p[g]) for line in test for g in zip(["!ENTER"] + line, line + ["!EXIT"])]
    count, _, perplexity = told(test)
    print(f"{name}: {count} words, perplexity {perplexity:.3f}; of {len(nats)} with ends it is {math.exp(sum(nats) / len(nats)):.3f}")
PY
out=$(LD_LIBRARY_PATH=$dir/usr/lib/x86_64-linux-gnu:$dir/usr/lib python3 ngrams.py)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
2 words, equally likely: 20 words, entropy 0.7419 (nats 0.7419, bits 1.0704), perplexity 1.67 (should be 2.10)
10 words, equally likely: 100 words, entropy 2.3125 (nats 2.3125, bits 3.3363), perplexity 4.97 (should be 10.10)
1000 words, equally likely: 10000 words, entropy 6.9079 (nats 6.9079, bits 9.9659), perplexity 120.08 (should be 1000.10)
the bigrams learnt: !ENTER a 1023, a !EXIT 1023, a a 1013,
a hundred lines of one word: 100 words, perplexity 1.000; of 200 with ends it is 1.411
one line of a hundred words: 100 words, perplexity 1.615; of 101 with ends it is 1.996
EXPECTED
