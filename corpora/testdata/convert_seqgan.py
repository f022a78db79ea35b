"""Turns the oracle weights that SeqGAN publishes into a file for --oracle.

    python3 convert_seqgan.py save/target_params.pkl oracle.safetensors [LENGTH]     (numpy 1.24)

The pickle of https://github.com/LantaoYu/SeqGAN, or of a program that keeps its
form, is a list of fifteen arrays: the embedding [V,E]; W [E,H], U [H,H] and
b [H] of the input gate, of the forget gate, of the output gate and of the
candidate; the output layer [H,V] and its bias [V]. LENGTH is that of a
sentence, 20 if it is not given.

The file has the tensors that docs/metrics.md lists, float32, the four gates
side by side in that order. A pickle may run any program: this one is read with
nothing but NumPy's arrays allowed.
"""
import json
import pickle
import struct
import sys

import numpy as np


class Arrays(pickle.Unpickler):
    def find_class(self, module, name):
        if name in ("ndarray", "dtype", "_reconstruct") and module.split(".")[0] == "numpy":
            return super().find_class(module, name)
        if (module, name) == ("_codecs", "encode"):
            return super().find_class(module, name)
        raise pickle.UnpicklingError("%s.%s in a list of arrays" % (module, name))


def tensors(params):
    embedding, gates, out = params[0], [params[1 + 3 * k:4 + 3 * k] for k in range(4)], params[13:]
    wx, wh, b = (np.concatenate([g[i] for g in gates], axis=-1) for i in range(3))
    return {"embedding": embedding, "wx": wx, "wh": wh, "b": b, "output.w": out[0], "output.b": out[1]}


def save(path, named, length):
    header, data = {"__metadata__": {"length": str(length)}}, b""
    for name, x in named.items():
        x = np.ascontiguousarray(x, "<f4")
        header[name] = {"dtype": "F32", "shape": x.shape, "data_offsets": [len(data), len(data) + x.nbytes]}
        data += x.tobytes()
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


if __name__ == "__main__":
    with open(sys.argv[1], "rb") as f:
        params = Arrays(f, encoding="latin1").load()
    if len(params) != 15:
        sys.exit("%s: %d arrays; SeqGAN's oracle has 15" % (sys.argv[1], len(params)))
    save(sys.argv[2], tensors(params), int(sys.argv[3]) if len(sys.argv) > 3 else 20)
