#!/bin/bash
# Critics on captions that ask one relational memory, the backwards models of memory.sh, and learn from
# held-out lines, three seeds, from 20,000 of the generator's sentences (y, h) and from 8,000 (hs). held.txt: what they
# tell; frontier-held*.txt: samples by them, with 8 candidates and with 4.
# usage: bash held.sh TEXTGAN DIR    DIR: what make.sh and memory.sh have kept
. "$(dirname "$0")/captions.sh"
of() { # NAME OPTIONS: a critic behind each of the models
	for s in 1 2 3; do
		rm -rf "$1$s"
		cp -r "n$s" "$1$s"
		critic "$1$s" --backwards "rb$s" --features stat,ratio --learn-from held-out "${@:2}"
	done
}
{ of h && of hs --sentences 8000; } >"$here/held.txt"
of y >/dev/null
sweep() { # NAME OPTIONS
	judge eval frontier --run "${1}1,${1}2,${1}3" --critic "${@:2}" $plane --temperatures .6,.7,.8,.9,1
}
sweep y >"$here/frontier-held.txt"
sweep h --candidates 4 >"$here/frontier-held-4.txt"
sweep hs --candidates 4 >"$here/frontier-held-8000.txt"
