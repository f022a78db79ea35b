"""Writes two models and what Features, NLL and EncoderName are held against.

    python3 make_encoder.py        (numpy 1.24)

The weights are random. A line is put in small letters and cut at white
space, its words become ids by the list in vocab.json, and the network is written down sentence by sentence in float64: the feature is the
mean of the top layer's states after <bos> and each of the first 200 tokens,
the score -log p of all tokens and <eos>.
"""
import hashlib
import json
import struct

import numpy as np

rng = np.random.default_rng(8)
SPECIALS = ["<pad>", "<bos>", "<eos>", "<unk>"]
TOKENS = ["the", "dog", "a", ",", "isn't", "red", "eos", "<", ">", "3", "naïve", "_", "é", "runs", "dogs", "."]
LINES = ["the dog runs", "The DOG isn't red , isn't it .", "", "a", "dogs", "naïve  Dogs\trun _ 3 times", "<eos> the <unk> dog <bos>",
         "É é", "the red dog’s dogs", "zebra", "a red dog , a red dog , a dog .", " ".join(["the dog", "a red", "runs ."] * 35)]


def ids(line):
    return [TOKENS.index(t) + 4 if t in TOKENS else SPECIALS.index("<unk>") for t in line.lower().split()]


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(x, h, c, wx, wh, b):
    i, f, o, g = np.split(x @ wx + h @ wh + b, 4)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def gru(x, h, c, wx, wh, b):
    (xr, xz, xn), (hr, hz, hn), (br, bz, bx, bh) = np.split(x @ wx, 3), np.split(h @ wh, 3), np.split(b, 4)
    r, z = sigmoid(xr + hr + br), sigmoid(xz + hz + bz)
    return (1 - z) * np.tanh(xn + bx + r * (hn + bh)) + z * h, c


def states(w, cell, layers, hidden, read):
    h, c, out = np.zeros((layers, hidden)), np.zeros((layers, hidden)), []
    for i in read:
        x = w["g.embedding"][i]
        for n in range(layers):
            h[n], c[n] = cell(x, h[n], c[n], *(w["g.layer%d.%s" % (n, k)] for k in ("wx", "wh", "b")))
            x = h[n]
        out.append(x.copy())
    return np.array(out)


def model(name, cell, gates, layers, emb, hidden):
    V = len(TOKENS) + 4
    shapes = {"g.embedding": (V, emb)}
    for n in range(layers):
        shapes |= {"g.layer%d.wx" % n: (hidden if n else emb, gates * hidden), "g.layer%d.wh" % n: (hidden, gates * hidden), "g.layer%d.b" % n: (4 * hidden,)}
    shapes |= {"g.output.w": (hidden, V), "g.output.b": (V,)}
    w = {k: (rng.normal(size=s) * .7).astype("<f4") for k, s in shapes.items()}
    w["g.output.b"][:2] = -1e9  # <pad> and <bos> never come

    sha, header, data = hashlib.sha256(), {}, b""
    for k, v in w.items():
        sha.update(("%s [%s]\n" % (k, " ".join(map(str, v.shape)))).encode() + v.tobytes())
        header[k] = {"dtype": "F32", "shape": v.shape, "data_offsets": [len(data), len(data) + v.nbytes]}
        data += v.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open("encoder-%s.safetensors" % name, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)

    w = {k: v.astype(float) for k, v in w.items()}
    features, scores = [], []
    for line in LINES:
        x = ids(line)
        h = states(w, cell, layers, hidden, [1] + x)
        features.append(h[:201].mean(0).tolist())
        logits = h @ w["g.output.w"] + w["g.output.b"]
        logits -= logits.max(1, keepdims=True)
        log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        scores.append(float(-sum(log_p[t, i] for t, i in enumerate(x + [2]))))
    return {"cell": name, "layers": layers, "emb": emb, "hidden": hidden, "sha256": sha.hexdigest(), "features": features, "scores": scores}


part = lambda s: struct.pack("<Q", len(s.encode())) + s.encode()
with open("vocab.json", "w") as f:
    json.dump({"format": "textgan vocabulary", "version": 2, "tokenizer": "whitespace", "specials": SPECIALS,
               "sha256": hashlib.sha256(b"".join(map(part, ["whitespace"] + TOKENS))).hexdigest(), "tokens": TOKENS}, f)
    f.write("\n")
models = [model("lstm", lstm, 4, 1, 6, 8), model("gru", gru, 3, 2, 5, 7)]
with open("encoder.json", "w") as f:
    json.dump({"lines": LINES, "models": models}, f, separators=(",", ":"))
    f.write("\n")
