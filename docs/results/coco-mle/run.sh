#!/bin/sh
# The frontier of a maximum-likelihood LSTM on the COCO captions of the Texygen
# benchmark: three seeds, a sweep of temperatures, and every metric.
#
#   docs/results/coco-mle/run.sh TRAIN TEST [DIR]
#
# TRAIN and TEST are image_coco.txt and test_coco.txt of the benchmark; runs go
# to DIR (default runs/coco-mle). What has been trained already is not trained
# again. On two cores about two minutes a seed, and three for the tables.
# Smaller: SEEDS=1 MLE_STEPS=200 SAMPLES=500.
set -eu
train=$1 test=$2 dir=${3:-runs/coco-mle}
here=$(cd "$(dirname "$0")" && pwd)
seeds=${SEEDS:-1 2 3} samples=${SAMPLES:-9984}
out=${OUT:-$here}
bin=${TEXTGAN:-bin/textgan}
[ -x "$bin" ] || make build

mkdir -p "$dir" "$out"
runs=
for seed in $seeds; do
	run=$dir/seed-$seed
	[ -e "$run/report.html" ] || "$bin" train --model mle --corpus "$train" --run "$run" --seed "$seed" \
		--emb 64 --hidden 128 --dropout 0.2 --lr .004 --lr-schedule constant --normalize batch --mle-steps "${MLE_STEPS:-3000}" --eval-every 150 >"$dir/seed-$seed.txt"
	runs=$runs,$run
done
runs=${runs#,}

"$bin" eval frontier --run "$runs" --ref "$test" --tokenizer ptb -n "$samples" \
	--temperatures 0.5,0.6,0.7,0.8,0.9,1,1.1 --svg "$out/frontier.svg" --json >"$out/frontier.json"
"$bin" eval frontier --run "$runs" --ref "$test" --tokenizer ptb -n "$samples" \
	--temperatures 0.5,0.6,0.7,0.8,0.9,1,1.1 >"$out/frontier.txt"
"$bin" eval all --run "$runs" --ref "$test" -n 5000 >"$out/all.txt"
for seed in $seeds; do
	"$bin" sample --run "$dir/seed-$seed" --checkpoint best -n "$samples" >"$dir/sample-$seed.txt"
	"$bin" eval bleu --protocol texygen --hyp "$dir/sample-$seed.txt" --ref "$test"
	"$bin" eval self-bleu --protocol texygen --hyp "$dir/sample-$seed.txt"
done >"$out/texygen.txt"
"$bin" version >"$out/version.txt"
git -C "$here" rev-parse HEAD >>"$out/version.txt" 2>/dev/null || true
