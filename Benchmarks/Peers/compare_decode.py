"""Alternates `sophia-rt bench prefill decode` and llama.cpp (llama-cpp-python) on the same GPT-2, and
prints tokens a second and the ratio of each round: a prompt of 512 tokens, and 128 tokens written one
by one after 128.

The model is any GPT-2 folder with its tokenizer; `sophia-rt export` makes the GGUF file, and llama.cpp
its own smaller ones from it.

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

import llama_cpp
from llama_cpp import Llama

# Our precision, and llama.cpp's file type that it is compared with.
PAIRS = {
    "f32": ("F32", llama_cpp.LLAMA_FTYPE_ALL_F32),
    "bf16": ("BF16", llama_cpp.LLAMA_FTYPE_MOSTLY_BF16),
    "int8": ("Q8_0", llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0),
    "int4": ("Q4_0", llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0),
}


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


def quantize(source, target, ftype):
    """Writes a GGUF file in another type, as llama.cpp's own tool does."""
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = ftype
    if llama_cpp.llama_model_quantize(source.encode(), target.encode(), params) != 0:
        raise SystemExit(f"llama.cpp did not quantize {source}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", help="sophia-rt")
    parser.add_argument("folder", help="a GPT-2 with its tokenizer")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    a = parser.parse_args()
    ratios = {}
    with tempfile.TemporaryDirectory() as directory:
        whole = f"{directory}/F32.gguf"
        subprocess.run(
            [a.binary, "export", "--checkpoint", a.folder, "--format", "gguf", "--type", "f32"]
            + ["--out", whole], check=True)
        for kind, ftype in PAIRS.values():
            if kind != "F32":
                quantize(whole, f"{directory}/{kind}.gguf", ftype)
        for number in range(1, a.rounds + 1):
            for weights, (kind, _) in PAIRS.items():
                mine, other = ours(a, weights), theirs(a, f"{directory}/{kind}.gguf")
                for what, x, y in zip(("prefill 512", "decode 128+128"), mine, other):
                    ratios.setdefault((what, weights, kind), []).append(x / y)
                    print(
                        f"round {number}  {what:14}  sophia-rt {weights:4} {x:7.1f} tok/s  "
                        f"llama.cpp {kind:4} {y:7.1f} tok/s  ratio {x / y:.2f}", flush=True)
    for (what, weights, kind), values in ratios.items():
        print(f"median ratio {statistics.median(values):.2f}  {what}, {weights} to {kind}")


main()
