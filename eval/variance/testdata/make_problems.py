#!/usr/bin/env python3
"""Writes the problem files of this directory with the values they must give.

It shares nothing with the Go code: gradients are torch's autograd of the
definitions, with a copy of the parameters for every state or draw, and sets
and tuples are enumerated as defined. Needs numpy and torch (made with 1.24.2
and 1.13.1).

    python3 make_problems.py
"""
import itertools
import json
import math
import os

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
DRAWS = 150_000


def relaxed_vector(kind, logits, gumbel, ids, tau, extra):
    """The vector that stands for the token, with the estimator's gradient, and the ids. [N,K], [N]"""
    K = logits.shape[1]
    p = torch.softmax(logits, 1)
    if ids is None:
        ids = torch.argmax(logits + gumbel, 1)
    D = torch.nn.functional.one_hot(ids, K).to(logits.dtype)

    def straight(y):
        return D + y - y.detach()

    if kind == "gs":
        return torch.softmax((logits + gumbel) / tau, 1), D, ids
    if kind == "stgs":
        return straight(torch.softmax((logits + gumbel) / tau, 1)), D, ids
    if kind == "st":
        return straight(torch.softmax(logits / tau, 1)), D, ids
    if kind == "gumbel_rao":
        y = 0
        for E in extra:  # inner draws [N,K] of exponential numbers
            Z = torch.exp(logits).sum(1, keepdim=True)
            ED = (E * D).sum(1, keepdim=True)
            z = torch.where(D > 0, torch.log(Z) - torch.log(ED), -torch.log(E / torch.exp(logits) + ED / Z))
            noise = (z - logits).detach()
            y = y + torch.softmax((logits + noise) / tau, 1) / len(extra)
        return straight(y), D, ids
    if kind == "reinmax":
        # Liu et al., algorithm 2: 2 J(q) g - J(p) g / 2, q = (softmax(l/tau)+D)/2.
        q = (torch.softmax(logits / tau, 1) + D) / 2
        shifted = torch.log(q.detach()) - logits.detach() + logits
        return straight(2 * torch.softmax(shifted, 1) - p / 2), D, ids
    if kind == "zgr":
        # half straight-through, half (g.(D-p)) (D-p)
        s = D - p.detach()
        darn = s.detach() * (logits * s.detach()).sum(1, keepdim=True)
        return straight((p + darn) / 2), D, ids
    if kind in ("gapped_st_gap1", "gapped_st_gapP"):
        with torch.no_grad():
            top = logits.max(1, keepdim=True).values
            pD = (p * D).sum(1, keepdim=True)
            gap = 1.0 if kind.endswith("1") else -torch.log(1 - pD) / pD
            m1 = (top - (logits * D).sum(1, keepdim=True)) * D
            m2 = torch.relu(logits - top + gap) * (1 - D)
        return straight(torch.softmax((logits + m1 - m2) / tau, 1)), D, ids
    raise ValueError(kind)


