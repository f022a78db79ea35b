"""Makes golden.tfevents: framing, checksum and messages written out from their
descriptions, without TensorFlow and without the code under test.

    python3 testdata/make_golden.py   # in internal/tfevents
"""
import struct


def crc32c(data):  # bit by bit, reflected polynomial of Castagnoli
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


assert crc32c(b"123456789") == 0xE3069283  # the check value of the catalogues


def masked(data):
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data):
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def varint(n):
    n &= 2**64 - 1  # negative numbers as two's complement
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def double(field, v):
    return varint(field << 3 | 1) + struct.pack("<d", v)


def integer(field, v):
    return varint(field << 3) + varint(v)


def single(field, v):
    return varint(field << 3 | 5) + struct.pack("<f", v)


def chunk(field, v):
    return varint(field << 3 | 2) + varint(len(v)) + v


def scalar(tag, v):
    return chunk(1, chunk(1, tag.encode()) + single(2, v))


time = 1700000000.25
events = [
    double(1, time) + chunk(3, b"brain.Event:2"),
    double(1, time + 1) + integer(2, 21) + chunk(7, integer(1, 1)),
    double(1, time + 2) + integer(2, 300) + chunk(5, scalar("loss/d", 0.5) + scalar("loss/g", float("nan"))),
    double(1, time + 3) + chunk(5, scalar("t" * 200, float("-inf"))),
]
with open("testdata/golden.tfevents", "wb") as f:
    for e in events:
        f.write(record(e))
