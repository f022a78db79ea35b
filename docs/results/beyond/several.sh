#!/bin/bash
# Critics on captions that ask two backwards models each, relational memories of seeds that no
# other critic has, behind the likelihood models of make.sh, three seeds. several.txt: what they tell,
# by training lines and by held-out ones; frontier-several.txt: samples by the latter.
# usage: bash several.sh TEXTGAN DIR    DIR: what make.sh has kept; runs that it has are not made again
. "$(dirname "$0")/captions.sh"
for s in 1 2 3; do
	pair="rb$s,rb$((s + 3))"
	for of in "$s" $((s + 3)); do
		run "rb$of" $likelihood $memory --backwards --seed "$of"
	done
	rm -rf "z$s"
	cp -r "n$s" "z$s"
	critic "z$s" --backwards "rb$s" --learn-from held-out
	critic "z$s" --backwards "$pair" --learn-from train
	critic "z$s" --backwards "$pair" --learn-from held-out
done >several.txt
cp several.txt "$here/several.txt"
judge eval frontier --run z1,z2,z3 --critic $plane --temperatures .6,.7,.8,.9,1 >"$here/frontier-several.txt"
