#!/usr/bin/env python3
"""Turns a data set of nanoGPT whose ids are characters (shakespeare_char: meta.pkl, train.bin, val.bin)
back into text, for sophia-rt tokenize.

    scripts/convert_chars.py data/shakespeare_char DIR
    sophia-rt tokenize DIR/train.txt --validation DIR/val.txt --train-vocab 257 --out DATA

A vocabulary of 257 is the bytes and <|endoftext|>: for ASCII text still a token a character.

meta.pkl is a pickle, which can be a program. Here it is no more than data: of its opcodes only those that
make dictionaries, strings and integers are allowed, and nothing that names a class or function.
"""

import array
import io
import os
import pickle
import sys


class PlainUnpickler(pickle.Unpickler):
    """Makes dictionaries, lists, strings and numbers; every class or function is refused."""

    def find_class(self, module, name):
        raise pickle.UnpicklingError(f"it names {module}.{name}, which a table of characters has not")

    def persistent_load(self, pid):
        raise pickle.UnpicklingError("it refers to an object outside of it")


def characters(path):
    """The character of each id, by meta.pkl's itos."""
    try:
        with open(path, "rb") as file:
            data = file.read((64 << 20) + 1)
        if len(data) > 64 << 20:
            sys.exit(f"{path}: expected at most 64 MiB, found more: no table of characters")
        meta = PlainUnpickler(io.BytesIO(data)).load()
    except OSError as error:
        sys.exit(f"{path}: {error.strerror}")
    except Exception as error:  # a damaged pickle raises many kinds
        sys.exit(f"{path}: cannot be read as plain values: {error}")
    table = meta.get("itos") if isinstance(meta, dict) else None
    is_table = isinstance(table, dict) and all(
        isinstance(i, int) and isinstance(c, str) for i, c in table.items()
    )
    if not is_table or not table:
        sys.exit(f"{path}: expected a dictionary 'itos' from ids to characters, found something else")
    return table


def convert(path, table, out):
    """Writes the text of one split. Returns its number of characters."""
    ids = array.array("H")
    try:
        with open(path, "rb") as file:
            ids.frombytes(file.read())
    except (OSError, ValueError) as error:
        sys.exit(f"{path}: {error}")
    if sys.byteorder == "big":
        ids.byteswap()
    outside = next((i for i in ids if i not in table), None)
    if outside is not None:
        sys.exit(f"{path}: found id {outside}, which meta.pkl has not")
    with open(out, "x", encoding="utf-8", newline="") as file:
        file.write("".join(map(table.__getitem__, ids)))
    return len(ids)


def main():
    if len(sys.argv) != 3 or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    folder, out = sys.argv[1:]
    table = characters(os.path.join(folder, "meta.pkl"))
    os.makedirs(out, exist_ok=True)
    for split in ["train", "val"]:
        path = os.path.join(out, f"{split}.txt")
        if os.path.exists(path):
            sys.exit(f"{path}: exists already: remove it or choose another directory")
        count = convert(os.path.join(folder, f"{split}.bin"), table, path)
        print(f"{path}: {count} characters")


if __name__ == "__main__":
    main()
