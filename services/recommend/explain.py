"""A taste in a few words: how it feels, what is heard in it, how fast it is."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from services.domain.listening import Taste
from services.domain.track import Description, Embedded, Vector

PLAYS_NAMED = 3
"""A reason is read at a glance: the strongest few plays."""


class Reasons:
    """The plays of one taste, for which tracks are recommended."""

    def __init__(self, taste: Taste, heard: Mapping[str, Embedded]) -> None:
        plays = sorted((track_id, weight) for track_id, weight in taste.plays if weight > 0)
        self._ids = [track_id for track_id, _ in plays]
        self._weighted = np.array([weight * heard[track_id].vector for track_id, weight in plays])  # (plays, 128)

    def of(self, vector: Vector, itself: str | None = None) -> tuple[str, ...]:
        """The plays that pulled the taste towards a track most, strongest first.

        A play's pull is its weight times its cosine similarity to the track. Where none pulls towards it (the track
        is only the nearest of a far-away library), the one that pushes away least is named. What was rejected is no
        reason; a track that comes again, `itself`, is one only where there is no other.
        """
        if not self._ids:
            return ()
        pulls = self._weighted @ vector
        strongest = [index for index in np.argsort(-pulls, kind="stable").tolist() if self._ids[index] != itself]
        towards = [self._ids[index] for index in strongest if pulls[index] > 0]
        return tuple(towards[:PLAYS_NAMED]) or (self._ids[strongest[0]] if strongest else self._ids[0],)


LOW, HIGH = 0.35, 0.65
"""Attributes beyond these are worth a word; between them lies what most music is."""

SLOW_BPM, FAST_BPM = 90.0, 130.0

HEARD = 0.15
"""Mean strength from which on a tag describes a whole taste."""

TAGS_NAMED = 2

NOT_WORTH_A_WORD = frozenset(
    {
        *("slow", "fast", "quiet", "loud", "soft", "calm", "happy", "sad", "mellow", "party", "energetic"),  # measured
        *("no vocals", "no vocal", "no voice", "vocal", "vocals", "voice", "singing", "solo", "weird", "beat", "beats"),
        *("00s", "60s", "70s", "80s", "90s", "oldies", "beautiful", "catchy", "sexy", "classic", "experimental"),
        *("man", "woman", "male", "female"),  # beside "male voice" and its like
    }
)
"""Tags that say what an attribute says better, or nothing that one would name a taste by."""

MIXED = "mixed"
"""Neither this nor that."""

ELSEWHERE = "something else"
"""The taste of a listener of whom only rejections are known."""

WORDS_OF_ATTRIBUTES = (
    ("energy", "calm", "energetic"),
    ("valence", "dark", "happy"),
    ("acousticness", None, "acoustic"),
)


def label_of(plays: Sequence[tuple[Description, float]]) -> str:
    """Words for a taste, such as "calm, piano, slow", from its plays and their weights."""
    if not plays:
        return ELSEWHERE
    measured = _means((play.measured, weight) for play, weight in plays)
    words = [word for name, low, high in WORDS_OF_ATTRIBUTES if (word := _word(measured.get(name), low, high))]
    words += _heard(_means((play.tags, weight) for play, weight in plays))
    tempo = measured.get("tempo")
    if tempo is not None and not SLOW_BPM <= tempo <= FAST_BPM:
        words.append("slow" if tempo < SLOW_BPM else "fast")
    return ", ".join(dict.fromkeys(words)) or MIXED


def _word(value: float | None, low: str | None, high: str) -> str | None:
    if value is None or LOW <= value <= HIGH:
        return None
    return low if value < LOW else high


def _heard(strengths: Mapping[str, float]) -> list[str]:
    """Tags without the data set they come from; where both know one, it stands where it is heard more strongly."""
    strong = sorted((-strength, name) for name, strength in strengths.items() if strength >= HEARD)
    words = dict.fromkeys(name.casefold().split(":")[-1] for _, name in strong)
    return [word for word in words if word not in NOT_WORTH_A_WORD][:TAGS_NAMED]


def _means(weighted: Iterable[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    totals: defaultdict[str, float] = defaultdict(float)
    masses: defaultdict[str, float] = defaultdict(float)
    for values, weight in weighted:
        for name, value in values.items():
            totals[name] += weight * value
            masses[name] += weight
    return {name: total / masses[name] for name, total in totals.items()}
