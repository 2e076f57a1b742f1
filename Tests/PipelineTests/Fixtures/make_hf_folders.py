#!/usr/bin/env python3
"""Writes tiny random GPT-2 folders as Hugging Face's save_pretrained does, with torch's logits.

    pip install torch==2.15.0 transformers==5.23.0 safetensors==0.8.0 numpy
    python make_hf_folders.py

Each folder has config.json and model.safetensors as saved, tokens.json (sequences of ids) and
logits.safetensors: for sequence i the tensor "i", computed in float64 from the weights in the file.
"""

import json
import pathlib
import shutil

import torch
from safetensors.torch import save_file
from transformers import GPT2Config, GPT2LMHeadModel, GPT2Model

HERE = pathlib.Path(__file__).parent


def config(**changes):
    return GPT2Config(
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.1, bos_token_id=0, eos_token_id=0,
        attn_implementation="eager", **changes,
    )


# name: class, type of the stored numbers, sizes that are odd on purpose
FOLDERS = {
    "lm_head_f32": (
        GPT2LMHeadModel, torch.float32,
        config(vocab_size=61, n_positions=67, n_embd=15, n_layer=2, n_head=5, n_inner=60),
    ),
    "inverse_layer_bf16": (
        GPT2LMHeadModel, torch.bfloat16,
        config(
            vocab_size=83, n_positions=9, n_embd=10, n_layer=3, n_head=1,
            scale_attn_by_inverse_layer_idx=True, layer_norm_epsilon=1e-3,
        ),
    ),
    # No head and no "transformer." before the names.
    "base_model_f16": (
        GPT2Model, torch.float16,
        config(
            vocab_size=97, n_positions=130, n_embd=12, n_layer=1, n_head=2,
            activation_function="gelu_pytorch_tanh",
        ),
    ),
}


def randomize(model):
    """Large biases and gains, so that no term vanishes by luck."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.normal_(0, 0.4)
            if ".ln_" in name and name.endswith("weight") or name.endswith("ln_f.weight"):
                p.add_(1)


def logits(folder, sequence):
    """By the class with a head, in float64."""
    model = GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float64, attn_implementation="eager")
    with torch.no_grad():
        return model.eval()(input_ids=torch.tensor([sequence]), use_cache=False).logits[0].float()


def main():
    torch.manual_seed(20260801)
    for name, (kind, dtype, sizes) in FOLDERS.items():
        folder = HERE / name
        shutil.rmtree(folder, ignore_errors=True)
        model = kind(sizes)
        randomize(model)
        model.to(dtype).save_pretrained(folder)
        (folder / "generation_config.json").unlink(missing_ok=True)
        T, V = sizes.n_positions, sizes.vocab_size
        tokens = [torch.randint(V, (n,)).tolist() for n in (T, 1, (T + 1) // 2)]
        (folder / "tokens.json").write_text(json.dumps(tokens) + "\n")
        save_file(
            {str(i): logits(folder, s).contiguous() for i, s in enumerate(tokens)},
            folder / "logits.safetensors",
        )


main()
