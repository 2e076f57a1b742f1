#!/usr/bin/env python3
"""Writes a tiny random GPT-2, and what Hugging Face's makes of it in float64.

    pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0 numpy
    python make_gpt2_gradients.py

Sizes are odd on purpose: 3 heads of 5, 67 tokens of at most 70, a vocabulary of 83. Biases and gains
are large, so that no term vanishes by luck.
"""

import json
import pathlib

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel

B, T, V, SEED = 2, 67, 83, 20260801
HERE = pathlib.Path(__file__).parent
FOLDER = HERE / "gpt2"


def config(inverse_layer):
    return GPT2Config(
        vocab_size=V, n_positions=70, n_embd=15, n_layer=3, n_head=3, n_inner=None,
        activation_function="gelu_new", layer_norm_epsilon=1e-5,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, bos_token_id=V - 1, eos_token_id=V - 1,
        scale_attn_by_inverse_layer_idx=inverse_layer, attn_implementation="eager",
    )


def random_weights(rng):
    """Every parameter, rounded to float32."""
    weights = {}
    for name, p in GPT2LMHeadModel(config(False)).named_parameters():
        x = rng.standard_normal(p.shape)
        if name.endswith(".bias"):
            x = 0.3 * x
        elif ".ln_" in name:
            x = 1 + 0.4 * x
        elif ".wte." in name or ".wpe." in name:
            x = 0.5 * x
        else:
            x = 0.4 * x
        weights[name] = torch.tensor(x.astype(np.float32))
    return weights


def run(weights, tokens, targets, inverse_layer):
    """Loss, gradients and logits, all in float64."""
    model = GPT2LMHeadModel(config(inverse_layer)).double().train()
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(weights[name].double())
    logits = model(input_ids=tokens, use_cache=False).logits
    assert logits.dtype == torch.float64
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1))
    loss.backward()
    tensors = {name: p.grad.float().contiguous() for name, p in model.named_parameters()}
    tensors["logits"] = logits.detach().float().contiguous()
    return loss.item(), tensors


def main():
    rng = np.random.default_rng(SEED)
    weights = random_weights(rng)
    ids = torch.tensor(rng.integers(0, V, (B, T + 1)))
    tokens, targets = ids[:, :-1], ids[:, 1:]

    model = GPT2LMHeadModel(config(False))
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.copy_(weights[name])
    model.save_pretrained(FOLDER)
    (FOLDER / "generation_config.json").unlink(missing_ok=True)

    expected = {"tokens": tokens.tolist(), "targets": targets.tolist()}
    for key, inverse_layer in [("plain", False), ("inverse_layer", True)]:
        expected[f"loss_{key}"], tensors = run(weights, tokens, targets, inverse_layer)
        save_file(tensors, HERE / f"gpt2_{key}.safetensors", metadata={"format": "pt"})

    # What was saved is what was run.
    saved = GPT2LMHeadModel.from_pretrained(FOLDER, attn_implementation="eager").double()
    logits = saved(input_ids=tokens).logits
    loss = torch.nn.functional.cross_entropy(logits.reshape(-1, V), targets.reshape(-1)).item()
    assert abs(loss - expected["loss_plain"]) < 1e-12, (loss, expected["loss_plain"])
    (HERE / "gpt2_expected.json").write_text(json.dumps(expected) + "\n")


main()
