"""BLEU and self-BLEU against a plain Python table of counts, in turn.

    python3 internal/bench/bleu.py [--textgan BINARY] [--rounds N] [HYPOTHESES REFERENCES]

Both sides take the whole process: read, split at white space, count, score with
method1. Orders 2 to 5 are printed; every side computes 1 to 5, which cumulative
BLEU needs anyway. Without files the lines are 10,000 and 10,000 of the built-in
captions. The values of both sides are compared to 1e-9. fast-bleu takes part
if it is installed (pip install fast-bleu needs a C++ compiler).
"""
import argparse
import json
import math
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

ORDERS = 5


def counts(tokens, n):
    table = {}
    for gram in zip(*[tokens[i:] for i in range(n)]):
        table[gram] = table.get(gram, 0) + 1
    return table


def plain(hypotheses, references):
    """Mean sentence BLEU-1..5; references None: every line against all others."""
    read = lambda name: [line.lower().split() for line in open(name, encoding="utf-8")]
    hyps = read(hypotheses)
    refs = hyps if references is None else read(references)
    own = references is None
    lengths = {}
    for ref in refs:
        lengths[len(ref)] = lengths.get(len(ref), 0) + 1
    sums = [0.0] * ORDERS
    logs = [[0.0] * ORDERS for _ in hyps]
    dead = [False] * len(hyps)
    for n in range(1, ORDERS + 1):
        best, second, owner = {}, {}, {}
        for i, ref in enumerate(refs):
            for gram, c in counts(ref, n).items():
                most = best.get(gram, 0)
                if c > most:
                    best[gram], owner[gram] = c, i
                    if own and most:
                        second[gram] = most
                elif own and c > second.get(gram, 0):
                    second[gram] = c
        for i, hyp in enumerate(hyps):
            match = 0
            for gram, c in counts(hyp, n).items():
                most = best.get(gram, 0)
                if own and owner[gram] == i:
                    most = second.get(gram, 0)
                match += min(c, most)
            if n == 1 and match == 0:
                dead[i] = True
            logs[i][n - 1] = math.log((match or 0.1) / max(1, len(hyp) - n + 1))
    brevity = {}
    for i, hyp in enumerate(hyps):
        if dead[i]:
            continue
        size = len(hyp)
        if size not in brevity:
            near = [n for n, k in lengths.items() if not (own and n == size and k == 1)]
            closest = min(near, key=lambda n: (abs(n - size), n))
            brevity[size] = min(1.0, math.exp(1 - closest / size))
        total = 0.0
        for n in range(ORDERS):
            total += logs[i][n]
            sums[n] += brevity[size] * math.exp(total / (n + 1))
    return [s / len(hyps) for s in sums]


def fast(hypotheses, references):
    import fast_bleu
    read = lambda name: [line.lower().split() for line in open(name, encoding="utf-8")]
    weights = {n: (1 / n,) * n for n in range(1, ORDERS + 1)}
    hyps = read(hypotheses)
    scores = fast_bleu.SelfBLEU(hyps, weights).get_score() if references is None else fast_bleu.BLEU(read(references), weights).get_score(hyps)
    return [statistics.fmean(scores[n]) for n in range(1, ORDERS + 1)]


def timed(command):
    """Values, seconds and CPU seconds of a process."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    values = json.loads(out)
    if isinstance(values, dict):
        values = values.get("bleu") or values["self_bleu"]
        values = [values[str(n)] for n in range(1, ORDERS + 1)]
    return values, wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--textgan", default="bin/textgan")
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("files", nargs="*", metavar="HYPOTHESES REFERENCES")
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        if len(a.files) != 2:
            a.files = []
            for seed in "1", "2":
                a.files.append(os.path.join(scratch, seed))
                with open(a.files[-1], "w") as f:
                    subprocess.run([a.textgan, "corpus", "generate", "captions", "-n", "10000", "--seed", seed], check=True, stdout=f)
        hyp, ref = a.files
        ours = [a.textgan, "eval"], ["--json", "--tokenizer", "whitespace"]
        sides = {"textgan": None, "plain Python": "plain"}
        try:
            import fast_bleu  # noqa: F401
            sides["fast-bleu"] = "fast"
        except ImportError:
            pass
        print("| work | side | s | CPU s | BLEU-2..5 |\n|---|---|---|---|---|")
        for work in "bleu", "self-bleu":
            texts = [hyp, ref] if work == "bleu" else [hyp]
            runs = {side: [] for side in sides}
            for _ in range(a.rounds):
                for side, function in sides.items():
                    if function:
                        command = [sys.executable, __file__, "--one", function] + texts
                    else:
                        command = ours[0] + [work, "--hyp", hyp] + (["--ref", ref] if work == "bleu" else []) + ours[1]
                    runs[side].append(timed(command))
            for side, r in runs.items():
                for x, y in zip(r[0][0], runs["textgan"][0][0]):
                    assert abs(x - y) < (1e-7 if side == "fast-bleu" else 1e-9), (side, r[0][0], runs["textgan"][0][0])
                values = " ".join("%.4f" % v for v in r[0][0][1:])
                print("| %s | %s | %.3f | %.3f | %s |" % (work, side, statistics.median(x[1] for x in r), statistics.median(x[2] for x in r), values))


if len(sys.argv) > 3 and sys.argv[1] == "--one":
    texts = sys.argv[3:] + [None]
    print(json.dumps({"plain": plain, "fast": fast}[sys.argv[2]](texts[0], texts[1])))
else:
    main()
