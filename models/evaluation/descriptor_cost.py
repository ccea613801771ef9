"""Cost of an analysis in which librosa measures tempo or key, in a process like a worker's child.

`measure` starts such processes: `python -m models.evaluation.descriptor_cost FEATURE FILE …`.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
import torch
from numpy.typing import NDArray

from models import checkpoint
from models.analysis import analyse, warm_up
from models.audio.decode import read_windows
from models.descriptors.describe import power_spectrum
from models.descriptors.rhythm import measure_rhythm
from models.descriptors.tonality import measure_tonality

FEATURES = ("tempo", "key", "tempo and key")
PROCESSES = 3  # per feature
ROUNDS = 5  # over all files

_MODULE = "models.evaluation.descriptor_cost"
_MEGABYTE = 1e6

_Spectra = tuple[NDArray[np.float32], NDArray[np.float32]]  # log-mel, power spectrum


@dataclass(frozen=True, slots=True)
class Cost:
    """Cost of librosa for a feature; medians over processes.

    Attributes:
        analysis: Time of a whole analysis relative to today's, with librosa instead of our measurement of rhythm or
            tonality.
        memory: Megabytes by which a process grows when it imports librosa and measures the first track.
        first: Seconds that the first analysis takes longer, including the import. numba's cache is filled; with an
            empty cache it can take minutes.
    """

    analysis: float
    memory: float
    first: float


def measure(files: Sequence[Path], processes: int = PROCESSES) -> dict[str, Cost]:
    """Measure each feature in several processes, one after another.

    Args:
        files: Tracks to analyse, at least one.
        processes: Number of processes per feature.

    Returns:
        Feature → cost.
    """
    _in_process(FEATURES[-1], files)  # fills numba's cache
    turns = [{feature: _in_process(feature, files) for feature in FEATURES} for _ in range(processes)]
    return {
        feature: Cost(**{name: median(turn[feature][name] for turn in turns) for name in turns[0][feature]})
        for feature in FEATURES
    }


def _in_process(feature: str, files: Sequence[Path]) -> dict[str, float]:
    # Our own module, on files of the corpus.
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", _MODULE, feature, *map(str, files)], stdout=subprocess.PIPE, check=True
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def in_this_process(feature: str, files: Sequence[Path]) -> dict[str, float]:
    """Measure one feature in this process, which must not have imported librosa before.

    Args:
        feature: One of `FEATURES`.
        files: Tracks to analyse, at least one.

    Returns:
        The fields of `Cost`.
    """
    warm_up()
    inputs = [_spectra(file) for file in files]
    for file in files:
        analyse(file)
    before, started = _resident(), perf_counter()
    from models.evaluation.librosa_descriptors import (  # noqa: PLC0415  the import is part of the measurement
        librosa_tempo,
        librosa_tonality,
    )

    parts = feature.split(" and ")
    today = {"tempo": (measure_rhythm, 0), "key": (measure_tonality, 1)}
    instead = {"tempo": (librosa_tempo, 0), "key": (librosa_tonality, 1)}
    for measure_one, spectrum in map(instead.__getitem__, parts):
        measure_one(inputs[0][spectrum])
    first, memory = perf_counter() - started, (_resident() - before) / _MEGABYTE
    took = _seconds(
        {
            "analysis": [partial(analyse, file) for file in files],
            "today": _calls(map(today.__getitem__, parts), inputs),
            "instead": _calls(map(instead.__getitem__, parts), inputs),
        }
    )
    return {
        "analysis": 1 + (took["instead"] - took["today"]) / took["analysis"],
        "memory": memory,
        "first": first - took["today"] / len(files),
    }


def _spectra(file: Path) -> _Spectra:
    """Compute the log-mel and the power spectrum of a track as an analysis does."""
    windows = read_windows(file)
    log_mel: NDArray[np.float32] = checkpoint.load().log_mel(torch.from_numpy(windows.samples)).numpy()
    return log_mel, power_spectrum(windows.samples, windows.sample_rate)


def _calls(
    measures: Iterable[tuple[Callable[[NDArray[np.float32]], object], int]], inputs: Sequence[_Spectra]
) -> list[Callable[[], object]]:
    """Return calls of each function on its spectrum of each track."""
    return [partial(measure_one, spectra[index]) for measure_one, index in measures for spectra in inputs]


def _seconds(calls: Mapping[str, Sequence[Callable[[], object]]]) -> dict[str, float]:
    """Return the sums of each call's median time. Calls alternate, so that other work slows all of them equally."""
    taken: dict[str, list[list[float]]] = {name: [[] for _ in of] for name, of in calls.items()}
    for _ in range(ROUNDS):
        for name, of in calls.items():
            for call, seconds in zip(of, taken[name], strict=True):
                started = perf_counter()
                call()
                seconds.append(perf_counter() - started)
    return {name: sum(map(median, of)) for name, of in taken.items()}


def _resident() -> int:
    """Return the resident memory of this process in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * resource.getpagesize()


if __name__ == "__main__":
    sys.stdout.write(json.dumps(in_this_process(sys.argv[1], [Path(name) for name in sys.argv[2:]])) + "\n")
