"""Measure the cost of each step of an analysis: `python tests/perf/bench_analysis.py`.

It analyses four minutes of synthesised stereo music in each format, on one thread. Times are compared with libsndfile's
full decode of the same file, because this ratio depends little on the machine. It measures processor time, which other
processes affect less than wall time. If installed, bliss-audio and the encoder's teachers are measured too.
"""

import os

# Before numpy is loaded: a BLAS with more threads would be charged for their waiting. Workers do the same.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}

import argparse
import importlib.util
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import soundfile
import torch

sys.path.insert(0, str(Path(__file__).parents[2]))  # `tests` is no installed package

from models import checkpoint
from models.analysis import analyse, warm_up
from models.audio.decode import read_windows
from models.audio.frontend import MelParameters
from models.corpus.corpus import DEFAULT_CACHE
from models.descriptors.describe import describe
from models.ffmpeg import find_ffmpeg, install_command
from models.sandbox.decoder import DECODER
from models.teachers.weights import build_teachers
from tests.fakes.encoded import ffmpeg
from tests.perf.music import MINUTES, tracks
from tests.perf.verdicts import CONSOLE, at_least, at_most, show

LIMITS = {"mp3": 0.6, "ogg": 0.45, "flac": 0.45, "opus": 0.35}  # targets, as parts of a full decode
SANDBOX_MS = 8.0  # that the decoder's sandbox may add
ENCODE_MS = 25.0  # for six windows
BLISS_RATIOS = {"mp3": 6.0, "ogg": 4.5, "flac": 5.0}
M4A_RATIO = 1.5
TEACHERS_RATIO = 20.0
PROCESSOR_CLOCK = 2  # with a process id: its CLOCK_PROCESS_CPUTIME_ID, Linux only


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5, help="runs whose median counts; default %(default)s")
    repeat = parser.parse_args().repeat
    cold = cost(lambda: warm_up(threads=1), 1)
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        files = tracks(Path(folder))
        totals = against_full_decode(files, repeat)
        against_no_sandbox(files, max(repeat, 10))
        against_mp3(files["mp3"], repeat)
        against_bliss({suffix: files[suffix] for suffix in BLISS_RATIOS}, totals, repeat)
        against_teachers(files["mp3"], repeat)
    CONSOLE.print(f"warm_up: {cold:.1f} s of processor time; {torch.get_num_threads()} thread")


def cost(work: Callable[[], object], repeat: int) -> float:
    """Median seconds of processor time, of all threads together."""
    runs = []
    for _ in range(repeat):
        started = time.process_time()
        work()
        runs.append(time.process_time() - started)
    return statistics.median(runs)


def analysis_cost(file: Path) -> float:
    """Seconds of processor time of a whole analysis, sandbox included."""
    return cost_with_sandbox(lambda: analyse(file))


def cost_with_sandbox(work: Callable[[], object]) -> float:
    """Seconds of processor time of this process, the decoder, and the decoder's server."""
    clock = ~DECODER.server_id << 3 | PROCESSOR_CLOCK
    started = time.process_time(), time.clock_gettime(clock)
    work()
    ended = time.process_time(), time.clock_gettime(clock)
    return sum(ended) - sum(started) + DECODER.report.cpu_seconds


def against_full_decode(files: dict[str, Path], repeat: int) -> dict[str, float]:
    """Print each step's ratio to libsndfile's full decode; return the seconds of whole analyses by format."""
    encoder = checkpoint.load()
    totals, rows = {}, []
    for suffix, file in files.items():
        windows = read_windows(file)
        samples = torch.from_numpy(windows.samples)
        log_mel = encoder.log_mel(samples)
        full = cost(lambda file=file: full_decode(file), repeat)
        steps = (
            cost(lambda file=file: read_windows(file), repeat),
            cost(lambda windows=windows, log_mel=log_mel: describe(windows, log_mel.numpy()), repeat),
            cost(lambda samples=samples: encoder.encode(samples), repeat),
        )
        totals[suffix] = statistics.median(analysis_cost(file) for _ in range(repeat))
        cells = [f"{1000 * seconds:.0f} ms ({seconds / full:.2f})" for seconds in (*steps, totals[suffix])]
        rows.append((suffix, f"{1000 * full:.0f} ms", *cells, at_most(totals[suffix] / full, LIMITS[suffix])))
    title = f"{MINUTES} minutes, 44.1 kHz stereo, one thread, median of {repeat}; in brackets: ÷ full decode"
    header = ("format", "full decode", "decode", "descriptors", "log-mel, encode", "total", "total ÷ full decode")
    show(title, header, rows)
    return totals


