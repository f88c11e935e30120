"""Weighted minimax polynomials (Remez exchange) for packages/autodiff/src/backends/wasm/math.

    python3 scripts/minimax.py [name ...]        # needs mpmath

Prints, for each fit, the coefficients from the constant up, rounded to the precision that uses them, and the largest weighted error.
"""
import struct
import sys
from mpmath import mp, mpf, exp, log, tanh, sin, cos, erf, erfc, sqrt, pi, lu_solve, matrix

mp.prec = 240
ROOT_HALF = 1 / sqrt(mpf(2))
Z = (1 - ROOT_HALF) / (1 + ROOT_HALF)  # largest |s| = |f/(2 + f)| for √½ ≤ 1 + f ≤ √2


def atanh_ratio(z):  # log((1 + s)/(1 − s))/s with z = s²
    s = sqrt(z)
    return log((1 + s) / (1 - s)) / s


def scaled_erfc(a):
    return erfc(a) * exp(a * a)


def ratio(t):  # the a of t = (a − 2)/(a + 2)
    return 2 * (1 + t) / (1 - t)


LN2 = log(mpf(2))
# name: function, weight, interval, degree, bits
FITS = {
    'exp32': (lambda r: (exp(r) - 1 - r) / r**2, lambda r: abs(r) + mpf('0.01'), -0.35, 0.35, 4, 24),
    'exp64': (lambda r: (exp(r) - 1 - r) / r**2, lambda r: abs(r) + mpf('0.01'), -0.35, 0.35, 10, 53),
    'log32': (lambda z: (atanh_ratio(z) - 2) / z, lambda z: z, 0, Z**2, 2, 24),
    'log64': (lambda z: (atanh_ratio(z) - 2) / z, lambda z: z, 0, Z**2, 6, 53),
    'tanh32': (lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, lambda z: z, 0, 0.0302, 2, 24),
    'tanh64': (lambda z: (tanh(sqrt(z)) / sqrt(z) - 1) / z, lambda z: z, 0, 0.0302, 5, 53),
    'sin32': (lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, lambda z: z, 0, 0.62, 2, 24),
    'sin64': (lambda z: (sin(sqrt(z)) / sqrt(z) - 1) / z, lambda z: z, 0, 0.62, 5, 53),
    'cos32': (lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2, 0, 0.62, 2, 24),
    'cos64': (lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2, lambda z: z**2, 0, 0.62, 5, 53),
    'erf32': (lambda z: erf(sqrt(z)) / sqrt(z) - 1, lambda z: 1, 0, 1, 6, 24),
    'erf64': (lambda z: erf(sqrt(z)) / sqrt(z) - 1, lambda z: 1, 0, 1, 12, 53),
    # erfcx(a) = e^(a²)·erfc a by t = (a − 2)/(a + 2), a in [1, 4] or [1, 6]
    'erfc32': (lambda t: scaled_erfc(ratio(t)), lambda t: exp(-ratio(t) ** 2), -1 / mpf(3), 1 / mpf(3), 4, 24),
    'erfc64': (lambda t: scaled_erfc(ratio(t)), lambda t: exp(-ratio(t) ** 2), -1 / mpf(3), 1 / mpf(2), 12, 53),
    'power64': (lambda z: (3 * atanh_ratio(z) / 2 - 3 - z) / z**2, lambda z: z**2 / 3, 0, Z**2, 6, 53),
    'power32': (lambda z: atanh_ratio(z) / LN2, lambda z: 1, 0, Z**2, 5, 53),
    'exp2': (lambda r: mpf(2) ** r, lambda r: 1, -0.5, 0.5, 8, 53),
}


def remez(f, weight, low, high, degree):
    """The polynomial p of the degree that minimises max |weight·(p − f)|, and that maximum."""
    low, high = mpf(low), mpf(high)
    middle, half = (low + high) / 2, (high - low) / 2
    n = degree + 2
    grid = [middle - half * cos(pi * (i + mpf(1) / 2) / (40 * n)) for i in range(40 * n)]
    values = [(x, f(x), weight(x)) for x in grid]
    nodes = [values[40 * i + 20] for i in range(n)]
    for _ in range(30):
        rows = [[x**k for k in range(degree + 1)] + [(-1) ** i / w] for i, (x, _, w) in enumerate(nodes)]
        solution = lu_solve(matrix(rows), matrix([y for _, y, _ in nodes]))
        p = [solution[k] for k in range(degree + 1)]
        errors = [w * (sum(c * x**k for k, c in enumerate(p)) - y) for x, y, w in values]
        peaks = []
        for error, point in zip(errors, values):
            if peaks and (error > 0) == (peaks[-1][0] > 0):
                if abs(error) > abs(peaks[-1][0]):
                    peaks[-1] = (error, point)
            else:
                peaks.append((error, point))
        while len(peaks) > n:
            peaks.pop(0 if abs(peaks[0][0]) < abs(peaks[-1][0]) else -1)
        if len(peaks) < n or max(abs(e) for e, _ in peaks) < mpf('1.001') * min(abs(e) for e, _ in peaks):
            break
        nodes = [point for _, point in peaks]
    return p, max(abs(e) for e in errors)


def rounded(c, bits):
    return struct.unpack('f', struct.pack('f', float(c)))[0] if bits == 24 else float(c)


if __name__ == '__main__':
    for name in sys.argv[1:] or FITS:
        f, weight, low, high, degree, bits = FITS[name]
        p, error = remez(f, weight, low, high, degree)
        print(f'{name}: 2^{float(log(error) / LN2):.1f}')
        print('  [' + ', '.join(repr(rounded(c, bits)) for c in p) + ']')
