#!/bin/bash
# Cooperative rounds behind the default likelihood model of the built-in corpus, three seeds, with a
# backwards model that is a relational memory: one, and three; one whose backwards model is an LSTM as the
# generator is; and beside the first one the same without a control, and one whose critic weighs all the same.
# usage: bash rounds.sh TEXTGAN [DIR]    DIR keeps the runs; those that it has are not made again
. "$(dirname "$0")/runs.sh"
for s in ${SEEDS:-1 2 3}; do
	run "m$s" --model mle --seed "$s"
	run "b$s" --model mle --backwards --cell relational --seed "$s"
	run "l$s" --model mle --backwards --seed "$s"
	from="--warm-start m$s --seed $s --eval-every 0"
	[ -e "f$s" ] || { cp -r "m$s" "f$s"; "$textgan" critic --run "f$s" --backwards "b$s" >"f$s.txt" 2>/dev/null; }
	for T in .9 1; do judge "$s" "sampled by statistics and it, T=$T" "f$s" --critic --candidates 16 --temperature "$T"; done
	run "round$s" $from --adv-steps 0 --back-run "b$s" --coop-rounds 1
	run "rounds$s" $from --adv-steps 0 --back-run "b$s" --coop-rounds 3
	for T in 1 .9; do judge "$s" "round, T=$T" "round$s" --temperature "$T"; done
	for T in 1 .9; do judge "$s" "rounds, T=$T" "rounds$s" --temperature "$T"; done
	for T in 1 .9 .8; do judge "$s" "likelihood alone, T=$T" "m$s" --temperature "$T"; done
	run "lstm$s" $from --adv-steps 0 --back-run "l$s" --coop-rounds 1
	judge "$s" "lstm, T=1" "lstm$s"
	run "drawn$s" $from --adv-steps 0 --back-run "b$s" --coop-rounds 1 --coop-control=false --coop-lr .001
	judge "$s" "drawn, T=1" "drawn$s"
	run "control$s" $from --adv-steps 0 --critic none --coop-rounds 1 --coop-lr .001
	judge "$s" "control, T=1" "control$s"
done
python3 "$here/table.py" "likelihood alone, T=1" "likelihood alone, T=.9" "likelihood alone, T=.8" "sampled by statistics and it, T=1" "sampled by statistics and it, T=.9" \
	"control, T=1" "drawn, T=1" "lstm, T=1" "round, T=1" "round, T=.9" "rounds, T=1" "rounds, T=.9" | tee "$here/rounds.txt"
{
	echo "$ textgan eval frontier --run m1,m2,m3,round1,round2,round3,rounds1,rounds2,rounds3 --checkpoint last --ref fresh.txt -n 5000 --temperatures .8,.9,1,1.1,1.2 --repeat 16"
	echo
	"$textgan" eval frontier --run m1,m2,m3,round1,round2,round3,rounds1,rounds2,rounds3 --checkpoint last --ref fresh.txt -n 5000 --temperatures .8,.9,1,1.1,1.2 --repeat 16 2>/dev/null
} >"$here/frontier-rounds.txt"
{
	echo "$ textgan eval frontier --run f1,f2,f3 --critic --candidates 16 --ref fresh.txt -n 5000 --temperatures .7,.8,.9,1,1.1 --repeat 8"
	echo
	"$textgan" eval frontier --run f1,f2,f3 --critic --candidates 16 --ref fresh.txt -n 5000 --temperatures .7,.8,.9,1,1.1 --repeat 8 2>/dev/null
} >"$here/frontier-sampled.txt"
