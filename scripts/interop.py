#!/usr/bin/env python3
"""Compares sophia-rt with Hugging Face transformers, in both directions, and with llama.cpp.

    make interop                    (or scripts/interop.py --program .build/release/sophia-rt)

A Python without the packages makes itself a virtual environment in .venv, once, and goes on there.

1. Random GPT2LMHeadModels of odd sizes, written by save_pretrained, read by `sophia-rt logits`.
2. A checkpoint that `sophia-rt train` wrote, opened by AutoModelForCausalLM and AutoTokenizer:
   logits, loss as `sophia-rt evaluate` has it, token ids of hard text, greedy text; 200 greedy
   tokens of a `nano` after 150 steps.
3. Random models with our tokenizer beside them: greedy text of `sophia-rt generate`.
4. The same models in shards, in half precisions, with and without prefix and head.
5. A model under nanoGPT's names, converted by scripts/convert_nanogpt.py.
6. `sophia-rt export`, read by llama.cpp (where llama-cpp-python is installed: it takes a compiler
   and half an hour): token ids of hard text, logits, greedy text.

Logits have to agree to 1e-4 absolute in float32, the loss to 1e-5 nats, greedy text up to the first
token at which torch's two likeliest logits differ by less than 1e-4; everything else exactly. Of
llama.cpp the bounds are in comparison/llama.py.
"""

import argparse
import pathlib
import random
import sys
import tempfile

from comparison.environment import need

PACKAGES = ["torch", "transformers", "safetensors", "numpy"]
# PyTorch without CUDA, where its index can be reached.
problem = need(PACKAGES, ["--extra-index-url", "https://download.pytorch.org/whl/cpu", *PACKAGES])
if problem:
    sys.exit(f"{problem}: name a Python that has {', '.join(PACKAGES)} with PYTHON=...")

import torch
from transformers import logging

from comparison.hugging_face import (
    in_every_arrangement, ours_to_theirs, theirs_to_ours, theirs_with_our_tokenizer, trained_greedy,
)
from comparison.llama import to_llama
from comparison.nanogpt import from_nanogpt
from comparison.program import Comparison, Program


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/sophia-rt")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    comparison = Comparison()
    with tempfile.TemporaryDirectory(prefix="sophia-rt-interop-") as name:
        directory = pathlib.Path(name)
        program = Program(str(pathlib.Path(options.program).resolve()), directory)
        theirs_to_ours(program, comparison, directory)
        ours = ours_to_theirs(program, comparison, directory)
        trained_greedy(program, comparison, directory)
        theirs_with_our_tokenizer(program, comparison, directory, ours)
        in_every_arrangement(program, comparison, directory)
        from_nanogpt(program, comparison, directory, ours)
        to_llama(program, comparison, directory)
    sys.exit("sophia-rt and another program disagree" if comparison.failed else 0)


main()
