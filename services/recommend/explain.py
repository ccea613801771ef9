"""Explain an answer: the plays that led to a track, and a label for each taste."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from services.domain.listening import Taste
from services.domain.track import Description, Embedded, Vector

REASONS_MAX = 3
"""Plays named as the reason for one track."""


class Reasons:
    """The plays of one taste, as reasons for recommended tracks."""

    def __init__(self, taste: Taste, tracks: Mapping[str, Embedded]) -> None:
        plays = sorted((track_id, weight) for track_id, weight in taste.plays if weight > 0)
        self._ids = [track_id for track_id, _ in plays]
        # A row for each play.
        self._weighted = np.array([weight * tracks[track_id].vector for track_id, weight in plays])

    def of(self, vector: Vector, itself: str | None = None) -> tuple[str, ...]:
        """Return the plays that contributed most to a track's score, largest contribution first.

        The contribution of a play is its weight times its cosine to the track. If no contribution is positive, the
        largest one is returned. The track itself, `itself`, is returned only if it is the only play.
        """
        if not self._ids:
            return ()
        contributions = self._weighted @ vector
        order = np.argsort(-contributions, kind="stable").tolist()
        others = [index for index in order if self._ids[index] != itself]
        positive = [self._ids[index] for index in others if contributions[index] > 0]
        return tuple(positive[:REASONS_MAX]) or (self._ids[others[0]] if others else self._ids[0],)


LOW, HIGH = 0.35, 0.65
"""An attribute outside this interval adds a word to a label; most music lies inside."""

SLOW_BPM, FAST_BPM = 90.0, 130.0
"""A tempo outside this interval adds a word to a label."""

TAG_STRENGTH_MIN = 0.15
"""Mean strength from which on a tag describes a taste."""

TAGS_MAX = 2
"""Tags in one label."""

IGNORED_TAGS = frozenset(
    {
        *("slow", "fast", "quiet", "loud", "soft", "calm", "happy", "sad", "mellow", "party", "energetic"),  # measured
        *("no vocals", "no vocal", "no voice", "vocal", "vocals", "voice", "singing", "solo", "weird", "beat", "beats"),
        *("00s", "60s", "70s", "80s", "90s", "oldies", "beautiful", "catchy", "sexy", "classic", "experimental"),
        *("man", "woman", "male", "female"),  # "male voice" and similar tags remain
    }
)
"""Tags that an attribute expresses better, or that do not describe a taste."""

MIXED_LABEL = "mixed"
"""Label of a taste without any distinct quality."""

NO_PLAYS_LABEL = "something different"
"""Label of the taste of a listener with rejections only."""

ATTRIBUTE_WORDS = (
    ("energy", "calm", "energetic"),
    ("valence", "dark", "happy"),
    ("acousticness", None, "acoustic"),
)
"""Attributes with the words for a low and a high value."""


def label_of(plays: Sequence[tuple[Description, float]]) -> str:
    """Return a label for a taste, such as "calm, piano, slow", from its plays and their weights."""
    if not plays:
        return NO_PLAYS_LABEL
    measured = _weighted_means((play.measured, weight) for play, weight in plays)
    words = [word for name, low, high in ATTRIBUTE_WORDS if (word := _word(measured.get(name), low, high))]
    words += _tag_words(_weighted_means((play.tags, weight) for play, weight in plays))
    tempo = measured.get("tempo")
    if tempo is not None and not SLOW_BPM <= tempo <= FAST_BPM:
        words.append("slow" if tempo < SLOW_BPM else "fast")
    return ", ".join(dict.fromkeys(words)) or MIXED_LABEL


def _word(value: float | None, low: str | None, high: str) -> str | None:
    if value is None or LOW <= value <= HIGH:
        return None
    return low if value < LOW else high


def _tag_words(strengths: Mapping[str, float]) -> list[str]:
    """Return the strongest tags without the name of their data set, each once."""
    strong = sorted((-strength, name) for name, strength in strengths.items() if strength >= TAG_STRENGTH_MIN)
    words = dict.fromkeys(name.casefold().split(":")[-1] for _, name in strong)
    return [word for word in words if word not in IGNORED_TAGS][:TAGS_MAX]


def _weighted_means(weighted: Iterable[tuple[Mapping[str, float], float]]) -> dict[str, float]:
    totals: defaultdict[str, float] = defaultdict(float)
    weights: defaultdict[str, float] = defaultdict(float)
    for values, weight in weighted:
        for name, value in values.items():
            totals[name] += weight * value
            weights[name] += weight
    return {name: total / weights[name] for name, total in totals.items()}
