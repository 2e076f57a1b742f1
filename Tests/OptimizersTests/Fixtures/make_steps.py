#!/usr/bin/env python3
"""Writes sophia_*.bin, adamw.bin, lion.bin, muon.bin: what independent optimizers make of 200 injected gradients.

    pip install torch==2.15.0 sophia-opt==0.2.2 lion-pytorch==0.2.5 pytorch-optimizer==4.1.0 numpy
    python make_steps.py

Gradients are not stored: `unit` below is an integer hash, exact in Python and Swift alike. All
optimizers run on float64 tensors, so the files hold the formulas' values and not another's rounding.
"""

import pathlib

import numpy as np
import torch
import torch.optim._muon
from lion_pytorch import Lion
from pytorch_optimizer import SophiaH
from sophia_opt import SophiaG

COUNT, DECAYED, STEPS, EVERY, INTERVAL = 300, 137, 200, 20, 10
LABEL_TERMS = 480 * 1024
I = np.arange(COUNT, dtype=np.uint32)
HERE = pathlib.Path(__file__).parent


def unit(stream, t):
    """COUNT numbers in [-0.5, 0.5), multiples of 2^-24: murmur3's finalizer of (stream, t, i)."""
    with np.errstate(over="ignore"):
        x = I * np.uint32(0x9E3779B1)
        x ^= np.uint32(t * 0x85EBCA77 & 0xFFFFFFFF) ^ np.uint32(stream * 0xC2B2AE3D & 0xFFFFFFFF)
        x ^= x >> np.uint32(16)
        x *= np.uint32(0x85EBCA6B)
        x ^= x >> np.uint32(13)
        x *= np.uint32(0xC2B2AE35)
        x ^= x >> np.uint32(16)
    return (x >> np.uint32(8)).astype(np.float64) * 2.0**-24 - 0.5


def gradient(t):
    """g: noise about a mean, over nine binades."""
    return (unit(1, t) + unit(0, 0)) * 2.0 ** (-4.0 - I % 9)