def against_no_sandbox(files: dict[str, Path], repeat: int) -> None:
    """Print what the sandbox adds to decoding the windows of a file."""
    rows = []
    for suffix, file in files.items():
        # In turn, so that both meet the same machine.
        runs = [
            (
                cost(lambda file=file: read_windows(file), 1),
                cost_with_sandbox(lambda file=file: DECODER.read_windows(file)),
            )
            for _ in range(repeat)
        ]
        without, inside = (1000 * statistics.median(each) for each in zip(*runs, strict=True))
        added = 1000 * statistics.median(theirs - ours for ours, theirs in runs)
        rows.append((suffix, f"{without:.0f} ms", f"{inside:.0f} ms", at_most(added, SANDBOX_MS)))
    header = ("format", "decode in this process", "in the sandbox", "added, ms")
    show(f"What the sandbox adds, median of {repeat}", header, rows)


def against_mp3(mp3: Path, repeat: int) -> None:
    """Print what an analysis of the same music in M4A costs, which ffmpeg decodes, compared with an MP3."""
    if find_ffmpeg() is None:
        CONSOLE.print(f"M4A is left out: ffmpeg is not installed ({install_command()}).")
        return
    m4a = mp3.with_suffix(".m4a")
    ffmpeg("-i", mp3, "-c:a", "aac", m4a)
    # In turn, so that both meet the same machine.
    runs = [(measured(mp3), measured(m4a)) for _ in range(max(repeat, 10))]
    theirs, ours = (
        tuple(statistics.median(times) for times in zip(*each, strict=True)) for each in zip(*runs, strict=True)
    )
    rows = [
        (name, f"{1000 * their:.0f} ms", f"{1000 * our:.0f} ms", at_most(our / their, M4A_RATIO))
        for name, their, our in zip(("processor time", "wall time"), theirs, ours, strict=True)
    ]
    show(f"{MINUTES} minutes, whole analysis", ("", "MP3", "M4A (AAC)", "M4A ÷ MP3"), rows)


def measured(file: Path) -> tuple[float, float]:
    """Processor time and wall time of a whole analysis in seconds."""
    started = time.perf_counter()
    return analysis_cost(file), time.perf_counter() - started


def full_decode(file: Path) -> None:
    """Decode a whole file with libsndfile, second by second."""
    with soundfile.SoundFile(file) as source:
        for _ in source.blocks(source.samplerate, dtype="float32"):
            pass


def against_bliss(files: dict[str, Path], totals: dict[str, float], repeat: int) -> None:
    """Print how many times faster than bliss-audio an analysis is, decoding included on both sides."""
    if importlib.util.find_spec("bliss_audio") is None:
        CONSOLE.print("bliss-audio is left out: its wheel is not installed (pip install bliss-audio).")
        return
    song = importlib.import_module("bliss_audio").Song
    rows = []
    for suffix, file in files.items():
        theirs = cost(lambda file=file: song(str(file)).analysis, min(repeat, 3))
        ratio = at_least(theirs / totals[suffix], BLISS_RATIOS[suffix])
        rows.append((suffix, f"{1000 * theirs:.0f} ms", f"{1000 * totals[suffix]:.0f} ms", ratio))
    show("The same files, processor time of all threads", ("format", "bliss-audio", "Segue", "bliss ÷ Segue"), rows)


def against_teachers(file: Path, repeat: int) -> None:
    """Print how many times faster than its teachers the encoder is, each from samples to tags and features."""
    try:
        both = build_teachers(DEFAULT_CACHE / "musicnn", MelParameters())
    except Exception as error:  # noqa: BLE001  whatever keeps the wheel away is printed, and nothing else depends on it
        CONSOLE.print(f"The teachers are left out, for the musicnn wheel can't be had: {error}")
        return
    encoder = checkpoint.load()
    samples = torch.from_numpy(read_windows(file).samples)
    with torch.inference_mode():
        theirs = cost(lambda: both.encode(samples), min(repeat, 3))
    mine = cost(lambda: encoder.encode(samples), repeat)
    row = (f"{1000 * theirs:.0f} ms", at_most(1000 * mine, ENCODE_MS), at_least(theirs / mine, TEACHERS_RATIO))
    show("Six windows of 10 s", ("both teachers", "encoder, ms", "teachers ÷ encoder"), [row])


if __name__ == "__main__":
    main()
