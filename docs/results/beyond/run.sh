# What the scripts of this directory share: sourced with their arguments, TEXTGAN [DIR].
# Processes run on one core if GOMAXPROCS is not set, so that their user seconds compare.
set -e
textgan=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
work=${2:-$(mktemp -d)}
mkdir -p "$work"
cd "$work"
export GOMAXPROCS=${GOMAXPROCS:-1}
TIMEFORMAT=%U
run() { # NAME ARGUMENTS: trains a run once, and notes its processor time
	[ -e "$1/done" ] && return
	rm -rf "$1"
	{ time "$textgan" train --run "$1" "${@:2}" >/dev/null 2>"$1.log"; } 2>"$1.time" || { tail -5 "$1.log" >&2; exit 1; }
	touch "$1/done"
}
