"""What a listener's past forbids an answer, and what may come again."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.domain.listening import ListenEvent
from services.domain.question import Question
from services.domain.track import Embedded

AGAIN = 0.15
"""What a track that was heard before yields to one that was not, in cosines: more than it gains by being its own
reason."""

JUST_HEARD = 2.0
"""What the latest of the tracks that come back for want of others yields, as much as cosines range over: of those that
fit alike the one that was heard longest ago comes first."""


@dataclass(frozen=True, slots=True)
class Past:
    """Track ids by what may be answered.

    Attributes:
        never: Excluded, rejected, or in the question's own history.
        resting: Heard too lately; answered only when nothing else is left. What each yields then.
        yields: What tracks yield that may come again like any other.
    """

    never: frozenset[str]
    resting: Mapping[str, float]
    yields: Mapping[str, float]

    @classmethod
    def of(cls, question: Question, names: Iterable[str]) -> "Past":
        """The past behind a question, whose own history and exclusions are these track ids."""
        remembered = question.remembered
        never = remembered.rejected.union(names)
        if not remembered.may_return:
            never = never.union(remembered.heard)
        resting = {track_id: at for track_id, at in remembered.heard.items() if track_id not in never}
        again = {event.track_id for event in remembered.events} - resting.keys() - never
        # Places, not times: it is the order that counts.
        places = {track_id: place for place, track_id in enumerate(sorted(resting, key=resting.__getitem__), start=1)}
        yields = {track_id: JUST_HEARD * place / len(places) for track_id, place in places.items()}
        return cls(never, yields, dict.fromkeys(again, AGAIN))

    def recordings(self, tracks: Mapping[str, Embedded], *, rested: bool) -> list[Embedded]:
        """The tracks whose other encodings must not be answered either."""
        out = self.never if rested else self.never | self.resting.keys()
        return [track for track_id, track in tracks.items() if track_id in out]


def events_of(question: Question) -> tuple[ListenEvent, ...]:
    """Everything that was done, each thing once: a player may send what it has stored already."""
    told = {(event.track_id, event.kind, event.at) for event in question.remembered.events}
    new = (event for event in question.history if (event.track_id, event.kind, event.at) not in told)
    return (*question.remembered.events, *new)