def sampled(t):
    """ĝ: such that some coordinates are clipped and some are not."""
    return unit(2, t) * 2.0 ** (-9.0 - I % 9 // 2 + I % 3)


def diagonal(t):
    """An estimate of the Hessian's diagonal: noise about a mean, of either sign, over eleven binades."""
    return (unit(4, t) + unit(5, 0)) * 2.0 ** (2.0 - I % 11)


def learning_rate(t):
    return 2.0**-13 * (1 + t % 7)


def run(name, make, keys, curvature=False):
    theta = torch.tensor(unit(3, 0))
    parts = [theta[:DECAYED].clone().requires_grad_(), theta[DECAYED:].clone().requires_grad_()]
    optimizer = make(parts)

    def give(values):
        values = torch.tensor(values)
        parts[0].grad, parts[1].grad = values[:DECAYED].clone(), values[DECAYED:].clone()

    rows = []
    for t in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(t)
        give(gradient(t))
        if curvature:
            optimizer.step(bs=LABEL_TERMS)
            if t % INTERVAL == INTERVAL - 1:
                give(sampled(t))
                optimizer.update_hessian()
        else:
            optimizer.step()
        if t % EVERY == EVERY - 1:
            rows.append(torch.cat(parts).detach().numpy())

    rows += [torch.cat([optimizer.state[p][key] for p in parts]).numpy() for key in keys]
    np.stack(rows).astype("<f8").tofile(HERE / name)
    if curvature:
        clipped = np.abs(rows[-2]) >= 0.05 * LABEL_TERMS * rows[-1]
        print(name, "clipped at the end:", int(clipped.sum()), "of", COUNT)


def groups(parts, decay):
    return [{"params": [parts[0]], "weight_decay": decay}, {"params": [parts[1]], "weight_decay": 0.0}]


run(
    "sophia_g.bin",
    lambda parts: SophiaG(groups(parts, 0.2), lr=1.0, betas=(0.965, 0.99), rho=0.05),
    ["exp_avg", "hessian"],
    curvature=True,
)
run(
    "adamw.bin",
    lambda parts: torch.optim.AdamW(groups(parts, 0.1), lr=1.0, betas=(0.9, 0.95), eps=1e-8),
    ["exp_avg", "exp_avg_sq"],
)
run(
    "lion.bin",
    lambda parts: Lion(groups(parts, 0.2), lr=1.0, betas=(0.95, 0.98)),
    ["exp_avg"],
)


def run_sophia_h(name, estimate, betas, gamma, epsilon, rate, decay):
    """Version 1's update, clip(m / max(h, ε), ±γ), with a diagonal that is given.

    As clip(m / max(γh, ε), ±1) is clip(m / max(h, ε / γ), ±γ) / γ, it is Algorithm 3's too, at 1 / γ
    times the learning rate and γ times the decay.
    """
    theta = torch.tensor(unit(3, 0))
    parts = [theta[:DECAYED].clone().requires_grad_(), theta[DECAYED:].clone().requires_grad_()]
    optimizer = SophiaH(
        groups(parts, decay), lr=1.0, betas=betas, p=gamma, eps=epsilon, update_period=10**9)
    rows = []
    for t in range(STEPS):
        for group in optimizer.param_groups:
            group["lr"] = rate * learning_rate(t)
        g, h = torch.tensor(gradient(t)), torch.tensor(estimate(t))
        parts[0].grad, parts[1].grad = g[:DECAYED].clone(), g[DECAYED:].clone()
        refreshes = t % INTERVAL == 0
        optimizer.step(hessian=[h[:DECAYED].clone(), h[DECAYED:].clone()] if refreshes else None)
        if t % EVERY == EVERY - 1:
            rows.append(torch.cat(parts).detach().numpy())
    for key in ["momentum", "hessian_moment"]:
        rows.append(torch.cat([optimizer.state[p][key] for p in parts]).numpy())
    np.stack(rows).astype("<f8").tofile(HERE / name)
    m, h = rows[-2:]
    unclipped = np.abs(m) < gamma * np.maximum(h, epsilon)
    print(
        name, "of", COUNT, "at the end: not clipped", int(unclipped.sum()), "of those at the floor",
        int((unclipped & (h < epsilon)).sum()), "h negative", int((h < 0).sum()), "at the boundary",
        int((np.abs(np.abs(m) / (gamma * np.maximum(h, epsilon)) - 1) < 1e-5).sum()))


run_sophia_h(
    "sophia_paper.bin", lambda t: LABEL_TERMS * sampled(t) ** 2, (0.96, 0.99), 0.05, 1e-12 / 0.05,
    1 / 0.05, 0.2 * 0.05)
run_sophia_h("sophia_h.bin", diagonal, (0.96, 0.9), 0.0625, 0.0625, 1.0, 0.2)

# Matrices as they lie in the arena: offset, inputs, outputs, how many side by side. The coordinates
# after them are AdamW's.
MATRICES = [(0, 6, 18, 3), (108, 6, 10, 1), (168, 12, 5, 1)]
REST = 228


class Float64Torch:
    """torch, but whoever asks for bfloat16 gets float64."""

    bfloat16 = torch.float64

    def __getattr__(self, name):
        return getattr(torch, name)


def weights(flat):
    """The matrices of an arena as torch has them, (outputs, inputs)."""
    found = []
    for offset, inputs, outputs, count in MATRICES:
        whole = flat[offset : offset + inputs * outputs].reshape(inputs, outputs)
        found += [torch.tensor(part.T.copy()) for part in np.split(whole, count, axis=1)]
    return found


def arena(matrices, rest):
    matrices, parts = list(matrices), []
    for _, _, _, count in MATRICES:
        side_by_side = [matrices.pop(0).detach().numpy().T for _ in range(count)]
        parts.append(np.concatenate(side_by_side, axis=1).ravel())
    return np.concatenate(parts + [rest.detach().numpy()])


def run_muon():
    torch.optim._muon.torch = Float64Torch()  # its iteration would round to 8 bits
    theta = unit(3, 0)
    matrices = [w.requires_grad_() for w in weights(theta)]
    rest = torch.tensor(theta[REST:]).requires_grad_()
    muon = torch.optim.Muon(matrices, lr=1.0, weight_decay=0.1, momentum=0.95)
    adamw = torch.optim.AdamW([rest], lr=1.0, betas=(0.9, 0.95), eps=1e-10, weight_decay=0.0)
    rows = []
    for t in range(STEPS):
        muon.param_groups[0]["lr"] = learning_rate(t)
        adamw.param_groups[0]["lr"] = 0.5 * learning_rate(t)
        for parameter, g in zip(matrices, weights(gradient(t))):
            parameter.grad = g
        rest.grad = torch.tensor(gradient(t)[REST:])
        muon.step()
        adamw.step()
        if t % EVERY == EVERY - 1:
            rows.append(arena(matrices, rest))
    momenta = [muon.state[w]["momentum_buffer"] for w in matrices]
    rows.append(arena(momenta, adamw.state[rest]["exp_avg"]))
    rows.append(arena([0 * w for w in momenta], adamw.state[rest]["exp_avg_sq"]))
    np.stack(rows).astype("<f8").tofile(HERE / "muon.bin")


run_muon()
