"""Writes reinmax.json: the polynomial programming of Liu et al. 2023, ReinMax, by PyTorch.

    python3 make_reinmax.py > reinmax.json

128 two-way variables with logits theta [128,2] that begin at 0; the loss is the
mean over variables and a batch of 64 of |x - 0.45|^p, x the second entry of the
one-hot draw; Adam, step size 0.001. For each estimator and p: the exact expected
loss after 5, 10 and 15 epochs of 100 steps, the mean over 4 seeds and their deviation.
"""
import json
import statistics
import sys

import torch
import torch.nn.functional as F

N, B, EPOCH = 128, 64, 100


def multinomial(p):
    return F.one_hot(torch.multinomial(p, 1, True).squeeze(-1), 2).to(p)


class Through(torch.autograd.Function):
    """The draw, with the gradient of the row behind it."""

    @staticmethod
    def forward(ctx, hard, soft):
        return hard

    @staticmethod
    def backward(ctx, grad):
        return None, grad


def straight_through(z, tau):
    return Through.apply(multinomial(z.softmax(-1)), (z / tau).softmax(-1))


def st_gumbel(z, tau):
    return F.gumbel_softmax(z, tau=tau, hard=True)


def conditional_gumbel(z, hard):
    """Gumbel-perturbed logits given their argmax (Paulus et al. 2021)."""
    e = torch.empty_like(z).exponential_()
    top = (e * hard).sum(-1, keepdim=True)
    total = z.logsumexp(-1, keepdim=True).exp()
    return hard * (-torch.log(top) + torch.log(total)) + (1 - hard) * -torch.log(e / z.exp() + top / total)


def gumbel_rao(z, tau, m=10):
    hard = multinomial(z.detach().softmax(-1))
    soft = 0
    for _ in range(m):
        shifted = conditional_gumbel(z.detach(), hard) - z.detach() + z
        soft = soft + (shifted / tau).softmax(-1) / m
    return Through.apply(hard, soft)


class ReinMax(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z, tau):
        p = z.softmax(-1)
        hard = multinomial(p)
        ctx.save_for_backward(z, p, hard)
        ctx.tau = tau
        return hard

    @staticmethod
    def backward(ctx, g):
        z, p, hard = ctx.saved_tensors
        q = ((z / ctx.tau).softmax(-1) + hard) / 2

        def through(y):  # the gradient of <g, y> by a softmax of row y
            return y * (g - (g * y).sum(-1, keepdim=True))

        return 2 * through(q) - through(p) / 2, None


def gapped(z, tau, gap=1.0):
    """Fan et al. 2022: the drawn logit is raised to a gap above the others."""
    hard = multinomial(z.detach().softmax(-1))
    drawn = (z * hard).sum(-1, keepdim=True)
    top = z.max(-1, keepdim=True).values
    shifted = z + hard * (top - drawn).detach() - (1 - hard) * F.relu(z + gap - top).detach()
    return Through.apply(hard, (shifted / tau).softmax(-1))


ESTIMATORS = {
    "straight-through": (straight_through, 1.0),
    "st-gumbel": (st_gumbel, 0.5),
    "gumbel-rao": (gumbel_rao, 0.5),
    "reinmax": (lambda z, tau: ReinMax.apply(z, tau), 1.0),
    "gapped-st": (gapped, 1.0),
}


def train(estimator, tau, p, seed):
    torch.manual_seed(seed)
    z = torch.zeros(N, 2, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([z], lr=1e-3)
    losses = []
    for step in range(15 * EPOCH):
        x = estimator(z.expand(B, N, 2).reshape(B * N, 2), tau)[:, 1]
        loss = (x - 0.45).abs().pow(p).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        if (step + 1) % (5 * EPOCH) == 0:
            q = z.detach().softmax(-1)[:, 1]
            losses.append((q * 0.55**p + (1 - q) * 0.45**p).mean().item())
    return losses


def main():
    rows = []
    for name, (f, tau) in ESTIMATORS.items():
        for p in (1.5, 2.0, 3.0):
            runs = [train(f, tau, p, seed) for seed in range(4)]
            cells = list(zip(*runs))
            rows.append({"estimator": name, "tau": tau, "p": p, "losses": [statistics.mean(c) for c in cells], "deviations": [statistics.stdev(c) for c in cells]})
            print(rows[-1], file=sys.stderr)
    print(json.dumps({"torch": torch.__version__, "rows": rows}, indent=1))


main()
