#!/bin/sh
# The default GAN on the COCO captions of the Texygen benchmark, beside the
# curve of the maximum-likelihood model of the same size: three seeds each.
#
#   docs/results/coco-gan/run.sh TRAIN TEST [DIR [MLE_DIR]]
#
# MLE_DIR (default runs/coco-mle) holds the runs that docs/results/coco-mle/run.sh
# has made. On two cores about four minutes a seed, and three for the tables.
# Smaller: SEEDS=1 MLE_STEPS=200 ADV_STEPS=20 SAMPLES=500.
set -eu
train=$1 test=$2 dir=${3:-runs/coco-gan} mle=${4:-runs/coco-mle}
here=$(cd "$(dirname "$0")" && pwd)
seeds=${SEEDS:-1 2 3} samples=${SAMPLES:-9984}
out=${OUT:-$here}
bin=${TEXTGAN:-bin/textgan}
[ -x "$bin" ] || make build

mkdir -p "$dir" "$out"
curve= runs=
for seed in $seeds; do
	run=$dir/seed-$seed
	[ -e "$run/report.html" ] || "$bin" train --model gan --corpus "$train" --run "$run" --seed "$seed" \
		--emb 64 --hidden 128 --dropout 0.2 --lr .004 --lr-schedule constant --normalize batch --g-lr 1e-4 --mle-steps "${MLE_STEPS:-3000}" --adv-steps "${ADV_STEPS:-600}" \
		--eval-every 150 >"$dir/seed-$seed.txt"
	curve=$curve,$mle/seed-$seed
	runs=$runs,$run
done
curve=${curve#,} runs=${runs#,}

# The GAN as it is at the end of the game, the curve at its best NLL: there the
# GAN began.
"$bin" eval frontier --run "$curve,$runs" --ref "$test" --tokenizer ptb -n "$samples" \
	--temperatures 0.6,0.7,0.8,0.9,1,1.1 --svg "$out/frontier.svg" --json >"$out/frontier.json"
"$bin" eval frontier --run "$curve,$runs" --ref "$test" --tokenizer ptb -n "$samples" \
	--temperatures 0.6,0.7,0.8,0.9,1,1.1 >"$out/frontier.txt"
"$bin" eval all --run "$runs,$curve" --ref "$test" -n 5000 >"$out/all.txt"
for seed in $seeds; do
	"$bin" sample --run "$dir/seed-$seed" -n "$samples" >"$dir/sample-$seed.txt"
	"$bin" eval bleu --protocol texygen --hyp "$dir/sample-$seed.txt" --ref "$test"
	"$bin" eval self-bleu --protocol texygen --hyp "$dir/sample-$seed.txt"
	mkdir -p "$dir/seed-$seed/figures"
	cp "$out"/frontier*.svg "$dir/seed-$seed/figures/"
	"$bin" report --run "$dir/seed-$seed" >/dev/null
done >"$out/texygen.txt"
"$bin" version >"$out/version.txt"
git -C "$here" rev-parse HEAD >>"$out/version.txt" 2>/dev/null || true
