"""Fits the polynomials of math.go and prints them, highest power first.

Each has the least maximal relative error of the function that it serves
(Lawson's reweighted least squares on Chebyshev nodes). The leading terms, which
must be exact for small arguments, are taken out before the fit. Needs NumPy.

    python3 fit.py
"""
import numpy as np


def nodes(a, b, n=4000):
    x = (a + b) / 2 + (b - a) / 2 * np.cos(np.pi * (np.arange(n) + 0.5) / n)
    return x[np.abs(x) > 1e-3]


def fit(name, degree, x, want, weight, rounds=80):
    """Prints the p of the degree that minimises max |weight * (p(x) - want)|."""
    scale = np.abs(x).max()
    powers = np.vander(x / scale, degree + 1, increasing=True)
    load = np.ones_like(x)
    for _ in range(rounds):
        root = np.sqrt(load) * weight
        c = np.linalg.lstsq(powers * root[:, None], want * root, rcond=None)[0]
        error = np.abs(weight * (powers @ c - want))
        load *= error / error.max() + 1e-3
        load /= load.mean()
    c = np.float32(c / scale ** np.arange(degree + 1))
    print("%-20s error %.1e: %s" % (name, error.max(), ", ".join("%.9g" % v for v in c[::-1])))


half = np.log(2) / 2 * 1.001  # where reduce leaves r
r = nodes(-half, half)
fit("exp = 1 + r p", 5, r, np.expm1(r) / r, r * np.exp(-r))
fit("expm1 = r + r^2 p", 4, r, (np.expm1(r) - r) / r**2, r**2 / np.expm1(r))
f = nodes(np.sqrt(0.5) - 1, np.sqrt(2) - 1)
fit("logTail", 7, f, (np.log1p(f) - f + f**2 / 2) / f**3, np.abs(f**3 / np.log1p(f)))
fit("gumbel, outer log", 8, f, np.log1p(f), np.ones_like(f))  # the absolute error
f = nodes(-0.5, 0)
fit("gumbel, inner log", 7, f, (np.log1p(f) - f) / f**2, np.abs(f**2 / np.log1p(f)))
