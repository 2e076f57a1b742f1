#!/usr/bin/env python3
"""Writes the folder `questions`: a tiny random GPT-2 with a tokenizer, questions in the layouts of
HellaSwag and LAMBADA, and the scores that they get in numpy's float64 by lm-evaluation-harness' rules.

    pip install numpy safetensors tokenizers && pip install --no-deps lm-eval==0.4.13
    python make_questions.py

HellaSwag's texts are prepared by the harness' own function (prepared.json); the rest of its rules is in `parts` and
`score` (lm_eval/api/model.py, api/task.py, models/huggingface.py).
"""

import importlib.util
import json
import math
import pathlib
import random
import sys
import types

import numpy as np
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

HERE = pathlib.Path(__file__).parent / "questions"
V, T, C, L, H = 330, 80, 24, 2, 3

WORDS = (
    "the a cat dog farmer river boat old small ran sat on under near with house tree red was and then "
    "girl boy lake bread cheese opened door winter summer café naïve 你好 went home again slowly"
).split()


def harness_preparation():
    """process_docs of the harness' HellaSwag task; it needs `datasets` for a type only."""
    sys.modules.setdefault("datasets", types.SimpleNamespace(Dataset=object))
    root = pathlib.Path(importlib.util.find_spec("lm_eval").submodule_search_locations[0])
    spec = importlib.util.spec_from_file_location("hellaswag", root / "tasks/hellaswag/utils.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.process_docs


class Documents(list):
    def map(self, function):
        return [function(document) for document in self]


def weights(rng):
    def normal(*shape, scale):
        return (rng.standard_normal(shape) * scale).astype(np.float32)

    tensors = {"transformer.wte.weight": normal(V, C, scale=0.6),
               "transformer.wpe.weight": normal(T, C, scale=0.3)}
    for layer in range(L):
        at = f"transformer.h.{layer}."
        for name, shape in [("attn.c_attn", (C, 3 * C)), ("attn.c_proj", (C, C)),
                            ("mlp.c_fc", (C, 4 * C)), ("mlp.c_proj", (4 * C, C))]:
            tensors[at + name + ".weight"] = normal(*shape, scale=0.25)
            tensors[at + name + ".bias"] = normal(shape[1], scale=0.1)
        for name in ["ln_1", "ln_2"]:
            tensors[at + name + ".weight"] = 1 + normal(C, scale=0.1)
            tensors[at + name + ".bias"] = normal(C, scale=0.1)
    tensors["transformer.ln_f.weight"] = 1 + normal(C, scale=0.1)
    tensors["transformer.ln_f.bias"] = normal(C, scale=0.1)
    return tensors


def log_probabilities(tensors, ids):
    """GPT-2 in float64: (len(ids), V)."""
    w = {name.removeprefix("transformer."): t.astype(np.float64) for name, t in tensors.items()}

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x * x).mean(-1, keepdims=True) + 1e-5)
        return x * w[name + ".weight"] + w[name + ".bias"]

    def linear(x, name):
        return x @ w[name + ".weight"] + w[name + ".bias"]

    n = len(ids)
    x = w["wte.weight"][ids] + w["wpe.weight"][:n]
    for layer in range(L):
        at = f"h.{layer}."
        q, k, v = np.split(linear(norm(x, at + "ln_1"), at + "attn.c_attn"), 3, axis=1)
        out = np.zeros((n, C))
        for head in range(H):
            s = slice(head * C // H, (head + 1) * C // H)
            a = q[:, s] @ k[:, s].T / math.sqrt(C // H)
            a[np.triu_indices(n, 1)] = -np.inf
            a = np.exp(a - a.max(-1, keepdims=True))
            out[:, s] = a / a.sum(-1, keepdims=True) @ v[:, s]
        x = x + linear(out, at + "attn.c_proj")
        h = linear(norm(x, at + "ln_2"), at + "mlp.c_fc")
        h = 0.5 * h * (1 + np.tanh(math.sqrt(2 / math.pi) * (h + 0.044715 * h**3)))
        x = x + linear(h, at + "mlp.c_proj")
    logits = norm(x, "ln_f") @ w["wte.weight"].T
    top = logits.max(-1, keepdims=True)
    return logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))


class Scorer:
    def __init__(self, tensors, tokenizer):
        self.tensors, self.tokenizer, self.truncated = tensors, tokenizer, 0

    def encode(self, text):
        return self.tokenizer.encode(text).ids

    def parts(self, context, continuation):
        if context == "":
            return [self.tokenizer.token_to_id("<|endoftext|>")], self.encode(continuation)
        spaces = len(context) - len(context.rstrip())
        if spaces:
            context, continuation = context[:-spaces], context[-spaces:] + continuation
        first = self.encode(context)
        return first, self.encode(context + continuation)[len(first):]

    def score(self, context, continuation):
        first, rest = self.parts(context, continuation)
        ids = first + rest
        self.truncated += len(ids) > T + 1
        ids = ids[-(T + 1):]
        rows = log_probabilities(self.tensors, ids[:-1])[-len(rest):]
        gold = [row[token] for row, token in zip(rows, rest)]
        for row in rows:
            best, second = sorted(row)[:-3:-1]
            assert best - second > 1e-4, "too close to a tie"
        return sum(gold), all(row.argmax() == token for row, token in zip(rows, rest))


