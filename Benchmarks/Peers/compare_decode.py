"""Alternates `sophia-rt bench prefill decode`, llama.cpp and CTranslate2 on the same GPT-2, and prints
tokens a second of each round and the median ratios: a prompt of 512 tokens, 128 tokens written one by
one after 128, and the same of 16 sequences together (ours with keys and values in bf16).

The model is a GPT-2 folder with its tokenizer, 512 positions at least and GPT-2's vocabulary. `sophia-rt export` makes the GGUF file, llama.cpp its
own smaller ones from it, and CTranslate2's converter what it reads.

    pip install llama-cpp-python ctranslate2 transformers torch
    python3 Benchmarks/Peers/compare_decode.py .build/release/sophia-rt FOLDER
"""

import argparse
import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile

# Our precisions, and what they are compared with: llama.cpp's file type, CTranslate2's compute type.
PEERS = {
    "f32": ("F32", "float32"),
    "bf16": ("BF16", None),
    "int8": ("Q8_0", "int8_float32"),
    "int4": ("Q4_0", None),
}
WORK = {
    "prefill": "prefill 512",
    "decode": "decode 128 + 128",
    "together": "16 sequences, decode 128 + 128",
}
HERE = pathlib.Path(__file__).parent


def ours(a, weights):
    command = [a.binary, "bench", "prefill", "decode", "--model", f"{a.folder}/config.json"]
    command += ["--weights", weights, "--threads", str(a.threads), "--json"]
    command += ["--repetitions", str(a.repetitions)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rates = {m["name"]: m["rate"]["median"] for m in json.loads(output)["measurements"]}
    decode = f"{weights}, 128 tokens after 128"
    return {
        "prefill": rates[f"{weights}, 512 tokens"],
        "decode": rates[decode],
        "together": rates[f"{decode}, 16 sequences, keys and values bf16"],
    }


def peer(a, script, *arguments):
    """Its rates; none, and a line that says why, if it failed."""
    command = [sys.executable, str(HERE / script), *arguments]
    command += ["--threads", str(a.threads), "--repetitions", str(a.repetitions)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode == 0:
        return json.loads(run.stdout.splitlines()[-1])
    if run.returncode < 0:
        why = f"ended by {signal.Signals(-run.returncode).name}"
    else:
        why = (run.stderr.strip().splitlines() or ["no message"])[-1]
    print(f"{script} {' '.join(arguments)}: {why}", file=sys.stderr, flush=True)
    return {}


def gguf(a, work, kind):
    """The GGUF file of a type, made unless it is there."""
    path = f"{work}/{kind}.gguf"
    if os.path.exists(path):
        return path
    if kind == "F32":
        subprocess.run(
            [a.binary, "export", "--checkpoint", a.folder, "--format", "gguf", "--type", "f32"]
            + ["--out", path], check=True)
        return path
    import llama_cpp

    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = {
        "BF16": llama_cpp.LLAMA_FTYPE_MOSTLY_BF16,
        "Q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
        "Q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    }[kind]
    whole = gguf(a, work, "F32")
    if llama_cpp.llama_model_quantize(whole.encode(), path.encode(), params) != 0:
        raise SystemExit(f"llama.cpp did not quantize {whole}")
    return path


def converted(a, work):
    """CTranslate2's model, made unless it is there."""
    path = f"{work}/ctranslate2"
    if not os.path.exists(path):
        from ctranslate2.converters import TransformersConverter

        TransformersConverter(a.folder).convert(path)
    return path


def compare(a, work):
    ratios, failed = {}, set()
    for number in range(1, a.rounds + 1):
        for weights in a.weights.split(","):
            kind, compute = PEERS[weights]
            mine = ours(a, weights)
            others = {}
            if "llama.cpp" in a.peers:
                others[f"llama.cpp {kind}"] = peer(a, "llama_decode.py", gguf(a, work, kind))
            if compute and "CTranslate2" in a.peers:
                others[f"CTranslate2 {compute}"] = peer(
                    a, "ct2_decode.py", converted(a, work), "--compute", compute)
            for what, title in WORK.items():
                line = f"round {number}  {title:30}  sophia-rt {weights:4} {mine[what]:7.1f} tok/s"
                for name, rates in others.items():
                    if not rates:
                        failed.add(name)
                        line += f"  {name} failed"
                        continue
                    ratio = mine[what] / rates[what]
                    ratios.setdefault((title, weights, name), []).append(ratio)
                    line += f"  {name} {rates[what]:7.1f} ratio {ratio:.2f}"
                print(line, flush=True)
    for (title, weights, name), values in ratios.items():
        print(f"median ratio {statistics.median(values):.2f}  {title}, {weights} to {name}")
    if failed:
        raise SystemExit(f"failed: {', '.join(sorted(failed))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", help="sophia-rt")
    parser.add_argument("folder", help="a GPT-2 with its tokenizer")
    parser.add_argument("--weights", default=",".join(PEERS), help="our precisions, with commas")
    names = ["llama.cpp", "CTranslate2"]
    parser.add_argument("--peers", nargs="+", choices=names, default=names)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3, help="of each engine in a round")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--work", help="keeps the converted models in this folder")
    a = parser.parse_args()
    if a.work:
        os.makedirs(a.work, exist_ok=True)
        return compare(a, a.work)
    with tempfile.TemporaryDirectory() as work:
        compare(a, work)


main()