class Problem:
    def __init__(self, spec):
        self.spec = spec
        self.K, self.T, self.eos = spec["K"], spec["T"], spec["eos_token"]
        self.params = {k: torch.tensor(v) for k, v in spec["params"].items()}
        self.order = [o["name"] for o in spec["param_order"]]

    def copies(self, n):
        return {k: v.expand(n, *v.shape).clone().requires_grad_() for k, v in self.params.items()}

    def flat(self, params):
        """Gradients [N,P] in param_order."""
        return torch.cat([params[k].grad.reshape(params[k].shape[0], -1) if params[k].grad is not None
                          else torch.zeros(params[k].shape[0], self.params[k].numel()) for k in self.order], 1).numpy()

    def logits(self, params, inputs):
        t = len(inputs)
        if self.spec["structure"] == "independent":
            return params["logits"][:, t]
        if self.spec["structure"] == "autoregressive":
            out = params["b"][:, t]
            for s, u in enumerate(inputs):
                out = out + torch.einsum("nkj,nj->nk", params[f"W_{t+1}_{s+1}"], u)
            return out
        h = torch.tanh(params["c"])
        for u in inputs:
            h = torch.tanh(torch.einsum("nhk,nk->nh", params["U"], u) + torch.einsum("nhg,ng->nh", params["V"], h) + params["c"])
        return torch.einsum("nkh,nh->nk", params["O"], h) + params["o"]

    def f(self, x):
        """x [N,TK] -> [N]"""
        f = self.spec["f"]
        a = {k: torch.tensor(v) for k, v in f.items() if k != "type"}
        if f["type"] == "linear":
            return x @ a["c"].reshape(-1)
        if f["type"] == "quadratic":
            return ((x - a["t"].reshape(-1)) ** 2).sum(1)
        if f["type"] == "quadform":
            return torch.einsum("ni,ij,nj->n", x, a["A"], x) + x @ a["c"].reshape(-1)
        return torch.tanh(x @ a["W1"].T + a["b1"]) @ a["w2"] + a["b2"]

    def states(self):
        out = []

        def go(prefix):
            if len(prefix) == self.T or (prefix and prefix[-1] == self.eos):
                out.append(tuple(prefix))
                return
            for k in range(self.K):
                go(prefix + [k])

        go([])
        return out

    def run(self, n, kind=None, feed="same", ids=None, tau=1.0, generator=None, inner=0):
        """Relaxed estimate of every row: gradients [n,P]. ids [n,T] given, or drawn."""
        params = self.copies(n)
        alive = torch.ones(n, 1)
        inputs, seen = [], []
        for t in range(self.T):
            logits = self.logits(params, inputs)
            gumbel = extra = None
            if generator is not None:
                gumbel = -torch.log(torch.tensor(generator.exponential(size=(n, self.K))))
                extra = [torch.tensor(generator.exponential(size=(n, self.K))) for _ in range(inner)]
            given = None if ids is None else torch.clamp(torch.tensor(ids[:, t]), min=0)
            v, D, drawn = relaxed_vector(kind, logits, gumbel, given, tau, extra)
            feedback = {"same": v, "detached": D.detach(), "straight": D + v - v.detach()}[feed]
            seen.append(alive * v)
            inputs.append(alive * feedback)
            if self.eos is not None:
                alive = alive * (drawn != self.eos).to(alive.dtype)[:, None]
        self.f(torch.cat(seen, 1)).sum().backward()
        return self.flat(params)


def moments(p, est):
    mean = p @ est
    return mean, p @ (est - mean) ** 2


