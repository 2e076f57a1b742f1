# Makes dtypes.safetensors with the Rust crate's writer: pip install safetensors==0.7.0 numpy==2.4.6
import struct

import numpy as np
from safetensors import serialize_file

values = [0.0, -0.0, 1.0, -1.5, 0.333251953125, 65504.0, 6.103515625e-05, 5.960464477539063e-08]


def bf16(xs):
    return b"".join(struct.pack("<f", x)[2:] for x in xs)


tensors = {
    "f32": ("float32", [2, 4], np.array(values, "<f4").tobytes()),
    "f16": ("float16", [8], np.array(values, "<f2").tobytes()),
    "bf16": ("bfloat16", [4, 2, 1], bf16(values)),
    "i64": ("int64", [2], np.array([-1, 2**40], "<i8").tobytes()),
    "scalar": ("float32", [], np.array(7.25, "<f4").tobytes()),
    "empty": ("float16", [0, 3], b""),
    "half nan": ("float16", [3], np.array([1, np.nan, np.inf], "<f2").tobytes()),
}
serialize_file(
    {k: {"dtype": d, "shape": s, "data": b} for k, (d, s, b) in tensors.items()},
    "dtypes.safetensors",
    {"format": "pt", "é": "ü"},
)