def share(values):
    mean = sum(values) / len(values)
    return mean, math.sqrt(sum((v - mean) ** 2 for v in values) / (len(values) - 1) / len(values))


def best(scores):
    first, second = sorted(scores)[:-3:-1]
    assert first - second > 1e-4, "too close to a tie"
    return int(np.argmax(scores))


def sentence(rng, low, high):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(low, high)))


def hellaswag(rng, scorer, prepare):
    questions = []
    for n in range(24):
        endings = [sentence(rng, 2, 12) + rng.choice([".", "!", " [step] Then home.", "  again. "])
                   for _ in range(4)]
        questions.append({
            "ind": n, "activity_label": rng.choice(["Baking bread", "Sailing", "Winter  [title] walks"]),
            "ctx_a": sentence(rng, 4, 10 if n % 4 else 60) + rng.choice([".", " [title] Go", "  and[x]."]),
            "ctx_b": rng.choice(["", "the GIRL and the Boy", "ünder the tree  ", "[header] a dog"]),
            "endings": endings,
            "label": rng.randrange(4) if n % 2 else str(rng.randrange(4)),
        })
    right = {"acc": [], "acc_norm": [], "acc_bytes": []}
    documents = prepare(Documents(questions))
    for document in documents:
        scores = [scorer.score(document["query"], " " + c)[0] for c in document["choices"]]
        for name, length in [("acc", lambda c: 1), ("acc_norm", len),
                             ("acc_bytes", lambda c: len(c.encode()))]:
            pick = best([s / length(c) for s, c in zip(scores, document["choices"])])
            right[name].append(float(pick == document["gold"]))
    return questions, documents, right


def lambada(rng, scorer):
    texts = ["Home", " boat", "the old boat ", "the girl  opened"]
    while len(texts) < 16:
        context = sentence(rng, 3, 90 if len(texts) % 3 == 0 else 14)
        word = rng.choice(WORDS)
        if len(texts) % 2:
            # What the model itself would write, if it is a word that is encoded the same way.
            ids = scorer.encode(context)[-T:]
            token = int(log_probabilities(scorer.tensors, ids)[-1].argmax())
            text = scorer.tokenizer.decode([token])
            if not text.startswith(" ") or " " in text[1:] or len(text) < 2:
                continue
            word = text[1:]
            if scorer.parts(context, " " + word)[1] != [token]:
                continue
        texts.append(context + " " + word)
    scores = [scorer.score(" ".join(t.split(" ")[:-1]), " " + t.split(" ")[-1]) for t in texts]
    return texts, scores


def main():
    HERE.mkdir(exist_ok=True)
    rng = random.Random(5)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        [sentence(rng, 5, 30) + "." for _ in range(400)],
        trainers.BpeTrainer(vocab_size=V, special_tokens=["<|endoftext|>"], show_progress=False,
                            initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))
    assert tokenizer.get_vocab_size() == V
    tensors = weights(np.random.default_rng(7))
    prepare = harness_preparation()
    while True:
        scorer = Scorer(tensors, tokenizer)
        try:
            questions, documents, right = hellaswag(rng, scorer, prepare)
        except AssertionError:
            continue
        # Three rules, three results, and some contexts that do not fit.
        if len({sum(values) for values in right.values()}) == 3 and scorer.truncated > 3:
            break
    expected = {"hellaswag": {"questions": len(questions), "truncated": scorer.truncated}}
    for name, values in right.items():
        expected["hellaswag"][name], expected["hellaswag"][name + "_stderr"] = share(values)

    scorer = Scorer(tensors, tokenizer)
    texts, scores = lambada(rng, scorer)
    acc, acc_stderr = share([float(greedy) for _, greedy in scores])
    nats, nats_stderr = share([-score for score, _ in scores])
    expected["lambada"] = {
        "passages": len(texts), "truncated": scorer.truncated, "acc": acc, "acc_stderr": acc_stderr,
        "perplexity": math.exp(nats), "nats_per_word": nats, "nats_per_word_stderr": nats_stderr}
    assert 0 < acc < 1 and scorer.truncated > 0

    save_file(tensors, HERE / "model.safetensors", metadata={"format": "pt"})
    (HERE / "model.safetensors").chmod(0o644)
    tokenizer.save(str(HERE / "tokenizer.json"))
    config = {
        "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": V,
        "n_positions": T, "n_embd": C, "n_layer": L, "n_head": H, "activation_function": "gelu_new",
        "layer_norm_epsilon": 1e-5}
    (HERE / "config.json").write_text(json.dumps(config, indent=2) + "\n")
    (HERE / "expected.json").write_text(json.dumps(expected, indent=2) + "\n")
    lines = [json.dumps(q, ensure_ascii=False) for q in questions]
    (HERE / "hellaswag.jsonl").write_text("\n".join(lines) + "\n")
    prepared = json.dumps(documents, indent=1, ensure_ascii=False)
    (HERE / "prepared.json").write_text(prepared + "\n")
    lines = [json.dumps({"text": t}, ensure_ascii=False) for t in texts]
    (HERE / "lambada.jsonl").write_text("\n".join(lines) + "\n")
    print(json.dumps(expected, indent=2))


main()