def evaluate(spec, relaxed_draws):
    P = Problem(spec)
    K, T = P.K, P.T
    states = P.states()
    S = len(states)
    ids = np.full((S, T), -1)
    for i, s in enumerate(states):
        ids[i, : len(s)] = s
    D = torch.zeros(S, T, K)
    for i, s in enumerate(states):
        for t, k in enumerate(s):
            D[i, t, k] = 1
    fx = P.f(D.reshape(S, -1)).numpy()

    # log p of every step, its gradient, and every p(v | x_<t) with its own.
    step_score, step_logp, grad_p, prob_v = [], [], [], []
    for t in range(T):
        on = (ids[:, t] >= 0).astype(float)
        params = P.copies(S)
        lp = torch.log_softmax(P.logits(params, [D[:, s] for s in range(t)]), 1)
        picked = (lp * D[:, t]).sum(1)
        picked.sum().backward()
        step_score.append(P.flat(params))
        step_logp.append(picked.detach().numpy())
        prob_v.append(torch.exp(lp).detach().numpy())
        rows = []
        for v in range(K):
            params = P.copies(S)
            (torch.softmax(P.logits(params, [D[:, s] for s in range(t)]), 1)[:, v] * torch.tensor(on)).sum().backward()
            rows.append(P.flat(params))
        grad_p.append(rows)
    p = np.exp(sum(step_logp))
    score = sum(step_score)
    assert abs(p.sum() - 1) < 1e-12
    mean_f = p @ fx
    var_f = p @ (fx - mean_f) ** 2
    exact = (p * fx) @ score
    out = {}

    def put(name, mean, var, gradient=None, **more):
        bias = float(np.linalg.norm(mean - (exact if gradient is None else gradient)))
        out[name] = dict(exact=True, mean=list(mean), variance=list(var), bias_l2=bias,
                         trace_variance=float(var.sum()), mse=bias ** 2 + float(var.sum()), **more)

    def table(name, est):
        put(name, *moments(p, est))

    table("reinforce", fx[:, None] * score)
    table("reinforce_mean_baseline", (fx - mean_f)[:, None] * score)
    sq = (score ** 2).sum(1)
    table("reinforce_optimal_scalar_baseline", (fx - (p * fx) @ sq / (p @ sq))[:, None] * score)
    den = p @ score ** 2
    b = np.where(den > 0, (p * fx) @ score ** 2 / np.where(den > 0, den, 1), 0)
    table("reinforce_optimal_per_component_baseline", (fx[:, None] - b) * score)

    greedy = []
    while len(greedy) < T and (not greedy or greedy[-1] != P.eos):
        row = next(i for i, s in enumerate(states) if list(s[: len(greedy)]) == greedy)
        greedy.append(int(np.argmax(prob_v[len(greedy)][row])))
    table("reinforce_greedy_baseline", (fx - fx[states.index(tuple(greedy))])[:, None] * score)

    # A baseline with E b = E f and the stationary variance, independent of f.
    for beta in (0.9, 0.5):
        vb = (1 - beta) / (1 + beta) * var_f
        second = p @ (((fx - mean_f) ** 2 + vb)[:, None] * score ** 2)
        put(f"reinforce_ema_baseline_beta{beta}", exact, second - exact ** 2)
        put(f"NEGATIVE_ema_updated_before_use_beta{beta}", beta * exact, beta ** 2 * second - (beta * exact) ** 2)

    # All n-tuples, by definition.
    def tuples(n, weights):
        mean, second, L, dL = 0, 0, 0.0, 0
        for tup in itertools.product(range(S), repeat=n):
            tup = list(tup)
            w = np.prod(p[tup])
            a, bound = weights(fx[tup])
            est = a @ score[tup]
            mean, second = mean + w * est, second + w * est ** 2
            L, dL = L + w * bound, dL + w * bound * score[tup].sum(0)
        return mean, second - mean ** 2, L, dL

    n_max = 3 if S <= 30 else 2
    for n in range(2, n_max + 1):
        def loo(f):
            return np.array([(f[i] - np.delete(f, i).mean()) / n for i in range(n)]), 0.0

        mean, var, _, _ = tuples(n, loo)
        put(f"rloo_n{n}", mean, var)
        c = (n - 1) / n
        put(f"NEGATIVE_batch_mean_baseline_n{n}", c * mean, c * c * var)

        def vimco(f):
            bound = np.log(np.mean(np.exp(f)))
            a = []
            for i in range(n):
                g = np.exp(f).copy()
                g[i] = np.exp(np.delete(f, i).mean())
                a.append(bound - np.log(g.mean()))
            return np.array(a), bound

        mean, var, L, dL = tuples(n, vimco)
        put(f"vimco_n{n}", mean, var, gradient=dL, objective=float(L), exact_gradient=list(dL))

    def ordered(seq, gone=()):
        """Probability of drawing seq in this order once `gone` has been drawn."""
        q, left = 1.0, 1 - sum(p[i] for i in gone)
        for i in seq:
            q *= p[i] / left
            left -= p[i]
        return q

    def unordered(members, gone=()):
        return sum(ordered(s, gone) for s in itertools.permutations(members))

    for k in (2, 3):
        if S < k or math.comb(S, k) > 5000:
            continue
        ests, ps = [], []
        for members in itertools.combinations(range(S), k):
            pS = unordered(members)
            est = 0
            for s in members:
                rest = [i for i in members if i != s]
                R = unordered(rest, (s,)) / pS
                inner = p[s] * fx[s]
                for s2 in rest:
                    inner += p[s2] * fx[s2] * unordered([i for i in rest if i != s2], (s, s2)) / unordered(rest, (s,))
                est = est + p[s] * score[s] * R * (fx[s] - inner)
            ests.append(est)
            ps.append(pS)
        put(f"unordered_set_k{k}", *moments(np.array(ps), np.array(ests)))

    if T > 1:
        def conditional(length):
            """Mean and variance of f given the first `length` tokens (the shorter states are whole)."""
            mean, var = np.zeros(S), np.zeros(S)
            for i in range(S):
                same = np.array([tuple(s[:length]) == tuple(states[i][:length]) for s in states])
                w = p * same / (p * same).sum()
                mean[i] = w @ fx
                var[i] = w @ (fx - mean[i]) ** 2
            return mean, var

        V = [conditional(t)[0] for t in range(T)]
        Q, spread = zip(*[conditional(t + 1) for t in range(T)])
        table("seq_prefix_value_baseline", sum((fx - V[t])[:, None] * step_score[t] for t in range(T)))
        table("seq_token_q", sum(Q[t][:, None] * step_score[t] for t in range(T)))
        table("seq_token_advantage", sum((Q[t] - V[t])[:, None] * step_score[t] for t in range(T)))
        for m in (1, 5):
            mean, var = moments(p, sum(Q[t][:, None] * step_score[t] for t in range(T)))
            var = var + p @ sum(spread[t][:, None] * step_score[t] ** 2 for t in range(T)) / m
            put(f"seq_rollout_q_m{m}", mean, var)
        est = np.zeros_like(score)
        for i, s in enumerate(states):
            for t in range(len(s)):
                for v in range(K):
                    starts = [j for j, r in enumerate(states) if list(r[: t + 1]) == list(s[:t]) + [v]]
                    w = p[starts] / p[starts].sum()
                    est[i] += (w @ fx[starts]) * grad_p[t][v][i]
        table("seq_all_action", est)

    chain = spec["structure"] != "independent"
    feeds = [("", "same")] + ([("_detached_feed", "detached")] if chain else [])
    for suffix, feed in feeds:
        for kind, tau in [("st", 0.5), ("st", 1), ("reinmax", 1), ("reinmax", 1.5), ("zgr", None),
                          ("gapped_st_gap1", 0.5), ("gapped_st_gapP", 1)]:
            name = kind + ("" if tau is None else f"_tau{tau}") + suffix
            table(name, P.run(S, kind, feed, ids, tau))

    if not chain and P.eos is None:
        x = torch.stack([torch.softmax(P.params["logits"], 1)]).reshape(1, -1)
        xb = x.clone().requires_grad_()
        f0 = P.f(xb)
        f0.sum().backward()
        df = xb.grad.numpy()[0]
        params = P.copies(1)
        (torch.softmax(params["logits"], 2).reshape(1, -1) @ torch.tensor(df)).sum().backward()
        lin = fx - f0.item() - (D.reshape(S, -1).numpy() - x.numpy()) @ df
        table("muprop", lin[:, None] * score + P.flat(params))

    # What has no finite sum is drawn.
    rng = np.random.default_rng(12345)

    def drawn(name, est):
        n = len(est)
        mean, var = est.mean(0), est.var(0, ddof=1)
        fourth = ((est - mean) ** 4).mean(0)
        out[name] = dict(exact=False, samples=n, mean=list(mean), variance=list(var),
                         mean_se=list(np.sqrt(var / n)), variance_se=list(np.sqrt(np.maximum(fourth - var ** 2, 0) / n)))

    if relaxed_draws:
        soft = feeds + ([("_straight_through_feed", "straight")] if chain else [])
        for suffix, feed in soft:
            for tau in (0.5, 1):
                drawn(f"gs_tau{tau}{suffix}", P.run(DRAWS, "gs", feed, None, tau, rng))
        for suffix, feed in feeds:
            drawn(f"stgs_tau0.7{suffix}", P.run(DRAWS, "stgs", feed, None, 0.7, rng))
            drawn(f"gumbel_rao_m3_tau0.7{suffix}", P.run(DRAWS, "gumbel_rao", feed, None, 0.7, rng, inner=3))
        if not chain and P.eos is None:
            for lam, eta, coupled in [(0.5, 1, False), (1, 0.3, False), (0.5, 1, True)]:
                name = f"rebar_{'coupled_' if coupled else ''}lambda{lam}_eta{eta}"
                drawn(name, rebar(P, lam, eta, coupled, rng))
            drawn("arsm", arsm(P, rng))

    spec = dict(spec, objective=float(mean_f), exact_gradient=list(exact), estimators=out)
    return spec


