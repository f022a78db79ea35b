#!/bin/bash
# Cooperative rounds behind the likelihood model of the built-in corpus that was the default before
# --lr-schedule, three seeds: one, and three with a backwards model of two layers, by critics of training
# lines; three by critics of held-out lines; and beside the first one the same without a control, and
# one whose critic weighs all the same.
# The tables are of commit d161a8f, whose rounds ended with a tenth of their step size.
# usage: bash then.sh TEXTGAN [DIR]    DIR keeps the runs; those that it has are not made again
. "$(dirname "$0")/runs.sh"
learnt="--coop-learn-from train --coop-calibrate=false" # critics of training lines
for s in ${SEEDS:-1 2 3}; do
	run "m$s" --model mle $then --seed "$s"
	run "b$s" --model mle --backwards $then --mle-steps 3000 --seed "$s"
	from="--warm-start m$s --seed $s --eval-every 0"
	[ -e "f$s" ] || { cp -r "m$s" "f$s"; "$textgan" critic --run "f$s" --backwards "b$s" >"f$s.txt" 2>/dev/null; }
	for T in .9 1; do judge "$s" "sampled by statistics and it, T=$T" "f$s" --critic --candidates 16 --temperature "$T"; done
	run "round$s" $from --adv-steps 0 --back-run "b$s" --coop-rounds 1 --coop-lr .016 $learnt
	for T in 1 .9; do judge "$s" "round, T=$T" "round$s" --temperature "$T"; done
	run "deep$s" --model mle --backwards $then --layers 2 --seed "$s"
	run "rounds$s" $from --adv-steps 0 --back-run "deep$s" --coop-rounds 3 --coop-lr .016 $learnt
	for T in 1 .9; do judge "$s" "rounds, T=$T" "rounds$s" --temperature "$T"; done
	run "held$s" $from --adv-steps 0 --back-run "deep$s" --coop-rounds 3 --coop-lr .016
	for T in 1 .9; do judge "$s" "held, T=$T" "held$s" --temperature "$T"; done
	for T in 1 .9 .8; do judge "$s" "likelihood alone, T=$T" "m$s" --temperature "$T"; done
	run "drawn$s" $from --adv-steps 0 --back-run "b$s" --coop-rounds 1 --coop-control=false --coop-lr .001 $learnt
	judge "$s" "drawn, T=1" "drawn$s"
	run "control$s" $from --adv-steps 0 --critic none --coop-rounds 1 --coop-lr .001
	judge "$s" "control, T=1" "control$s"
done
python3 "$here/table.py" "likelihood alone, T=1" "likelihood alone, T=.9" "likelihood alone, T=.8" "sampled by statistics and it, T=1" "sampled by statistics and it, T=.9" \
	"control, T=1" "drawn, T=1" "round, T=1" "round, T=.9" "rounds, T=1" "rounds, T=.9" "held, T=1" "held, T=.9" | tee "$here/then.txt"
{
	echo "$ textgan eval frontier --run m1,m2,m3,held1,held2,held3,rounds1,rounds2,rounds3 --checkpoint last --ref fresh.txt -n 5000 --temperatures .8,.9,1,1.1,1.2 --repeat 32"
	echo
	"$textgan" eval frontier --run m1,m2,m3,held1,held2,held3,rounds1,rounds2,rounds3 --checkpoint last --ref fresh.txt -n 5000 --temperatures .8,.9,1,1.1,1.2 --repeat 32 2>/dev/null
} >"$here/frontier-then.txt"
