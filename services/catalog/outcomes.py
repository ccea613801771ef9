"""Attach listens to the recommendations that they follow.

A listen belongs to the answer whose `recommendation_id` its sender names, if that answer has its track, is for nobody
else, and is not more than 24 hours younger. Other listens belong to the latest answer for their listener that
recommended the track in the 24 hours before. A listen may be stored before its answer is written, so both sides look
for the other one.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from services.catalog.database import ROWS_PER_STATEMENT, Database, batched
from services.catalog.successors import predecessors_of
from services.catalog.tables import AnswerRow, ListenRow, OutcomeRow, RecommendedTrackRow
from services.domain.recommendation_log import FOLLOWS_WITHIN


@dataclass(frozen=True, slots=True)
class StoredListen:
    """A stored listen of a track of the library, with what tells its answer."""

    id: int
    listener: str
    track_id: str
    at: datetime
    recommendation_id: str | None


@dataclass(frozen=True, slots=True)
class Recommended:
    """A track of a stored answer."""

    answer: int
    id: str
    listener: str | None
    at: datetime
    track_id: str
    rank: int


def attach_listens(database: Database, session: Session, listens: Sequence[StoredListen]) -> None:
    """Attach new listens of one listener to stored answers."""
    if not listens:
        return
    gone = predecessors_of(session, {listen.track_id for listen in listens})
    found = [
        *_read(session, _TRACKS.where(AnswerRow.id.in_(claimed)) if (claimed := _claimed(listens)) else None),
        *_read(session, _for_listener(listens, gone)),
    ]
    _attach(database, session, listens, found, gone)


def attach_answers(database: Database, session: Session, answers: Sequence[Recommended]) -> None:
    """Attach listens that were stored before these new answers."""
    ids, first = {each.id for each in answers}, dict[str, datetime]()
    for each in answers:
        if each.listener is not None:
            first[each.listener] = min(each.at, first.get(each.listener, each.at))
    statements = [_LISTENS.where(ListenRow.recommendation_id.in_(ids))] if ids else []
    statements += [_LISTENS.where(ListenRow.listener == name, ListenRow.at >= at) for name, at in first.items()]
    rows = (tuple(row) for each in statements for row in session.execute(each))
    listens = {listen.id: listen for listen in (StoredListen(*row) for row in rows)}
    if not listens:
        return
    gone = predecessors_of(session, {listen.track_id for listen in listens.values()})
    _attach(database, session, list(listens.values()), answers, gone)


_ANSWER = (AnswerRow.number, AnswerRow.id, AnswerRow.listener, AnswerRow.at)
# The locks of PostgreSQL keep the rows until their outcome is stored: the clean-up may delete answers meanwhile.
_TRACKS: Select[*tuple[Any, ...]] = (
    select(*_ANSWER, RecommendedTrackRow.track_id, RecommendedTrackRow.rank)
    .join(RecommendedTrackRow, RecommendedTrackRow.answer == AnswerRow.number)
    .with_for_update(read=True, key_share=True, of=AnswerRow)
)
_LISTENS: Select[*tuple[Any, ...]] = (
    select(ListenRow.id, ListenRow.listener, ListenRow.track_id, ListenRow.at, ListenRow.recommendation_id)
    .where(ListenRow.track_id.is_not(None), ListenRow.undated_plays.is_(None))
    .with_for_update(read=True, key_share=True, of=ListenRow)
)


def _claimed(listens: Iterable[StoredListen]) -> set[str]:
    return {listen.recommendation_id for listen in listens if listen.recommendation_id is not None}


def _for_listener(listens: Sequence[StoredListen], gone: Mapping[str, Collection[str]]) -> Select[*tuple[Any, ...]]:
    """Return the statement for the tracks that were recommended to the listener in the time before the listens."""
    moments = [listen.at for listen in listens]
    ids = {name for listen in listens for name in (listen.track_id, *gone.get(listen.track_id, ()))}
    return _TRACKS.where(
        AnswerRow.listener == listens[0].listener,
        AnswerRow.at.between(min(moments) - FOLLOWS_WITHIN, max(moments)),
        RecommendedTrackRow.track_id.in_(ids),
    )


def _read(session: Session, statement: Select[*tuple[Any, ...]] | None) -> list[Recommended]:
    if statement is None:
        return []
    return [Recommended(*tuple(row)) for row in session.execute(statement)]


def _attach(
    database: Database,
    session: Session,
    listens: Sequence[StoredListen],
    answers: Iterable[Recommended],
    gone: Mapping[str, Collection[str]],
) -> None:
    by_track: defaultdict[str, list[Recommended]] = defaultdict(list)
    for each in answers:
        by_track[each.track_id].append(each)
    rows = []
    for listen in listens:
        names = (listen.track_id, *gone.get(listen.track_id, ()))
        best = _answer_of(listen, [each for name in names for each in by_track[name]])
        if best is not None:
            rows.append({"listen_id": listen.id, "answer": best.answer, "rank": best.rank})
    for batch in batched(rows, ROWS_PER_STATEMENT):
        inserting = database.insert(OutcomeRow).values(batch)
        replaced = {name: inserting.excluded[name] for name in ("answer", "rank")}
        session.execute(inserting.on_conflict_do_update(index_elements=["listen_id"], set_=replaced))


def _answer_of(listen: StoredListen, answers: Iterable[Recommended]) -> Recommended | None:
    """Return the recommended track that a listen follows, from those with its track."""
    allowed = [each for each in answers if each.listener in (None, listen.listener)]
    # The sender's clock may be wrong, but not by days.
    named = [each for each in allowed if each.id == listen.recommendation_id and listen.at >= each.at - FOLLOWS_WITHIN]
    recent = [
        each for each in allowed if each.listener is not None and each.at <= listen.at <= each.at + FOLLOWS_WITHIN
    ]
    return max(named or recent, key=lambda each: (each.at, each.answer), default=None)
