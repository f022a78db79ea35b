"""Trains one GAN under several tau schedules and prints what each comes to.

usage: python3 make_tau.py TEXTGAN > tau.txt

It is the default GAN of its time with less likelihood training before it. Every schedule
starts from the same weights, once per seed.
"""
import json
import statistics
import subprocess
import sys
import tempfile

SCHEDULES = ["0.25", "0.5", "1", "2", "exponential:from=1,to=0.5", "adaptive:entropy=0.5", "adaptive:entropy=1", "adaptive:max-prob=0.7"]
SEEDS = [1, 2, 3]
SETTINGS = ["--hidden", "64", "--dropout", "0", "--lr", ".004", "--lr-schedule", "constant", "--normalize", "batch", "--g-lr", "1e-4", "--mle-steps", "1500", "--patience", "0", "--eval-every", "0", "--adv-steps", "400", "--eval-samples", "2000"]


def run(schedule, seed):
    """Returns the evaluations after likelihood and at the end, and the last tau."""
    with tempfile.TemporaryDirectory() as d:
        args = [sys.argv[1], "train", "--run", d + "/run", "--json", "--tau-schedule", schedule, "--seed", str(seed)] + SETTINGS
        out = subprocess.run(args, check=True, capture_output=True, text=True).stdout
        lines = [json.loads(line) for line in out.splitlines()]
        taus = [json.loads(line)["tau"] for line in open(d + "/run/metrics.jsonl") if '"tau"' in line]
        return lines[0], lines[-1], taus[-1]


def scores(e):
    valid = e["language"]["valid"] / e["language"]["sentences"]
    return [e["nll"], 100 * valid, e["language"]["nll_oracle_per_token"], e["bleu"]["4"], e["self_bleu"]["4"]]


def row(name, runs, tau):
    cells = []
    for i, digits in enumerate([4, 1, 4, 4, 4]):
        values = [r[i] for r in runs]
        cells.append("%.*f ± %.*f" % (digits, statistics.mean(values), digits, statistics.stdev(values)))
    print("%-28s %10s  " % (name, tau) + "  ".join("%16s" % c for c in cells), flush=True)


print("textgan train " + " ".join(SETTINGS) + " --tau-schedule SCHEDULE; mean and standard deviation over seeds " + ", ".join(map(str, SEEDS)) + "\n")
print("%-28s %10s  " % ("schedule", "last tau") + "  ".join("%16s" % c for c in ["NLL", "valid %", "NLL_oracle", "BLEU-4", "self-BLEU-4"]))
for i, schedule in enumerate(SCHEDULES):
    results = [run(schedule, seed) for seed in SEEDS]
    if i == 0:
        row("after likelihood", [scores(first) for first, _, _ in results], "-")
    row(schedule, [scores(last) for _, last, _ in results], "%.3g" % statistics.mean(t for _, _, t in results))
