# What gumbel-path.sh and rounds.sh share: sourced with their arguments, TEXTGAN [DIR].
# Processes run on one core if GOMAXPROCS is not set, so that their user seconds compare.
set -e
textgan=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
work=${2:-$(mktemp -d)}
mkdir -p "$work"
cd "$work"
export GOMAXPROCS=${GOMAXPROCS:-1}
TIMEFORMAT=%U
then="--hidden 128 --dropout .3 --lr .004 --lr-schedule constant --mle-steps 4000 --eval-every 250" # as it was by default, for tables of then
run() { # NAME ARGUMENTS: trains a run once, and notes its processor time
	[ -e "$1/done" ] && return
	rm -rf "$1"
	{ time "$textgan" train --run "$1" "${@:2}" >/dev/null 2>"$1.log"; } 2>"$1.time" || { tail -5 "$1.log" >&2; exit 1; }
	touch "$1/done"
}
[ -e fresh.txt ] || "$textgan" corpus generate builtin:captions -n 5000 --seed 4242 >fresh.txt 2>/dev/null
judge() { # SEED NAME RUN ARGUMENTS
	[ -e "judged-$2-$1.json" ] || "$textgan" eval all --run "$3" --checkpoint last --ref fresh.txt --classifier=false --features=false --seed "$1" --json "${@:4}" >"judged-$2-$1.json" 2>/dev/null
}
