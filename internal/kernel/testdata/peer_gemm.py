#!/usr/bin/python3
"""GFLOP/s of NumPy's BLAS on the shapes of BenchmarkGemm.

    testdata/peer_gemm.py [threads]     (default 1)

Prints lines in the form of Go's benchmarks, so that benchstat can put the two
side by side. Debian: apt-get install python3-numpy libopenblas0-pthread.
"""
import os
import sys

THREADS = int(sys.argv[1]) if len(sys.argv) > 1 else 1
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(THREADS)

import time  # noqa: E402

import numpy as np  # noqa: E402

# name, transA, transB, m, n, k: the same table as gemmShapes in bench_test.go
SHAPES = [
    ("gates_64x32x128", 0, 0, 64, 128, 32),
    ("row_1x64x5000", 0, 0, 1, 5000, 64),
    ("out_64x32x4683", 0, 0, 64, 4683, 32),
    ("out_64x64x5000", 0, 0, 64, 5000, 64),
    ("dW_64x64T_64x5000", 1, 0, 64, 5000, 64),
    ("dX_64x5000_5000x64T", 0, 1, 64, 64, 5000),
    ("gates_64x128x128", 0, 0, 64, 128, 128),
    ("out_64x512x5000", 0, 0, 64, 5000, 512),
    ("seq_2368x32x4683", 0, 0, 2368, 4683, 32),
    ("dW_2368x32T_2368x4683", 1, 0, 32, 4683, 2368),
    ("square_256", 0, 0, 256, 256, 256),
    ("square_1024", 0, 0, 1024, 1024, 1024),
    ("wide_4096x1200x1200", 0, 0, 4096, 1200, 1200),
]


def seconds(f):
    """Median over 9 windows of at least 10 ms each."""
    f()
    start = time.perf_counter()
    f()
    reps = max(1, int(0.01 / max(time.perf_counter() - start, 1e-7)))
    windows = []
    for _ in range(9):
        start = time.perf_counter()
        for _ in range(reps):
            f()
        windows.append((time.perf_counter() - start) / reps)
    return sorted(windows)[4], reps * 9


def main():
    rng = np.random.default_rng(1)
    for name, ta, tb, m, n, k in SHAPES:
        a = rng.standard_normal((k, m) if ta else (m, k)).astype(np.float32)
        b = rng.standard_normal((n, k) if tb else (k, n)).astype(np.float32)
        c = np.empty((m, n), np.float32)
        a, b = a.T if ta else a, b.T if tb else b
        s, n_ = seconds(lambda: np.dot(a, b, out=c))
        print("BenchmarkGemm/%s/threads=%d \t%8d\t%12.0f ns/op\t%8.1f GFLOP/s"
              % (name, THREADS, n_, s * 1e9, 2 * m * n * k / s / 1e9), flush=True)


if __name__ == "__main__":
    main()
