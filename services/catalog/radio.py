"""Stored radio sessions. Each is changed by one call at a time and keeps a limited number of events."""

import hashlib
import json
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from typing import Any, cast

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from services.catalog.database import ROWS_PER_STATEMENT, Database, batched, now
from services.catalog.idempotency import Mismatch, stored_answer
from services.catalog.libraries import as_member
from services.catalog.questions import terms_as_json, terms_of
from services.catalog.radio_documents import (
    call_as_json,
    call_of,
    directions_as_json,
    directions_of,
    words_as_json,
    words_of,
)
from services.catalog.successors import successors_of
from services.catalog.tables import IdempotencyRow, RadioEventRow, RadioRow, RadioTrackRow
from services.domain.errors import RadioNotFound
from services.domain.listening import EventKind, ListenEvent
from services.domain.radio import IDLE, CallRecord, RadioPick, RadioSession, SessionEvent, SessionState, SessionTrack

EVENTS_KEPT = 500
"""The number of latest events that a session keeps: about a day and a half of listening."""

CALLS_KEPT = 10
"""The number of latest calls that a client can repeat; it may have had several in progress."""


class RadioStore:
    """Creates, reads, advances and deletes sessions."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, state: SessionState) -> None:
        """Store a new session with the tracks and events of its history."""
        session = state.session
        with as_member(self._database, session.listener), self._database.write() as transaction:
            transaction.add(
                RadioRow(
                    id=session.id,
                    listener=session.listener,
                    terms=terms_as_json(session.terms),
                    created_at=session.created_at,
                    is_private=session.is_private,
                    **_values(session),
                )
            )
            transaction.flush()
            self._put_tracks(transaction, session.id, state.tracks.values())
            _add_events(transaction, session.id, state.events)

    def load(self, session_id: str) -> SessionState:
        """Return a session with its tracks and events.

        Raises:
            RadioNotFound: the session does not exist or has expired.
        """
        with self._database.read() as transaction:
            row = transaction.get(RadioRow, session_id)
            if row is None or row.touched_at < now() - IDLE:
                raise RadioNotFound(session_id)
            tracks = transaction.scalars(select(RadioTrackRow).where(RadioTrackRow.session_id == session_id))
            events = transaction.scalars(
                select(RadioEventRow).where(RadioEventRow.session_id == session_id).order_by(RadioEventRow.number)
            )
            state = SessionState(
                _session(row), {track.track_id: _track(track) for track in tracks}, tuple(map(_event, events))
            )
            return _followed(transaction, state)

    def owner_of(self, session_id: str) -> tuple[str | None, bool]:
        """Return the listener of a session, None if it has none or does not exist, and whether it is private."""
        with self._database.read() as transaction:
            found = transaction.execute(select(RadioRow.listener, RadioRow.is_private).where(RadioRow.id == session_id))
            return next(((listener, is_private) for listener, is_private in found), (None, False))

    def answered(self, session_id: str, key: str, digest: str) -> CallRecord | Mismatch | None:
        """Return the answer to a call with this key, if it is one of the latest and was the same request."""
        with self._database.read() as transaction:
            row = transaction.get(IdempotencyRow, _request_id(session_id, key))
            found = None if row is None else stored_answer(row, digest)
            if found is None or isinstance(found, Mismatch):
                return found
            call = call_of(key, digest, json.loads(found.body))
            gone = successors_of(transaction, {pick.recommendation.track_id for pick in call.picks})
        return replace(call, picks=tuple(_pick_followed(pick, gone) for pick in call.picks))

    def advance(
        self,
        session: RadioSession,
        tracks: Iterable[SessionTrack],
        events: Sequence[SessionEvent],
        call: CallRecord | None,
    ) -> bool:
        """Store the changes of a call in one transaction; return False if another call has changed the session.

        Raises:
            RadioNotFound: the session has been deleted.
        """
        with self._database.write() as transaction:
            changed = cast(
                "CursorResult[Any]",
                transaction.execute(
                    update(RadioRow)
                    .where(RadioRow.id == session.id, RadioRow.revision == session.revision)
                    .values(**_values(session) | {"revision": session.revision + 1})
                ),
            )
            if not changed.rowcount:
                if transaction.get(RadioRow, session.id) is None:
                    raise RadioNotFound(session.id)
                return False
            self._put_tracks(transaction, session.id, tracks)
            _add_events(transaction, session.id, events)
            if call is not None:
                transaction.add(_stored(session, call))
                transaction.flush()
            _forget_oldest(transaction, session)
            return True

    def end(self, session_id: str) -> None:
        """Delete a session with its tracks and events.

        Raises:
            RadioNotFound: the session does not exist.
        """
        if not self._drop(RadioRow.id == session_id):
            raise RadioNotFound(session_id)

    def drop_idle(self, idle: timedelta = IDLE) -> int:
        """Delete idle sessions and return their number."""
        return self._drop(RadioRow.touched_at < now() - idle)

    def _drop(self, condition: Any) -> int:  # noqa: ANN401  SQLAlchemy's
        with self._database.write() as transaction:
            return len(transaction.execute(delete(RadioRow).where(condition).returning(RadioRow.id)).all())

    def _put_tracks(self, transaction: Session, session_id: str, tracks: Iterable[SessionTrack]) -> None:
        rows = [
            {
                "session_id": session_id,
                "track_id": track.track_id,
                "position": track.position,
                "direction": track.direction,
                "call": track.call,
                "reported": track.reported,
                "barred": track.barred,
            }
            for track in tracks
        ]
        for batch in batched(rows, ROWS_PER_STATEMENT):
            inserting = self._database.insert(RadioTrackRow).values(batch)
            names = ("position", "direction", "call", "reported", "barred")
            transaction.execute(
                inserting.on_conflict_do_update(
                    index_elements=["session_id", "track_id"],
                    set_={name: inserting.excluded[name] for name in names},
                )
            )


def _followed(transaction: Session, state: SessionState) -> SessionState:
    """Return a state with the tracks that took over from those whose files are gone."""
    session, excluded = state.session, state.session.terms.exclude
    named = {name for direction in session.directions for name, _ in direction.plays}
    named |= {direction.waypoint for direction in session.directions if direction.waypoint is not None}
    named |= {*state.tracks, *excluded.tracks, *(each.event.track_id for each in state.events)}
    successors = successors_of(transaction, named)
    if not successors:
        return state

    def followed(track_id: str) -> str:
        return successors.get(track_id, track_id)

    tracks: dict[str, SessionTrack] = {}
    for track in sorted(state.tracks.values(), key=lambda track: track.position):
        name = followed(track.track_id)
        barred = track.barred or (name in tracks and tracks[name].barred)
        tracks[name] = replace(track, track_id=name, barred=barred)
    directions = tuple(
        replace(
            each,
            plays=tuple((followed(name), weight) for name, weight in each.plays),
            waypoint=each.waypoint and followed(each.waypoint),
        )
        for each in session.directions
    )
    exclude = replace(excluded, tracks=tuple(map(followed, excluded.tracks)))
    terms = replace(session.terms, exclude=exclude)
    events = tuple(
        replace(each, event=replace(each.event, track_id=followed(each.event.track_id))) for each in state.events
    )
    return SessionState(replace(session, directions=directions, terms=terms), tracks, events)


def _pick_followed(pick: RadioPick, successors: Mapping[str, str]) -> RadioPick:
    track_id = pick.recommendation.track_id
    return replace(pick, recommendation=replace(pick.recommendation, track_id=successors.get(track_id, track_id)))


def _add_events(transaction: Session, session_id: str, events: Sequence[SessionEvent]) -> None:
    transaction.add_all(
        RadioEventRow(
            session_id=session_id,
            number=each.number,
            track_id=each.event.track_id,
            kind=each.event.kind,
            at=each.event.at,
            played_ms=each.event.played_ms,
        )
        for each in events
    )


def _forget_oldest(transaction: Session, session: RadioSession) -> None:
    of_session = IdempotencyRow.radio_session == session.id
    transaction.execute(
        delete(RadioEventRow).where(
            RadioEventRow.session_id == session.id, RadioEventRow.number <= session.events - EVENTS_KEPT
        )
    )
    transaction.execute(
        delete(IdempotencyRow).where(
            of_session,
            IdempotencyRow.id.not_in(
                select(IdempotencyRow.id).where(of_session).order_by(IdempotencyRow.expires_at.desc()).limit(CALLS_KEPT)
            ),
        )
    )


def _stored(session: RadioSession, call: CallRecord) -> IdempotencyRow:
    return IdempotencyRow(
        id=_request_id(session.id, call.key),
        fingerprint=call.digest,
        owner=session.id,
        status=HTTPStatus.OK,
        headers=[],
        body=zlib.compress(json.dumps(call_as_json(call)).encode()),
        listener=session.listener,
        radio_session=session.id,
        expires_at=now() + IDLE,
    )


def _request_id(session_id: str, key: str) -> str:
    return hashlib.sha256(f"radio:{session_id}:{key}".encode()).hexdigest()


def _values(session: RadioSession) -> dict[str, Any]:
    """Return the columns that a call may change."""
    return {
        "directions": directions_as_json(session.directions),
        "words": words_as_json(session.words),
        "position": session.position,
        "calls": session.calls,
        "events": session.events,
        "touched_at": session.touched_at,
    }


def _session(row: RadioRow) -> RadioSession:
    return RadioSession(
        id=row.id,
        terms=terms_of(row.terms),
        created_at=row.created_at,
        touched_at=row.touched_at,
        listener=row.listener,
        directions=directions_of(row.directions),
        words=words_of(row.words),
        position=row.position,
        calls=row.calls,
        events=row.events,
        revision=row.revision,
        is_private=row.is_private,
    )


def _track(row: RadioTrackRow) -> SessionTrack:
    return SessionTrack(
        track_id=row.track_id,
        position=row.position,
        direction=row.direction,
        call=row.call,
        reported=row.reported,
        barred=row.barred,
    )


def _event(row: RadioEventRow) -> SessionEvent:
    return SessionEvent(row.number, ListenEvent(row.track_id, EventKind(row.kind), row.at, row.played_ms))
