"""Read a clip: what it shows, its mood, and its energy over time by cuts and motion.

No study that we know gives numbers for the music that people choose for a clip. The rates below are ours: a shot of a
feature film lasts three to five seconds (Cutting et al. 2011, "Quicker, faster, darker", i-Perception 2), and one of a
music video about two.
"""

from collections import Counter
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.pictures.reading import SHOWN, PictureReading, Tower, Vector, classifier, picture_vector, read_pixels
from models.sandbox import decoder
from models.video.decode import SMALL_PER_SECOND, Smalls

CUT_DIFFERENCE = (
    0.08  # mean difference of pixels, 0…1, that only a cut makes between frames an eighth of a second apart
)
CUT_RATIO = 3.0  # times the difference of the quieter frames around it:
QUIET = 0.25  # this quantile, because every second frame of a very fast clip has a cut
CUT_NEIGHBOURS = 4
LIVELY_CUTS = 1.0  # cuts a second that are as energetic as
LIVELY_MOTION = 0.06  # this mean difference of frames without a cut
SMOOTHING = 3  # s
LOOKS = 0.4  # share of the colours in a clip's energy; the rest is cuts and motion
CHANGE = 0.15  # of the energy from begin to end that is a rise or fall
VARIETY = 0.12  # standard deviation of the energy of a clip that has louder and quieter parts


@dataclass(frozen=True)
class Movement:
    """How a clip moves.

    Attributes:
        cuts: Number of cuts.
        motion: Mean difference of frames that no cut separates, 0…1.
        energy: Energy of each second by cuts and motion, 0…1.
    """

    cuts: int
    motion: float
    energy: NDArray[np.float64]


@dataclass(frozen=True)
class VideoReading:
    """The reading of a clip.

    Attributes:
        vector: Point of the vibe space for music that fits; None if nothing gives a direction.
        seconds: Length.
        shows: What it shows most often.
        cuts_per_minute: Rate of cuts.
        motion: 0…1: still to restless.
        valence: 0…1: sad to happy.
        energy: 0…1, the mean of `course`.
        course: Energy of each second, 0…1.
        build: "rises", "falls", "varies" or "steady".
    """

    vector: Vector | None
    seconds: float
    shows: tuple[str, ...]
    cuts_per_minute: float
    motion: float
    valence: float
    energy: float
    course: tuple[float, ...]
    build: str


def read_video(descriptor: int, demuxer: str, tower: Tower) -> VideoReading:
    """Read a clip of at most two minutes; only sandboxed processes parse it.

    Args:
        descriptor: The file, open for reading.
        demuxer: ffmpeg's name of its container.
        tower: The text tower.

    Raises:
        AnalysisError: The clip cannot be read; the message is the reason.
        SandboxUnavailable: No decoder can be started.
    """
    clip = decoder.read_video(descriptor, demuxer)
    movement = measure_movement(clip.smalls)
    network = classifier()
    frames = [read_pixels(frame, network) for frame in clip.frames]
    looks = np.array([frame.energy for frame in frames])
    at = np.minimum(np.arange(len(frames)), len(movement.energy) - 1)
    course = LOOKS * looks + (1 - LOOKS) * movement.energy[at]
    shown = Counter(term.word for frame in frames for term in frame.shows)
    return VideoReading(
        vector=_vector(frames, course, tower),
        seconds=clip.seconds,
        shows=tuple(word for word, _ in shown.most_common(SHOWN)),
        cuts_per_minute=60 * movement.cuts / clip.seconds,
        motion=movement.motion,
        valence=float(np.mean([frame.valence for frame in frames])),
        energy=float(course.mean()),
        course=tuple(float(value) for value in course),
        build=build_of(course),
    )


def measure_movement(smalls: Smalls) -> Movement:
    """Measure cuts and motion.

    Args:
        smalls: Small frames, eight a second.
    """
    pictures = smalls.astype(np.float32) / 255
    steps = np.abs(np.diff(pictures, axis=0)).mean(axis=(1, 2, 3)) if len(smalls) > 1 else np.zeros(1)
    padded = np.pad(steps, CUT_NEIGHBOURS, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(padded, 2 * CUT_NEIGHBOURS + 1)
    is_cut = (steps > CUT_DIFFERENCE) & (steps > CUT_RATIO * np.quantile(around, QUIET, axis=1))
    still = steps[~is_cut]
    seconds = max(1, round(len(smalls) / SMALL_PER_SECOND))
    second = np.minimum(np.arange(len(steps)) // SMALL_PER_SECOND, seconds - 1)
    counts = np.maximum(1, np.bincount(second, minlength=seconds))
    cuts = np.bincount(second, weights=is_cut.astype(np.float64), minlength=seconds)
    motion = np.bincount(second, weights=np.where(is_cut, 0, steps), minlength=seconds) / counts
    liveliness = _smooth(cuts) / LIVELY_CUTS + _smooth(motion) / LIVELY_MOTION
    return Movement(int(is_cut.sum()), float(still.mean()) if len(still) else 0.0, 1 - np.exp(-liveliness))


def build_of(course: NDArray[np.float64]) -> str:
    """Return whether the energy of a clip rises, falls, varies or is steady."""
    if len(course) > 1:
        slope = np.polyfit(np.linspace(0, 1, len(course)), course, 1)[0]
        if abs(slope) > CHANGE:
            return "rises" if slope > 0 else "falls"
    return "varies" if course.std() > VARIETY else "steady"


def _smooth(values: NDArray[Any]) -> NDArray[np.float64]:
    padded = np.pad(values, SMOOTHING // 2, mode="edge")
    return np.convolve(padded, np.full(SMOOTHING, 1 / SMOOTHING), mode="valid")


def _vector(frames: list[PictureReading], course: NDArray[np.float64], tower: Tower) -> Vector | None:
    """Return the mean point of the frames, each with the energy of its second instead of that of its colours."""
    points = [
        picture_vector(replace(frame, energy=float(energy)), tower)
        for frame, energy in zip(frames, course, strict=True)
    ]
    found = [point for point in points if point is not None]
    total = np.sum(found, axis=0) if found else np.zeros(1)
    length = float(np.linalg.norm(total))
    return np.asarray(total / length, dtype=np.float32) if length > 0 else None
