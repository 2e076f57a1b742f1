"""Tokens a second of GPT-2's training step in PyTorch on the CPU: one line of JSON.

The work is that of `sophia-rt train`: GPT-2 with learned positions, pre-LayerNorm, GELU (tanh form)
and a tied head, random tokens, mean cross-entropy over B·T tokens, gradient clipped to a norm of 1,
fused AdamW. One warm-up step is not counted.
"""

import argparse
import json
import resource
import statistics
import time

import torch
from torch import nn
from torch.nn import functional as F


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.ln_1, self.ln_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.attn, self.attn_proj = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.fc, self.fc_proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        batch, length, width = x.shape
        split = (batch, length, 3, self.heads, width // self.heads)
        q, k, v = self.attn(self.ln_1(x)).view(split).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn_proj(mixed.transpose(1, 2).reshape(batch, length, width))
        return x + self.fc_proj(F.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class GPT2(nn.Module):
    def __init__(self, layers, width, heads, vocabulary, context):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.layers = nn.ModuleList([Layer(width, heads) for _ in range(layers)])
        self.ln_f = nn.LayerNorm(width)
        for parameter in self.parameters():
            if parameter.dim() == 2:
                nn.init.normal_(parameter, std=0.02)

    def forward(self, tokens, targets):
        x = self.wte(tokens) + self.wpe.weight[: tokens.shape[1]]
        for layer in self.layers:
            x = layer(x)
        logits = F.linear(self.ln_f(x), self.wte.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    sizes = dict(batch=4, context=1024, layers=12, width=768, heads=12, vocabulary=50257)
    for name, value in dict(sizes, threads=2, steps=2).items():
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--compile", action="store_true", help="torch.compile the model")
    a = parser.parse_args()

    torch.set_num_threads(a.threads)
    torch.manual_seed(1)
    model = GPT2(a.layers, a.width, a.heads, a.vocabulary, a.context)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True
    )
    loss_of = torch.compile(model) if a.compile else model
    batch = torch.randint(a.vocabulary, (a.batch, a.context + 1))
    tokens, targets = batch[:, :-1].contiguous(), batch[:, 1:].contiguous()

    seconds, processor = [], []
    for _ in range(1 + a.steps):
        began, used = time.perf_counter(), time.process_time()
        loss_of(tokens, targets).backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        seconds.append(time.perf_counter() - began)
        processor.append(time.process_time() - used)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        json.dumps(
            {
                "version": torch.__version__,
                "seconds": [round(s, 3) for s in seconds[1:]],
                # Less than threads × seconds where other programs took the cores.
                "processor_seconds": [round(s, 3) for s in processor[1:]],
                "tokens_per_second": a.batch * a.context / statistics.median(seconds[1:]),
                "peak_gib": peak / 2**20,
            }
        )
    )


main()
