"""The recommendation log: answers, their tracks, and the listens that followed."""

import json
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, literal, select, true, tuple_
from sqlalchemy.orm import Session

from services.catalog.database import Database
from services.catalog.forgotten import forgotten, lock_forgetting
from services.catalog.keys import InstallationStore
from services.catalog.libraries import libraries_of_listener
from services.catalog.outcomes import Recommended, attach_answers
from services.catalog.tables import AnswerRow, ListenRow, OutcomeRow, RecommendedTrackRow, TrackRow
from services.domain.experiments import Experiment, Variant
from services.domain.listening import EventKind
from services.domain.recommendation_log import AnswerKind, LoggedAnswer, LoggedTrack, Outcome

ANSWERS_PER_PAGE = 200
"""Answers in memory at a time: about 2 MB."""

ANSWERS_PER_DELETION = 500
"""Answers that one transaction deletes with their tracks, so that other writers do not wait long."""

_ANSWER, _TRACK, _LISTEN = AnswerRow.__table__.c, RecommendedTrackRow.__table__.c, ListenRow.__table__.c
_OUTCOME, _LIBRARY = OutcomeRow.__table__.c, TrackRow.__table__.c


class RecommendationLog:
    """Adds, reads and deletes logged answers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, answers: Sequence[LoggedAnswer]) -> None:
        """Store answers in one transaction, and attach the listens of them that are stored already.

        Those whose listener was forgotten after them are left out.
        """
        listeners = {answer.listener for answer in answers if answer.listener is not None and not answer.libraries}
        of_listener = {name: libraries_of_listener(self._database, name) or frozenset() for name in listeners}
        secret = InstallationStore(self._database).signing_secret()
        with self._database.write() as session:
            answers = _of_known(session, answers, secret)
            if not answers:
                return
            rows = [_row(answer, of_listener.get(answer.listener or "", ())) for answer in answers]
            inserting = insert(AnswerRow).returning(AnswerRow.id, AnswerRow.number)
            numbers = {name: number for name, number in session.execute(inserting, rows)}  # noqa: C416  rows are no pairs to mypy
            tracks = [_track_row(numbers[answer.id], track) for answer in answers for track in answer.tracks]
            if tracks:
                session.execute(insert(RecommendedTrackRow), tracks)
            recommended = [
                Recommended(numbers[answer.id], answer.id, answer.listener, answer.at, track.track_id, track.rank)
                for answer in answers
                for track in answer.tracks
            ]
            attach_answers(self._database, session, recommended)

    def answers(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        experiment: str | None = None,
        listener: str | None = None,
        kind: AnswerKind | None = None,
    ) -> Iterator[LoggedAnswer]:
        """Yield answers in the order in which they were written; `since` is inclusive, `until` exclusive."""
        conditions = [*_within(since, until, experiment)]
        if listener is not None:
            conditions.append(_ANSWER.listener == listener)
        if kind is not None:
            conditions.append(_ANSWER.kind == kind)
        for answer, _ in self._pages(conditions, with_outcomes=False):
            yield answer

    def outcomes(
        self, *, since: datetime | None = None, until: datetime | None = None, experiment: str | None = None
    ) -> Iterator[tuple[LoggedAnswer, list[Outcome]]]:
        """Yield answers as `answers` does, each with the listens that followed it, by time; most have none."""
        yield from self._pages(_within(since, until, experiment), with_outcomes=True)

    def experiments(self) -> list[Experiment]:
        """Return the experiments of the answers, by name; each starts and ends with its first and last answer."""
        times = [func.min(_ANSWER.at, type_=_ANSWER.at.type), func.max(_ANSWER.at, type_=_ANSWER.at.type)]
        found = select(_ANSWER.experiment, _ANSWER.variant, *times).where(_ANSWER.experiment.is_not(None))
        found = found.group_by(_ANSWER.experiment, _ANSWER.variant).order_by(_ANSWER.experiment, _ANSWER.variant)
        with self._database.columns() as connection:
            rows = connection.execute(found).all()
        return [_experiment(name, list(variants)) for name, variants in groupby(rows, key=lambda row: row.experiment)]

    def delete_before(self, moment: datetime) -> int:
        """Delete older answers with their tracks and outcomes, and return their number."""
        oldest = select(_ANSWER.number).where(_ANSWER.at < moment).order_by(_ANSWER.at).limit(ANSWERS_PER_DELETION)
        deleted = 0
        while True:
            with self._database.write() as session:
                numbers = list(session.scalars(oldest))
                session.execute(delete(AnswerRow).where(AnswerRow.number.in_(numbers)))
            deleted += len(numbers)
            if len(numbers) < ANSWERS_PER_DELETION:
                return deleted

    def _pages(
        self, conditions: Sequence[ColumnElement[bool]], *, with_outcomes: bool
    ) -> Iterator[tuple[LoggedAnswer, list[Outcome]]]:
        """Read page by page, so that no transaction is open while the caller works."""
        place = tuple_(_ANSWER.at, _ANSWER.number)
        page = select(AnswerRow.__table__).where(*conditions).order_by(_ANSWER.at, _ANSWER.number)
        page = page.limit(ANSWERS_PER_PAGE)
        after: ColumnElement[bool] = true()
        while True:
            with self._database.columns() as connection:
                rows = connection.execute(page.where(after)).all()
                numbers = [row.number for row in rows]
                tracks = _tracks_of(connection, numbers)
                outcomes = _outcomes_of(connection, rows) if with_outcomes else {}
            for row in rows:
                yield _answer(row, tracks.get(row.number, [])), outcomes.get(row.number, [])
            if len(rows) < ANSWERS_PER_PAGE:
                return
            last = rows[-1]
            after = place > tuple_(literal(last.at, _ANSWER.at.type), literal(last.number, _ANSWER.number.type))


def _of_known(session: Session, answers: Sequence[LoggedAnswer], secret: bytes) -> list[LoggedAnswer]:
    """Return the answers without those whose listener was forgotten after them."""
    lock_forgetting(session, alone=False)
    at = forgotten(session, {answer.listener for answer in answers if answer.listener is not None}, secret)
    return [answer for answer in answers if (moment := at.get(answer.listener or "")) is None or answer.at > moment]


def _within(since: datetime | None, until: datetime | None, experiment: str | None) -> list[ColumnElement[bool]]:
    conditions = []
    if since is not None:
        conditions.append(_ANSWER.at >= since)
    if until is not None:
        conditions.append(_ANSWER.at < until)
    if experiment is not None:
        conditions.append(_ANSWER.experiment == experiment)
    return conditions


def _track_row(answer: int, track: LoggedTrack) -> dict[str, Any]:
    # Not by `asdict`, which copies each value: that took half of the time of a batch.
    return {
        "answer": answer,
        "rank": track.rank,
        "track_id": track.track_id,
        "score": track.score,
        "reason": track.reason,
        "taste": track.taste,
        "propensity": track.propensity,
    }


def _row(answer: LoggedAnswer, libraries: Collection[str]) -> dict[str, Any]:
    """Return the values of an answer; it belongs to a library as the listens of its listener do."""
    question = json.dumps(answer.question, separators=(",", ":")).encode()
    return {
        "id": answer.id,
        "at": answer.at,
        "kind": answer.kind,
        "listener": answer.listener,
        "session": answer.session,
        "libraries": list(answer.libraries),
        "question": zlib.compress(question),
        "model_version": answer.model_version,
        "ranking_version": answer.ranking_version,
        "experiment": answer.experiment,
        "variant": answer.variant,
        "library_id": min(answer.libraries or libraries, default=None),
    }


def _tracks_of(connection: Connection, numbers: Collection[int]) -> dict[int, list[LoggedTrack]]:
    found: defaultdict[int, list[LoggedTrack]] = defaultdict(list)
    columns = (_TRACK.answer, _TRACK.track_id, _TRACK.rank, _TRACK.score, _TRACK.reason, _TRACK.taste)
    statement = select(*columns, _TRACK.propensity).where(_TRACK.answer.in_(numbers))
    for number, *values in connection.execute(statement.order_by(_TRACK.answer, _TRACK.rank)):
        found[number].append(LoggedTrack(*values))
    return found


def _outcomes_of(connection: Connection, answers: Collection[Any]) -> dict[int, list[Outcome]]:
    ids = {row.number: row.id for row in answers}
    own = (_OUTCOME.answer, _OUTCOME.rank, _TRACK.track_id, _LISTEN.listener, _LISTEN.kind, _LISTEN.at)
    duration = func.coalesce(_LIBRARY.duration_ms, _LISTEN.duration_ms)
    statement = (
        select(*own, _LISTEN.played_ms, duration)
        .join(ListenRow, _LISTEN.id == _OUTCOME.listen_id)
        .join(RecommendedTrackRow, and_(_TRACK.answer == _OUTCOME.answer, _TRACK.rank == _OUTCOME.rank))
        .outerjoin(TrackRow, _LIBRARY.id == _TRACK.track_id)
        .where(_OUTCOME.answer.in_(ids))
        .order_by(_LISTEN.at, _LISTEN.id)
    )
    found: defaultdict[int, list[Outcome]] = defaultdict(list)
    for number, rank, track_id, listener, kind, at, played_ms, duration_ms in connection.execute(statement):
        found[number].append(
            Outcome(
                answer_id=ids[number],
                rank=rank,
                track_id=track_id,
                listener=listener,
                kind=EventKind(kind),
                at=at,
                played_ms=played_ms,
                duration_ms=duration_ms,
            )
        )
    return found


def _experiment(name: str, rows: Sequence[Any]) -> Experiment:
    variants = tuple(Variant(name=variant) for _, variant, _, _ in rows)
    starts, ends = min(first for *_, first, _ in rows), max(last for *_, last in rows)
    return Experiment(name=name, salt=name, variants=variants, starts=starts, ends=ends, in_file=False)


def _answer(row: Any, tracks: Sequence[LoggedTrack]) -> LoggedAnswer:  # noqa: ANN401  a row of the answers
    return LoggedAnswer(
        id=row.id,
        at=row.at,
        kind=AnswerKind(row.kind),
        listener=row.listener,
        session=row.session,
        libraries=tuple(row.libraries),
        question=json.loads(zlib.decompress(row.question)),
        model_version=row.model_version,
        ranking_version=row.ranking_version,
        experiment=row.experiment,
        variant=row.variant,
        tracks=tuple(tracks),
    )
