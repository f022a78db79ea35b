# What alone.sh, memory.sh and several.sh share: sourced with their arguments, TEXTGAN DIR, DIR being what
# make.sh has kept. Processes run on one core if GOMAXPROCS is not set, so that their user
# seconds compare.
set -e
textgan=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
cd "$2"
export GOMAXPROCS=${GOMAXPROCS:-1}
TIMEFORMAT=%U
run() { # NAME ARGUMENTS: trains a run once, and notes its processor time
	[ -e "$1.done" ] && return
	rm -rf "$1"
	{ time "$textgan" train --run "$1" "${@:2}" >"$1.log" 2>&1; } 2>"$1.time" || { tail -5 "$1.log" >&2; exit 1; }
	touch "$1.done"
}
told() { # NAME: held-out NLL before and after, and what it took
	echo "$1: $(grep -m 1 -E 'undone|moved' "$1.log"), $(tail -1 "$1.time") user s"
}
judge() { # ARGUMENTS of textgan: the command and what it says
	echo "$ textgan $*"
	echo
	"$textgan" "$@" 2>/dev/null
}
critic() { # RUN OPTIONS: trains its critic, and says what that tells
	echo "$ textgan critic --run $*"
	"$textgan" critic --run "$@" 2>/dev/null
}
product() { # RUN ...: the NLL of the lines to judge by under products of these models
	echo "$ go run docs/results/beyond/product.go test.txt $*"
	(cd "$here" && go run product.go "$OLDPWD/test.txt" "${@/#/$OLDPWD/}")
}
likelihood="--model mle --corpus train.txt --valid held.txt --emb 64 --min-count 2 --lr-schedule constant --mle-steps 3000 --eval-every 148"
memory="--cell relational --hidden 256 --dropout .5 --lr .0015"
round="--eval-every 0 --adv-steps 0 --coop-rounds 1 --coop-sentences 1000000 --coop-steps 7000 --coop-real .1"
plane="--ref test.txt --train train.txt -n 5000"
