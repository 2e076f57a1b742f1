#!/usr/bin/env python3
"""Writes tokenizer.json, corpus.jsonl and cases.jsonl: a vocabulary of 1,024 tokens trained by Hugging Face
`tokenizers` on a text made here, and the ids that it gives to hard cases.

    pip install tokenizers==0.23.3 && python3 Tests/TokenizationTests/Fixtures/make_tokenizer.py
"""

import json
import os
import random

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

WORDS = """the a of and to in was he she it they river stone window lantern garden winter bread letter
harbour mountain whisper carry remember nothing something yesterday tomorrow under over beside between
quiet bright narrow hollow walking running singing waited opened closed because although while until
don't won't I'm we'll they've you're he'd it's 7 42 1999 3.14 100,000 für Straße über garçon élève naïve
señor mañana привет река зима окно письмо 你好 河流 冬天 窗户 こんにちは 川 冬 안녕 강 겨울 שלום نهر
🙂 🚀 👩‍👩‍👧 ½ ² Ⅷ e-mail http://a.b/c?d=e#f {"k": [1,2]} x_1 == != -> ... — “quoted” ‘single’""".split()

CASES = [
    "", " ", "  ", "   ", "\n", "\n\n", "\t", "\r\n", " \n ", "a", " a", "  a", "a ", "a  ", "a  b", "a\n\nb",
    "\n\n  indented", "tabs\t\tand\t spaces", "trailing \n", "end   ", "x \u00a0y", "\u00a0\u00a0", "a\u00a0b",
    "\u3000全角\u3000\u3000空白", "line\u2028sep\u2029par", "\u0085next", "\u200bzero\u200bwidth", "\ufeffbom",
    "don't", "I'm we'll they've you're he'd it's 'tis", "DON'T I'M", "'s't're've'm'll'd", "x's 's ' s", "''s",
    "don’t", "'", "'r", "'v", "'l", "'re", " 're", "1's", "!'s", "'sab", "\n's",
    "42", " 42", "x42y", "3.14159", "100,000", "１２３", "٣٤٥", "½²Ⅷ", "a½b", "1a2b", "0" * 70,
    "über die Straße", "na\u0131ve nai\u0308ve", "e\u0301", "\u0301e", "q\u0308\u0323x", "\u1e9b\u0323", "ﬁ ﬂ",
    "привет река", "Привет, Мир!", "你好，冬天的河流。", "こんにちは世界", "안녕하세요 강", "שלום", "نهر ١٢", "ไทยภาษา",
    "हिन्दी", "\U00010330\U0001d400\U0001d7d8", "\ua7cb\u1c89\U000105c0", "\ua7ce\u088f", "\U0003134b\U000323af\U000323b0",
    "🙂", "🙂🙂", " 🙂 ", "👩‍👩‍👧", "👍🏽", "🇩🇪🇫🇷", "a🙂b", "❤️", "\U0010ffff\ufffd\ue000",
    "!?...", " !?", "a!b?c", "---", "{\"k\": [1,2]}", "http://a.b/c?d=e#f", "x_1 == y->z;", "\\n\\t",
    "\x00\x01\x7f", "a\x1cb\x1d \x1e\x1f", "\x0b\x0c", "<|endoftext|>", "a<|endoftext|>b", "Ġ Ċ Ã",
    "a" * 63, "a" * 64, "a" * 65, "a" * 66, "a" * 200, "ab" * 100, " " * 100 + "x", "\n" * 70, "!" * 100, "the" * 60,
    "the river and the stone", " the river was quiet because winter", "yesterday, tomorrow; nothing?",
    "rememberremember something\n\n\tbeside  the   hollow    lantern", "“quoted” — ‘single’",
]

random.seed(5)
SYLLABLES = "ba ter mon lis ver qua dri sto pel can fir nou gra wen tha".split()
WORDS += ["".join(random.choices(SYLLABLES, k=random.choice([2, 3]))) for _ in range(260)]
documents = []
for _ in range(60):
    words = random.choices(WORDS, k=75)
    documents.append("".join(w + random.choice([" "] * 12 + [", ", ". ", "\n", "  "]) for w in words))

tokenizer = Tokenizer(models.BPE())
tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
tokenizer.decoder = decoders.ByteLevel()
tokenizer.train_from_iterator(
    documents,
    trainers.BpeTrainer(
        vocab_size=1023, min_frequency=2, special_tokens=[], show_progress=False,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet()))

folder = os.path.dirname(os.path.abspath(__file__))
with open(f"{folder}/corpus.jsonl", "w") as out:
    for text in documents:
        out.write(json.dumps({"text": text}, ensure_ascii=False) + "\n")
with open(f"{folder}/cases.jsonl", "w") as out:
    for text in CASES:
        # Before the special token is added: to us it is never part of a text.
        ids = tokenizer.encode(text).ids
        assert tokenizer.decode(ids) == text, text
        out.write(json.dumps({"text": text, "ids": ids}) + "\n")
tokenizer.add_special_tokens([AddedToken("<|endoftext|>", special=True, normalized=False)])
tokenizer.save(f"{folder}/tokenizer.json", pretty=False)
