#!/usr/bin/env python3
"""Writes random tokenizer.json files of byte-level BPE and the ids that Hugging Face `tokenizers` gives to random texts.

    pip install tokenizers==0.23.3
    python3 scripts/tokenizer_cases.py --count 40 --seed 1 > Tests/TokenizationTests/Fixtures/tokenizers.jsonl

The tests replay that fixture, and any other file that SOPHIA_TOKENIZER_CASES names:

    python3 scripts/tokenizer_cases.py --count 2000 --seed 7 > /tmp/cases.jsonl
    SOPHIA_TOKENIZER_CASES=/tmp/cases.jsonl swift test --filter DifferentialTests

A line is {"tokenizer": …, "texts": […], "ids": […], "raw": […]}: ids with added tokens found and the post-processor
applied, as `encode` does by default; raw without added tokens.
"""

import argparse
import copy
import json
import random

from tokenizers import Tokenizer

PRINTABLE = list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))
CHARACTERS = {b: chr(b) for b in PRINTABLE}
for byte in range(256):
    if byte not in CHARACTERS:
        CHARACTERS[byte] = chr(256 + len(CHARACTERS) - len(PRINTABLE))
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
CONTENTS = ["<|endoftext|>", "<a>", "<ab>", "<", "a>", "the", "ab", "b c", " x", "  ", "\n", "é", "é<a", "日本", "\u200d",
            "_t", "<|user|>", "<|user|> ", "'s", "1", "Ġthe", "q", "🙂"]
WORDS = ["the", "then", "ab", "abc", "cab", "don't", "x1", "42", "é", "née", "日本語", "🙂", "a_t", "<", ">", "a>b", "!",
         "b c", "zqz", "<|", "\u0301", "\u200d", "_", "ß", "\u3000"]
SPACES = ["", " ", " ", " ", "  ", "   ", "\n", " \n", "\t", "\u00a0", "\u3000", "\r\n"]


def spell(text):
    return "".join(CHARACTERS[b] for b in text.encode())


def vocabulary(rng):
    """Tokens by id and merges; the ids may have holes, the alphabet may lack bytes."""
    alphabet = list("abcdehnotqrstxz<>|_!' 1\n") if rng.random() < 0.6 else [chr(b) for b in range(128)]
    tokens = [spell(c) for c in alphabet]
    if rng.random() < 0.6:
        tokens += [CHARACTERS[b] for b in sorted({b for w in WORDS for b in w.encode()} - {ord(c) for c in alphabet})]
    tokens = sorted(set(tokens))
    merges = []
    for _ in range(rng.randrange(25)):
        if rng.random() < 0.7:
            word = spell(rng.choice([" ", ""]) + rng.choice(WORDS))
            cut = rng.randrange(len(word)) if len(word) > 1 else 0
            pair = (word[:cut], word[cut:])
        else:
            pair = (rng.choice(tokens), rng.choice(tokens))
        if all(p in tokens for p in pair):
            merges.append(pair)
            if "".join(pair) not in tokens:
                tokens.append("".join(pair))
    if merges and rng.random() < 0.2:
        merges.append(rng.choice(merges))
    tokens += [t for t in (rng.sample(["zqz", "a b", "日", "Ġcab", "[U]", "<0x21>", "<0xC3>", "<0xA9>"], 4)
                           if rng.random() < 0.5 else []) if t not in tokens]
    if rng.random() < 0.3:
        rng.shuffle(tokens)
    gap = rng.random() < 0.2
    ids, next_id = {}, 0
    for token in tokens:
        ids[token] = next_id
        next_id += 1 + (rng.randrange(3) if gap else 0)
    return ids, merges


def added(rng, vocab):
    contents = rng.sample(CONTENTS, rng.randrange(7))
    if "<|endoftext|>" not in contents:
        contents.append("<|endoftext|>")
    if rng.random() < 0.2:
        contents.append(rng.choice(contents))
    plain = rng.random() < 0.3
    tokens = []
    for content in contents:
        flags = {f: not plain and rng.random() < 0.25 for f in ("single_word", "lstrip", "rstrip", "normalized")}
        tokens.append({"id": 0, "content": content, **flags, "special": rng.random() < 0.6})
        if rng.random() < 0.2 and content not in vocab:
            vocab[content] = max(vocab.values()) + 1
    return tokens


