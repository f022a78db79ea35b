#!/usr/bin/env bash
# markovchain 0.9.1 (R): a 95 % interval of its bootstrap, with 100 resamples, holds the truth for 3
# texts of 40. What is called a standard error is the spread of the resampled estimates divided by
# the root of their number, so that the interval is ten times too narrow, and with more resamples
# narrower still: a computer that works longer knows more of the same text. The standard error
# of maximum likelihood is p / sqrt(n p) in place of sqrt(p (1 - p) / n), too great by 1 / sqrt(1 - p):
# three times for a word that follows in nine cases of ten. By the one any two texts differ, by the
# other hardly any. The vignette has the second formula, and none for the first;
# spedygiorgio/markovchain#266 of 2026 mends both, eleven years on.
#
# Needs R (apt-get install r-base-core r-cran-{igraph,matrix,expm,rcpp,rcppparallel,rcpparmadillo}).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
apt-get download r-cran-markovchain=0.9.1-1 >/dev/null 2>&1
dpkg -x r-cran-markovchain*.deb .
cat >intervals.R <<'R'
suppressMessages(library(markovchain, lib.loc = "usr/lib/R/site-library"))
cat(sprintf("markovchain %s\n", packageVersion("markovchain", lib.loc = "usr/lib/R/site-library")))
set.seed(1)
words <- c("the", "a")
truth <- matrix(c(.9, .1, .4, .6), 2, byrow = TRUE, dimnames = list(words, words))
chain <- new("markovchain", states = words, transitionMatrix = truth)

# resampled gives two standard errors of P(the | the): the package's, and the spread of its own resamples.
text <- rmarkovchain(300, chain)
for (n in c(25, 100, 400)) {
  fit <- markovchainFit(text, method = "bootstrap", nboot = n)
  own <- sd(sapply(fit$bootStrapSamples, function(m) m["the", "the"]))
  cat(sprintf("%d resamples: standard error %.5f, spread of the resamples %.5f, their ratio %.3f, root of %d %.3f\n",
              n, fit$standardError["the", "the"], own, own / fit$standardError["the", "the"], n, sqrt(n)))
}

# held tells how many of 40 texts have an interval of 95 % that holds the truth.
held <- function(interval) {
  hits <- 0
  for (i in 1:40) {
    ends <- interval(rmarkovchain(300, chain))
    hits <- hits + (ends[1] <= .9 && .9 <= ends[2])
  }
  hits
}
for (n in c(25, 100))
  cat(sprintf("bootstrap, %d resamples: %d of 40 intervals hold .9\n", n, held(function(x) {
    ends <- markovchainFit(x, method = "bootstrap", nboot = n, confidencelevel = .95)$confidenceInterval
    c(ends$lowerEndpointMatrix["the", "the"], ends$upperEndpointMatrix["the", "the"])
  })))
cat(sprintf("quantiles of the same 100 resamples: %d of 40\n", held(function(x) {
  fit <- markovchainFit(x, method = "bootstrap", nboot = 100)
  quantile(sapply(fit$bootStrapSamples, function(m) m["the", "the"]), c(.025, .975))
})))

fit <- markovchainFit(text, method = "mle", confidencelevel = .95)
p <- fit$estimate["the", "the"]
n <- sum(head(text, -1) == "the")
cat(sprintf("maximum likelihood: p = %.4f, n = %d, standard error %.4f; p / sqrt(n p) is %.4f, sqrt(p (1 - p) / n) is %.4f; the interval's upper end is %.3f\n",
            p, n, fit$standardError["the", "the"], p / sqrt(n * p), sqrt(p * (1 - p) / n), fit$upperEndpointMatrix["the", "the"]))
R
out=$(R --vanilla -q -s -f intervals.R)
echo "$out"
diff <(echo "$out") - <<'EXPECTED'
markovchain 0.9.1
25 resamples: standard error 0.00364, spread of the resamples 0.01822, their ratio 5.000, root of 25 5.000
100 resamples: standard error 0.00192, spread of the resamples 0.01917, their ratio 10.000, root of 100 10.000
400 resamples: standard error 0.00098, spread of the resamples 0.01952, their ratio 20.000, root of 400 20.000
bootstrap, 25 resamples: 13 of 40 intervals hold .9
bootstrap, 100 resamples: 3 of 40 intervals hold .9
quantiles of the same 100 resamples: 37 of 40
maximum likelihood: p = 0.9083, n = 240, standard error 0.0615; p / sqrt(n p) is 0.0615, sqrt(p (1 - p) / n) is 0.0186; the interval's upper end is 1.000
EXPECTED
