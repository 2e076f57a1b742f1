#!/usr/bin/env python3
"""Turns a checkpoint of nanoGPT into a Hugging Face GPT-2 folder, which sophia-rt and transformers open.

    scripts/convert_nanogpt.py out/ckpt.pt DIR [--tokenizer FOLDER]

Needs torch and safetensors. Of the checkpoint only tensors and plain values are read
(torch.load(weights_only=True)), so it can run no code.

- nanoGPT's Linear weights are (out, in), GPT-2's Conv1D weights (in, out): they are transposed.
- Models without biases (bias=False) get biases of 0, which compute the same.
- The vocabulary keeps the rows that nanoGPT pads it with (50257 to 50304): they are part of its softmax.
  With --tokenizer the rows that have no token, fewer than 64, are cut off.
- nanoGPT computes GELU by erf, GPT-2 and sophia-rt by its tanh approximation, which differs by less than
  5e-4; nanoGPT runs GPT-2's weights in the same way, the other way round.

The tokenizer is a folder's tokenizer.json, or its vocab.json and merges.txt, such as those of GPT-2 for
data that nanoGPT's prepare.py encoded with tiktoken's "gpt2". Data of characters (shakespeare_char) has
none in this form.
"""

import argparse
import json
import os
import pathlib
import shutil
import sys

import torch
from safetensors.torch import save_file

SIZES = ["n_layer", "n_head", "n_embd", "block_size", "vocab_size"]
# The files of a tokenizer, one line or the other, and what may go with them.
TOKENIZERS = [["tokenizer.json"], ["vocab.json", "merges.txt"]]
EXTRAS = ["tokenizer_config.json", "special_tokens_map.json"]
# Inputs and outputs in widths of the model.
MATRICES = {"attn.c_attn": (1, 3), "attn.c_proj": (1, 1), "mlp.c_fc": (1, 4), "mlp.c_proj": (4, 1)}


def load(path):
    """The weights without the prefix that torch.compile adds, and the sizes."""
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds, and long texts
        sys.exit(f"{path}: cannot be read as tensors and plain values: {str(error).splitlines()[0]}")
    if not isinstance(checkpoint, dict) or not {"model", "model_args"} <= checkpoint.keys():
        sys.exit(f"{path}: expected nanoGPT's 'model' and 'model_args', found something else")
    sizes = checkpoint["model_args"]
    if not isinstance(sizes, dict) or not isinstance(checkpoint["model"], dict):
        sys.exit(f"{path}: expected dictionaries 'model' and 'model_args', found something else")
    other = [k for k, v in checkpoint["model"].items() if not isinstance(v, torch.Tensor)]
    if other:
        sys.exit(f"{path}: model: expected tensors, found something else at {other[0]}")
    missing = [name for name in SIZES if not isinstance(sizes.get(name), int)]
    if missing:
        sys.exit(f"{path}: model_args: expected the integer {missing[0]}, found none")
    odd = sorted(set(sizes) - set(SIZES) - {"bias", "dropout"})
    if odd:
        sys.exit(f"{path}: model_args: {odd[0]} is not nanoGPT's: a model of another kind")
    weights = {k.removeprefix("_orig_mod."): v.float() for k, v in checkpoint["model"].items()}
    return weights, sizes


class Converter:
    """Takes tensors out of nanoGPT's weights by name and shape."""

    def __init__(self, path, weights, sizes):
        self.path, self.weights, self.sizes = path, weights, sizes
        self.tensors = {}

    def take(self, name, shape, missing_is_zero=False):
        tensor = self.weights.pop(name, None)
        if tensor is None and missing_is_zero:
            return torch.zeros(shape)
        if tensor is None or list(tensor.shape) != shape:
            found = "none" if tensor is None else list(tensor.shape)
            sys.exit(f"{self.path}: tensor {name}: expected shape {shape}, found {found}")
        return tensor

    def copy(self, name, shape, **how):
        self.tensors[name] = self.take(name, shape, **how).contiguous()

    def norm(self, name, C):
        self.copy(f"{name}.weight", [C])
        self.copy(f"{name}.bias", [C], missing_is_zero=True)

    def convert(self):
        C, V = self.sizes["n_embd"], self.sizes["vocab_size"]
        self.copy("transformer.wte.weight", [V, C])
        self.copy("transformer.wpe.weight", [self.sizes["block_size"], C])
        for layer in range(self.sizes["n_layer"]):
            block = f"transformer.h.{layer}"
            self.norm(f"{block}.ln_1", C)
            self.norm(f"{block}.ln_2", C)
            for matrix, (inputs, outputs) in MATRICES.items():
                weight = self.take(f"{block}.{matrix}.weight", [outputs * C, inputs * C])
                self.tensors[f"{block}.{matrix}.weight"] = weight.t().contiguous()
                self.copy(f"{block}.{matrix}.bias", [outputs * C], missing_is_zero=True)
            # The causal mask, which nanoGPT stores where torch has no fused attention.
            self.weights.pop(f"{block}.attn.bias", None)
        self.norm("transformer.ln_f", C)
        head = self.take("lm_head.weight", [V, C])
        if not torch.equal(head, self.tensors["transformer.wte.weight"]):
            sys.exit(f"{self.path}: lm_head.weight: expected it tied to wte, found other values")
        if self.weights:
            sys.exit(f"{self.path}: tensor {min(self.weights)}: expected a tensor of nanoGPT's GPT")
        return self.tensors


