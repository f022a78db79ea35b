#!/bin/sh
# Makes the tables of this directory, in about ten minutes on two cores.
# usage: sh make.sh TEXTGAN
set -e
textgan=$1
here=$(dirname "$0")
runs=$(mktemp -d)
trap 'rm -rf "$runs"' EXIT

# table FILE ARGUMENT ...: the command line, then what it prints.
table() {
	file=$1
	shift
	{ echo "$ textgan $*" | sed "s|$runs/|runs/|g; s|$here/||g"; echo; "$textgan" "$@" 2>/dev/null; } >"$here/$file.txt"
}

for problem in rebar-toy-0.45 rebar-toy-0.499 bandit polynomial-2 short-sequence; do
	table "$problem" eval variance --problem "builtin:$problem"
done
table samplers eval samplers

# Two games of the default size: the discriminator judges relaxed words, or one-hot ones.
"$textgan" train --run "$runs/soft" --keep 9 >/dev/null 2>&1
"$textgan" train --run "$runs/hard" --keep 9 --estimator st-gumbel --tau-schedule 1 >/dev/null 2>&1
table gradient-untrained eval variance --run "$runs/hard" --checkpoint best --tau 1
table gradient-soft eval variance --run "$runs/soft" --tau 1
table gradient-hard eval variance --run "$runs/hard" --svg "$here/gradient-hard.svg"
table comparison eval estimators --run "$runs/hard" --checkpoint best --steps 50

python3 "$here/make_tau.py" "$textgan" >"$here/tau.txt"
go run "$here/polynomial_tau.go" >"$here/polynomial-tau.txt"
