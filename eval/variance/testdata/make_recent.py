#!/usr/bin/env python3
"""Writes *-2.json: what the estimators of 2021 to 2026 must give on problems of
this directory, independent or autoregressive.

It shares nothing with the Go code and needs no package: sequences and tuples of
them are enumerated as defined, and what depends on noise is drawn.

    python3 make_recent.py
"""
import itertools
import json
import math
import os
import random

HERE = os.path.dirname(os.path.abspath(__file__))
DRAWS = 60_000


def flat(x):
    return [z for y in x for z in flat(y)] if isinstance(x, list) else [x]


def softmax(z, tau=1.0):
    top = max(z)
    e = [math.exp((v - top) / tau) for v in z]
    return [v / sum(e) for v in e]


def dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def jac(q, v):
    m = dot(q, v)
    return [a * (b - m) for a, b in zip(q, v)]


class Problem:
    def __init__(self, d):
        self.name, self.K, self.T = d["id"], d["K"], d["T"]
        self.eos = d["eos_token"] if d["eos_token"] is not None else -1
        self.chain = d["structure"] == "autoregressive"
        K, T = self.K, self.T
        self.at = {}
        values = []
        for p in d["param_order"]:
            self.at[p["name"] if isinstance(p, dict) else p[0]] = len(values)
            values += flat(d["params"][p["name"] if isinstance(p, dict) else p[0]])
        self.values, self.P = values, len(values)
        self.bias = self.at["b"] if self.chain else self.at["logits"]
        f = d["f"]
        n = K * T
        if f["type"] == "linear":
            c = flat(f["c"])
            self.f, self.grad = lambda x: dot(c, x), lambda x: list(c)
        elif f["type"] == "quadform":
            A, c = flat(f["A"]), flat(f.get("c", [0] * n))
            row = lambda i: A[i * n:(i + 1) * n]
            self.f = lambda x: sum(x[i] * (dot(row(i), x) + c[i]) for i in range(n))
            self.grad = lambda x: [c[i] + dot(row(i), x) + sum(A[j * n + i] * x[j] for j in range(n)) for i in range(n)]
        elif f["type"] == "mlp":
            b1, w2, b2, W = f["b1"], flat(f["w2"]), flat(f["b2"])[0], flat(f["W1"])
            act = lambda x: [math.tanh(b + dot(W[h * n:(h + 1) * n], x)) for h, b in enumerate(b1)]
            self.f = lambda x: b2 + dot(w2, act(x))
            self.grad = lambda x: [sum(w * (1 - a * a) * W[h * n + i] for h, (w, a) in enumerate(zip(w2, act(x)))) for i in range(n)]
        self.states = []
        self.grow([])
        self.mean = self.total(lambda s: [v * s.fx for v in s.score])

    def logits(self, t, xs):
        K = self.K
        z = self.values[self.bias + t * K:self.bias + (t + 1) * K]
        if self.chain:
            for s, x in enumerate(xs[:t]):
                w = self.at[f"W_{t + 1}_{s + 1}"]
                z = [v + dot(self.values[w + k * K:w + (k + 1) * K], x) for k, v in enumerate(z)]
        return z

    def hot(self, id):
        return [float(k == id) for k in range(self.K)]

    def grow(self, ids):
        if len(ids) == self.T or (ids and ids[-1] == self.eos):
            self.states.append(State(self, list(ids)))
            return
        for k in range(self.K):
            self.grow(ids + [k])

    def pull(self, xs, rows):
        """Gradients of the logits, rows of T' choices, as a gradient of the parameters."""
        out, K = [0.0] * self.P, self.K
        for t, row in enumerate(rows):
            for k, d in enumerate(row):
                out[self.bias + t * K + k] += d
            if self.chain:
                for s in range(t):
                    w = self.at[f"W_{t + 1}_{s + 1}"]
                    for k, d in enumerate(row):
                        for j in range(K):
                            out[w + k * K + j] += d * xs[s][j]
        return out

    def through(self, xs, g, back):
        """The chain backwards: back(t, u) is the gradient of the logits when u is that of token t."""
        K, T = self.K, len(xs)
        u = [g[t * K:(t + 1) * K] for t in range(T)]
        rows = [None] * T
        for t in reversed(range(T)):
            rows[t] = back(t, u[t])
            if self.chain:
                for s in range(t):
                    w = self.at[f"W_{t + 1}_{s + 1}"]
                    u[s] = [v + sum(self.values[w + k * K + j] * rows[t][k] for k in range(K)) for j, v in enumerate(u[s])]
        return self.pull(xs, rows)

    def total(self, of):
        out = None
        for s in self.states:
            v = of(s)
            out = [0.0] * len(v) if out is None else out
            out = [a + s.prob * b for a, b in zip(out, v)]
        return out


