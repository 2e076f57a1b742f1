#!/usr/bin/env python3
"""Writes the product of the loss's Hessian with a direction, by torch's double backward in float64, for
the model that make_gpt2_gradients.py wrote.

    pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0 numpy
    python make_gpt2_hessian.py

Element i of the direction, all parameters one after another in the order of the model, is
((2654435761·i mod 2³²) >> 8)·2⁻²³ − 1: exact in float32, so it needs no file.
"""

import json
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import GPT2LMHeadModel

HERE = pathlib.Path(__file__).parent


def direction(parameters):
    count = sum(p.numel() for p in parameters)
    i = np.arange(count, dtype=np.uint64)
    flat = ((i * 2654435761 % 2**32) >> 8).astype(np.float64) * 2.0**-23 - 1
    parts = torch.tensor(flat).split([p.numel() for p in parameters])
    return [part.reshape(p.shape) for part, p in zip(parts, parameters)]


def main():
    expected = json.loads((HERE / "gpt2_expected.json").read_text())
    tokens, targets = torch.tensor(expected["tokens"]), torch.tensor(expected["targets"])
    for key, inverse_layer in [("plain", False), ("inverse_layer", True)]:
        model = GPT2LMHeadModel.from_pretrained(
            HERE / "gpt2", attn_implementation="eager",
            scale_attn_by_inverse_layer_idx=inverse_layer,
        ).double().train()
        names, parameters = zip(*model.named_parameters())
        logits = model(input_ids=tokens, use_cache=False).logits
        assert logits.dtype == torch.float64
        loss = torch.nn.functional.cross_entropy(
            logits.reshape(-1, logits.shape[-1]), targets.reshape(-1))
        assert abs(loss.item() - expected[f"loss_{key}"]) < 1e-12
        gradients = torch.autograd.grad(loss, parameters, create_graph=True)
        u = direction(parameters)
        slope = sum((g * d).sum() for g, d in zip(gradients, u))
        product = torch.autograd.grad(slope, parameters)
        save_file(
            {name: h.float().contiguous() for name, h in zip(names, product)},
            HERE / f"gpt2_hessian_{key}.safetensors", metadata={"format": "pt"})


main()
