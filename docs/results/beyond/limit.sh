#!/bin/bash
# Critics on captions that ask LSTMs and learn from held-out lines, 4 candidates, three seeds: one backwards
# model of make.sh (lh), and with limits on what is copied, of 1, 1.5 and 1.75 points of a line (l1-, l15-, l175-);
# the relational memory of memory.sh with a limit of 1 (lr). limit.txt: what they tell; copied.txt: what samples
# repeat of the training text; frontier-lstm.txt and frontier-limit-*.txt: samples by them.
# usage: bash limit.sh TEXTGAN DIR    DIR: what make.sh and memory.sh have kept
. "$(dirname "$0")/captions.sh"
of() { # NAME OPTIONS: a critic behind each of the models
	for s in 1 2 3; do
		rm -rf "$1$s"
		cp -r "n$s" "$1$s"
		critic "$1$s" --features stat,ratio --learn-from held-out $(eval echo "${@:2}")
	done
}
{
	of lh --backwards 'b$s'
	of l1- --backwards 'b$s' --copy-limit 1
	of l15- --backwards 'b$s' --copy-limit 1.5
	of l175- --backwards 'b$s' --copy-limit 1.75
	of lr --backwards 'rb$s' --sentences 8000 --copy-limit 1
} | tee "$here/limit.txt"
copied() { # RUN OPTIONS: what its samples repeat
	echo "$ textgan sample --run $1 --checkpoint best --temperature .8 -n 5000 ${*:2}"
	"$textgan" sample --run "$1" --checkpoint best --temperature .8 -n 5000 "${@:2}" >sample.txt 2>/dev/null
	"$textgan" eval diversity --hyp sample.txt --train train.txt | grep -E 'not in the training text|longest copy of a line'
}
for s in 1 2 3; do
	copied "lh$s" --seed "9$s"
	for name in lh l1- l15- l175- lr; do copied "$name$s" --seed "9$s" --critic --candidates 4; done
done >"$here/copied.txt"
sweep() { # NAME FILE
	judge eval frontier --run "${1}1,${1}2,${1}3" --critic --candidates 4 $plane --temperatures .6,.7,.8,.85,.9,.95,1 >"$here/frontier-$2.txt"
}
sweep lh lstm
sweep l1- limit-1
sweep l15- limit-1.5
sweep l175- limit-1.75
sweep lr limit-memory
