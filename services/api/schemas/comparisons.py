"""Blind comparisons: pairs, answers, and what people prefer."""

from datetime import datetime
from typing import Self

from pydantic import Field

from services.api.schemas.intervals import Limits
from services.api.schemas.tracks import Request, Response, Track
from services.domain.comparison import Baseline, Choice
from services.domain.track import Track as StoredTrack
from services.experiments import preferences
from services.experiments.preferences import IntervalMethod


class ComparedTrack(Response):
    """One of two tracks to compare. Its names follow with the answer, so that they do not decide."""

    id: str = Field(description="Its id, for the audio.")
    loudness: float | None = Field(description="Loudness in LUFS, to play both equally loud. Null if unknown.")
    duration_ms: int | None = Field(description="Length in milliseconds.")

    @classmethod
    def of(cls, track: StoredTrack) -> Self:
        """Return the response for a track."""
        loudness = None if track.descriptors is None else track.descriptors.get("loudness")
        return cls(id=track.id, loudness=loudness, duration_ms=track.duration_ms)


class Comparison(Response):
    """A track, and two others of which one may fit better."""

    id: str
    track: Track = Field(description="The track that both are compared with.")
    first: ComparedTrack
    second: ComparedTrack
    shown_at: datetime
    answers: int = Field(description="Number of answers that the listener has given.")


class ComparisonAnswer(Request):
    """Which of the two tracks fits better."""

    choice: Choice = Field(description="`same` if neither fits better than the other.")


class AnsweredComparison(Response):
    """The two tracks with their names. Which one Segue chose is not told, so that the next answers stay blind."""

    first: Track
    second: Track
    answers: int = Field(description="Number of answers that the listener has given.")


class Preference(Response):
    """What people preferred: tracks that Segue finds, or those of a baseline."""

    baseline: Baseline = Field(
        description="`genre`: a random track of the same genre. `model`: what Segue finds with another model version."
    )
    model_version: str = Field(description="Model version of Segue's tracks.")
    other_version: str | None = Field(description="The other model version. Null for other baselines.")
    people: int = Field(description="Number of people who preferred one of the two at least once.")
    segue: int = Field(description="Number of answers that prefer Segue's track.")
    baseline_answers: int = Field(description="Number of answers that prefer the track of the baseline.")
    same: int = Field(description="Number of answers that prefer neither. They do not count for `share`.")
    share: float | None = Field(description="`segue` divided by the answers that prefer one of both. Null without any.")
    limits: Limits = Field(description="Of `share`; 0 and 1 while nobody has preferred one of both.")
    method: IntervalMethod = Field(
        description="`bootstrap`: people are resampled, so the interval holds for people like them. `wilson`, with "
        "fewer than 10 people: the interval holds for those who answered."
    )
    verdict: str = Field(description="The result as a sentence.")

    @classmethod
    def of(cls, found: preferences.Preference) -> Self:
        """Return the response for a result."""
        return cls(
            baseline=found.contest.baseline,
            model_version=found.contest.model_version,
            other_version=found.contest.other_version,
            people=found.people,
            segue=found.segue,
            baseline_answers=found.baseline,
            same=found.same,
            share=found.share,
            limits=Limits(low=found.low, high=found.high),
            method=found.method,
            verdict=found.verdict,
        )


class ComparisonReport(Response):
    """What people preferred in each contest."""

    contests: list[Preference]
