# The table of oracle.sh, from the JSON files of the working directory: means over the seeds,
# with their standard errors. A seed none of whose sentences has the length has no NLL_oracle: "(2)"
# behind a mean is the number of those that have.
import json, math, os, statistics

seeds = os.environ["SEEDS"].split()
temperatures = "0.6 0.7 0.8 0.9 1 1.1".split()


def cell(values, digits):
    text = "%.*f" % (digits, statistics.mean(values))
    if len(values) > 1:
        text += " ± %.*f" % (digits, statistics.stdev(values) / math.sqrt(len(values)))
    return text


print("nats per token, mean and standard error over the seeds %s; NLL of 5,000 fresh sentences" % " ".join(seeds))
print("| generator | T | NLL_oracle | NLL of fresh sentences | of length 20 % | self-BLEU-2 |")
print("|---|---|---|---|---|---|")
for name in "lstm-mle", "seqgan", "relgan":
    for t in temperatures:
        said = [json.load(open("%s-%s-%s.json" % (name, s, t)))["texts"][0] for s in seeds]
        nll = [json.load(open("nll-%s-%s-%s.json" % (name, s, t)))["nll"] for s in seeds]
        right = [x["language"]["nll_oracle_per_token"] for x in said if x["language"]["valid"]]
        oracle = cell(right, 3) if right else "-"
        if 0 < len(right) < len(seeds):
            oracle += " (%d)" % len(right)
        print("| %s | %s | %s | %s | %s | %s |" % (
            name, t,
            oracle,
            cell(nll, 3),
            cell([100 * x["language"]["valid"] / x["language"]["sentences"] for x in said], 1),
            cell([x["self_bleu"]["self_bleu"]["2"] for x in said], 3)))