def post_processor(rng, ids):
    byte_level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    names = rng.sample(sorted(ids), min(2, len(ids)))
    a, b = names[0], names[-1]
    template = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": a, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]
        + ([{"SpecialToken": {"id": b, "type_id": 0}}] if rng.random() < 0.5 else []),
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {n: {"id": n, "ids": [ids[n]], "tokens": [n]} for n in names},
    }
    roberta = {"type": "RobertaProcessing", "sep": [b, ids[b]], "cls": [a, ids[a]], "trim_offsets": True,
               "add_prefix_space": False}
    return rng.choice([None, byte_level, byte_level, template, {"type": "Sequence", "processors": [byte_level, template]},
                       roberta, {"type": "Sequence", "processors": []}])


def pre_tokenizer(rng):
    level = {"type": "ByteLevel", "add_prefix_space": rng.random() < 0.3, "trim_offsets": True, "use_regex": rng.random() < 0.9}
    split = {"type": "Split", "pattern": {"Regex": PATTERN}, "behavior": "Isolated", "invert": False}
    whole = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return rng.choice([level] * 6 + [{"type": "Sequence", "pretokenizers": [level]},
                                     {"type": "Sequence", "pretokenizers": [split, whole]}])


def text(rng, contents):
    parts = []
    for _ in range(rng.randrange(9)):
        parts.append(rng.choice(contents) if contents and rng.random() < 0.4 else rng.choice(WORDS))
        parts.append(rng.choice(SPACES))
    return "".join(parts)


def case(rng):
    vocab, merges = vocabulary(rng)
    tokens = added(rng, vocab)
    unknown = "[U]" if "[U]" in vocab and rng.random() < 0.7 else None
    file = {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": tokens,
        "normalizer": rng.choice([None, None, {"type": "Sequence", "normalizers": []}]),
        "pre_tokenizer": pre_tokenizer(rng), "post_processor": None,
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": {
            "type": "BPE", "dropout": rng.choice([None, 0.0]), "unk_token": unknown,
            "continuing_subword_prefix": rng.choice([None, ""]), "end_of_word_suffix": rng.choice([None, ""]),
            "fuse_unk": rng.random() < 0.5, "byte_fallback": rng.random() < 0.2, "ignore_merges": rng.random() < 0.2,
            "vocab": vocab, "merges": [list(m) for m in merges],
        },
    }
    if rng.random() < 0.3:
        file["model"]["merges"] = [" ".join(m) for m in merges]
    ids = {t.content: i for i, t in Tokenizer.from_str(json.dumps(file)).get_added_tokens_decoder().items()}
    if len(set(ids.values()) | set(vocab.values())) < len(set(ids) | set(vocab)):
        return None  # `tokenizers` gives an id to two tokens.
    for token in tokens:
        token["id"] = ids[token["content"]]
    file["post_processor"] = post_processor(rng, ids)
    whole = Tokenizer.from_str(json.dumps(file))
    bare = copy.deepcopy(file)
    bare["added_tokens"] = []
    bare = Tokenizer.from_str(json.dumps(bare))
    texts, ids, raw = [], [], []
    while len(texts) < 10:
        one = text(rng, [t["content"] for t in tokens])
        try:
            both = whole.encode(one).ids, bare.encode(one, add_special_tokens=False).ids
        except BaseException as panic:  # Where matches overlap, `tokenizers` may panic.
            if "bad split" not in str(panic):
                raise
            continue
        texts.append(one)
        ids.append(both[0])
        raw.append(both[1])
    return {"tokenizer": file, "texts": texts, "ids": ids, "raw": raw}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=40)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    written = 0
    while written < options.count:
        made = case(rng)
        if made:
            print(json.dumps(made, ensure_ascii=False, separators=(",", ":")))
            written += 1


main()
