#!/bin/sh
# What every estimator of training makes of one start, for three seeds, on the
# built-in corpus and on a text of your own.
# usage: sh which.sh TEXTGAN DIRECTORY [CORPUS [STEPS]]
#
# Each table has the milliseconds of a step, so that equal steps can be read as
# equal time. Hours with the default 300 steps; on a quiet machine.
set -e
textgan=$1 out=$2 corpus=$3 steps=${4:-300}
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT
mkdir -p "$out"

# compare NAME ARGUMENT ...: a start for every seed, and all estimators from it.
compare() {
	name=$1
	shift
	for seed in 1 2 3; do
		run="$runs/$name-$seed"
		"$textgan" train --run "$run" --seed "$seed" --adv-steps 0 "$@" >/dev/null
		"$textgan" eval estimators --run "$run" --steps "$steps" --seed "$seed" --samples 100 >"$out/$name-$seed.txt"
	done
}

compare builtin $TRAIN
if [ -n "$corpus" ]; then
	compare corpus --corpus "$corpus" $TRAIN
fi
