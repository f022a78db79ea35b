# What the scripts of the built-in corpus share: sourced with their arguments, TEXTGAN [DIR].
. "$(dirname "$0")/run.sh"
then="--hidden 128 --dropout .3 --lr .004 --lr-schedule constant --mle-steps 4000 --eval-every 250" # as it was by default, for tables of then
[ -e fresh.txt ] || "$textgan" corpus generate builtin:captions -n 5000 --seed 4242 >fresh.txt 2>/dev/null
judge() { # SEED NAME RUN ARGUMENTS
	[ -e "judged-$2-$1.json" ] || "$textgan" eval all --run "$3" --checkpoint last --ref fresh.txt --classifier=false --features=false --seed "$1" --json "${@:4}" >"judged-$2-$1.json" 2>/dev/null
}
