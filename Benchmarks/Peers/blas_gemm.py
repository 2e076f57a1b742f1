"""GFLOP/s of one library's fp32 matrix products: one line of JSON, in the order of the products given.

A product is FORM:M:N:K, C (M, N) = A (M, K)·B (K, N), where FORM says how the operands lie in memory: NN;
NT, B as (N, K); TN, A as (K, M); TN+, the same added to C.

The libraries that have a C interface (BLAS) are loaded by name or path; torch and onednn are PyTorch's
products of plain and of MKL-DNN tensors (the latter only NN and NT, as a linear layer).
"""

import argparse
import ctypes
import ctypes.util
import json
import statistics
import time

import numpy as np


def timed(call, repetitions):
    call()
    seconds = []
    for _ in range(repetitions):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def blas(path):
    sgemm = ctypes.CDLL(path, mode=ctypes.RTLD_GLOBAL).cblas_sgemm
    sgemm.restype = None
    pointer, number = ctypes.c_void_p, ctypes.c_int
    sgemm.argtypes = [number] * 6 + [ctypes.c_float, pointer, number, pointer, number]
    sgemm.argtypes += [ctypes.c_float, pointer, number]

    def product(form, M, N, K, a, b, c):
        # CBLAS: 101 row-major, 111 as it lies, 112 transposed.
        at, bt = form[0] == "T", form[1] == "T"
        arguments = [101, 112 if at else 111, 112 if bt else 111, M, N, K]
        arguments += [1.0, a.ctypes.data, M if at else K, b.ctypes.data, K if bt else N]
        arguments += [1.0 if form.endswith("+") else 0.0, c.ctypes.data, N]
        return lambda: sgemm(*arguments)

    return product


def pytorch(threads, onednn):
    import torch

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)

    def product(form, M, N, K, a, b, c):
        a, b, c = torch.from_numpy(a), torch.from_numpy(b), torch.from_numpy(c)
        if onednn:
            if form[0] == "T":
                return None
            weight = (b if form[1] == "T" else b.t().contiguous()).to_mkldnn()
            x = a.to_mkldnn()
            return lambda: torch.nn.functional.linear(x, weight)
        a, b = a.t() if form[0] == "T" else a, b.t() if form[1] == "T" else b
        if form.endswith("+"):
            return lambda: torch.addmm(c, a, b, out=c)
        return lambda: torch.mm(a, b, out=c)

    return product


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("library", help="torch, onednn, or a BLAS library's file or name")
    parser.add_argument("products", nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=0.4, help="about how long a product is timed")
    a = parser.parse_args()
    if a.library in ("torch", "onednn"):
        make = pytorch(a.threads, a.library == "onednn")
    else:
        make = blas(ctypes.util.find_library(a.library) or a.library)
    rates = []
    for text in a.products:
        form, *sizes = text.split(":")
        M, N, K = map(int, sizes)
        shapes = [(K, M) if form[0] == "T" else (M, K), (N, K) if form[1] == "T" else (K, N), (M, N)]
        generator = np.random.default_rng(1)
        operands = [generator.random(shape, dtype=np.float32) for shape in shapes]
        call = make(form, M, N, K, *operands)
        if call is None:
            rates.append(None)
            continue
        once = timed(call, 1)
        rates.append(2e-9 * M * N * K / timed(call, max(1, min(9, round(a.seconds / once)))))
    print(json.dumps(rates))


main()
