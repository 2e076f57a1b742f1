"""llama.cpp, on what `sophia-rt export` writes."""

import torch
from transformers import AutoTokenizer

from comparison.program import TEXTS, greedy, our_ids, sequences, train

PROMPTS = ["Once upon a time", "The baker", "One day a girl"]
# llama.cpp rounds to half precision inside GELU, and activations to the type of the weights. Logits
# of these models go up to about 20.
GGUF_LIMITS = {"f32": 0.01, "f16": 0.02, "q8_0": 0.3}


def to_llama(program, comparison, directory):
    """Token ids, logits and greedy text of each type of weights, inverse layer scaling off and on."""
    try:
        import llama_cpp
    except (ImportError, RuntimeError, OSError) as error:
        reason = str(error).splitlines()[0]
        print(f"skipped: llama.cpp ({reason}); pip install llama-cpp-python compiles it")
        return
    for by_layer in [False, True]:
        folder = train(program, directory, f"run-{by_layer}", 64, 256, 600, by_layer)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        batch = sequences(600, 256)
        ours = program.logits(folder, batch)
        for kind, limit in GGUF_LIMITS.items():
            out = directory / f"{by_layer}-{kind}.gguf"
            program.run(
                "export", "--checkpoint", str(folder), "--format", "gguf", "--type", kind, "--out",
                str(out))
            # Keys and values in float32, or they would be rounded whatever the weights are.
            model = llama_cpp.Llama(
                str(out), n_ctx=256, logits_all=True, type_k=0, type_v=0, n_threads=2, verbose=False)

            def logits(ids):
                model.reset()
                model.eval(ids)
                return torch.tensor(model.scores[: len(ids)].copy())

            name = f"llama.cpp: {kind}, by layer {by_layer}"
            worst = comparison.logits(name, ours, [logits(s) for s in batch], limit)
            for text in TEXTS:
                ids = model.tokenize(text.encode(), add_bos=True, special=False)
                same = ids == our_ids(program, directory, folder, text)
                comparison.report(f"{name}: {len(ids)} ids of a text", same)
                comparison.report(f"{name}: decoded", model.detokenize(ids) == text.encode())
            comparison.report(
                f"{name}: a text ends with token {model.token_eos()}",
                model.token_eos() == tokenizer.eos_token_id)
            for prompt in PROMPTS:
                # Two tokens are too close to call where the difference could swap them.
                tie = 2 * min(worst, limit)
                greedy(name, program, comparison, folder, logits, tokenizer, tie, prompt)
