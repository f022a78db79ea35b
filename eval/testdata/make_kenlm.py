"""Writes kenlm.json, the toy models of KenLM that KneserNey is held against.

    git clone https://github.com/kpu/kenlm && git -C kenlm checkout 4cb443e60b7bf2c0ddf3c745378f76cb59e254e5
    python3 make_kenlm.py kenlm/lm/common/test_data

toy0.arpa and toy1.arpa were made by lmplz --discount_fallback -o 3 of two lines
each, which the repository does not keep; they are given here. Values are log10
of probability and of backoff weight, as the ARPA files print them.
"""
import json
import sys

TEXTS = {"toy0.arpa": "a a b a\nb a a b", "toy1.arpa": "a a b b b b b b b\nc"}

models = []
for name, text in TEXTS.items():
    grams, order = {}, 0
    for line in open(f"{sys.argv[1]}/{name}"):
        line = line.rstrip("\n")
        if line.endswith("-grams:"):
            order = int(line[1:line.index("-")])
        elif order and line and not line.startswith("\\"):
            fields = line.split("\t")
            assert len(fields[1].split(" ")) == order, line
            grams[fields[1]] = [float(fields[0]), float(fields[2]) if len(fields) > 2 else 0.0]
    models.append({"text": text, "grams": grams})
json.dump(models, open("kenlm.json", "w"), indent=1, sort_keys=True)