class State:
    def __init__(self, p, ids, tau=1.0):
        self.ids, self.xs, self.p = ids, [p.hot(i) for i in ids], []
        self.prob = 1.0
        for t, id in enumerate(ids):
            self.p.append(softmax(p.logits(t, self.xs), tau))
            self.prob *= self.p[t][id]
        x = sum(self.xs, []) + [0.0] * (p.K * (p.T - len(ids)))
        self.fx = p.f(x)
        g = p.grad(x)
        # a token behind the end is the zero vector, whatever f would make of it
        self.g = g[:p.K * len(ids)] + [0.0] * (p.K * (p.T - len(ids)))
        self.res = [[a - b for a, b in zip(x, q)] for x, q in zip(self.xs, self.p)]
        self.score = p.pull(self.xs, self.res)


def exact(p, weighted, target=None, **more):
    """weighted: pairs of probability and estimate."""
    target = target or p.mean
    mean = [0.0] * p.P
    for w, e in weighted:
        mean = [a + w * b for a, b in zip(mean, e)]
    var = [0.0] * p.P
    for w, e in weighted:
        var = [a + w * (b - m) ** 2 for a, b, m in zip(var, e, mean)]
    bias = math.sqrt(sum((a - b) ** 2 for a, b in zip(mean, target)))
    return dict(exact=True, mean=mean, variance=var, bias_l2=bias, trace_variance=sum(var), mse=bias ** 2 + sum(var), **more)


def drawn(p, estimate):
    n, s1, s2, s3, s4 = DRAWS, [0.0] * p.P, [0.0] * p.P, [0.0] * p.P, [0.0] * p.P
    centre = [sum(c) / 500 for c in zip(*[estimate() for _ in range(500)])]
    for _ in range(n):
        for k, v in enumerate(estimate()):
            d = v - centre[k]
            s1[k] += d
            s2[k] += d * d
            s3[k] += d ** 3
            s4[k] += d ** 4
    mean, var, mse, vse = [], [], [], []
    for k in range(p.P):
        c, m2, m3, m4 = s1[k] / n, s2[k] / n, s3[k] / n, s4[k] / n
        v = max(m2 - c * c, 0.0)
        fourth = max(m4 - 4 * c * m3 + 6 * c * c * m2 - 3 * c ** 4, 0.0)
        mean.append(centre[k] + c)
        var.append(v)
        mse.append(math.sqrt(v / n))
        vse.append(math.sqrt(max(fourth - v * v, 0.0) / n))
    return dict(exact=False, samples=n, mean=mean, variance=var, mean_se=mse, variance_se=vse)


def tuples(p, n, estimate):
    return [(math.prod(s.prob for s in c), estimate(c)) for c in itertools.product(p.states, repeat=n)]


def add(vectors):
    return [sum(c) for c in zip(*vectors)]


def scale(a, v):
    return [a * x for x in v]


def others(c, i, own=False):
    rest = [s.g for j, s in enumerate(c) if own or j != i]
    return scale(1 / len(rest), add(rest))


def double_cv(p, c, alpha, own=False):
    n, K = len(c), p.K
    means = [others(c, i, own) for i in range(n)]
    h = [s.fx + alpha * sum(dot(m[t * K:(t + 1) * K], r) for t, r in enumerate(s.res)) for s, m in zip(c, means)]
    parts = []
    for i, s in enumerate(c):
        base = sum(h[j] for j in range(n) if j != i) / (n - 1)
        parts.append(scale((h[i] - base) / n, s.score))
        parts.append(scale(-alpha / n, p.pull(s.xs, [jac(q, means[i][t * K:(t + 1) * K]) for t, q in enumerate(s.p)])))
    return add(parts)


