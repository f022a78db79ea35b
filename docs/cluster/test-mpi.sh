#!/usr/bin/env bash
# Training by several processes on a real Open MPI: weights that are equal however many take
# part, runs that are resumed by another number of them, processes that are killed or refuse.
# Called by make test-mpi and .ci/run; it installs nothing. Debian: apt-get install libopenmpi-dev openmpi-bin
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v mpirun >/dev/null || ! pkg-config --exists ompi-c 2>/dev/null; then
	echo "Open MPI is not here: skipped (Debian: apt-get install libopenmpi-dev openmpi-bin)"
	exit 0
fi
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl=self,vader OMPI_MCA_btl_vader_single_copy_mechanism=none
dir=$(mktemp -d)
cleanup() {
	[ -z "${job:-}" ] || kill "$job" 2>/dev/null || true
	rm -rf "$dir"
}
trap cleanup EXIT
CGO_ENABLED=0 go build -o "$dir/textgan" ./cmd/textgan
go build -tags mpi -o "$dir/textgan-mpi" ./cmd/textgan
cd "$dir"

team() { # N ARGUMENT...: textgan-mpi by N processes
	local n=$1
	shift
	mpirun --oversubscribe -np "$n" ./textgan-mpi "$@"
}
weights() { sha256sum "$1/checkpoints/step-$2/weights.safetensors" | cut -d' ' -f1; }
fail() {
	echo "FAILED: $*"
	exit 1
}
quiet() { "$@" >log 2>&1 || { cat log; fail "$*"; }; }

small="--corpus-lines 400 --emb 16 --hidden 16 --dropout .2 --batch 16 --mle-steps 6 --eval-samples 20 --threads 1"
game="$small --d-emb 8 --d-filters 8 --spectral-norm --d-pretrain 3 --adv-steps 6"
equal() { # NAME STEP OPTION...: the same weights by one process and by 1, 2 and 4
	local name=$1 step=$2 want n
	shift 2
	quiet ./textgan train --run "$name" --accumulate 4 "$@"
	want=$(weights "$name" "$step")
	for n in 1 2 4; do
		quiet team "$n" train --run "$name-$n" --accumulate 4 "$@"
		[ "$(weights "$name-$n" "$step")" = "$want" ] || fail "$name: $n processes have other weights than one"
		cmp -s "$name/metrics.jsonl" "$name-$n/metrics.jsonl" || fail "$name: the record of $n processes is another"
	done
	echo "$name: ${want:0:16} by 1, 2 and 4 processes"
}
equal mle 6 --model mle $small
equal g_st 15 $game --estimator st-gumbel --feedback straight-through
equal rloo 15 $game --estimator rloo
equal vae 6 --model vae --latent-dim 4 --free-bits .05 --word-dropout .2 $small

# Without --accumulate there is a part for each process.
quiet ./textgan train --run two --model mle --accumulate 2 $small
quiet team 2 train --run two-2 --model mle $small
[ "$(weights two 6)" = "$(weights two-2 6)" ] || fail "--accumulate is not the number of processes"
echo "without --accumulate: a part for each process"

# Whatever order MPI adds gradients up in, they are the same but for rounding.
quiet team 4 train --run fast --model mle --reduce fast $small
nll() { grep -o '"nll/valid":[0-9.]*' "$1/metrics.jsonl" | tail -1 | cut -c1-17; }
[ -n "$(nll mle)" ] && [ "$(nll fast)" = "$(nll mle)" ] || fail "--reduce fast: $(nll fast), ordered $(nll mle)"
echo "--reduce fast: $(nll fast)"

# A process is killed: the job ends, and the last checkpoint is whole. Another number of
# processes goes on from there, is told to stop, and a third ends the run.
long="--accumulate 4 --model mle $small --mle-steps 8000 --eval-every 0 --save-every 20"
quiet ./textgan train --run whole $long
mpirun --oversubscribe -np 4 ./textgan-mpi train --run parts $long >log 2>&1 &
job=$!
for _ in $(seq 3000); do
	! ls parts/checkpoints/step-* >/dev/null 2>&1 || break
	sleep .02
done
kill -9 "$(awk -v of="$job" '$4 == of { p = $1 } END { print p }' /proc/[0-9]*/stat 2>/dev/null)" || fail "no process to kill: $(cat log)"
code=0
wait "$job" || code=$?
job=
[ "$code" -ne 0 ] || fail "a job without one of its processes has ended well"
quiet ./textgan verify --run parts
[ ! -e parts/checkpoints/step-8000 ] || fail "the run was over before a process was killed"
echo "a process is killed: the job ends with $code, and the run is whole"
newest() { ls parts/checkpoints | sed -n 's/^step-//p' | sort -n | tail -1; }
before=$(newest)
mpirun -np 2 ./textgan-mpi train --run parts --resume >log 2>&1 &
job=$!
for _ in $(seq 3000); do
	[ "$(newest)" -le "$before" ] || break
	sleep .02
done
kill -TERM "$job"
code=0
wait "$job" || code=$?
job=
[ "$code" -ne 0 ] || fail "a job that was told to stop has ended well: $(cat log)"
grep -q "interrupted (SIGTERM) at step" log || { cat log; fail "a job that was told to stop does not say where"; }
[ ! -e parts/checkpoints/step-8000 ] || fail "the run was over before it was told to stop"
quiet team 1 train --run parts --resume
[ "$(weights parts 8000)" = "$(weights whole 8000)" ] || fail "a run by 4, 2 and 1 processes has other weights than one that was never stopped"
echo "killed, resumed by 2, stopped with $code, resumed by 1: the weights of a run that never stopped"

# What cannot be done is said once, with the exit code of one process.
refused() { # CODE WORDS COMMAND...
	local want=$1 words=$2 code=0
	shift 2
	"$@" >log 2>&1 || code=$?
	[ "$code" = "$want" ] || { cat log; fail "exit code $code, not $want: $*"; }
	[ "$(grep -c "^textgan.*: $words" log)" = 1 ] || { cat log; fail "not said once: $words"; }
}
refused 2 "the 4 parts of a step (--accumulate) cannot be divided among 3 processes" team 3 train --run no --accumulate 4 --model mle $small
refused 2 "--batch 16 cannot be cut" team 3 train --run no --model mle $small
refused 2 "unknown flag" team 2 train --no-such-option
refused 2 "mle holds a run" team 2 train --run mle --model mle $small
[ ! -e no ] || fail "something that was refused has left a directory"
refused 1 "open nothing.txt" mpirun -np 1 ./textgan-mpi train --run one --model mle $small : -np 1 ./textgan-mpi train --run one --model mle $small --corpus nothing.txt
refused 1 "rank 1 has other settings" mpirun -np 1 ./textgan-mpi train --run other --model mle $small : -np 1 ./textgan-mpi train --run other --model mle $small --lr .1
OMPI_COMM_WORLD_SIZE=2 ./textgan train --run no >log 2>&1 && fail "a program without MPI has joined others"
grep -q "go build -tags mpi" log || { cat log; fail "no word of how to build"; }
echo "refusals: one line, one exit code"
