#!/bin/bash
# The default run, three seeds, beside its likelihood phase: whether its last generator lies outside
# of the curve of that.
# usage: bash default.sh TEXTGAN [DIR]    DIR keeps the runs; those that it has are not made again
. "$(dirname "$0")/runs.sh"
for s in ${SEEDS:-1 2 3}; do
	run "m$s" --model mle --seed "$s"
	run "d$s" --seed "$s"
done
{
	echo "$ textgan eval frontier --run m1,m2,m3,d1,d2,d3 --checkpoint last --ref fresh.txt -n 5000 --temperatures .8,.9,1,1.1,1.2 --repeat 32"
	echo
	"$textgan" eval frontier --run m1,m2,m3,d1,d2,d3 --checkpoint last --ref fresh.txt -n 5000 --temperatures .8,.9,1,1.1,1.2 --repeat 32 2>/dev/null
} >"$here/frontier-default.txt"
