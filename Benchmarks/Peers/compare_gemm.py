"""Alternates `sophia-rt bench gemm` and other libraries' fp32 products on every product of a training step,
and prints GFLOP/s (medians over the rounds), the best peer of each, and our ratio to it.

    pip install mkl torch numpy
    apt install libopenblas0-openmp libblis4-openmp
    python3 Benchmarks/Peers/compare_gemm.py .build/release/sophia-rt torch onednn NAME=LIBRARY ...

NAME=LIBRARY is a BLAS library and its file. BLIS and old versions of OpenBLAS choose slow kernels on CPUs
that they do not know: BLIS_ARCH_TYPE=skx and OPENBLAS_CORETYPE=SKYLAKEX choose AVX-512.
"""

import argparse
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys

FORMS = {"forward": "NN", "dX": "NT", "dW": "TN"}
# The head's weights lie as (V, C), and its gradient is added to.
HEAD_FORMS = {"forward": "NT", "dX": "NN", "dW": "TN+"}
HERE = pathlib.Path(__file__).parent


def output(command, threads):
    names = ["OMP", "MKL", "OPENBLAS", "BLIS"]
    environment = dict(os.environ, **{f"{name}_NUM_THREADS": str(threads) for name in names})
    run = subprocess.run(command, capture_output=True, text=True, env=environment)
    if run.returncode != 0:
        sys.exit(f"{command[:3]}: {run.stderr}")
    return run.stdout


def ours(a):
    command = [a.binary, "bench", "gemm", "--model", a.model, "--threads", str(a.threads), "--json"]
    rows = json.loads(output(command, a.threads))["measurements"]
    return {m["name"]: m["rate"]["median"] for m in rows if "×" in m["name"]}


def form(name):
    """FORM:M:N:K of a name such as `fc proj dX 4096×3072×768`."""
    *words, sizes = name.split()
    forms = HEAD_FORMS if words[0] == "head" else FORMS
    return ":".join([forms[words[-1]], *sizes.split("×")])


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary", help="sophia-rt")
    parser.add_argument("peers", nargs="+", help="torch, onednn, or NAME=LIBRARY")
    parser.add_argument("--model", default="gpt2")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--rounds", type=int, default=3)
    a = parser.parse_args()
    rates = {}
    for _ in range(a.rounds):
        for name, rate in ours(a).items():
            rates.setdefault(name, {}).setdefault("sophia-rt", []).append(rate)
        products = list(rates)
        for peer in a.peers:
            label, _, library = peer.partition("=")
            command = [sys.executable, str(HERE / "blas_gemm.py"), library or label]
            command += ["--threads", str(a.threads), *map(form, products)]
            for name, rate in zip(products, json.loads(output(command, a.threads))):
                if rate is not None:
                    rates[name].setdefault(label, []).append(rate)
    ratios = []
    for name, row in rates.items():
        medians = {peer: statistics.median(values) for peer, values in row.items()}
        peers = [peer for peer in medians if peer != "sophia-rt"]
        if not peers:
            continue  # no peer has a product of this form
        best = max(peers, key=medians.get)
        ratios.append(medians["sophia-rt"] / medians[best])
        each = "  ".join(f"{peer} {rate:5.0f}" for peer, rate in medians.items())
        print(f"{name:32} {each}  {ratios[-1]:.2f} of {best}", flush=True)
    mean = math.exp(statistics.mean(map(math.log, ratios)))
    print(f"sophia-rt over the best of each: geometric mean {mean:.2f}, worst {min(ratios):.2f}")


main()
