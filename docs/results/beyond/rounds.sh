#!/bin/bash
# Cooperative rounds behind the best likelihood model of the built-in corpus, three seeds:
# and the control whose critic weighs all sentences the same.
# usage: bash rounds.sh TEXTGAN [DIR]    DIR may be that of gumbel-path.sh, whose models it takes
. "$(dirname "$0")/runs.sh"
rounds="--coop-rounds 2 --coop-calibrate --coop-sentences 40000 --coop-steps 300 --coop-real .1"
for s in ${SEEDS:-1 2 3}; do
	run "m$s" --model mle $base --seed "$s"
	run "b$s" --model mle --backwards $base --mle-steps 3000 --seed "$s"
	from="--warm-start m$s --seed $s --eval-every 0"
	run "rounds$s" $from --back-run "b$s" --adv-steps 0 $rounds
	run "control$s" $from --adv-steps 0 --critic none --coop-rounds 2 --coop-sentences 40000 --coop-steps 300 --coop-real .1
	for T in 1 .9 .8; do judge "$s" "likelihood alone, T=$T" "m$s" --temperature "$T"; done
	[ -e "f$s" ] || { cp -r "m$s" "f$s"; "$textgan" critic --run "f$s" --backwards "b$s" >/dev/null 2>&1; }
	for T in 1 .9; do judge "$s" "sampled by statistics and it, T=$T" "f$s" --critic --candidates 16 --temperature "$T"; done
	for way in control rounds; do
		judge "$s" "$way, T=1" "$way$s"
		judge "$s" "$way, T=.9" "$way$s" --temperature .9
	done
	judge "$s" "rounds then sampled, T=1" "rounds$s" --critic --candidates 16
	judge "$s" "rounds then sampled, T=.9" "rounds$s" --critic --candidates 16 --temperature .9
done
python3 "$here/table.py" "likelihood alone, T=1" "likelihood alone, T=.9" "likelihood alone, T=.8" "sampled by statistics and it, T=1" "sampled by statistics and it, T=.9" \
	"control, T=1" "control, T=.9" "rounds, T=1" "rounds, T=.9" \
	"rounds then sampled, T=1" "rounds then sampled, T=.9" | tee "$here/rounds.txt"
