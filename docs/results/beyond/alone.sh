#!/bin/bash
# The generator alone on captions: a round of a million own sentences behind the likelihood
# models of make.sh, and the control with weights 1, three seeds; of seed 1 other ways too.
# By the program of commit 431bb80, whose rounds drew sentences by weight.
# usage: bash alone.sh TEXTGAN DIR    DIR: what make.sh has kept; runs that it has are not made again
. "$(dirname "$0")/captions.sh"
{
	for s in 1 2 3; do
		run "million$s" --warm-start "n$s" --back-run "b$s" --seed "$s" $round --dropout 0 --coop-lr .0005
		run "weights1-$s" --warm-start "n$s" --critic none --seed "$s" $round --dropout 0 --coop-lr .0005
		told "million$s"
		told "weights1-$s"
	done
	run faster1 --warm-start n1 --back-run b1 --seed 1 $round --dropout 0
	run faster-weights1-1 --warm-start n1 --critic none --seed 1 $round --dropout 0
	run dropout1 --warm-start n1 --back-run b1 --seed 1 $round --dropout .2
	for name in faster1 faster-weights1-1 dropout1; do told "$name"; done
	# The reward of a score function.
	game="--warm-start n1 --back-run b1 --seed 1 --eval-every 0 --discriminator reverse-lm --objective hinge --d-pretrain 0 --d-steps 0 --estimator rloo"
	run rloo1 $game --adv-steps 300 --g-lr 1e-4
	run rloo-slow1 $game --adv-steps 1000 --g-lr 3e-5
	for name in rloo1 rloo-slow1; do told "$name"; done
	# Distillation of the backwards model: a million of its sentences, and a tenth of training lines.
	[ -e own.txt ] || { "$textgan" sample --run b1 -n 1000000 --seed 71 && for _ in 1 2 3 4 5 6 7 8 9 10 11; do cat train.txt; done; } >own.txt 2>/dev/null
	run distilled1 --model mle --warm-start n1 --corpus own.txt --valid held.txt --seed 1 --dropout 0 --lr .0005 --lr-decay 1 --patience 0 --batch 128 --mle-steps 7000 --eval-every 1000
	grep -E '^likelihood *step' distilled1.log | cut -c1-36 | sed 's/^/distilled1: /'
} | tee "$here/alone.txt"
judge eval frontier --run n1,n2,n3,million1,million2,million3 --checkpoint last $plane --temperatures .7,.8,.9,1,1.1 >"$here/frontier-alone.txt"
{
	product n1 b1 b2 b3 n2 n3
	echo "$ go run docs/results/beyond/proposals.go n1 b1 n1 b1 million1"
	(cd "$here" && go run proposals.go "$OLDPWD/n1" "$OLDPWD/b1" "$OLDPWD/n1" "$OLDPWD/b1" "$OLDPWD/million1")
} 2>&1 | sed "s|$PWD/||g" >"$here/alone-bounds.txt"
