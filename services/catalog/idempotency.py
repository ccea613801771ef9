"""Stored responses to requests with a key, so that a repeated request has no second effect.

A request with an `Idempotency-Key` is claimed before it runs. A call of a radio session needs no claim: its response is
stored in the transaction that changes the session.
"""

import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.tables import IdempotencyRow

KEPT_FOR = timedelta(hours=24)
"""How long a response is stored; clients repeat a request within a day or not at all."""

LEASE = timedelta(seconds=60)
"""How long a run that died keeps its claim; no request takes longer once its body has arrived."""

ENTRIES_MAX = 10_000
"""The maximum number of entries, seven a minute for a day; the oldest are deleted first."""

BODY_MAX_BYTES = 64 * 1024
"""The maximum size of a compressed response; the largest, of 100 tracks, takes about a third of it."""

PURGE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to execute a request."""

    id: str
    owner: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """A stored response."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Running:
    """Another run executes the request, until this time at the latest."""

    until: datetime


class Mismatch:
    """The key was used for another request."""


def stored_answer(row: IdempotencyRow, fingerprint: str) -> KeptAnswer | Mismatch | None:
    """Return the response to a repeated request; None while there is none."""
    if row.fingerprint != fingerprint:
        return Mismatch()
    if row.lease_until is not None:
        return None
    return KeptAnswer(
        status=row.status or 0,
        headers=[(name, value) for name, value in row.headers or ()],
        body=zlib.decompress(row.body or b""),
    )


class IdempotencyStore:
    """Claims requests, stores their responses and deletes old ones."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._purged_at: datetime | None = None

    def begin(self, request_id: str, fingerprint: str) -> Claim | KeptAnswer | Running | Mismatch:
        """Claim a request, or return its response or the reason why it must not run."""
        claim = Claim(request_id, str(uuid.uuid4()))
        with self._database.write() as session:
            self._purge(session)
            fresh = {
                "fingerprint": fingerprint,
                "owner": claim.owner,
                "lease_until": now() + LEASE,
                "status": None,
                "headers": None,
                "body": None,
                "expires_at": now() + KEPT_FOR,
            }
            insert = self._database.insert(IdempotencyRow).values(id=request_id, **fresh)
            session.execute(insert.on_conflict_do_nothing())
            row = session.scalars(
                select(IdempotencyRow).where(IdempotencyRow.id == request_id).with_for_update()
            ).first()
            if row is None:  # released between the two statements
                return Running(now())
            if row.owner == claim.owner:
                return claim
            if row.expires_at <= now():
                session.execute(update(IdempotencyRow).where(IdempotencyRow.id == request_id).values(**fresh))
                return claim
            return self._existing(session, row, claim, fingerprint)

    def finish(self, claim: Claim, answer: KeptAnswer, listener: str | None = None) -> None:
        """Store the response, unless it is too large or another run has taken over."""
        body = zlib.compress(answer.body)
        if len(body) > BODY_MAX_BYTES:
            self.release(claim)
            return
        with self._database.write() as session:
            session.execute(
                update(IdempotencyRow)
                .where(IdempotencyRow.id == claim.id, IdempotencyRow.owner == claim.owner)
                .values(
                    lease_until=None,
                    status=answer.status,
                    headers=[list(pair) for pair in answer.headers],
                    body=body,
                    listener=listener,
                )
            )

    def release(self, claim: Claim) -> None:
        """Release the claim of a request that had no effect, so that it can run again."""
        with self._database.write() as session:
            session.execute(
                delete(IdempotencyRow).where(IdempotencyRow.id == claim.id, IdempotencyRow.owner == claim.owner)
            )

    def _existing(
        self, session: Session, row: IdempotencyRow, claim: Claim, fingerprint: str
    ) -> Claim | KeptAnswer | Running | Mismatch:
        if (found := stored_answer(row, fingerprint)) is not None:
            return found
        if row.lease_until is not None and row.lease_until > now():
            return Running(row.lease_until)
        session.execute(
            update(IdempotencyRow)
            .where(IdempotencyRow.id == row.id)
            .values(owner=claim.owner, lease_until=now() + LEASE)
        )
        return claim

    def _purge(self, session: Session) -> None:
        if self._purged_at is not None and now() - self._purged_at < PURGE_EVERY:
            return
        self._purged_at = now()
        session.execute(delete(IdempotencyRow).where(IdempotencyRow.expires_at <= now()))
        not_radio = IdempotencyRow.radio_session.is_(None)  # a session limits the number of its calls itself
        newest = select(IdempotencyRow.expires_at).where(not_radio).order_by(IdempotencyRow.expires_at.desc())
        oldest_kept = session.scalar(newest.offset(ENTRIES_MAX - 1).limit(1))
        if oldest_kept is not None:
            session.execute(delete(IdempotencyRow).where(not_radio, IdempotencyRow.expires_at < oldest_kept))
