#!/bin/bash
# Three published generators on the oracle (length 20, vocabulary 5,000): NLL_oracle of what
# they say, and NLL of held-out sentences, at each temperature.
#
#   docs/results/presets/oracle.sh TEXTGAN [DIR]
#
# lstm-mle is as long as published. seqgan goes on from it; its discriminator and its game
# are a twentieth of the published length. relgan has a memory of 128 and 16 representations
# (published: 512 and 64) and a twentieth of the steps. DIR keeps the runs; those that it has are
# not trained again. SEEDS (default "1 2 3"), SAMPLES (default 5000).
set -eu
textgan=$(realpath "$1") here=$(realpath "$(dirname "$0")")
dir=${2:-runs/oracle}
mkdir -p "$dir"
cd "$dir"
seeds=${SEEDS:-1 2 3} samples=${SAMPLES:-5000}

run() { # NAME ARGUMENTS
	[ ! -e "$1.done" ] || return 0
	rm -rf "$1"
	began=$(date +%s)
	"$textgan" train --run "$1" --corpus builtin:oracle --eval-every 0 --eval-samples 1000 "${@:2}" >"$1.txt" 2>&1
	echo "$1 $(($(date +%s) - began))" >>seconds.txt
	touch "$1.done"
}
[ -e fresh.txt ] || "$textgan" corpus generate builtin:oracle -n 5000 --seed 4242 >fresh.txt
for s in $seeds; do
	run "lstm-mle-$s" --preset lstm-mle --seed "$s"
	run "seqgan-$s" --preset seqgan --warm-start "lstm-mle-$s" --mle-steps 0 --d-pretrain 1170 --adv-steps 10 --d-steps 117 --seed "$s"
	run "relgan-$s" --preset relgan --hidden 128 --d-reps 16 --mle-steps 1170 --adv-steps 100 --seed "$s"
	for name in lstm-mle seqgan relgan; do
		for t in 0.6 0.7 0.8 0.9 1 1.1; do
			json=$name-$s-$t.json
			[ -s "nll-$json" ] || "$textgan" eval nll --run "$name-$s" --corpus fresh.txt --temperature $t --json >"nll-$json"
			[ -s "$json" ] || "$textgan" eval all --run "$name-$s" -n "$samples" --seed "$s" --temperature $t --classifier=false --features=false --json >"$json" 2>/dev/null
		done
	done
done
SEEDS=$seeds python3 "$here/oracle.py" >"$here/oracle.txt"
