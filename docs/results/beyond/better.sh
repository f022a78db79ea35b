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
# With a relational memory as the backwards model, and n-grams beside it: generator alone, and sampling by the critic.
for s in 1 2 3; do
	run "dm$s" --model mle --corpus train.txt --valid held.txt --emb 64 --min-count 2 --backwards --cell relational --hidden 256 --dropout .5 --lr .002 --mle-steps 3700 --seed "$s"
	echo "dm$s: $("$textgan" eval nll --run "dm$s" --checkpoint best --corpus test.txt 2>/dev/null | head -1), $(tail -1 "dm$s.time") user s"
	run "dg$s" --warm-start "dn$s" --back-run "dm$s" --seed "$s" --eval-every 0 --adv-steps 0 --coop-sentences 300000 --coop-steps 4800 --coop-lr .001 --coop-ngram 5 --coop-rounds 1
	for which in r g; do
		told "d$which$s"
		echo "d$which$s: $("$textgan" eval nll --run "d$which$s" --corpus test.txt 2>/dev/null | head -1)"
	done
	[ -e "dk$s" ] || { cp -r "dn$s" "dk$s"; critic "dk$s" --backwards "dm$s" --features stat,ratio,ngram; }
done | tee -a "$here/better.txt"
judge eval frontier --run dn1,dn2,dn3,dg1,dg2,dg3 $plane --temperatures .6,.7,.8,.9,1,1.1 >"$here/frontier-better-memory-alone.txt"
judge eval frontier --run dk1,dk2,dk3 --critic --candidates 4 $plane --temperatures .6,.7,.8,.9,1 >"$here/frontier-better-memory.txt"
