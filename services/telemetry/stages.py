"""Measure how long the parts of a recommendation and the stages of an analysis take."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum
from time import perf_counter

from services.telemetry import tracing
from services.telemetry.measures import ANALYSIS_SECONDS, RECOMMENDATION_SECONDS


class Part(StrEnum):
    """A part of a recommendation."""

    HISTORY = "history"
    """Read the history and its embeddings, and weigh them."""
    WORDS = "words"
    """Understand the texts."""
    PICTURES = "pictures"
    """Wait for a worker that reads the pictures."""
    SEARCH = "search"
    """Query the vector index."""
    CANDIDATES = "candidates"
    """Read what the index has found from the catalogue."""
    RANK = "rank"
    """Choose among the candidates."""
    EXPLAIN = "explain"
    """Find the reasons, and name the tastes."""
    PRESENT = "present"
    """Read the metadata, and build the response."""


class Stage(StrEnum):
    """A stage of an analysis."""

    CLAIM = "claim"
    """Count the attempt and claim the track."""
    ANALYSE = "analyse"
    """Decode, describe and encode a file. The next three are parts of it, measured if it succeeds."""
    DECODE = "decode"
    """Decode windows of the file."""
    DESCRIBE = "describe"
    """Compute tempo, key and loudness."""
    ENCODE = "encode"
    """Compute the embedding."""
    RECORD = "record"
    """Write the analysis into the catalogue."""
    PLACE = "place"
    """Place the track on the map."""
    COVER = "cover"
    """Look for its cover."""


class Outcome(StrEnum):
    """How a stage, or an attempt as a whole, ends."""

    OK = "ok"
    FAILED = "failed"
    """The file cannot be analysed."""
    MISSING = "missing"
    """There is no file that may be read."""
    TIMED_OUT = "timed_out"
    POSTPONED = "postponed"
    """Something else than the track prevents it; it is tried again."""
    CRASHED = "crashed"
    """The process has died."""
    QUARANTINED = "quarantined"
    """The track has no attempts left."""


@contextmanager
def recommendation_part(part: Part) -> Iterator[None]:
    """Measure a part of a recommendation; also usable as a decorator."""
    started = perf_counter()
    try:
        with tracing.span(part):
            yield
    finally:
        RECOMMENDATION_SECONDS.labels(part).observe(perf_counter() - started)


@contextmanager
def analysis_stage(stage: Stage) -> Iterator[None]:
    """Measure a stage of an analysis, and whether it raises an exception; also usable as a decorator."""
    started = perf_counter()
    outcome = Outcome.FAILED
    try:
        with tracing.span(stage):
            yield
        outcome = Outcome.OK
    finally:
        ANALYSIS_SECONDS.labels(stage, outcome).observe(perf_counter() - started)


def note_stages(seconds: Mapping[Stage, float]) -> None:
    """Record stages that followed one another, have just ended, and have measured themselves."""
    for stage, each in seconds.items():
        ANALYSIS_SECONDS.labels(stage, Outcome.OK).observe(each)
    tracing.past_spans({stage.value: each for stage, each in seconds.items()})