def rodeo(p, c):
    """Gibbs operator, surrogate mean.(x - p) of the others."""
    n, K, T = len(c), p.K, p.T
    means = [others(c, i) for i in range(n)]
    h = lambda i, res: sum(dot(means[i][t * K:(t + 1) * K], r) for t, r in enumerate(res))
    parts = []
    for i, s in enumerate(c):
        base = sum(c[j].fx - h(j, c[j].res) / T for j in range(n) if j != i) / (n - 1)
        rows = [scale(s.fx - base, r) for r in s.res]
        for t in range(T):  # resample choice t, for the function h(x) score(x)
            for v in range(K):
                res = [list(r) for r in s.res]
                res[t] = [a - b for a, b in zip(p.hot(v), s.p[t])]
                for r in range(T):
                    rows[r] = [a + s.p[t][v] / T * h(i, res) * b for a, b in zip(rows[r], res[r])]
        for r in range(T):
            rows[r] = [a - h(i, s.res) * b for a, b in zip(rows[r], s.res[r])]
        parts.append(scale(1 / n, p.pull(s.xs, rows)))
    return add(parts)


def rloo_optimal(p, c):
    n, sq = len(c), [dot(s.score, s.score) for s in c]
    out = []
    for i, s in enumerate(c):
        b = sum(c[j].fx * sq[j] for j in range(n) if j != i) / sum(sq[j] for j in range(n) if j != i)
        out.append(scale((s.fx - b) / n, s.score))
    return add(out)


def grpo(p, c):
    n = len(c)
    m = sum(s.fx for s in c) / n
    sd = math.sqrt(sum((s.fx - m) ** 2 for s in c) / n) + 1e-6
    return add([scale((s.fx - m) / sd / n, s.score) for s in c])


def maligan(p, c):
    w = softmax([-s.fx for s in c])
    return add([scale(1 / len(c) - v, s.score) for v, s in zip(w, c)])


def reinmax(q, id, v):
    half = [a / 2 for a in q]
    half[id] += 0.5
    return [2 * a - b / 2 for a, b in zip(jac(half, v), jac(q, v))]


def reinmax_loo(p, c):
    K, out = p.K, []
    for i, s in enumerate(c):
        m = others(c, i)
        out.append(p.through(s.xs, s.g, lambda t, u: [a - b + e for a, b, e in zip(
            reinmax(s.p[t], s.ids[t], u), reinmax(s.p[t], s.ids[t], m[t * K:(t + 1) * K]), jac(s.p[t], m[t * K:(t + 1) * K]))]))
    return scale(1 / len(c), add(out))


def darn(p, s):
    return p.through(s.xs, s.g, lambda t, u: scale(dot(u, s.res[t]), s.res[t]))


def decoupled(p, forward, backward):
    tempered = [State(p, s.ids, forward) for s in p.states]
    back = lambda s: p.through(s.xs, s.g, lambda t, u: scale(1 / backward, jac(softmax(p.logits(t, s.xs), backward), u)))
    e = exact(p, [(s.prob, back(s)) for s in tempered])
    law = [0.0] * p.P
    for s in tempered:
        law = [a + s.prob * s.fx * b / forward for a, b in zip(law, s.score)]
    e["bias_l2_tempered"] = math.sqrt(sum((a - b) ** 2 for a, b in zip(e["mean"], law)))
    return e


def indecater(p, s):
    rows = []
    for t in range(p.T):
        values = []
        for k in range(p.K):
            xs = [list(x) for x in s.xs]
            xs[t] = p.hot(k)
            values.append(p.f(sum(xs, [])))
        rows.append(jac(s.p[t], values))
    return p.pull(s.xs, rows)


def orders(K):
    """Of public code: a circle turned, then turned behind its first; one of each order and its reverse."""
    out = []
    for i in range(K):
        for j in range(K - 1):
            o = list(range(K))
            o = o[-i:] + o[:-i] if i else o
            rest = o[1:]
            o = o[:1] + (rest[-j:] + rest[:-j] if j else rest)
            if o[0] < o[-1]:
                out.append(o)
    return out


