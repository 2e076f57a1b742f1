"""Tokens a second of llama.cpp (llama-cpp-python) on a GGUF file: one line of JSON.

`prefill` is a prompt of 512 tokens, `decode` 128 tokens written one by one after 128, `together` the
same of 16 sequences in one batch. Medians of the repetitions; one more before them warms up.
"""

import argparse
import ctypes
import json
import statistics
import time

import llama_cpp as llama

SEQUENCES, PROMPT = 16, 128


class Context:
    """A model and room for the keys and values of some sequences."""

    def __init__(self, path, sequences, threads):
        llama.llama_backend_init()
        self.model = llama.llama_model_load_from_file(
            path.encode(), llama.llama_model_default_params())
        params = llama.llama_context_default_params()
        params.n_ctx = max(512, 2 * PROMPT * sequences)
        params.n_batch = params.n_ubatch = 512
        params.n_seq_max = sequences
        params.n_threads = params.n_threads_batch = threads
        self.context = llama.llama_init_from_model(self.model, params)
        self.batch = llama.llama_batch_init(512, 0, 1)

    def clear(self):
        llama.llama_memory_clear(llama.llama_get_memory(self.context), True)

    def decode(self, items):
        """One pass over (token, position, sequence); logits of the last token of each sequence."""
        batch, last = self.batch, {sequence: at for at, (_, _, sequence) in enumerate(items)}
        batch.n_tokens = len(items)
        for at, (token, position, sequence) in enumerate(items):
            batch.token[at], batch.pos[at] = token, position
            batch.n_seq_id[at], batch.seq_id[at][0] = 1, sequence
            batch.logits[at] = last[sequence] == at
        if llama.llama_decode(self.context, batch) != 0:
            raise SystemExit("llama.cpp did not decode")
        # Reading a logit waits for the pass to end.
        ctypes.cast(llama.llama_get_logits(self.context), ctypes.POINTER(ctypes.c_float))[0]


def token(i):
    return (7 * i * i + 3) % 50000


def read(context, sequences, count):
    for sequence in range(sequences):
        context.decode([(token(i), i, sequence) for i in range(count)])


def write(context, sequences):
    for position in range(PROMPT, 2 * PROMPT):
        context.decode([(token(position), position, sequence) for sequence in range(sequences)])


def rate(count, repetitions, prepare, work):
    rates = []
    for _ in range(repetitions + 1):
        prepare()
        start = time.perf_counter()
        work()
        rates.append(count / (time.perf_counter() - start))
    return statistics.median(rates[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", help="a GGUF file")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--repetitions", type=int, default=3)
    a = parser.parse_args()
    rates = {}
    one = Context(a.path, 1, a.threads)

    def prompt(context, sequences):
        context.clear()
        read(context, sequences, PROMPT)

    rates["prefill"] = rate(512, a.repetitions, one.clear, lambda: read(one, 1, 512))
    rates["decode"] = rate(PROMPT, a.repetitions, lambda: prompt(one, 1), lambda: write(one, 1))
    many = Context(a.path, SEQUENCES, a.threads)
    rates["together"] = rate(
        PROMPT * SEQUENCES, 1, lambda: prompt(many, SEQUENCES), lambda: write(many, SEQUENCES))
    print(json.dumps(rates))


main()
