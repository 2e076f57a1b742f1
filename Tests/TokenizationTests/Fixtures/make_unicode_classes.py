#!/usr/bin/env python3
"""Writes Sources/Tokenization/ScalarClassRanges.swift: which Unicode scalars are \\p{L}, \\p{N} and \\s.

The classes are asked of the regular expression engine inside Hugging Face `tokenizers` itself (0.23.3:
Oniguruma, Unicode 16), scalar by scalar, so that both agree by construction. Run from the package root:

    pip install tokenizers==0.23.3 && python3 Tests/TokenizationTests/Fixtures/make_unicode_classes.py
"""

from tokenizers import pre_tokenizers

OTHER, LETTER, NUMBER, SPACE = range(4)
byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False)


def scalar_class(scalar):
    """A scalar has the class of the character it stays together with."""
    if 0xD800 <= scalar <= 0xDFFF:
        return OTHER
    for witness, result in (("a", LETTER), ("1", NUMBER), ("!", OTHER)):
        if len(byte_level.pre_tokenize_str(witness + chr(scalar))) == 1:
            return result
    return SPACE


ranges, previous = [], None
for scalar in range(0x110000):
    current = scalar_class(scalar)
    if current != previous:
        ranges.append(f"0x{scalar << 2 | current:X}")
        previous = current

with open("Sources/Tokenization/ScalarClassRanges.swift", "w") as out:
    out.write(
        "// Written by Tests/TokenizationTests/Fixtures/make_unicode_classes.py (Unicode 16); not by hand.\n\n"
        "/// Where the class of Unicode scalars changes: first scalar << 2 | ``ScalarClass`` raw value,\n"
        "/// ascending; each entry holds up to the next.\n"
        "let scalarClassRanges: [UInt32] = [\n"
    )
    line = " "
    for entry in ranges:
        if len(line) + len(entry) + 2 > 100:
            out.write(line + "\n")
            line = " "
        line += f" {entry},"
    out.write(line + "\n]\n")
