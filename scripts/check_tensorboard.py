#!/usr/bin/env python3
"""Opens the event files of `sophia-rt train --tensorboard` with TensorBoard's own reader.

    make test                       (or scripts/check_tensorboard.py --program .build/release/sophia-rt)

A run is killed after a checkpoint and resumed. EventAccumulator, the reader behind TensorBoard's
pages, then has to hold every number of metrics.jsonl once, under `step/…` and `eval/…`, rounded to
float32, and nothing else. The Swift tests read the same files without Python, so where PyPI cannot
be reached this says so and checks nothing.
"""

import argparse
import json
import pathlib
import signal
import struct
import subprocess
import sys
import tempfile
import time

from comparison.environment import need

problem = need(["tensorboard"], ["tensorboard"])
if problem:
    print(f"TensorBoard: NOT CHECKED ({problem})")
    sys.exit(0)

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator


def train(program, run, kill):
    """Trains; kills the program once it is past a checkpoint."""
    command = [program, "train", "--model", "nano", "--stories", "200", "--vocabulary", "512",
               "--context", "32", "--batch-tokens", "64", "--steps", "400", "--eval-every", "30",
               "--checkpoint-every", "50", "--out", run, "--tensorboard", "--resume"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    if kill:
        # Killed in the middle: events after the last checkpoint come again.
        while not list(run.glob("step-*")) and process.poll() is None:
            time.sleep(0.005)
        time.sleep(0.1)
        process.send_signal(signal.SIGKILL)
    return process.wait()


def float32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", default=".build/release/sophia-rt")
    program = str(pathlib.Path(parser.parse_args().program).resolve())
    with tempfile.TemporaryDirectory(prefix="sophia-rt-tensorboard-") as name:
        run = pathlib.Path(name) / "run"
        if train(program, run, kill=True) != -signal.SIGKILL:
            sys.exit("the first run ended before it was killed")
        if train(program, run, kill=False) != 0:
            sys.exit("the resumed run failed")
        expected = {}
        for line in (run / "metrics.jsonl").read_text().splitlines():
            event = json.loads(line)
            for key, value in event.items():
                if isinstance(value, (int, float)) and key != "step":
                    tag = f"{event['event']}/{key}"
                    expected.setdefault(tag, []).append((event["step"], float32(value)))
        reader = EventAccumulator(str(run), size_guidance={"scalars": 0})
        reader.Reload()
        found = {
            tag: [(point.step, point.value) for point in reader.Scalars(tag)]
            for tag in reader.Tags()["scalars"]
        }
        for tag in sorted(set(expected) | set(found)):
            same = expected.get(tag) == found.get(tag)
            print(f"{'same' if same else 'DIFFERENT':9} {tag}: {len(found.get(tag, []))} points")
        files = len(list(run.glob("events.out.tfevents.*")))
        print(f"{files} event files, {sum(map(len, found.values()))} points")
        sys.exit(0 if found == expected and files == 2 else "TensorBoard reads something else")


main()
