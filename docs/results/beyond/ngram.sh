#!/bin/bash
# Critics on captions that count the n-grams of the training lines, behind the likelihood models of
# make.sh, three seeds: beside statistics alone, up to order 3 (k), 2 and 5, and beside the LSTM that
# reads backwards (kb). ngram.txt: what they tell; frontier-ngram*.txt: samples by them.
# usage: bash ngram.sh TEXTGAN DIR    DIR: what make.sh has kept
. "$(dirname "$0")/captions.sh"
of() { # NAME OPTIONS: a critic behind each of the models
	for s in 1 2 3; do
		rm -rf "$1$s"
		cp -r "n$s" "$1$s"
		critic "$1$s" $(eval echo "${@:2}")
	done
}
sweep() { # NAME OPTIONS
	judge eval frontier --run "${1}1,${1}2,${1}3" --critic $plane --temperatures "${@:2}"
}
of k --features stat,ngram >ngram.txt
of k2- --features stat,ngram --ngram-order 2 >>ngram.txt
of k5- --features stat,ngram --ngram-order 5 >>ngram.txt
of kb --backwards 'b$s' --features stat,ratio,ngram >>ngram.txt
cp ngram.txt "$here/ngram.txt"
sweep k .5,.6,.7,.8,.9,1 >"$here/frontier-ngram.txt"
sweep kb .6,.7,.8,.9,1 >"$here/frontier-ngram-lstm.txt"
sweep k2- .5,.6,.7,.8,.9,1 >"$here/frontier-ngram-2.txt"
sweep k5- .5,.6,.7,.8,.9,1 >"$here/frontier-ngram-5.txt"