def rebar(P, lam, eta, coupled, rng):
    n, T, K = DRAWS, P.T, P.K
    params = P.copies(n)
    theta = params["logits"]
    G = -torch.log(torch.tensor(rng.exponential(size=(n, T, K))))
    z = theta + G
    b = torch.nn.functional.one_hot(torch.argmax(z, 2), K).to(theta.dtype)
    Z = torch.exp(theta).sum(2, keepdim=True)
    if coupled:  # the exponentials that make the conditional draw equal z
        with torch.no_grad():
            zb = (z * b).sum(2, keepdim=True)
            E = torch.where(b > 0, Z * torch.exp(-zb), torch.exp(theta) * (torch.exp(-z) - torch.exp(-zb)))
    else:
        E = torch.tensor(rng.exponential(size=(n, T, K)))
    Eb = (E * b).sum(2, keepdim=True)
    zt = torch.where(b > 0, torch.log(Z) - torch.log(Eb), -torch.log(E / torch.exp(theta) + Eb / Z))
    if coupled:
        assert torch.allclose(zt, z, atol=1e-6)
    f = lambda x: P.f(x.reshape(n, -1))
    fb, fz, ft = f(b), f(torch.softmax(z / lam, 2)), f(torch.softmax(zt / lam, 2))
    logp = (torch.log_softmax(theta, 2) * b).sum((1, 2))
    ((fb - eta * ft).detach() * logp + eta * fz - eta * ft).sum().backward()
    return P.flat(params)