def pair_law(q, n):
    K, all_orders = len(q), orders(len(q))
    P = [[0.0] * K for _ in range(K)]
    cdf = lambda a, b: max(a ** (1 / (n - 1)) + b ** (1 / (n - 1)) - 1, 0.0) ** (n - 1)
    for o in all_orders:
        low, s = [0.0] * K, 0.0
        for k in o:
            low[k] = s
            s += q[k]
        high = [min(a + b, 1.0) for a, b in zip(low, q)]
        for a in range(K):
            for b in range(K):
                v = cdf(high[a], high[b]) - cdf(low[a], high[b]) - cdf(high[a], low[b]) + cdf(low[a], low[b])
                P[a][b] += max(v, 0.0) / len(all_orders)
    return P


def carms_estimate(p, c, laws):
    n, rows = len(c), [[0.0] * p.K for _ in range(p.T)]
    for a, b in itertools.permutations(c, 2):
        for t in range(p.T):
            i, j = a.ids[t], b.ids[t]
            if i != j:
                w = a.p[t][i] * a.p[t][j] / laws[t][i][j] * (a.fx - b.fx) / (2 * n * (n - 1))
                rows[t][i] += w
                rows[t][j] -= w
    return p.pull(c[0].xs, rows)


def carms_draw(p, n, laws, index):
    ids = [[] for _ in range(n)]
    for t in range(p.T):
        q, o = p.states[0].p[t], random.choice(orders(p.K))
        e = [random.expovariate(1) for _ in range(n)]
        for i in range(n):
            u = (1 - e[i] / sum(e)) ** (n - 1)
            for k in o:
                u -= q[k]
                if u < 0:
                    break
            ids[i].append(k)
    return carms_estimate(p, [index[tuple(x)] for x in ids], laws)


def gumbel():
    return -math.log(random.expovariate(1))


def noisy(p, index, back):
    """An estimator of independent choices that reads the noise of its draw: back(logits, noise, id, u)."""
    g = [[gumbel() for _ in range(p.K)] for _ in range(p.T)]
    z = [p.logits(t, []) for t in range(p.T)]
    ids = [max(range(p.K), key=lambda k: z[t][k] + g[t][k]) for t in range(p.T)]
    s = index[tuple(ids)]
    return p.through(s.xs, s.g, lambda t, u: back(z[t], g[t], ids[t], u))


def imle(lam):
    def back(z, g, id, u):
        other = max(range(len(z)), key=lambda k: z[k] - lam * u[k] + g[k])
        row = [0.0] * len(z)
        row[id] += 1 / lam
        row[other] -= 1 / lam
        return row
    return back


def given(q, id):
    """log q + Gumbel noise given its argmax."""
    e = [random.expovariate(1) for _ in q]
    return [-math.log(e[id] if k == id else e[id] + e[k] / v) for k, v in enumerate(q)]


def reinmax_cv(m, tau, eta, noise):
    def back(z, g, id, u):
        q = softmax(z)
        half = [a / 2 for a in q]
        half[id] += 0.5
        through = lambda y: scale(1 / tau, jac(softmax(y, tau), u))
        rao = scale(1 / m, add([through(given(half, id)) for _ in range(m)]))
        if noise == "rao":
            return [2 * a - b / 2 for a, b in zip(rao, jac(q, u))]
        if noise == "fresh":
            one = through([math.log(v) + gumbel() for v in half])
        elif noise == "coupled":
            one = through([math.log(v) + w for v, w in zip(half, g)])
        elif noise == "conditional":
            one = through(given(half, id))
        else:
            y = softmax([a + b for a, b in zip(z, g)], tau)
            one = scale(1 / tau, jac(softmax([math.log(v) + w for v, w in zip(half, y)]), u))
        return [a + eta * (b - c) for a, b, c in zip(reinmax(q, id, u), rao, one)]
    return back


# A problem of three ids, for what noise decides is an integral over a triangle there.
TRIANGLE = {
    "id": "k3_t1_independent_mlp", "K": 3, "T": 1, "structure": "independent", "eos_token": None,
    "params": {"logits": [[0.4, -0.7, 1.1]]}, "param_order": [{"name": "logits", "shape": [1, 3]}],
    "f": {"type": "mlp", "W1": [[0.9, -1.3, 0.2], [-0.4, 1.6, -1.1]], "b1": [0.3, -0.2], "w2": [1.2, -0.8], "b2": 0.1},
}


