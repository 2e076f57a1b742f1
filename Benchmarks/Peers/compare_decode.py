"""Alternates `sophia-rt bench prefill decode` and llama.cpp (llama-cpp-python) on the same GPT-2, and
prints tokens a second and the ratio of each round: a prompt of 512 tokens, and 128 tokens written one
by one after 128.

The model is any GPT-2 folder with its tokenizer; `sophia-rt export` makes the GGUF files.

    pip install llama-cpp-python
    python3 Benchmarks/Peers/compare_decode.py .build/release/sophia-rt FOLDER
"""

import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

from llama_cpp import Llama

# Ours, and the type of llama.cpp's file that it is compared with.
PAIRS = {"f32": "f32", "int8": "q8_0"}


def ours(a, weights):
    """Prefill and decode, in tokens a second."""
    command = [a.binary, "bench", "prefill", "decode", "--model", f"{a.folder}/config.json"]
    command += ["--weights", weights, "--threads", str(a.threads), "--repetitions", "3", "--json"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rates = {m["name"]: m["rate"]["median"] for m in json.loads(output)["measurements"]}
    return rates[f"{weights}, 512 tokens"], rates[f"{weights}, 128 tokens after 128"]


def theirs(a, path):
    """The same of llama.cpp: medians of three."""
    model = Llama(
        path, n_ctx=1024, n_batch=512, n_ubatch=512, n_threads=a.threads, n_threads_batch=a.threads,
        verbose=False,
    )
    tokens = [(7 * i * i + 3) % 50000 for i in range(512)]

    def timed(count, work):
        start = time.perf_counter()
        work()
        return count / (time.perf_counter() - start)

    def write():
        for token in tokens[128:256]:
            model.eval([token])

    prefill, decode = [], []
    for _ in range(4):
        model.reset()
        prefill.append(timed(512, lambda: model.eval(tokens)))
        model.reset()
        model.eval(tokens[:128])
        decode.append(timed(128, write))
    # The first of each warms up.
    return statistics.median(prefill[1:]), statistics.median(decode[1:])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", help="sophia-rt")
    parser.add_argument("folder", help="a GPT-2 with its tokenizer")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    a = parser.parse_args()
    ratios = {}
    with tempfile.TemporaryDirectory() as directory:
        for kind in PAIRS.values():
            subprocess.run(
                [a.binary, "export", "--checkpoint", a.folder, "--format", "gguf", "--type", kind]
                + ["--out", f"{directory}/{kind}.gguf"], check=True)
        for number in range(1, a.rounds + 1):
            for weights, kind in PAIRS.items():
                mine, other = ours(a, weights), theirs(a, f"{directory}/{kind}.gguf")
                for what, x, y in zip(("prefill 512", "decode 128+128"), mine, other):
                    ratios.setdefault((what, weights, kind), []).append(x / y)
                    print(
                        f"round {number}  {what:14}  sophia-rt {weights} {x:7.1f} tok/s  "
                        f"llama.cpp {kind} {y:7.1f} tok/s  ratio {x / y:.2f}", flush=True)
    for (what, weights, kind), values in ratios.items():
        print(f"median ratio {statistics.median(values):.2f}  {what}, {weights} to {kind}")


main()
