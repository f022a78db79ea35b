#!/bin/sh
# Makes the tables of this directory. It takes long: `comparison` trains by every estimator.
# usage: sh make.sh TEXTGAN [DIRECTORY]
#
# With a DIRECTORY the tables go there instead, of a tiny run and few draws: a
# test of this script, of half a minute.
set -e
textgan=$1
here=$(dirname "$0")
out=${2:-$here}
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

train="--hidden 64 --dropout 0 --mle-steps 4000 --eval-every 250 --lr .004 --lr-schedule constant --normalize batch --g-lr 1e-4" lab= probe= steps=50
if [ $# -gt 1 ]; then
	mkdir -p "$out"
	train="$train --corpus-lines 500 --mle-steps 60 --d-pretrain 5 --adv-steps 10 --eval-every 20 --eval-samples 50"
	lab="--samples 1000" probe="--samples 32 --reference 32" steps=3
fi

# table FILE ARGUMENT ...: the command line, then what it prints.
table() {
	file=$1
	shift
	echo "$file" >&2
	{ echo "$ textgan $*" | sed "s|$runs/|runs/|g; s|$out/||g"; echo; "$textgan" "$@" 2>"$runs/talk"; } >"$out/$file.txt" || { cat "$runs/talk" >&2; exit 1; }
}

# Problems of independent choices, and one of a chain with an end token.
for problem in rebar-toy-0.45 rebar-toy-0.499 bandit polynomial-2 short-sequence; do
	table "$problem" eval variance --problem "builtin:$problem" $lab
done
table samplers eval samplers

# Two games (64 units, as the default was when the tables were made): the discriminator judges relaxed words, or one-hot ones.
"$textgan" train --run "$runs/soft" --keep 9 $train >/dev/null 2>&1
"$textgan" train --run "$runs/hard" --keep 9 --estimator st-gumbel --tau-schedule 1 $train >/dev/null 2>&1
table gradient-untrained eval variance --run "$runs/hard" --checkpoint best --tau 1 $probe
table gradient-soft eval variance --run "$runs/soft" --tau 1 $probe
table gradient-hard eval variance --run "$runs/hard" --svg "$out/gradient-hard.svg" $probe
table comparison eval estimators --run "$runs/hard" --checkpoint best --steps $steps $probe

if [ $# -gt 1 ]; then
	exit
fi
python3 "$here/make_tau.py" "$textgan" >"$here/tau.txt"
go run "$here/polynomial_tau.go" >"$here/polynomial-tau.txt"
