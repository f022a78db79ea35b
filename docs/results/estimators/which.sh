#!/bin/sh
# Which estimator to train with: all of them from one start, for the same seconds
# each, on the built-in corpus and on a text of your own, with three seeds.
# Writes which.txt beside this script, or into DIRECTORY.
#
# usage: sh which.sh TEXTGAN [CORPUS [SECONDS [DIRECTORY]]]
#
# SECONDS (default 2) of wall clock are what an estimator trains for, so run it on
# a machine that does nothing else. In all it takes about
#   2 corpora x 3 seeds x (45 s + 21 estimators x (1.1 SECONDS + 1 s))
# which would be 11 minutes with the default (nine were seen), and half of that without CORPUS. 20 seconds
# (50 minutes) say more. CORPUS is any text, one sentence a line; COCO captions
# for the table of the documentation.
set -e
textgan=$1 corpus=$2 seconds=${3:-2} out=${4:-$(dirname "$0")}
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
mkdir -p "$out"

# zgr is reinmax at tau 1, and reinforce-constant is reinforce.
estimators=${ESTIMATORS:-gumbel-softmax,st-gumbel,straight-through,gumbel-rao,gapped-st,decoupled-st,reinmax,reinmax-loo,reinmax-rao,reinmax-cv,reinforce,reinforce-moving-average,self-critic,rloo,rloo-optimal,double-cv,double-cv:alpha=auto,maligan,seqgan,all-action,unordered-set}
seeds=${SEEDS:-1 2 3}

# compare NAME ARGUMENT ...: a start for every seed, and all estimators from it. A
# hard game (--estimator st-gumbel), so that no estimator judges what it never saw.
compare() {
	name=$1
	shift
	for seed in $seeds; do
		run="$runs/$name-$seed"
		echo "$name, seed $seed" >&2
		"$textgan" train --run "$run" --seed "$seed" --estimator st-gumbel --tau-schedule 1 --adv-steps 1 \
			--hidden 64 --dropout 0 --lr .004 --lr-schedule constant --normalize batch --g-lr 1e-4 --patience 0 --eval-every 0 --eval-samples 400 "$@" $TRAIN >/dev/null 2>"$runs/talk" || { cat "$runs/talk" >&2; exit 1; }
		"$textgan" eval estimators --run "$run" --seconds "$seconds" --estimators "$estimators" --feedback straight-through \
			--seed "$seed" --samples 32 --reference 300 --json >"$runs/$name-$seed.json" 2>"$runs/talk" || { cat "$runs/talk" >&2; exit 1; }
	done
}

compare builtin --mle-steps 1500
if [ -n "$corpus" ]; then
	# its short sentences, so that what completes them fits into the time too
	awk 'NF <= 15' "$corpus" | head -n 8000 >"$runs/corpus.txt"
	compare corpus --corpus "$runs/corpus.txt" --vocab-size 1000 --batch 32 --mle-steps 600
fi

python3 - "$runs" "$seconds" "$(basename "${corpus:-}")" >"$out/which.txt" <<'END'
import glob, json, statistics, sys

runs, seconds, corpus = sys.argv[1:]
for name in ("builtin", "corpus"):
    files = sorted(glob.glob(f"{runs}/{name}-*.json"))
    if not files:
        continue
    tables = [json.load(open(f)) for f in files]
    print(f"{'the built-in corpus' if name == 'builtin' else corpus}: {seconds} seconds of adversarial steps each, {len(files)} seeds; mean ± deviation\n")
    columns = [("steps", lambda r: r["steps"], "%.0f"), ("NLL", lambda r: r["end"].get("nll"), "%.4f"),
               ("BLEU-4", lambda r: r["end"]["bleu"]["4"], "%.4f"), ("self-BLEU-4", lambda r: r["end"]["self_bleu"]["4"], "%.4f"),
               ("valid", lambda r: language(r, "share"), "%.4f"), ("NLL_oracle", lambda r: language(r, "nats"), "%.4f"),
               ("MSE in 1 s", lambda r: r["equal_time_mse"][1], "%.3g")]

    def language(row, what):
        l = row["end"].get("language")
        if not l or what == "nats" and l["valid"] == 0:
            return None
        return l["valid"] / l["sentences"] if what == "share" else l["nll_oracle_per_token"]

    def cell(values, form):
        if not values or any(v is None for v in values):
            return "-"
        spread = statistics.stdev(values) if len(values) > 1 else 0.0
        return (form + " ± " + ("%.1g" if form == "%.3g" else form.replace("+", ""))) % (statistics.mean(values), spread)

    start = [dict(steps=0, end=t["start"], equal_time_mse=[None] * 3) for t in tables]
    rows = [["estimator"] + [c[0] for c in columns] + ["frontier (gap)"]]
    rows.append(["at the start"] + [cell([f(r) for r in start], form) for _, f, form in columns] + ["-"])
    for i, first in enumerate(tables[0]["estimators"]):
        same = [t["estimators"][i] for t in tables]
        places = [r["verdict"]["place"] for r in same if "verdict" in r]
        told = ", ".join(f"{places.count(p)} {p}" for p in dict.fromkeys(places)) or "-"
        gaps = cell([r["verdict"]["gap"] for r in same if "verdict" in r], "%+.4f")
        end = "" if not any(r.get("diverged") for r in same) else ", diverged"
        rows.append([first["estimator"]] + [cell([f(r) for r in same], form) for _, f, form in columns] + [f"{told} ({gaps}){end}"])
    widths = [max(len(r[k]) for r in rows) for k in range(len(rows[0]))]
    for r in rows:
        print("  ".join(c.rjust(w) for c, w in zip(r, widths)))
    print()
END
echo "$out/which.txt" >&2
