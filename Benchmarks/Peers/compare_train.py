"""Alternates `sophia-rt train` (Sophia-G) and PyTorch (fused AdamW) on GPT-2's training step, and
prints tokens a second, peak memory and the ratios of each round.

Ours is the product itself on its built-in corpus. Its rate is that of all its steps together, of which
every tenth, the first with them, refreshes the curvature. Theirs is torch_train.py beside this file:
the median of its steps after a first one that is not counted, in up to three ways:

  eager    as it comes
  compile  torch.compile
  tuned    torch.compile with tcmalloc preloaded and huge pages (THP_MEM_ALLOC_ENABLE=1)
"""

import argparse
import ctypes.util
import json
import os
import statistics
import subprocess
import sys
import tempfile

SIZES = dict(batch=4, context=1024, layers=12, width=768, heads=12, vocabulary=50257)


def run(command, **environment):
    """Output of a command and the peak memory of its process, in GiB."""
    words = [str(word) for word in command]
    environment = dict(os.environ, **environment)
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]}: exit {process.returncode}")
    return output, usage.ru_maxrss / 2**20


def ours(a):
    model = {
        "model_type": "gpt2", "n_embd": a.width, "n_layer": a.layers, "n_head": a.heads,
        "n_positions": a.context, "vocab_size": a.vocabulary, "activation_function": "gelu_new",
    }
    with tempfile.TemporaryDirectory() as directory:
        with open(f"{directory}/model.json", "w", encoding="utf-8") as file:
            json.dump(model, file)
        sizes = ["--context", a.context, "--batch-tokens", a.batch * a.context, "--eval-tokens", 1]
        command = [a.binary, "train", "--model", file.name, "--out", f"{directory}/run"] + sizes
        _, peak = run(command + ["--threads", a.threads, "--steps", a.steps] + a.flag)
        with open(f"{directory}/run/metrics.jsonl", encoding="utf-8") as lines:
            steps = [event for event in map(json.loads, lines) if event["event"] == "step"]
    seconds = [step["seconds"] for step in steps]
    return a.batch * a.context * len(seconds) / sum(seconds), seconds, peak


def tcmalloc():
    name = ctypes.util.find_library("tcmalloc_minimal") or ctypes.util.find_library("tcmalloc")
    return name or sys.exit("compare_train.py: tuned needs tcmalloc: apt install libtcmalloc-minimal4")


def theirs(a, way):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_train.py")
    sizes = [word for name in SIZES for word in (f"--{name}", getattr(a, name))]
    command = [sys.executable, script, "--threads", a.threads, "--steps", a.peer_steps] + sizes
    tuned = dict(LD_PRELOAD=tcmalloc(), THP_MEM_ALLOC_ENABLE="1") if way == "tuned" else {}
    output, _ = run(command + ([] if way == "eager" else ["--compile"]), **tuned)
    result = json.loads(output)
    return result["tokens_per_second"], result["seconds"], result["peak_gib"]


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="sophia-rt")
    for name, value in SIZES.items():
        parser.add_argument("--" + name, type=int, default=value)
    parser.add_argument("--peers", nargs="+", choices=["eager", "compile", "tuned"], default=["eager"])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=10, help="steps of sophia-rt")
    parser.add_argument("--peer-steps", type=int, default=3, help="steps of PyTorch that count")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--flag", action="append", default=[], help="one more flag of `sophia-rt train`")
    a = parser.parse_args()
    ratios = {way: [] for way in a.peers}
    for number in range(1, a.rounds + 1):
        rates = {}
        for name in ["sophia-rt"] + a.peers:
            rates[name], seconds, peak = ours(a) if name == "sophia-rt" else theirs(a, name)
            times = " ".join(f"{s:.2f}" for s in seconds)
            print(
                f"round {number}  {name:10} {rates[name]:7.1f} tok/s  peak {peak:.2f} GiB  "
                f"steps {times} s",
                flush=True,
            )
        for way in a.peers:
            ratios[way].append(rates["sophia-rt"] / rates[way])
    for way in a.peers:
        each = " ".join(f"{ratio:.2f}" for ratio in ratios[way])
        print(f"sophia-rt over {way}: median {statistics.median(ratios[way]):.2f} of {each}")


main()
