"""Rules that follow from a listener's history: which tracks an answer must not contain, and which may come again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.domain.listening import ListenEvent
from services.domain.question import Question
from services.domain.track import Embedded

REPEAT_PENALTY = 0.15
"""Penalty, in cosine, for a track that was heard long ago: more than it gains from its similarity to itself."""

LATEST_REPEAT_PENALTY = 2.0
"""Penalty, in cosine, for the most recently heard track when repeats fill an answer: the whole range of cosines, so
that of equally good tracks the one heard longest ago comes first."""


@dataclass(frozen=True, slots=True)
class HistoryRules:
    """Track ids by the rule that holds for them.

    Attributes:
        forbidden: Excluded, rejected, or part of the question's own history; never in an answer.
        repeats: Heard too recently; in an answer only if nothing else is left. The penalty of each.
        penalties: Penalties of tracks of the stored history that may be in an answer like any other.
    """

    forbidden: frozenset[str]
    repeats: Mapping[str, float]
    penalties: Mapping[str, float]

    @classmethod
    def of(cls, question: Question, names: Iterable[str]) -> "HistoryRules":
        """Return the rules for a question; `names` are the track ids of its own history and exclusions."""
        remembered = question.remembered
        forbidden = remembered.rejected.union(names)
        if not remembered.may_return:
            forbidden = forbidden.union(remembered.heard)
        recent = {track_id: at for track_id, at in remembered.heard.items() if track_id not in forbidden}
        older = {event.track_id for event in remembered.events} - recent.keys() - forbidden
        # Ranks instead of times: only the order matters.
        ranks = {track_id: rank for rank, track_id in enumerate(sorted(recent, key=recent.__getitem__), start=1)}
        repeats = {track_id: LATEST_REPEAT_PENALTY * rank / len(ranks) for track_id, rank in ranks.items()}
        return cls(forbidden, repeats, dict.fromkeys(older, REPEAT_PENALTY))

    def excluded_recordings(self, tracks: Mapping[str, Embedded], *, allow_repeats: bool) -> list[Embedded]:
        """Return the tracks whose other encodings must not be in an answer either."""
        excluded = self.forbidden if allow_repeats else self.forbidden | self.repeats.keys()
        return [track for track_id, track in tracks.items() if track_id in excluded]


def all_events(question: Question) -> tuple[ListenEvent, ...]:
    """Return the stored and the sent events, without sent events that are stored already."""
    stored = {(event.track_id, event.kind, event.at) for event in question.remembered.events}
    new = (event for event in question.history if (event.track_id, event.kind, event.at) not in stored)
    return (*question.remembered.events, *new)
