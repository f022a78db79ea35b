"""Makes golden.safetensors from the format's description, with struct alone.

    python3 testdata/make_golden.py   # in internal/safetensors
"""
import json
import struct

tensors = [  # wide types first, then by name
    ("adam.seed", "U64", [1], struct.pack("<1Q", 2**64 - 1)),
    ("mean", "F64", [], struct.pack("<d", 0.1)),
    ("step", "I64", [2], struct.pack("<2q", -1, 2**62)),
    ("empty", "F32", [0, 7], b""),
    ("g.emb", "F32", [2, 3], struct.pack("<6f", 1, -0.0, 3.5, float("inf"), 1e-45, -2)),
    ("ids", "I32", [3], struct.pack("<3i", -5, 0, 2**31 - 1)),
]
header, data = {"__metadata__": {"a": "<&> \"é\"\n", "step": "20"}}, b""
for name, dtype, shape, raw in tensors:
    header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + len(raw)]}
    data += raw
text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
text += b" " * (-len(text) % 8)
with open("testdata/golden.safetensors", "wb") as f:
    f.write(struct.pack("<Q", len(text)) + text + data)
