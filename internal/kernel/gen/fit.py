"""Fits the polynomials of math.go and prints them, highest power first.

Each is the least maximum of the relative error of the function that it serves
(Lawson's reweighted least squares on Chebyshev nodes); the leading terms that
must be exact for small arguments are taken out before the fit. Needs NumPy.

    python3 fit.py
"""
import numpy as np


def nodes(a, b, n=4000):
    x = (a + b) / 2 + (b - a) / 2 * np.cos(np.pi * (np.arange(n) + 0.5) / n)
    return x[np.abs(x) > 1e-3]


def fit(name, degree, x, want, weight, rounds=80):
    """Prints p of the degree that minimises max |weight * (p(x) - want)|."""
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
    print("%-6s error %.1e: %s" % (name, error.max(), ", ".join("%.9g" % v for v in c[::-1])))


half = np.log(2) / 2 * 1.001
r = nodes(-half, half)
# exp(r) = 1 + r p(r)
for d in (5,6):
    fit("exp", d, r, np.expm1(r) / r, r * np.exp(-r))
# expm1(r) = r + r^2 p(r)
for d in (4,5):
    fit("expm1", d, r, (np.expm1(r) - r) / r**2, r**2 / np.expm1(r))
# log(1+f) = f - f^2/2 + f^3 p(f), on [sqrt(1/2), sqrt(2)] and on [1/2, sqrt(2)]
for low in (np.sqrt(0.5), 0.5):
    f = nodes(low - 1, np.sqrt(2) - 1)
    for d in (6,7,8,9,10):
        fit("log", d, f, (np.log1p(f) - f + f**2 / 2) / f**3, np.abs(f**3 / np.log1p(f)))
