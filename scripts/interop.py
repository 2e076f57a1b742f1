#!/usr/bin/env python3
"""Compares sophia-rt with Hugging Face transformers, in both directions.

    make interop                    (or scripts/interop.py --program .build/release/sophia-rt)

A Python without the packages makes itself a virtual environment in .venv, once, and goes on there.

1. Random GPT2LMHeadModels of odd sizes, written by save_pretrained, read by `sophia-rt logits`.
2. A checkpoint that `sophia-rt train` wrote, opened by AutoModelForCausalLM and AutoTokenizer:
   logits, loss as `sophia-rt evaluate` has it, token ids of hard text, greedy text.
3. Random models with our tokenizer beside them: greedy text of `sophia-rt generate`.

Logits have to agree to 1e-4 absolute in float32, the loss to 1e-5 nats, greedy text up to the first
token at which torch's two likeliest logits differ by less than 1e-4; everything else exactly.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import venv

PACKAGES = ["torch", "transformers", "safetensors", "numpy"]
VENV = pathlib.Path(__file__).resolve().parent.parent / ".venv"


def have_packages():
    """Goes on in .venv, made where it is missing, if this Python lacks a package."""
    missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
    if not missing:
        return
    if pathlib.Path(sys.prefix) == VENV:
        sys.exit(f"{VENV} lacks {', '.join(missing)}: remove the folder and try again")
    python = VENV / "bin" / "python"
    if not python.exists():
        print(f"no {', '.join(missing)} here: installing into {VENV}", file=sys.stderr)
        try:
            venv.create(VENV, with_pip=True)
            # PyTorch without CUDA, where its index can be reached.
            cpu = ["--extra-index-url", "https://download.pytorch.org/whl/cpu"]
            subprocess.run([python, "-m", "pip", "install", "-q", *cpu, *PACKAGES], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            shutil.rmtree(VENV, ignore_errors=True)
            sys.exit(f"{error}: name a Python that has {', '.join(PACKAGES)} with PYTHON=...")
    os.execv(python, [str(python), *sys.argv])


have_packages()

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GPT2Config, GPT2LMHeadModel, logging

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


def random_model(width, heads, **fields):
    """A model whose weights are as far from the initial values as training takes them."""
    config = GPT2Config(
        n_embd=width, n_head=heads, resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0,
        attn_implementation="eager", **fields,
    )
    model = GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for p in model.parameters():
            p.mul_(2) if p.dim() == 2 else p.add_(0.2 * torch.randn_like(p))
    return model


def theirs_to_ours(program, comparison, directory):
    for number in range(12):
        heads = random.choice([1, 2, 3, 5, 7, 12])
        width = heads * random.choice([2, 5, 16, 33, 64])
        model = random_model(
            width, heads,
            vocab_size=random.choice([61, 257, 1000, 50257]),
            n_positions=random.choice([17, 64, 65, 200, 1024]), n_layer=random.choice([1, 2, 5]),
            n_inner=random.choice([None, 4 * width]),
            activation_function=random.choice(["gelu_new", "gelu_pytorch_tanh"]),
            layer_norm_epsilon=random.choice([1e-5, 1e-3]),
            scale_attn_by_inverse_layer_idx=random.choice([False, True]),
        )
        config, folder = model.config, directory / f"hf-{number}"
        model.save_pretrained(folder)
        batch = sequences(config.vocab_size, config.n_positions)
        comparison.logits(
            f"theirs to ours: C {width}, H {heads}, L {config.n_layer}, T {config.n_positions}, "
            f"V {config.vocab_size}, by layer {config.scale_attn_by_inverse_layer_idx}",
            program.logits(folder, batch), torch_logits(model, batch),
        )


def torch_greedy(model, tokenizer, prompt, count):
    """The likeliest text, up to where two tokens are too close to call; whether it is whole."""
    ids = tokenizer(prompt)["input_ids"]
    for _ in range(count):
        top = torch_logits(model, [ids])[0][-1].topk(2)
        if top.values[0] - top.values[1] < LIMIT:
            return tokenizer.decode(ids), False
        if top.indices[0] == tokenizer.eos_token_id:
            break
        ids.append(int(top.indices[0]))
    return tokenizer.decode(ids), True


def greedy(name, program, comparison, folder, model, tokenizer):
    prompt = "Once upon a time"
    theirs, whole = torch_greedy(model, tokenizer, prompt, 24)
    ours = program.run(
        "generate", "--checkpoint", str(folder), "--prompt", prompt, "--temperature", "0",
        "--max-tokens", "24",
    )
    good = ours == theirs + "\n" if whole else ours.startswith(theirs.rstrip("\ufffd"))
    end = "" if whole else ", compared up to a tie"
    comparison.report(f"{name}: greedy text {theirs!r}{end}", good)
    if not good:
        print(f"      sophia-rt has {ours!r}")


def torch_loss(model, shard, T):
    """Mean loss in nats over consecutive windows of T tokens."""
    tokens = torch.tensor(np.fromfile(shard, dtype=np.uint16)[512:].astype(np.int64))
    count = (len(tokens) - 1) // T
    x, y = tokens[: count * T].view(count, T), tokens[1 : count * T + 1].view(count, T)
    with torch.no_grad():
        logits = torch.cat([model(input_ids=part).logits for part in x.split(64)])
    return float(torch.nn.functional.cross_entropy(logits.flatten(0, 1).double(), y.flatten()))


def ours_to_theirs(program, comparison, directory):
    (directory / "model.json").write_text(json.dumps({
        "model_type": "gpt2", "n_embd": 48, "n_head": 3, "n_layer": 3, "n_positions": 96,
        "scale_attn_by_inverse_layer_idx": True,
    }))
    program.run(
        "train", "--out", "run", "--model", "model.json", "--stories", "300", "--vocabulary", "600",
        "--context", "64", "--batch-tokens", "1024", "--steps", "400", "--optimizer", "adamw", "--lr",
        "0.003", "--eval-every", "0",
    )
    folder = sorted((directory / "run").glob("step-*"))[-1]
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    batch = sequences(600, 96)
    comparison.logits(
        "ours to theirs: AutoModelForCausalLM", program.logits(folder, batch),
        torch_logits(model, batch),
    )

    evaluated = json.loads(program.run("evaluate", "--checkpoint", "run"))["nats_per_token"]
    loss = torch_loss(model, directory / "run" / "data" / "val_000000.bin", 96)
    comparison.report(
        f"ours to theirs: loss {evaluated:.6f}, torch {loss:.6f}", abs(evaluated - loss) <= 1e-5)

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

    greedy("ours to theirs", program, comparison, folder, model, tokenizer)
    return folder


def theirs_with_our_tokenizer(program, comparison, directory, ours):
    tokenizer = AutoTokenizer.from_pretrained(ours)
    for number, (width, heads, layers) in enumerate([(21, 3, 1), (70, 7, 3), (130, 2, 2)]):
        model = random_model(
            width, heads, vocab_size=len(tokenizer), n_positions=41 + number, n_layer=layers,
            bos_token_id=tokenizer.eos_token_id, eos_token_id=tokenizer.eos_token_id,
        )
        with torch.no_grad():
            # Blocks that outweigh the embedding, or each token is followed by itself.
            for p in model.transformer.h.parameters():
                p.mul_(10)
        folder = directory / f"hf-text-{number}"
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        name = f"theirs to ours: C {width}, H {heads}, L {layers}"
        greedy(name, program, comparison, folder, model, tokenizer)


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
        theirs_with_our_tokenizer(program, comparison, directory, ours)
    sys.exit("sophia-rt and transformers disagree" if comparison.failed else 0)


main()
