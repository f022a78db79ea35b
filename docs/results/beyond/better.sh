#!/bin/bash
# Captions again, by models that are trained as is the default now: likelihood models, LSTMs that read
# backwards, and critics that ask these, learn from held-out lines and take 4 candidates, three seeds.
# better.txt: what they predict and tell; frontier-better.txt: samples; frontier-better-alone.txt: samples of the
# generator alone, after a round of 300,000 own sentences.
# usage: bash better.sh TEXTGAN DIR    DIR: what make.sh has kept; runs that it has are not made again
. "$(dirname "$0")/captions.sh"
as="--model mle --corpus train.txt --valid held.txt --emb 64 --hidden 128 --min-count 2"
{
	for s in 1 2 3; do
		run "dn$s" $as --seed "$s"
		run "db$s" $as --backwards --seed "$s"
		for of in "dn$s" "db$s"; do
			echo "$of: $("$textgan" eval nll --run "$of" --checkpoint best --corpus test.txt 2>/dev/null | head -1), $(tail -1 "$of.time") user s"
		done
		[ -e "dc$s" ] || { cp -r "dn$s" "dc$s"; critic "dc$s" --backwards "db$s" --learn-from held-out; }
	done
} | tee "$here/better.txt"
judge eval frontier --run dc1,dc2,dc3 --critic --candidates 4 $plane --temperatures .6,.7,.8,.85,.9,.95,1 >"$here/frontier-better.txt"
for s in 1 2 3; do
	run "dr$s" --warm-start "dn$s" --back-run "db$s" --seed "$s" --eval-every 0 --adv-steps 0 --coop-sentences 300000 --coop-steps 4800 --coop-lr .001 --coop-rounds 1
done
judge eval frontier --run dn1,dn2,dn3,dr1,dr2,dr3 $plane --temperatures .6,.7,.8,.9,1,1.1 >"$here/frontier-better-alone.txt"
