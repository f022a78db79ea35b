#!/bin/bash
# A better backwards model on captions: a relational memory behind the likelihood models of
# make.sh, and behind generators that are relational memories themselves, three seeds.
# memory.txt: what critics tell; frontier-memory.txt, -16 (candidates) and -both (generators too):
# their samples on the planes of eval frontier; memory-alone.txt and frontier-memory-alone.txt: a
# round of a million sentences; memory-bounds.txt: products of models.
# usage: bash memory.sh TEXTGAN DIR    DIR: what make.sh has kept; runs that it has are not made again
set -e
textgan=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
cd "$2"
export GOMAXPROCS=${GOMAXPROCS:-1}
TIMEFORMAT=%U
train() { # RUN OPTIONS
	[ -e "$1.done" ] && return
	rm -rf "$1"
	{ time "$textgan" train --run "$@" >"$1.log" 2>&1; } 2>"$1.time"
	touch "$1.done"
}
likelihood="--model mle --corpus train.txt --valid held.txt --emb 64 --min-count 2 --mle-steps 3000 --eval-every 148"
memory="--cell relational --hidden 256 --dropout .5 --lr .0015"
for s in 1 2 3; do
	train "rb$s" $likelihood $memory --backwards --seed "$s"
	train "rn$s" $likelihood $memory --seed "$s"
	rm -rf "y$s"
	cp -r "n$s" "y$s"
	for critic in "y$s --backwards rb$s" "rn$s --backwards rb$s"; do
		echo "$ textgan critic --run $critic"
		"$textgan" critic --run $critic 2>/dev/null
	done
done >memory.txt
cp memory.txt "$here/memory.txt"
judge() {
	{ echo "$ textgan $*"; echo; "$textgan" "$@" 2>/dev/null; }
}
frontier() { # CANDIDATES RUNS
	judge eval frontier --run "$2" --critic --candidates "$1" --ref test.txt --train train.txt -n 5000 --temperatures .7,.8,.9,1
}
frontier 8 y1,y2,y3 >"$here/frontier-memory.txt"
frontier 16 y1,y2,y3 >"$here/frontier-memory-16.txt"
frontier 8 rn1,rn2,rn3 >"$here/frontier-memory-both.txt"
for s in 1 2 3; do
	train "rmillion$s" --warm-start "n$s" --back-run "rb$s" --seed "$s" --eval-every 0 --adv-steps 0 --coop-rounds 1 --coop-sentences 1000000 --coop-steps 7000 --coop-real .1 --dropout 0 --coop-lr .0005
	echo "rmillion$s: $(grep -m 1 -E 'undone|moved' "rmillion$s.log"), $(tail -1 "rmillion$s.time") user s"
done >"$here/memory-alone.txt"
judge eval frontier --run n1,n2,n3,rmillion1,rmillion2,rmillion3 --checkpoint last --ref test.txt --train train.txt -n 5000 --temperatures .7,.8,.9,1,1.1 >"$here/frontier-memory-alone.txt"
{
	echo "$ go run docs/results/beyond/product.go test.txt n1 rb1 rb2 rb3"
	(cd "$here" && go run product.go "$OLDPWD/test.txt" "$OLDPWD/n1" "$OLDPWD/rb1" "$OLDPWD/rb2" "$OLDPWD/rb3")
	echo "$ go run docs/results/beyond/product.go test.txt rn1 rb1 rb2 rb3"
	(cd "$here" && go run product.go "$OLDPWD/test.txt" "$OLDPWD/rn1" "$OLDPWD/rb1" "$OLDPWD/rb2" "$OLDPWD/rb3")
} 2>&1 | sed "s|$PWD/||g" >"$here/memory-bounds.txt"
