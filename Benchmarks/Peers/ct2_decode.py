"""Tokens a second of CTranslate2 on a converted GPT-2: one line of JSON.

`prefill` is a prompt of 512 tokens, `decode` 128 tokens written one by one after 128 and `together` the
same of 16 sequences, both without the time of the prompt and the first token. Medians of the
repetitions; one more before them warms up.
"""

import argparse
import json
import random
import statistics
import time

import ctranslate2

SEQUENCES, PROMPT = 16, 128


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="a model of ctranslate2's converter")
    parser.add_argument("--compute", required=True, help="float32 or int8_float32")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--repetitions", type=int, default=3)
    a = parser.parse_args()
    with open(f"{a.folder}/vocabulary.json", encoding="utf-8") as file:
        words = json.load(file)[:50000]
    draw = random.Random(0)
    generator = ctranslate2.Generator(
        a.folder, device="cpu", compute_type=a.compute, intra_threads=a.threads, inter_threads=1)

    def seconds(prompts, length):
        start = time.perf_counter()
        results = generator.generate_batch(
            prompts, max_length=length, min_length=length, sampling_topk=1, beam_size=1,
            include_prompt_in_result=False, end_token=[], cache_static_prompt=False)
        elapsed = time.perf_counter() - start
        if any(len(result.sequences_ids[0]) != length for result in results):
            raise SystemExit("ctranslate2 wrote another number of tokens")
        return elapsed

    def prompts(count, length):
        return [[draw.choice(words) for _ in range(length)] for _ in range(count)]

    def median(repetitions, rate):
        return statistics.median([rate() for _ in range(repetitions + 1)][1:])

    def writing(batch):
        return len(batch) * PROMPT / (seconds(batch, PROMPT + 1) - seconds(batch, 1))

    one, many, long = prompts(1, PROMPT), prompts(SEQUENCES, PROMPT), prompts(1, 512)
    rates = {
        "prefill": median(a.repetitions, lambda: 512 / seconds(long, 1)),
        "decode": median(a.repetitions, lambda: writing(one)),
        "together": median(1, lambda: writing(many)),
    }
    print(json.dumps(rates))


main()
