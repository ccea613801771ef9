"""What an analysis costs, step by step: `python tests/perf/bench_analysis.py`.

Four minutes of synthesised stereo music in each format, on one thread. The yardstick is libsndfile's full
decode of the same file in the same run: machines differ, the ratio to it hardly does.
"""

import argparse
import os
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import soundfile
import torch
from rich.console import Console
from rich.table import Table

from models.analysis import Seconds, analyse, warm_up
from models.synthesis import Piece, write

MINUTES = 4
PIECE = Piece("Bench", "Bench", 120, 45, minor=True, brightness=0.6, percussion=0.6, seconds=60 * MINUTES)


def main():
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeat", type=int, default=3, help="runs whose median counts; default %(default)s")
    repeat = parser.parse_args().repeat
    started = time.perf_counter()
    warm_up(threads=1)
    cold = time.perf_counter() - started
    title = f"{MINUTES} minutes, 44.1 kHz stereo, one thread, median of {repeat}; in brackets: ÷ full decode"
    table = Table("Format", "Full decode", "Decode", "Descriptors", "Encode", "Total", "× real time", title=title)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("mp3", "ogg", "flac"):
            path = Path(folder) / f"track.{suffix}"
            write(replace(PIECE, title=suffix), path)
            table.add_row(suffix, *_measure(path, repeat))
    console = Console(width=120)
    console.print(table)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    console.print(f"warm_up: {cold:.1f} s; {torch.get_num_threads()} thread; load average {load}")


def _measure(path, repeat):
    runs, full = [], []
    for _ in range(repeat):
        full.append(_full_decode(path))
        runs.append(analyse(path).seconds)
    yardstick = statistics.median(full)
    steps = [statistics.median(getattr(run, step) for run in runs) for step in Seconds.__annotations__]
    cells = [f"{seconds * 1000:.0f} ms ({seconds / yardstick:.2f})" for seconds in steps]
    return [f"{yardstick * 1000:.0f} ms", *cells, f"{60 * MINUTES / steps[-1]:.0f}"]


def _full_decode(path):
    started = time.perf_counter()
    with soundfile.SoundFile(path) as file:
        for _ in file.blocks(file.samplerate, dtype="float32"):
            pass
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
