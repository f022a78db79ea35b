#!/usr/bin/env bash
# One process with two threads against two processes with one thread each, in turn, on the same
# batches: V = 4700, B = 64, sentences of 36 words and their end, 128 units and embeddings.
# Prints for likelihood (mle) and for a generator's step of straight-through Gumbel (g_st) the
# median rates, their ratio, and what the exchange of gradients takes of a step.
# Needs two cores that do nothing else, and Open MPI; takes three minutes. ROUNDS=5 by default.
set -euo pipefail
cd "$(dirname "$0")/../.."
rounds=${ROUNDS:-5}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
CGO_ENABLED=0 go build -o "$dir/textgan" ./cmd/textgan
go build -tags mpi -o "$dir/textgan-mpi" ./cmd/textgan
cd "$dir"
# Every word of w0 ... w4695 occurs: with the four symbols of a vocabulary V is 4700.
awk 'BEGIN { srand(1); for (i = 0; i < 3000; i++) { line = ""; for (j = 0; j < 36; j++) line = line " w" (i < 131 ? (i * 36 + j) % 4696 : int(rand() * 4696)); print substr(line, 2) } }' >text

common="--corpus text --min-count 1 --emb 128 --hidden 128 --dropout 0 --batch 64 --bucket 1 --eval-every 0 --save-every 0 --eval-samples 10 --log-every 1000"
work() {
	case $1 in
	mle) echo "$common --model mle --mle-steps 120" ;;
	g_st) echo "$common --mle-steps 0 --d-pretrain 0 --adv-steps 80 --d-steps 0 --mle-every 0 --estimator st-gumbel --feedback straight-through --tau-schedule 1" ;;
	esac
}
rate() { tr '\r' '\n' <"$1" | grep -oE '[0-9.]+[kM]? tok/s' | tail -1 | sed 's/ tok.*//; s/k/e3/; s/M/e6/'; }
median() { sort -g "$1" | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
column() { grep -h '^team' "$1".team | sed -nE "s/.*$2.*/\1/p" >"$1.column" && median "$1.column"; }

n=0
for _ in $(seq "$rounds"); do
	for kind in mle g_st; do
		n=$((n + 1))
		./textgan train --run "one$n" --threads 2 $(work $kind) >/dev/null 2>log
		rate log >>"$kind.one"
		mpirun -np 2 ./textgan-mpi train --run "two$n" --threads 1 $(work $kind) >/dev/null 2>log
		rate log >>"$kind.two"
		grep '^team' log >>"$kind.team"
		rm -rf "one$n" "two$n"
	done
done
printf '%-6s %14s %16s %7s %9s %9s %9s %9s\n' work "1 x 2 threads" "2 processes" ratio waiting adding "MB/step" "ms/step"
for kind in mle g_st; do
	one=$(median $kind.one) two=$(median $kind.two)
	printf '%-6s %8.0f tok/s %10.0f tok/s %7s %7s %% %7s %% %9s %9s\n' $kind "$one" "$two" \
		"$(awk "BEGIN { printf \"%.3f\", $two / $one }")" \
		"$(column $kind ' ([0-9.]+) % waiting.*')" "$(column $kind ' ([0-9.]+) % adding.*')" \
		"$(column $kind ' ([0-9.]+) MB received')" "$(column $kind 'a step ([0-9.]+) ms.*')"
done