def tokenizer_files(folder):
    for names in TOKENIZERS:
        if all((folder / name).is_file() for name in names):
            return [folder / n for n in names + EXTRAS if (folder / n).is_file()]
    sys.exit(f"{folder}: expected tokenizer.json, or vocab.json and merges.txt, found neither")


def tokens_and_end(folder):
    """How many tokens a tokenizer has, and the id of <|endoftext|> or None."""
    if (folder / "tokenizer.json").is_file():
        tokenizer = json.loads((folder / "tokenizer.json").read_text())
        ids = dict(tokenizer["model"]["vocab"])
        ids.update({token["content"]: token["id"] for token in tokenizer.get("added_tokens", [])})
    else:
        ids = json.loads((folder / "vocab.json").read_text())
    return max(ids.values()) + 1, ids.get("<|endoftext|>")


def cut(tensors, sizes, tokens, path):
    """Without the rows of the embedding that pad it to a multiple of 64."""
    V = sizes["vocab_size"]
    if tokens > V:
        sys.exit(f"{path}: vocab_size {V}: expected the {tokens} tokens of the tokenizer at least")
    if V - tokens >= 64:
        sys.exit(f"{path}: vocab_size {V} is not {tokens} padded to a multiple of 64")
    tensors["transformer.wte.weight"] = tensors["transformer.wte.weight"][:tokens].clone()
    return tokens


def config(sizes, V, end):
    return {
        "architectures": ["GPT2LMHeadModel"], "model_type": "gpt2", "activation_function": "gelu_new",
        "vocab_size": V, "n_positions": sizes["block_size"], "n_ctx": sizes["block_size"],
        "n_embd": sizes["n_embd"], "n_layer": sizes["n_layer"], "n_head": sizes["n_head"],
        "n_inner": None, "layer_norm_epsilon": 1e-5, "initializer_range": 0.02, "resid_pdrop": 0.0,
        "embd_pdrop": 0.0, "attn_pdrop": 0.0, "tie_word_embeddings": True, "bos_token_id": end,
        "eos_token_id": end,
    }


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("checkpoint", type=pathlib.Path, help="nanoGPT's ckpt.pt")
    parser.add_argument("out", type=pathlib.Path, help="folder to make")
    parser.add_argument("--tokenizer", type=pathlib.Path, help="folder with the tokenizer's files")
    options = parser.parse_args()
    if options.out.exists():
        sys.exit(f"{options.out}: exists already")
    files = tokenizer_files(options.tokenizer) if options.tokenizer else []
    weights, sizes = load(options.checkpoint)
    tensors = Converter(options.checkpoint, weights, sizes).convert()
    V, end = sizes["vocab_size"], None
    if options.tokenizer:
        tokens, end = tokens_and_end(options.tokenizer)
        V = cut(tensors, sizes, tokens, options.checkpoint)
    aside = options.out.with_name(f"{options.out.name}.tmp-{os.getpid()}")
    aside.mkdir(parents=True)
    try:
        save_file(tensors, aside / "model.safetensors", metadata={"format": "pt"})
        (aside / "config.json").write_text(json.dumps(config(sizes, V, end), indent=2) + "\n")
        for file in files:
            shutil.copy(file, aside)
        aside.rename(options.out)
    except BaseException:
        shutil.rmtree(aside, ignore_errors=True)
        raise
    print(f"{options.out}: {sizes['n_layer']} layers, width {sizes['n_embd']}, {V} tokens")
    if not files:
        print(
            "without a tokenizer it can be trained on (--init-from) but not generate text: give --tokenizer, "
            "or copy tokenizer.json into it, for GPT-2's tokens that of openai-community/gpt2",
            file=sys.stderr,
        )


main()
