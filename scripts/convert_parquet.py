#!/usr/bin/env python3
"""Turns the parquet files of a data set, as Hugging Face's come, into JSON lines for sophia-rt tokenize.

    scripts/convert_parquet.py train-*.parquet --out train.jsonl.gz [--column text]

Needs pyarrow. Files are read a few thousand rows at a time, so memory does not grow with them. A row is a
document; rows whose text is null or empty are left out and counted. The name of --out ends in .jsonl or
.jsonl.gz; it appears when it is complete.
"""

import argparse
import gzip
import json
import os
import sys

try:
    import pyarrow
    import pyarrow.parquet as parquet
except ImportError:
    sys.exit("needs pyarrow: pip install pyarrow")


def texts(path, column):
    """The values of the column, one after the other; None for null."""
    try:
        file = parquet.ParquetFile(path)
    except (OSError, pyarrow.ArrowException) as error:
        sys.exit(f"{path}: cannot be read as parquet: {str(error).splitlines()[0]}")
    schema = file.schema_arrow
    if schema.names.count(column) != 1:
        names = ", ".join(schema.names)
        sys.exit(f"{path}: expected one column {column}, found {names}: name it by --column")
    kind = schema.field(column).type
    is_text = any(is_kind(kind) for is_kind in [pyarrow.types.is_string, pyarrow.types.is_large_string])
    if not is_text:
        sys.exit(f"{path}: expected strings in column {column}, found {kind}")
    try:
        for batch in file.iter_batches(batch_size=4096, columns=[column]):
            yield from (value.as_py() for value in batch.column(0))
    except (OSError, pyarrow.ArrowException) as error:
        sys.exit(f"{path}: damaged: {str(error).splitlines()[0]}")


def write(files, column, stream):
    """Writes a line for each text. Returns how many were written, and how many left out."""
    written = left_out = 0
    for path in files:
        for text in texts(path, column):
            if text:
                stream.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
                written += 1
            else:
                left_out += 1
    return written, left_out


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", help="parquet files, in the order of their rows")
    parser.add_argument("--out", required=True, help="file to write, .jsonl or .jsonl.gz")
    parser.add_argument("--column", default="text", help="column of the documents (default text)")
    options = parser.parse_args()
    if not options.out.endswith((".jsonl", ".jsonl.gz")):
        sys.exit(f"{options.out}: expected a name that ends in .jsonl or .jsonl.gz")
    if os.path.exists(options.out):
        sys.exit(f"{options.out}: exists already: remove it or choose another --out")
    aside = f"{options.out}.tmp-{os.getpid()}"
    opener = gzip.open if options.out.endswith(".gz") else open
    try:
        with opener(aside, "xt", encoding="utf-8", newline="\n") as stream:
            written, left_out = write(options.files, options.column, stream)
        os.rename(aside, options.out)
    finally:
        if os.path.exists(aside):
            os.remove(aside)
    print(f"{options.out}: {written} documents, {left_out} empty rows left out")


if __name__ == "__main__":
    main()
