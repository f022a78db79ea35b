#!/bin/bash
# Captions of COCO, three seeds: likelihood models (n), LSTMs (b) and relational memories (m) that read backwards,
# critics behind the first, samples by these on the planes of eval frontier, and rounds of own sentences.
# models.txt: what models predict and critics tell; copied.txt: what samples repeat of the training text;
# alone.txt: rounds; frontier-*.txt: the planes.
# usage: bash coco.sh TEXTGAN DIR CAPTIONS ...    files of captions, a line each; DIR keeps what is made, and
# what it has is not made again
#
# The captions of all files are shuffled: 9,500 to train, 499 held out, 5,000 to judge by. So no choice that
# was made on a published split can have seen the last part.
captions=()
for file in "${@:3}"; do captions+=("$(realpath "$file")"); done
. "$(dirname "$0")/run.sh"
here=$here/coco
mkdir -p "$here"
[ -e train.txt ] || python3 - "${captions[@]}" <<'END'
import random, sys
lines = [l for name in sys.argv[1:] for l in open(name, encoding='utf-8').read().split('\n') if l.strip()]
random.Random(2026).shuffle(lines)
for name, part in (('train', lines[:9500]), ('held', lines[9500:9999]), ('test', lines[9999:14999])):
    open(name + '.txt', 'w', encoding='utf-8').write('\n'.join(part) + '\n')
END

critics() { # NAME OPTIONS: a critic behind each likelihood model, once; $s in the options is its seed
	for s in 1 2 3; do
		[ -e "$1-$s.done" ] && continue
		rm -rf "$1-$s"
		cp -r "n$s" "$1-$s"
		{
			echo "$ textgan critic --run $1-$s $(eval echo "${@:2}")"
			"$textgan" critic --run "$1-$s" $(eval echo "${@:2}") 2>/dev/null
		} >"$1-$s.txt"
		touch "$1-$s.done"
	done
}
judge() { # FILE ARGUMENTS of eval frontier: the command and what it says, once
	[ -e "$1" ] && return
	{
		echo "$ textgan eval frontier ${*:2}"
		echo
		"$textgan" eval frontier "${@:2}" 2>/dev/null
	} >"$1.part"
	mv "$1.part" "$1"
}
copied() { # SEED RUN OPTIONS: what its samples repeat of the training text
	echo "$ textgan sample --run $2 --checkpoint best --temperature .8 -n 5000 --seed 9$1 ${*:3}"
	"$textgan" sample --run "$2" --checkpoint best --temperature .8 -n 5000 --seed "9$1" "${@:3}" >"sample$1.txt" 2>/dev/null
	"$textgan" eval diversity --hyp "sample$1.txt" --train train.txt | grep -E 'not in the training text|longest copy of a line'
}

text="--corpus train.txt --valid held.txt --emb 64 --min-count 2"
for s in 1 2 3; do
	run "n$s" --model mle $text --hidden 128 --seed "$s"
	run "b$s" --model mle $text --hidden 128 --backwards --seed "$s"
	run "m$s" --model mle $text --backwards --cell relational --hidden 256 --dropout .5 --lr .002 --mle-steps 3700 --seed "$s"
done
held="--learn-from held-out"
critics stat --features stat $held
critics ngram --features stat,ngram
critics lstm --backwards 'b$s' $held
critics lstm-limit --backwards 'b$s' $held --copy-limit 1
critics lstm-limit1.25 --backwards 'b$s' $held --copy-limit 1.25
critics both --backwards 'm$s' --features stat,ratio,ngram
critics both-limit --backwards 'm$s' --features stat,ratio,ngram --copy-limit 1
critics both-limit1.75 --backwards 'm$s' --features stat,ratio,ngram --copy-limit 1.75
all="stat ngram lstm lstm-limit lstm-limit1.25 both both-limit both-limit1.75"
{
	for m in n b m; do for s in 1 2 3; do
		echo "$m$s: $("$textgan" eval nll --run "$m$s" --checkpoint best --corpus test.txt 2>/dev/null | head -1), $(awk '{n += $1} END {print n}' "$m$s.time") user s"
	done; done
	for name in $all; do for s in 1 2 3; do cat "$name-$s.txt"; done; done
} >"$here/models.txt"

plane="--ref test.txt --train train.txt -n 5000 --temperatures .6,.7,.8,.9,1,1.1"
for name in $all; do
	judge "frontier-$name.txt" --run "$name-1,$name-2,$name-3" --critic --candidates 4 $plane
done
if [ ! -e copied.txt ]; then
	for s in 1 2 3; do
		copied "$s" "n$s"
		for name in $all; do copied "$s" "$name-$s" --critic --candidates 4; done
	done >copied.part
	mv copied.part copied.txt
fi

# The generator alone: a round of 300,000 own sentences by the LSTM; by the memory and n-grams; and with weights of 1.
round="--eval-every 0 --adv-steps 0 --coop-rounds 1 --coop-sentences 300000 --coop-steps 4800 --coop-lr .001"
for s in 1 2 3; do
	run "rl$s" --warm-start "n$s" --back-run "b$s" --seed "$s" $round
	run "rm$s" --warm-start "n$s" --back-run "m$s" --seed "$s" $round --coop-ngram 5
	run "r1$s" --warm-start "n$s" --critic none --seed "$s" $round
done
for r in rl rm r1; do for s in 1 2 3; do
	echo "$r$s: $(grep -m 1 -E 'undone|moved' "$r$s.log"), $(tail -1 "$r$s.time") user s, others $("$textgan" eval nll --run "$r$s" --checkpoint last --corpus test.txt 2>/dev/null | head -1)"
done; done >"$here/alone.txt"
judge frontier-alone.txt --run n1,n2,n3,rl1,rl2,rl3,rm1,rm2,rm3 $plane
cp copied.txt frontier-*.txt "$here"
