"""Alternates `sophia-rt train` (Sophia-G) and PyTorch (eager, fused AdamW) on GPT-2's training step,
and prints tokens a second, peak memory and the ratio of each round.

Ours is the product itself on its built-in corpus, three steps of which the first refreshes the
curvature; all three are counted. Theirs is torch_train.py beside this file.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile


def run(command):
    """Output of a command and the peak memory of its process, in GiB."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]}: exit {process.returncode}")
    return output, usage.ru_maxrss / 2**20


def ours(a):
    with tempfile.TemporaryDirectory() as directory:
        sizes = ["--micro-batch", a.batch, "--context", a.context]
        sizes += ["--batch-tokens", a.batch * a.context, "--threads", a.threads, "--eval-tokens", 1]
        command = [a.binary, "train", "--model", "gpt2", "--steps", 3, "--out", directory] + sizes
        _, peak = run([str(word) for word in command])
        with open(f"{directory}/metrics.jsonl", encoding="utf-8") as lines:
            steps = [event for event in map(json.loads, lines) if event["event"] == "step"]
    seconds = [step["seconds"] for step in steps]
    return a.batch * a.context * len(seconds) / sum(seconds), seconds, peak


def theirs(a):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "torch_train.py")
    sizes = ["--batch", a.batch, "--context", a.context, "--threads", a.threads]
    command = [sys.executable, script] + sizes + (["--compile"] if a.compile else [])
    output, _ = run([str(word) for word in command])
    result = json.loads(output)
    return result["tokens_per_second"], result["seconds"], result["peak_gib"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", help="sophia-rt")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--context", type=int, default=1024)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--compile", action="store_true", help="let torch compile its model")
    a = parser.parse_args()
    ratios = []
    for number in range(1, a.rounds + 1):
        rates = {}
        for name, measure in (("sophia-rt", ours), ("torch", theirs)):
            rates[name], seconds, peak = measure(a)
            times = " ".join(f"{s:.2f}" for s in seconds)
            print(
                f"round {number}  {name:10} {rates[name]:7.1f} tok/s  steps {times} s  "
                f"peak {peak:.2f} GiB",
                flush=True,
            )
        ratios.append(rates["sophia-rt"] / rates["torch"])
        print(f"round {number}  ratio {ratios[-1]:.2f}", flush=True)
    print(f"median ratio {statistics.median(ratios):.2f}")


main()