def write(name):
    own = name == TRIANGLE["id"]
    p = Problem(TRIANGLE if own else json.load(open(os.path.join(HERE, name + ".json"))))
    index = {tuple(s.ids): s for s in p.states}
    e = {
        "darn": exact(p, [(s.prob, darn(p, s)) for s in p.states]),
        "decoupled_st_tf0.5_tb1": decoupled(p, 0.5, 1),
        "decoupled_st_tf2_tb0.7": decoupled(p, 2, 0.7),
        "double_cv_n2_alpha-1": exact(p, tuples(p, 2, lambda c: double_cv(p, c, -1))),
        "double_cv_n2_alpha0.5": exact(p, tuples(p, 2, lambda c: double_cv(p, c, 0.5))),
        "NEGATIVE_double_cv_own_n2_alpha-1": exact(p, tuples(p, 2, lambda c: double_cv(p, c, -1, True))),
        "reinmax_loo_n2": exact(p, tuples(p, 2, lambda c: reinmax_loo(p, c))),
    }
    most = 3 if len(p.states) < 20 else 2
    e[f"rloo_optimal_n{most}"] = exact(p, tuples(p, most, lambda c: rloo_optimal(p, c)))
    e[f"NEGATIVE_grpo_n{most}"] = exact(p, tuples(p, most, lambda c: grpo(p, c)))
    # MaliGAN's objective: the cross-entropy of the law p exp(-f), held fixed
    z = sum(s.prob * math.exp(-s.fx) for s in p.states)
    target, objective = [0.0] * p.P, 0.0
    for s in p.states:
        w = s.prob * math.exp(-s.fx) / z
        objective -= w * math.log(s.prob)
        target = [a - w * b for a, b in zip(target, s.score)]
    e[f"maligan_n{most}"] = exact(p, tuples(p, most, lambda c: maligan(p, c)), target, objective=objective, exact_gradient=target)
    if not p.chain and p.eos < 0:
        laws = {n: [pair_law(q, n) for q in p.states[0].p] for n in (2, 3)}
        e["indecater_n1"] = exact(p, [(s.prob, indecater(p, s)) for s in p.states])
        e["rodeo_linear_n2"] = exact(p, tuples(p, 2, lambda c: rodeo(p, c)))
        e["carms_n2"] = exact(p, [(math.prod(laws[2][t][a.ids[t]][b.ids[t]] for t in range(p.T)), carms_estimate(p, (a, b), laws[2]))
                                  for a in p.states for b in p.states
                                  if all(laws[2][t][a.ids[t]][b.ids[t]] > 1e-14 for t in range(p.T))])
        random.seed(1)
        e["carms_n3"] = drawn(p, lambda: carms_draw(p, 3, laws[3], index))
        e["imle_lambda0.5"] = drawn(p, lambda: noisy(p, index, imle(0.5)))
        e["reinmax_rao_m2_tau0.5"] = drawn(p, lambda: noisy(p, index, reinmax_cv(2, 0.5, 0, "rao")))
        for noise in ("fresh", "coupled", "conditional"):
            e[f"reinmax_cv_{noise}_m2_tau0.5_eta1.5"] = drawn(p, lambda: noisy(p, index, reinmax_cv(2, 0.5, 1.5, noise)))
        e["NEGATIVE_reinmax_cv_stored_sample_m2_tau0.5_eta1.5"] = drawn(p, lambda: noisy(p, index, reinmax_cv(2, 0.5, 1.5, "stored")))
    out = {**(TRIANGLE if own else {}), "id": p.name, "exact_gradient": p.mean, "estimators": e}
    with open(os.path.join(HERE, name + ("" if own else "-2") + ".json"), "w") as f:
        json.dump(out, f, separators=(",", ":"))
        f.write("\n")


if __name__ == "__main__":
    for name in ("k2_t3_independent_quadform", "k3_t1_independent_mlp", "k4_t2_autoregressive_linear_eos1"):
        write(name)
