#!/bin/sh
# A sentence VAE beside a language model of the same size on the COCO captions
# of the Texygen benchmark, and what each trick against posterior collapse does.
#
#   docs/results/vae-coco/run.sh TRAIN [DIR]
#
# TRAIN is image_coco.txt of the benchmark: lines 1-9500 are learnt, 9501-10000
# held out. Runs go to DIR (default runs/vae-coco); what has been trained already
# is not trained again. On two cores about a minute a run, fourteen runs a seed;
# none may take longer than LIMIT (default 1200 seconds).
# Smaller: SEEDS=1 STEPS=200 ADV_STEPS=20 SAMPLES=500.
set -eu
text=$1 dir=${2:-runs/vae-coco}
here=$(cd "$(dirname "$0")" && pwd)
seeds=${SEEDS:-1 2 3} steps=${STEPS:-3000} samples=${SAMPLES:-5000} limit=${LIMIT:-1200}
out=${OUT:-$here}
bin=${TEXTGAN:-bin/textgan}
[ -x "$bin" ] || make build

mkdir -p "$dir" "$out"
head -n 9500 "$text" >"$dir/train.txt"
tail -n +9501 "$text" | head -n 500 >"$dir/valid.txt"

# train NAME OPTIONS: one run per seed. Everything but OPTIONS is the same for
# the language model, for all VAEs and for the GAN.
train() {
	name=$1
	shift
	for seed in $seeds; do
		run=$dir/$name-$seed
		[ -e "$run/report.html" ] || timeout "$limit" "$bin" train --corpus "$dir/train.txt" --valid "$dir/valid.txt" --run "$run" --seed "$seed" \
			--min-count 2 --emb 64 --hidden 128 --dropout 0.2 --lr .004 --lr-schedule constant --normalize batch \
			--mle-steps "$steps" --eval-every 150 --eval-samples 200 --patience 0 "$@" >"$dir/$name-$seed.txt"
		"$bin" eval nll --run "$run" --checkpoint best --corpus "$dir/valid.txt" --samples 100 --json | sed "s/^{/{\"name\":\"$name\",\"seed\":$seed,/"
	done
}

{
	train language-model --model mle
	train no-trick --model vae --kl-anneal none --free-bits 0
	train linear --model vae --kl-steps $((steps / 2)) --free-bits 0
	train logistic --model vae --kl-anneal logistic --kl-steps $((steps / 4)) --kl-slope 0.01 --free-bits 0
	train cyclical --model vae --kl-anneal cyclical --free-bits 0
	train word-dropout --model vae --kl-anneal none --word-dropout 0.4 --free-bits 0
	train inputless --model vae --kl-anneal none --word-dropout 1 --free-bits 0
	train free-bits --model vae --kl-anneal none --free-bits 0.3
	train free-total --model vae --kl-anneal none --free-bits 0 --free-bits-total 4.8
	train aggressive --model vae --kl-anneal none --aggressive 15 --free-bits 0
	train linear-aggressive --model vae --kl-steps $((steps / 2)) --aggressive 15 --free-bits 0
	train together --model vae --kl-steps $((steps / 2)) --kl-weight 0.4 --word-dropout 0.3 --free-bits 0.15
	train categorical --model vae --kl-steps $((steps / 2)) --latent categorical --latent-dim 10 --latent-categories 8 --free-bits 0.6
	train laplace --model vae --kl-steps $((steps / 2)) --latent laplace --kl-weight 0.4 --word-dropout 0.3 --free-bits 0.15
} >"$out/runs.jsonl"

# The table: mean and standard deviation over the seeds, nats per caption.
awk '
function field(key, s) {
	if (!match($0, "\"" key "\":-?[0-9.e+-]+")) return "-"
	s = substr($0, RSTART, RLENGTH)
	sub(/^[^:]*:/, "", s)
	return s + 0
}
function add(key, v) {
	if (v == "-") return
	sum[name, key] += v; squares[name, key] += v * v; count[name, key]++
}
function show(name, key, digits, n, mean, variance) {
	n = count[name, key]
	if (!n) return sprintf("%16s", "-")
	mean = sum[name, key] / n
	variance = n > 1 ? (squares[name, key] - n * mean * mean) / (n - 1) : 0
	return sprintf("%8." digits "f +- %-4." digits "f", mean, sqrt(variance > 0 ? variance : 0))
}
{
	match($0, /"name":"[^"]*"/)
	name = substr($0, RSTART + 8, RLENGTH - 9)
	if (!(name in seen)) { seen[name] = 1; order[++names] = name }
	elbo = field("elbo")
	add("bound", elbo == "-" ? "-" : -elbo)
	add("nll", field("nll") * field("tokens") / field("lines"))
	add("ppl", field("perplexity"))
	add("rec", field("reconstruction")); add("kl", field("kl"))
	add("mi", field("mutual_information")); add("active", field("active_units"))
}
END {
	printf "%-18s%16s%16s%16s%16s%16s%16s%16s\n", "", "-ELBO", "NLL (<=)", "PPL (<=)", "reconstruction", "KL", "MI", "active units"
	for (i = 1; i <= names; i++) {
		n = order[i]
		print sprintf("%-18s", n) show(n, "bound", 2) show(n, "nll", 2) show(n, "ppl", 2) show(n, "rec", 2) show(n, "kl", 2) show(n, "mi", 2) show(n, "active", 1)
	}
}' "$out/runs.jsonl" | tee "$out/table.txt"

# Samples, beside those of the language model, of a GAN that went on from it and
# of real text; and what the codes are good for.
first=${seeds%% *}
seeds=$first train gan --model gan --g-lr 1e-4 --adv-steps "${ADV_STEPS:-600}" >/dev/null
"$bin" eval all --run "$dir/language-model-$first,$dir/gan-$first,$dir/together-$first,$dir/free-bits-$first,$dir/categorical-$first" --checkpoint last \
	--ref "$dir/valid.txt" -n "$samples" >"$out/all.txt"
{
	head -n 5 "$dir/valid.txt" | "$bin" vae reconstruct --run "$dir/together-$first" --checkpoint best --corpus - --samples 3 --json
	"$bin" vae interpolate --run "$dir/together-$first" --checkpoint best \
		--from "a man riding a motorcycle down a street." --to "a bathroom with a white toilet and sink."
} >"$out/codes.txt"
for family in gaussian logistic laplace; do
	echo "$family, mean 0.7, log-variance -0.6"
	"$bin" vae gradients --latent "$family" --samples 1000000
done >"$out/gradients.txt"
"$bin" version >"$out/version.txt"
git -C "$here" rev-parse HEAD >>"$out/version.txt" 2>/dev/null || true
