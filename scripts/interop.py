#!/usr/bin/env python3
"""Compares sophia-rt with Hugging Face transformers, in both directions.

    pip install torch transformers safetensors numpy
    make interop                    (or scripts/interop.py --program .build/release/sophia-rt)

1. Random GPT2LMHeadModels of odd sizes, written by save_pretrained, read by `sophia-rt logits`.
2. A checkpoint that `sophia-rt train` wrote, opened by AutoModelForCausalLM and AutoTokenizer:
   logits, token ids of hard text, greedy text.

Logits have to agree to 1e-4 absolute in float32; everything else exactly.
"""

import argparse
import json
import pathlib
import random
import subprocess
import sys
import tempfile

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel

LIMIT = 1e-4
TEXTS = [
    "Once upon a time there was a girl who had lost her red kite.",
    "  leading blanks, tabs\t\tand\n\n\nlines  ",
    "It's 3,141.59 or -2.7e8; we'll see, they'd said: 'don't'!",
    "na\u00efve caf\u00e9 \u4f60\u597d\uff0c\u4e16\u754c \U0001F600\U0001F469\u200d\U0001F680 \u0645\u0631\u062d\u0628\u0627 \u0928\u092e\u0938\u094d\u0924\u0947",
    "<|endoftext> is almost a special token",
]


class Comparison:
    """What was compared, and whether all of it agreed."""

    def __init__(self):
        self.failed = False

    def logits(self, name, ours, theirs):
        worst = max(float((ours[i] - t).abs().max()) for i, t in enumerate(theirs))
        self.report(f"{name}: logits differ by at most {worst:.1e}", worst <= LIMIT)

    def report(self, text, good):
        self.failed |= not good
        print(("ok    " if good else "WRONG ") + text)


class Program:
    """sophia-rt in a directory of its own."""

    def __init__(self, path, directory):
        self.path, self.directory = path, directory

    def run(self, *arguments):
        end = subprocess.run(
            [self.path, *arguments], cwd=self.directory, stdin=subprocess.DEVNULL,
            capture_output=True, text=True,
        )
        if end.returncode != 0:
            sys.exit(f"sophia-rt {' '.join(arguments)}: {end.stderr}")
        return end.stdout

    def logits(self, folder, sequences):
        (self.directory / "tokens.json").write_text(json.dumps(sequences))
        (self.directory / "logits.safetensors").unlink(missing_ok=True)
        self.run(
            "logits", "--checkpoint", str(folder), "--tokens", "tokens.json", "--out",
            "logits.safetensors",
        )
        tensors = load_file(self.directory / "logits.safetensors")
        return [tensors[str(i)] for i in range(len(sequences))]


def torch_logits(model, sequences):
    with torch.no_grad():
        return [model(input_ids=torch.tensor([s])).logits[0].float() for s in sequences]


def sequences(V, T):
    return [[random.randrange(V) for _ in range(n)] for n in {1, 2, T // 2 + 1, T}]


def theirs_to_ours(program, comparison, directory):
    for number in range(12):
        heads = random.choice([1, 2, 3, 5, 7, 12])
        width = heads * random.choice([2, 5, 16, 33, 64])
        config = GPT2Config(
            vocab_size=random.choice([61, 257, 1000, 50257]),
            n_positions=random.choice([17, 64, 65, 200, 1024]), n_embd=width,
            n_layer=random.choice([1, 2, 5]), n_head=heads,
            n_inner=random.choice([None, 4 * width]),
            activation_function=random.choice(["gelu_new", "gelu_pytorch_tanh"]),
            layer_norm_epsilon=random.choice([1e-5, 1e-3]),
            scale_attn_by_inverse_layer_idx=random.choice([False, True]),
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, attn_implementation="eager",
        )
        model = GPT2LMHeadModel(config).eval()
        with torch.no_grad():
            for name, p in model.named_parameters():
                # As far from the initial values as training takes them.
                p.mul_(2) if p.dim() == 2 else p.add_(0.2 * torch.randn_like(p))
        folder = directory / f"hf-{number}"
        model.save_pretrained(folder)
        batch = sequences(config.vocab_size, config.n_positions)
        comparison.logits(
            f"theirs to ours: C {width}, H {heads}, L {config.n_layer}, T {config.n_positions}, "
            f"V {config.vocab_size}, by layer {config.scale_attn_by_inverse_layer_idx}",
            program.logits(folder, batch), torch_logits(model, batch),
        )


def ours_to_theirs(program, comparison, directory):
    (directory / "model.json").write_text(json.dumps({
        "model_type": "gpt2", "n_embd": 48, "n_head": 3, "n_layer": 3, "n_positions": 96,
        "scale_attn_by_inverse_layer_idx": True,
    }))
    program.run(
        "train", "--out", "run", "--model", "model.json", "--stories", "300", "--vocabulary", "600",
        "--context", "64", "--batch-tokens", "1024", "--steps", "60", "--optimizer", "adamw", "--lr",
        "0.003", "--eval-every", "0",
    )
    folder = sorted((directory / "run").glob("step-*"))[-1]
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    batch = sequences(600, 96)
    comparison.logits(
        "ours to theirs: AutoModelForCausalLM", program.logits(folder, batch),
        torch_logits(model, batch),
    )

    tokenizer = AutoTokenizer.from_pretrained(folder)
    end = tokenizer.eos_token_id
    for text in TEXTS:
        (directory / "text.txt").write_text(text)
        program.run(
            "tokenize", "text.txt", "--tokenizer", str(folder), "--val-fraction", "0", "--out", "d",
            "--overwrite",
        )
        shard = np.fromfile(directory / "d" / "train_000000.bin", dtype=np.uint16)[512:].tolist()
        ids = tokenizer(text)["input_ids"]
        comparison.report(f"ours to theirs: AutoTokenizer, {len(ids)} ids", shard == [end] + ids)
        comparison.report("ours to theirs: decoded", tokenizer.decode(ids) == text)

    prompt = "Once upon a time"
    ours = program.run(
        "generate", "--checkpoint", str(folder), "--prompt", prompt, "--temperature", "0",
        "--max-tokens", "24",
    )
    ids = tokenizer(prompt, return_tensors="pt")
    theirs = model.generate(**ids, max_new_tokens=24, do_sample=False, pad_token_id=end)[0]
    theirs = tokenizer.decode(theirs, skip_special_tokens=True)
    comparison.report(f"ours to theirs: greedy text {ours.strip()!r}", ours.strip() == theirs.strip())


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/sophia-rt")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random.seed(options.seed)
    torch.manual_seed(options.seed)
    comparison = Comparison()
    with tempfile.TemporaryDirectory(prefix="sophia-rt-interop-") as name:
        directory = pathlib.Path(name)
        program = Program(str(pathlib.Path(options.program).resolve()), directory)
        theirs_to_ours(program, comparison, directory)
        ours_to_theirs(program, comparison, directory)
    sys.exit("sophia-rt and transformers disagree" if comparison.failed else 0)


main()
