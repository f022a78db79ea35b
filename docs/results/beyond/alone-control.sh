#!/bin/bash
# The generator alone on captions, by rounds that are measured against their beginning: one of
# 300,000 own sentences behind the likelihood models of make.sh, three seeds; of seed 1 the same
# without the control, and weights of 1.
# The tables are of commit d161a8f, whose rounds ended with a tenth of their step size.
# usage: bash alone-control.sh TEXTGAN DIR    DIR: what make.sh has kept; runs that it has are not made again
. "$(dirname "$0")/captions.sh"
one="--eval-every 0 --adv-steps 0 --coop-sentences 300000 --coop-steps 4800 --coop-lr .001 --coop-rounds 1"
learnt="--coop-learn-from train --coop-calibrate=false" # critics of training lines
{
	for s in 1 2 3; do
		run "round$s" --warm-start "n$s" --back-run "b$s" --seed "$s" $one $learnt
		told "round$s"
	done
	run drawn1 --warm-start n1 --back-run b1 --seed 1 $one $learnt --coop-control=false
	run weights1-1 --warm-start n1 --critic none --seed 1 $one
	for name in drawn1 weights1-1; do told "$name"; done
} | tee "$here/alone-control.txt"
judge eval frontier --run n1,n2,n3,round1,round2,round3 --checkpoint last $plane --temperatures .7,.8,.9,1,1.1 >"$here/frontier-alone-control.txt"
