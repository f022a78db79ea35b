#!/bin/sh
# Likelihood models of captions, three seeds, and the same sampled by their critics, on
# the planes of eval frontier: full.txt (backwards model and statistics) and stat.txt
# (statistics alone); critics.txt what critics tell, copies.txt what samples repeat of
# the training text.
# usage: sh make.sh TEXTGAN CAPTIONS ...    files of captions, a line each
#
# The captions of all files are shuffled: 9,500 to train, 499 held out, the rest to
# judge by. So no choice that was made on a published split can have seen the last part.
# DIR keeps the runs; those that it has are not trained again.
set -e
textgan=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
shift
work=${DIR:-}
[ -n "$work" ] || { work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT; }
mkdir -p "$work"
python3 - "$work" "$@" <<'END'
import random, sys
lines = [l for name in sys.argv[2:] for l in open(name, encoding='utf-8').read().split('\n') if l.strip()]
random.Random(2026).shuffle(lines)
for name, part in (('train', lines[:9500]), ('held', lines[9500:9999]), ('test', lines[9999:14999])):
    open('%s/%s.txt' % (sys.argv[1], name), 'w', encoding='utf-8').write('\n'.join(part) + '\n')
END
cd "$work"
train() { # RUN OPTIONS
	[ -e "$1.done" ] && return
	rm -rf "$1"
	"$textgan" train --model mle --corpus train.txt --valid held.txt --emb 64 --hidden 128 --min-count 2 --lr .004 --lr-schedule constant --mle-steps 3000 --eval-every 148 --run "$@" >/dev/null 2>&1
	touch "$1.done"
}
for seed in 1 2 3; do
	train "n$seed" --dropout .2 --seed "$seed"
	train "b$seed" --dropout .3 --backwards --seed "$seed"
	rm -rf "s$seed"
	cp -r "n$seed" "s$seed"
	for critic in "n$seed --backwards b$seed" "s$seed --features stat"; do
		echo "$ textgan critic --run $critic"
		"$textgan" critic --run $critic 2>/dev/null
	done
	echo "seed $seed" >&2
done >critics.txt
cp critics.txt "$here/critics.txt"
judge() {
	{ echo "$ textgan $*"; echo; "$textgan" "$@" 2>/dev/null; }
}
judge eval frontier --run s1,s2,s3 --critic --ref test.txt --train train.txt -n 5000 --temperatures .6,.7,.8,.9,1,1.1 >"$here/stat.txt"
judge eval frontier --run n1,n2,n3 --critic --ref test.txt --train train.txt -n 5000 --temperatures .7,.8,.9,1,1.1 >"$here/full.txt"
for seed in 1 2 3; do
	for critic in "" --critic; do
		echo "$ textgan sample --run n$seed --checkpoint best --temperature .8 -n 5000 --seed 9$seed${critic:+ $critic}"
		"$textgan" sample --run "n$seed" --checkpoint best --temperature .8 -n 5000 --seed "9$seed" $critic >sample.txt 2>/dev/null
		"$textgan" eval diversity --hyp sample.txt --train train.txt | grep -E 'not in the training text|longest copy'
	done
done >"$here/copies.txt"
