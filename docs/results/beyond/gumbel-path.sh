#!/bin/bash
# One critic, the log ratio of a backwards model to the generator, used in several ways on
# the built-in corpus: as a discriminator for relaxed words, as the reward of a score
# function, and to weigh sentences. Each way gets about the same processor time.
# usage: bash gumbel-path.sh TEXTGAN [DIR]    DIR keeps the runs; those that it has are not made again
#
# Processor time is the user seconds of a process on one core, which a busy machine
# lengthens little; the last column has it.
GOMAXPROCS=1
. "$(dirname "$0")/runs.sh"
for s in ${SEEDS:-1 2 3}; do
	run "m$s" --model mle --seed "$s"
	run "b$s" --model mle --backwards --seed "$s"
	from="--warm-start m$s --back-run b$s --seed $s --eval-every 0"
	game="$from --discriminator reverse-lm --objective hinge --d-pretrain 0 --d-steps 0 --adv-steps 160"
	run "likelihood$s" $game --estimator rloo --g-lr 0
	run "gumbel-softmax$s" $game --estimator gumbel-softmax --feedback straight-through --tau-schedule 1 --g-lr 1e-4
	run "st-gumbel$s" $game --estimator st-gumbel --tau-schedule 1 --g-lr 1e-4
	run "rloo$s" $game --estimator rloo --g-lr 1e-4
	run "resample$s" $from --adv-steps 0 --coop-rounds 1 --critic reverse-lm --coop-sentences 12000 --coop-steps 188 --coop-lr .002
	judge "$s" "likelihood alone, T=1" "m$s"
	judge "$s" "likelihood alone, T=.9" "m$s" --temperature .9
	judge "$s" "likelihood alone, T=.8" "m$s" --temperature .8
	for way in likelihood gumbel-softmax st-gumbel rloo resample; do judge "$s" "$way" "$way$s"; done
	[ -e "k$s" ] || { cp -r "m$s" "k$s"; "$textgan" critic --run "k$s" --backwards "b$s" --features ratio >/dev/null 2>&1; }
	judge "$s" "sampled by it, T=1" "k$s" --critic --candidates 8
	judge "$s" "sampled by it, T=.9" "k$s" --critic --candidates 8 --temperature .9
done
python3 "$here/table.py" "likelihood alone, T=1" "likelihood alone, T=.9" "likelihood alone, T=.8" likelihood gumbel-softmax st-gumbel rloo resample \
	"sampled by it, T=1" "sampled by it, T=.9" | tee "$here/gumbel-path.txt"
