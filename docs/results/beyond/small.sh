#!/bin/bash
# Cooperative rounds behind a smaller model of the built-in corpus, of 64 units without dropout, three
# seeds: one and three, and likelihood models of that size with dropout.
# The tables are of commit d161a8f, whose rounds ended with a tenth of their step size.
# usage: bash small.sh TEXTGAN [DIR]    DIR keeps the runs; those that it has are not made again
. "$(dirname "$0")/runs.sh"
from="--eval-every 0 --adv-steps 0 --coop-learn-from train --coop-calibrate=false"
for s in ${SEEDS:-1 2 3}; do
	run "a$s" --model mle --hidden 64 $then --dropout 0 --seed "$s"
	run "dropout$s" --model mle --hidden 64 $then --dropout .2 --seed "$s"
	run "b$s" --model mle --backwards $then --mle-steps 3000 --seed "$s"
	run "round$s" --warm-start "a$s" --back-run "b$s" --seed "$s" $from --coop-rounds 1 --coop-lr .016
	run "rounds$s" --warm-start "a$s" --back-run "b$s" --seed "$s" $from --coop-rounds 3 --coop-lr .016
	for T in 1 .9 .8; do judge "$s" "likelihood alone, T=$T" "a$s" --temperature "$T"; done
	judge "$s" "with dropout .2, T=1" "dropout$s"
	for T in 1 .9; do judge "$s" "rounds, T=$T" "rounds$s" --temperature "$T"; done
	judge "$s" "round, T=1" "round$s"
done
python3 "$here/table.py" "likelihood alone, T=1" "likelihood alone, T=.9" "likelihood alone, T=.8" "with dropout .2, T=1" \
	"round, T=1" "rounds, T=1" "rounds, T=.9" | tee "$here/small.txt"
{
	echo "$ textgan eval frontier --run a1,a2,a3,rounds1,rounds2,rounds3 --checkpoint last --ref fresh.txt -n 5000 --temperatures .8,.9,1,1.1,1.2 --repeat 8"
	echo
	"$textgan" eval frontier --run a1,a2,a3,rounds1,rounds2,rounds3 --checkpoint last --ref fresh.txt -n 5000 --temperatures .8,.9,1,1.1,1.2 --repeat 8 2>/dev/null
} >"$here/frontier-small.txt"
