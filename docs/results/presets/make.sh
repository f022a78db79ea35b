#!/bin/sh
# The published configurations (docs/presets.md) under one protocol: each trained on
# the oracle (length 20) and on the COCO captions of the Texygen benchmark, and held
# against the frontier of lstm-mle.
#
#   docs/results/presets/make.sh SCALE TRAIN TEST [DIR]
#
# SCALE divides every number of steps: 1 is the published length, 100 a rehearsal.
# TRAIN and TEST are image_coco.txt and test_coco.txt of the benchmark; with "-" for
# both, only the oracle. Runs go to DIR (default runs/presets); what has been trained
# already is not trained again. SEEDS (default "1 2 3"), PRESETS (default all),
# SAMPLES (default 5000).
set -eu
scale=$1 train=$2 test=$3 dir=${4:-runs/presets}
here=$(cd "$(dirname "$0")" && pwd)
seeds=${SEEDS:-1 2 3} samples=${SAMPLES:-5000}
presets=${PRESETS:-lstm-mle seqgan maligan gsgan textgan-mmd relgan}
out=${OUT:-$here}
bin=${TEXTGAN:-bin/textgan}
[ -x "$bin" ] || make build
mkdir -p "$dir" "$out"

# option PRESET NAME: the number that the preset gives, divided by SCALE, at least 1; 0 stays.
option() {
	sed -n "s/^$1: .*--$2 \([0-9]*\).*/\1/p" "$here/../../../train/testdata/presets.txt" |
		awk -v s="$scale" '{ n = int($1 / s); print ($1 > 0 && n < 1) ? 1 : n }'
}

for text in oracle coco; do
	case $text in
	oracle) corpus=builtin:oracle ;;
	*) corpus=$train ;;
	esac
	[ "$corpus" != - ] || continue
	runs=
	for preset in $presets; do
		for seed in $seeds; do
			run=$dir/$text-$preset-$seed
			runs=$runs,$run
			[ -e "$run/report.html" ] && continue
			set -- --preset "$preset" --corpus "$corpus" --run "$run" --seed "$seed" --eval-every 0 --eval-samples 1000
			for name in mle-steps adv-steps d-steps d-pretrain g-steps; do
				steps=$(option "$preset" $name)
				# Rounds are shortened, not what a round is, unless it is long.
				case $name in d-steps | g-steps) [ "${steps:-0}" -ge 10 ] || continue ;; esac
				[ -z "$steps" ] || set -- "$@" --$name "$steps"
			done
			began=$(date +%s)
			"$bin" train "$@" >"$run.txt"
			echo "$text $preset $seed $(($(date +%s) - began)) s" >>"$dir/seconds.txt"
		done
	done
	runs=${runs#,}
	reference=
	[ $text = oracle ] || reference="--ref $test --tokenizer ptb"
	# shellcheck disable=SC2086
	"$bin" eval frontier --run "$runs" $reference -n "$samples" --temperatures 0.6,0.7,0.8,0.9,1,1.1 >"$out/$text-frontier.txt"
	"$bin" eval all --run "$runs" -n "$samples" >"$out/$text-all.txt"
	[ $text = oracle ] || for run in $(echo "$runs" | tr , ' '); do
		"$bin" sample --run "$run" -n "$samples" >"$run.samples.txt"
		echo "$run"
		"$bin" eval bleu --protocol texygen --hyp "$run.samples.txt" --ref "$test"
		"$bin" eval self-bleu --protocol texygen --hyp "$run.samples.txt"
	done >"$out/$text-texygen.txt"
done
cp "$dir/seconds.txt" "$out/seconds.txt"
"$bin" version >"$out/version.txt"
