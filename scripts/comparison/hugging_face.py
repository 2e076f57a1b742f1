"""Hugging Face transformers, in both directions."""

import json
import random

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from comparison.program import (
    TEXTS, greedy, of_one, our_ids, random_model, sequences, their_greedy_ids, torch_logits, train,
)

TRAINED_PROMPTS = ["Once upon a time", "The baker", "One day a girl", "It was a cold night"]


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


def torch_loss(model, shard, T):
    """Mean loss in nats over consecutive windows of T tokens."""
    tokens = torch.tensor(np.fromfile(shard, dtype=np.uint16)[512:].astype(np.int64))
    count = (len(tokens) - 1) // T
    x, y = tokens[: count * T].view(count, T), tokens[1 : count * T + 1].view(count, T)
    with torch.no_grad():
        logits = torch.cat([model(input_ids=part).logits for part in x.split(64)])
    return float(torch.nn.functional.cross_entropy(logits.flatten(0, 1).double(), y.flatten()))


def ours_to_theirs(program, comparison, directory):
    folder = train(program, directory, "run", 48, 96, 400, True)
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
    for text in TEXTS:
        ids = tokenizer(text)["input_ids"]
        same = our_ids(program, directory, folder, text) == ids
        comparison.report(f"ours to theirs: AutoTokenizer, {len(ids)} ids", same)
        comparison.report("ours to theirs: decoded", tokenizer.decode(ids) == text)

    greedy("ours to theirs", program, comparison, folder, of_one(model), tokenizer)
    return folder


def trained_greedy(program, comparison, directory):
    """The likeliest 200 tokens after some prompts, by a model that has learned something."""
    program.run(
        "train", "--model", "nano", "--optimizer", "adamw", "--steps", "150", "--eval-every", "0",
        "--out", "nano")
    folder = sorted((directory / "nano").glob("step-*"))[-1]
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager").eval()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    (directory / "prompts.jsonl").write_text(
        "".join(json.dumps({"prompt": prompt}) + "\n" for prompt in TRAINED_PROMPTS))
    lines = program.run(
        "generate", "--checkpoint", str(folder), "--prompts", "prompts.jsonl", "--temperature", "0",
        "--max-tokens", "200", "--logprobs", "0").splitlines()
    longest = 0
    for prompt, line in zip(TRAINED_PROMPTS, lines, strict=True):
        ours = [token["id"] for token in json.loads(line)["logprobs"]]
        theirs, end = their_greedy_ids(of_one(model), tokenizer, prompt, 200)
        good = ours[: len(theirs)] == theirs and (end == "tie" or len(ours) == len(theirs))
        comparison.report(
            f"ours to theirs: nano, {len(theirs)} greedy tokens after {prompt!r}, to {end}", good)
        longest = max(longest, len(theirs))
    comparison.report(f"ours to theirs: nano, the longest has {longest} tokens", longest == 200)


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
        greedy(name, program, comparison, folder, of_one(model), tokenizer)


def in_every_arrangement(program, comparison, directory):
    """What save_pretrained and older writers make of one model."""
    model = random_model(48, 4, vocab_size=300, n_positions=50, n_layer=3)
    batch = sequences(300, 50)
    for number, (dtype, size) in enumerate([
        (torch.float32, "60KB"), (torch.float16, "5GB"), (torch.float16, "30KB"),
        (torch.bfloat16, "5GB"), (torch.bfloat16, "1KB"),
    ]):
        folder = directory / f"hf-dtype-{number}"
        rounded = model.to(dtype)
        rounded.save_pretrained(folder, max_shard_size=size)
        shards = len(list(folder.glob("*.safetensors")))
        name = f"theirs to ours: {str(dtype)[6:]} in {shards} file{'s' * (shards > 1)}"
        comparison.logits(name, program.logits(folder, batch), torch_logits(rounded.float(), batch))

    # `model` has been rounded; what was saved is what it is now.
    weights = {k: v.clone() for k, v in model.state_dict().items() if k != "lm_head.weight"}
    head = {"lm_head.weight": weights["transformer.wte.weight"].clone()}
    bare = {k.removeprefix("transformer."): v for k, v in weights.items()}
    mask = {"h.0.attn.bias": torch.ones(1, 1, 50, 50).tril(), "h.0.attn.masked_bias": torch.tensor(-1e4)}
    rest = {k: v for k, v in weights.items() if not k.endswith("wte.weight")}
    for name, tensors in {
        "no prefix, masks": bare | mask, "a stored head": weights | head, "the head alone": rest | head,
    }.items():
        folder = directory / ("hf-" + name.replace(" ", "-"))
        model.config.save_pretrained(folder)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
        theirs = AutoModelForCausalLM.from_pretrained(
            folder, attn_implementation="eager", dtype=torch.float32).eval()
        comparison.logits(
            f"theirs to ours: {name}", program.logits(folder, batch), torch_logits(theirs, batch))
