#!/bin/bash
# Cooperative rounds behind the default likelihood model of the built-in corpus, three seeds:
# of 100,000 sentences and of a million, and the control whose critic weighs all the same.
# usage: bash rounds.sh TEXTGAN [DIR]    DIR keeps the runs; those that it has are not made again
. "$(dirname "$0")/runs.sh"
round="--adv-steps 0 --dropout .1 --coop-rounds 1 --coop-sentences 100000 --coop-steps 800 --coop-real .1"
for s in ${SEEDS:-1 2 3}; do
	run "m$s" --model mle $base --seed "$s"
	run "b$s" --model mle --backwards $base --mle-steps 3000 --seed "$s"
	from="--warm-start m$s --seed $s --eval-every 0"
	[ -e "f$s" ] || { cp -r "m$s" "f$s"; "$textgan" critic --run "f$s" --backwards "b$s" >"f$s.txt" 2>/dev/null; }
	for T in .9 1; do judge "$s" "sampled by statistics and it, T=$T" "f$s" --critic --candidates 16 --temperature "$T"; done
	run "round$s" $from --back-run "b$s" $round
	for T in 1 .9; do judge "$s" "round, T=$T" "round$s" --temperature "$T"; done
	run "million$s" $from --back-run "b$s" --adv-steps 0 --dropout 0 --coop-rounds 1 --coop-sentences 1000000 --coop-steps 7000 --coop-real .1 --coop-lr .0005
	for T in 1 .9; do judge "$s" "million, T=$T" "million$s" --temperature "$T"; done
	for T in 1 .9 .8; do judge "$s" "likelihood alone, T=$T" "m$s" --temperature "$T"; done
	run "control$s" $from $round --critic none
	judge "$s" "control, T=1" "control$s"
done
python3 "$here/table.py" "likelihood alone, T=1" "likelihood alone, T=.9" "likelihood alone, T=.8" "sampled by statistics and it, T=1" "sampled by statistics and it, T=.9" \
	"control, T=1" "round, T=1" "round, T=.9" "million, T=1" "million, T=.9" | tee "$here/rounds.txt"
