"""Checkpoints under nanoGPT's names, through scripts/convert_nanogpt.py."""

import pathlib
import subprocess
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from comparison.program import sequences, torch_logits


class NanoBlock(torch.nn.Module):
    """A layer under nanoGPT's names."""

    def __init__(self, C, H, bias, approximate):
        super().__init__()
        self.H, self.approximate = H, approximate
        self.ln_1, self.ln_2 = (torch.nn.LayerNorm(C, bias=bias) for _ in range(2))
        linear = lambda a, b: torch.nn.Linear(a, b, bias=bias)
        self.attn = torch.nn.ModuleDict({"c_attn": linear(C, 3 * C), "c_proj": linear(C, C)})
        self.mlp = torch.nn.ModuleDict({"c_fc": linear(C, 4 * C), "c_proj": linear(4 * C, C)})

    def forward(self, x):
        T, C = x.shape
        q, k, v = self.attn["c_attn"](self.ln_1(x)).view(T, 3, self.H, -1).permute(1, 2, 0, 3)
        mixed = torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.attn["c_proj"](mixed.transpose(0, 1).reshape(T, C))
        inner = self.mlp["c_fc"](self.ln_2(x))
        return x + self.mlp["c_proj"](torch.nn.functional.gelu(inner, approximate=self.approximate))


class NanoModel(torch.nn.Module):
    """GPT-2 under nanoGPT's names: Linear instead of Conv1D, biases or none."""

    def __init__(self, sizes, approximate="tanh"):
        super().__init__()
        C, bias = sizes["n_embd"], sizes["bias"]
        layers = [NanoBlock(C, sizes["n_head"], bias, approximate) for _ in range(sizes["n_layer"])]
        self.transformer = torch.nn.ModuleDict({
            "wte": torch.nn.Embedding(sizes["vocab_size"], C),
            "wpe": torch.nn.Embedding(sizes["block_size"], C),
            "h": torch.nn.ModuleList(layers), "ln_f": torch.nn.LayerNorm(C, bias=bias),
        })
        self.lm_head = torch.nn.Linear(C, sizes["vocab_size"], bias=False)
        self.lm_head.weight = self.transformer["wte"].weight

    def logits(self, ids):
        with torch.no_grad():
            x = self.transformer["wte"](torch.tensor(ids)) + self.transformer["wpe"].weight[: len(ids)]
            for layer in self.transformer["h"]:
                x = layer(x)
            return self.lm_head(self.transformer["ln_f"](x))


def save(folder, model, sizes, prefix=""):
    """What nanoGPT's train.py saves, with the prefix that torch.compile gives the names."""
    folder.mkdir(exist_ok=True)
    torch.save({
        "model": {prefix + k: v for k, v in model.state_dict().items()},
        "optimizer": torch.optim.AdamW(model.parameters()).state_dict(), "model_args": sizes,
        "iter_num": 5, "best_val_loss": torch.tensor(3.5), "config": {"out_dir": "out"},
    }, folder / "ckpt.pt")
    return folder / "ckpt.pt"


def convert(*arguments):
    script = pathlib.Path(__file__).resolve().parents[1] / "convert_nanogpt.py"
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)


def from_nanogpt(program, comparison, directory, ours):
    """Logits of converted checkpoints, and what is refused."""
    V = len(AutoTokenizer.from_pretrained(ours))
    for number, (bias, prefix, padding) in enumerate([(True, "", 0), (False, "_orig_mod.", 40)]):
        sizes = {
            "n_layer": 2, "n_head": 3, "n_embd": 48, "block_size": 60, "vocab_size": V + padding,
            "bias": bias, "dropout": 0.0,
        }
        model = NanoModel(sizes).eval()
        with torch.no_grad():
            for p in model.parameters():
                p.normal_(0, 0.2) if p.dim() == 2 else p.add_(0.2 * torch.randn_like(p))
        source = save(directory / f"nano-{number}", model, sizes, prefix)
        batch = sequences(V, 60)
        for name, more, columns in [
            ("bare", [], V + padding), ("tokenizer", ["--tokenizer", str(ours)], V),
        ]:
            folder = directory / f"from-nano-{number}-{name}"
            end = convert(source, folder, *more)
            if end.returncode != 0:
                sys.exit(f"convert_nanogpt.py: {end.stderr}")
            logits = program.logits(folder, batch)
            label = f"nanoGPT to ours: bias {bias}, {columns} of {V + padding} rows"
            comparison.logits(label, logits, [model.logits(s)[:, :columns] for s in batch])
            theirs = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
            comparison.logits(f"{label}, transformers", logits, torch_logits(theirs, batch))
        for layer in model.transformer["h"]:
            layer.approximate = "none"
        comparison.logits(
            "nanoGPT to ours: GELU by erf, as nanoGPT has it", logits,
            [model.logits(s)[:, :V] for s in batch], limit=0.01)
    refusals(comparison, directory, model, sizes, ours)


def refusals(comparison, directory, model, sizes, ours):
    """Another tokenizer's size, a fork's settings, a head of its own, a pickle that runs code."""
    tokenizer = ["--tokenizer", str(ours)]
    wide = NanoModel(sizes | {"vocab_size": sizes["vocab_size"] + 64})
    untied = NanoModel(sizes)
    untied.lm_head.weight = torch.nn.Parameter(torch.zeros_like(untied.lm_head.weight))
    for expected, source, more in [
        ("multiple of 64", save(directory / "n-wide", wide, sizes | {"vocab_size": 704}), tokenizer),
        ("model_args: use_rmsnorm", save(directory / "n-fork", model, sizes | {"use_rmsnorm": True}), []),
        ("lm_head.weight: expected it tied", save(directory / "n-untied", untied, sizes), []),
        ("h.2.ln_1.weight: expected shape", save(directory / "n-deep", model, sizes | {"n_layer": 3}), []),
        ("transformer.h.1", save(directory / "n-flat", model, sizes | {"n_layer": 1}), []),
        ("cannot be read as tensors", save(directory / "n-code", model, sizes | {"bias": convert}), []),
    ]:
        end = convert(source, directory / "refused", *more)
        good = end.returncode == 1 and expected in end.stderr and end.stderr.count("\n") == 1
        comparison.report(f"nanoGPT to ours: refused: {expected}", good)
        if not good:
            print(f"      convert_nanogpt.py has {end.stderr!r}")
    comparison.report(
        "nanoGPT to ours: nothing is left of what was refused", not list(directory.glob("refused*")))
