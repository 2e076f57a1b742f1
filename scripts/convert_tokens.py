#!/usr/bin/env python3
"""Turns token ids of another width than 16 bits into shards that sophia-rt trains on.

    scripts/convert_tokens.py train.bin val.bin --bytes 4 --out DIR
    scripts/convert_tokens.py *_train_*.npy *_val_*.npy --out DIR

Headerless files hold little-endian integers of --bytes bytes, .npy files say themselves what they hold.
Needs numpy for .npy alone. The shards are llm.c's: a header, then uint16. Files are read in pieces. An id
beyond 65535 is an error: such a vocabulary does not fit.
"""

import argparse
import array
import os
import struct
import sys

MAGIC = 20240520
PIECE = 1 << 20
TYPES = {2: "H", 4: "I", 8: "Q"}


def integers(path, width):
    """The ids of a headerless file, in pieces."""
    if os.path.getsize(path) % width:
        sys.exit(f"{path}: expected a multiple of {width} bytes, found {os.path.getsize(path)}")
    with open(path, "rb") as file:
        while piece := file.read(PIECE * width):
            ids = array.array(TYPES[width], piece)
            if sys.byteorder == "big":
                ids.byteswap()
            yield ids


def elements(path):
    """The ids of an .npy file, in pieces; pickled objects in it are not loaded."""
    try:
        import numpy
    except ImportError:
        sys.exit("needs numpy for .npy files: pip install numpy")
    try:
        values = numpy.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        sys.exit(f"{path}: cannot be read as .npy: {str(error).splitlines()[0]}")
    if values.dtype.kind not in "iu":
        sys.exit(f"{path}: expected integers, found {values.dtype}")
    flat = values.reshape(-1)
    for start in range(0, flat.size, PIECE):
        yield flat[start : start + PIECE].tolist()


def convert(path, width, out):
    """Writes the shard of one file. Returns its number of tokens."""
    pieces = elements(path) if path.endswith(".npy") else integers(path, width)
    count = 0
    with open(out, "xb") as shard:
        shard.write(bytes(1024))
        for ids in pieces:
            outside = next((i for i in ids if not 0 <= i < 65536), None)
            if outside is not None:
                sys.exit(f"{path}: found id {outside}, but shards hold 0 to 65535")
            shard.write(struct.pack(f"<{len(ids)}H", *ids))
            count += len(ids)
        if count == 0:
            sys.exit(f"{path}: holds no tokens")
        shard.seek(0)
        shard.write(struct.pack("<3i", MAGIC, 1, count))
    return count


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help=".bin files without a header, or .npy files")
    parser.add_argument("--bytes", type=int, choices=sorted(TYPES), help="of an id in a headerless file")
    parser.add_argument("--out", required=True, help="directory for the shards, whose names stay")
    options = parser.parse_args()
    if options.bytes is None and not all(path.endswith(".npy") for path in options.files):
        sys.exit("say by --bytes how many bytes an id has: 4 for uint32, 8 for int64")
    os.makedirs(options.out, exist_ok=True)
    for path in options.files:
        name = os.path.splitext(os.path.basename(path))[0] + ".bin"
        out = os.path.join(options.out, name)
        if os.path.exists(out):
            sys.exit(f"{out}: exists already: remove it or choose another --out")
        try:
            count = convert(path, options.bytes, out + ".tmp")
            os.rename(out + ".tmp", out)
        except OSError as error:
            sys.exit(f"{error.filename}: {error.strerror}")
        finally:
            if os.path.exists(out + ".tmp"):
                os.remove(out + ".tmp")
        print(f"{out}: {count} tokens")


if __name__ == "__main__":
    main()
