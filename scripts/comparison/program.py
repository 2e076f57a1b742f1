"""The program under comparison, models to compare it on, and what has been found."""

import json
import random
import subprocess
import sys

import numpy as np
import torch
from safetensors.torch import load_file
from transformers import GPT2Config, GPT2LMHeadModel

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

    def logits(self, name, ours, theirs, limit=LIMIT):
        """Compares logits; returns the largest difference."""
        # torch's max has NaN win, Python's not
        worst = float(torch.stack([(ours[i] - t).abs().max() for i, t in enumerate(theirs)]).max())
        self.report(f"{name}: logits differ by at most {worst:.1e}", worst <= limit)
        return worst

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


def train(program, directory, out, width, context, steps, by_layer):
    """The newest checkpoint of a small model that `sophia-rt train` trained on stories."""
    (directory / "model.json").write_text(json.dumps({
        "model_type": "gpt2", "n_embd": width, "n_head": 3 if width % 3 == 0 else 4, "n_layer": 3,
        "n_positions": context, "scale_attn_by_inverse_layer_idx": by_layer,
    }))
    program.run(
        "train", "--out", out, "--model", "model.json", "--stories", "300", "--vocabulary", "600",
        "--context", "64", "--batch-tokens", "1024", "--steps", str(steps), "--optimizer", "adamw",
        "--lr", "0.003", "--eval-every", "0",
    )
    return sorted((directory / out).glob("step-*"))[-1]


def our_ids(program, directory, folder, text):
    """The token ids of a text by `sophia-rt tokenize`, without the one that begins a document."""
    (directory / "text.txt").write_text(text)
    program.run(
        "tokenize", "text.txt", "--tokenizer", str(folder), "--val-fraction", "0", "--out", "d",
        "--overwrite",
    )
    return np.fromfile(directory / "d" / "train_000000.bin", dtype=np.uint16)[513:].tolist()


def torch_logits(model, sequences):
    with torch.no_grad():
        return [model(input_ids=torch.tensor([s])).logits[0].float() for s in sequences]


def of_one(model):
    return lambda ids: torch_logits(model, [ids])[0]


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


def their_greedy_ids(logits, tokenizer, prompt, count, limit=LIMIT):
    """The likeliest tokens after a prompt, up to where two are too close to call, and what ended
    them: "tie", "end of text" or "count"."""
    ids = tokenizer(prompt)["input_ids"]
    begin = len(ids)
    while len(ids) < begin + count:
        top = logits(ids)[-1].topk(2)
        if top.values[0] - top.values[1] < limit:
            return ids[begin:], "tie"
        if top.indices[0] == tokenizer.eos_token_id:
            return ids[begin:], "end of text"
        ids.append(int(top.indices[0]))
    return ids[begin:], "count"


def their_greedy(logits, tokenizer, prompt, count, limit):
    """The likeliest text, up to where two tokens are too close to call; whether it is whole."""
    ids, end = their_greedy_ids(logits, tokenizer, prompt, count, limit)
    return tokenizer.decode(tokenizer(prompt)["input_ids"] + ids), end != "tie"


def greedy(
    name, program, comparison, folder, logits, tokenizer, limit=LIMIT, prompt="Once upon a time",
):
    theirs, whole = their_greedy(logits, tokenizer, prompt, 24, limit)
    ours = program.run(
        "generate", "--checkpoint", str(folder), "--prompt", prompt, "--temperature", "0",
        "--max-tokens", "24",
    )
    good = ours == theirs + "\n" if whole else ours.startswith(theirs.rstrip("\ufffd"))
    end = "" if whole else ", compared up to a tie"
    comparison.report(f"{name}: greedy text {theirs!r}{end}", good)
    if not good:
        print(f"      sophia-rt has {ours!r}")