def arsm(P, rng):
    n, T, K = DRAWS, P.T, P.K
    theta = P.params["logits"].numpy()
    pi = rng.dirichlet(np.ones(K), size=(n, T))
    F = np.zeros((K, K, n))
    for c in range(K):
        for j in range(K):
            swap = list(range(K))
            swap[c], swap[j] = j, c
            z = np.argmin(np.log(pi[:, :, swap]) - theta, axis=2)
            F[c, j] = P.f(torch.tensor(np.eye(K)[z].reshape(n, -1))).numpy()
    est = np.zeros((n, T, K))
    for j in range(K):
        for c in range(K):
            est[:, :, c] += (F[c, j] - F[:, j].mean(0))[:, None] * (1 / K - pi[:, :, j])
    return est.reshape(n, -1)


def parameters(rng, structure, K, T, H=3):
    r = lambda *shape: np.round(rng.normal(size=shape), 4).tolist()
    if structure == "independent":
        return {"logits": r(T, K)}, [("logits", [T, K])]
    if structure == "rnn":
        shapes = [("U", [H, K]), ("V", [H, H]), ("c", [H]), ("O", [K, H]), ("o", [K])]
    else:
        shapes = [("b", [T, K])] + [(f"W_{t}_{s}", [K, K]) for t in range(2, T + 1) for s in range(1, t)]
    return {k: r(*s) for k, s in shapes}, shapes


def function(rng, kind, T, K, H=4):
    r = lambda *shape: np.round(rng.normal(size=shape), 4).tolist()
    n = T * K
    return dict({
        "linear": lambda: {"c": r(T, K)},
        "quadratic": lambda: {"t": np.round(rng.uniform(size=(T, K)), 4).tolist()},
        "quadform": lambda: {"A": r(n, n), "c": r(n)},
        "mlp": lambda: {"W1": r(H, n), "b1": r(H), "w2": r(H), "b2": 0.1},
    }[kind](), type=kind)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    for seed, (structure, K, T, eos, f, draws) in enumerate([
        ("independent", 4, 1, None, "mlp", True),
        ("independent", 2, 3, None, "quadform", True),
        ("independent", 3, 2, 2, "mlp", True),
        ("autoregressive", 2, 4, 0, "quadratic", False),
        ("autoregressive", 4, 2, 1, "linear", True),
        ("rnn", 3, 3, None, "quadform", False),
        ("rnn", 3, 3, 0, "mlp", True),
        ("rnn", 5, 1, None, "linear", False),
    ]):
        rng = np.random.default_rng(seed)
        params, order = parameters(rng, structure, K, T)
        if seed % 2:  # an order of its own must be followed
            order = order[::-1]
        name = f"k{K}_t{T}_{structure}_{f}" + ("" if eos is None else f"_eos{eos}")
        spec = {
            "id": name, "K": K, "T": T, "structure": structure, "eos_token": eos, "params": params,
            "param_order": [{"name": k, "shape": s} for k, s in order], "f": function(rng, f, T, K),
        }
        result = evaluate(spec, draws)
        entries = result.pop("estimators")
        with open(os.path.join(here, name + ".json"), "w") as out:
            text = json.dumps(result)
            lines = ",\n".join(f'  {json.dumps(k)}: {json.dumps(v)}' for k, v in entries.items())
            out.write(text[:-1] + ',\n "estimators": {\n' + lines + "\n}}\n")
        print(name, len(entries))


if __name__ == "__main__":
    main()
