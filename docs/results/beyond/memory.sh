#!/bin/bash
# A better backwards model on captions: a relational memory behind the likelihood models of
# make.sh, and behind generators that are relational memories themselves, three seeds.
# memory.txt: what critics tell; frontier-memory.txt, -16 (candidates) and -both (generators too):
# their samples on the planes of eval frontier; memory-alone.txt and frontier-memory-alone.txt: a
# round of a million sentences; memory-bounds.txt: products of models.
# The round by the program of commit 431bb80, whose rounds drew sentences by weight.
# usage: bash memory.sh TEXTGAN DIR    DIR: what make.sh has kept; runs that it has are not made again
. "$(dirname "$0")/captions.sh"
for s in 1 2 3; do
	run "rb$s" $likelihood $memory --backwards --seed "$s"
	run "rn$s" $likelihood $memory --seed "$s"
	rm -rf "y$s"
	cp -r "n$s" "y$s"
	critic "y$s" --backwards "rb$s"
	critic "rn$s" --backwards "rb$s"
done >memory.txt
cp memory.txt "$here/memory.txt"
frontier() { # CANDIDATES RUNS
	judge eval frontier --run "$2" --critic --candidates "$1" $plane --temperatures .7,.8,.9,1
}
frontier 8 y1,y2,y3 >"$here/frontier-memory.txt"
frontier 16 y1,y2,y3 >"$here/frontier-memory-16.txt"
frontier 8 rn1,rn2,rn3 >"$here/frontier-memory-both.txt"
for s in 1 2 3; do
	run "rmillion$s" --warm-start "n$s" --back-run "rb$s" --seed "$s" $round --dropout 0 --coop-lr .0005
	told "rmillion$s"
done >"$here/memory-alone.txt"
judge eval frontier --run n1,n2,n3,rmillion1,rmillion2,rmillion3 --checkpoint last $plane --temperatures .7,.8,.9,1,1.1 >"$here/frontier-memory-alone.txt"
{
	product n1 rb1 rb2 rb3
	product rn1 rb1 rb2 rb3
} 2>&1 | sed "s|$PWD/||g" >"$here/memory-bounds.txt"
