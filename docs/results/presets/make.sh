#!/bin/bash
# The published configurations (docs/presets.md) under one protocol: each trained on
# the oracle (length 20) and on the COCO captions of the Texygen benchmark, and held
# against the frontier of lstm-mle.
#
#   docs/results/presets/make.sh SCALE TRAIN TEST [DIR]
#
# SCALE divides every number of steps: 1 is the published length, 100 a rehearsal.
# MLE_SCALE divides the steps of likelihood training (default SCALE), OPTIONS_relgan and
# the like are further options of one preset (default none).
# TRAIN and TEST are image_coco.txt and test_coco.txt of the benchmark; with "-" for
# both, only the oracle. TEXTS (default "oracle coco"), SEEDS (default "1 2 3"),
# PRESETS (default all), SAMPLES (default 5000), JOBS trainings at a time (default 1).
# Runs go to DIR (default runs/presets); what has been trained already is not trained again.
set -eu
scale=$1 train=$2 test=$3 dir=${4:-runs/presets}
here=$(cd "$(dirname "$0")" && pwd)
seeds=${SEEDS:-1 2 3} samples=${SAMPLES:-5000}
presets=${PRESETS:-lstm-mle seqgan maligan gsgan textgan-mmd relgan}
out=${OUT:-$here}
bin=${TEXTGAN:-bin/textgan}
[ -x "$bin" ] || make build
mkdir -p "$dir" "$out"

# option PRESET NAME SCALE: the number that the preset gives, divided by SCALE, at least 1; 0 stays.
option() {
	sed -n "s/^$1: .*--$2 \([0-9]*\).*/\1/p" "$here/../../../train/testdata/presets.txt" |
		awk -v s="$3" '{ n = int($1 / s); print ($1 > 0 && n < 1) ? 1 : n }'
}

one() { # TEXT SEED PRESET
	local run=$dir/$1-$3-$2 corpus=builtin:oracle extra=OPTIONS_${3//-/_} name steps by began
	[ "$1" = oracle ] || corpus=$train
	[ ! -e "$run/report.html" ] || return 0
	set -- "$1" "$2" "$3" --preset "$3" --corpus "$corpus" --run "$run" --seed "$2" --eval-every 0 --eval-samples 1000
	for name in mle-steps adv-steps d-steps d-pretrain g-steps; do
		by=$scale
		[ $name != mle-steps ] || by=${MLE_SCALE:-$scale}
		steps=$(option "$3" $name "$by")
		# Rounds are shortened, not what a round is, unless it is long.
		case $name in d-steps | g-steps) [ "${steps:-0}" -ge 10 ] || continue ;; esac
		[ -z "$steps" ] || set -- "$@" --$name "$steps"
	done
	began=$(date +%s)
	"$bin" train "${@:4}" ${!extra:-} >"$run.txt" 2>&1
	echo "$1 $3 $2 $(($(date +%s) - began)) s" >>"$dir/seconds.txt"
}
export -f one option
export scale train dir here bin

for text in ${TEXTS:-oracle coco}; do
	[ $text = oracle ] || [ "$train" != - ] || continue
	for seed in $seeds; do for preset in $presets; do echo "$text $seed $preset"; done; done |
		xargs -P "${JOBS:-1}" -L 1 bash -euc 'one "$@"' one
	runs=
	for preset in $presets; do for seed in $seeds; do runs=$runs,$dir/$text-$preset-$seed; done; done
	runs=${runs#,}
	reference=
	[ $text = oracle ] || reference="--ref $test --tokenizer ptb"
	# shellcheck disable=SC2086
	"$bin" eval frontier --run "$runs" $reference -n "$samples" --temperatures 0.6,0.7,0.8,0.9,1,1.1 >"$out/$text-frontier.txt"
	"$bin" eval all --run "$runs" -n "$samples" >"$out/$text-all.txt"
	[ $text = oracle ] || for run in ${runs//,/ }; do
		"$bin" sample --run "$run" -n "$samples" >"$run.samples.txt"
		echo "$run"
		"$bin" eval bleu --protocol texygen --hyp "$run.samples.txt" --ref "$test"
		"$bin" eval self-bleu --protocol texygen --hyp "$run.samples.txt"
	done >"$out/$text-texygen.txt"
done
cp "$dir/seconds.txt" "$out/seconds.txt"
"$bin" version >"$out/version.txt"
