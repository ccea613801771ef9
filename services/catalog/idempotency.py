"""What was answered to requests that may be repeated, so that a repetition does nothing twice."""

import uuid
import zlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.tables import IdempotencyRow

KEPT_FOR = timedelta(hours=24)
"""A client that has not repeated its request in a day does not do so any more."""

LEASE = timedelta(seconds=60)
"""No request takes so long, the sending of its body apart, which is over by then. A run that died holds its key no
longer than this."""

ENTRIES_MAX = 10_000
"""Seven a minute for a whole day. Beyond, the oldest go first."""

BODY_MAX_BYTES = 64 * 1024
"""Compressed; the largest answer, of 100 tracks, takes about a third of it. With the entries it bounds the table."""

PURGE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run a request."""

    id: str
    owner: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """What was answered."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True, slots=True)
class Running:
    """Somebody is at it, until this time at the latest."""

    until: datetime


class Mismatch:
    """The same key came with another request."""


class IdempotencyStore:
    """Claims requests, keeps their answers, and forgets them in time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._purged_at: datetime | None = None

    def begin(self, request_id: str, fingerprint: str) -> Claim | KeptAnswer | Running | Mismatch:
        """Run this request, or learn why not to."""
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
            return self._stands(session, row, claim, fingerprint)

    def finish(self, claim: Claim, answer: KeptAnswer, listener: str | None = None) -> None:
        """Keep the answer, which may be of a listener, unless it is too large or another run has taken over."""
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
        """Let the same request run again: nothing came of this one."""
        with self._database.write() as session:
            session.execute(
                delete(IdempotencyRow).where(IdempotencyRow.id == claim.id, IdempotencyRow.owner == claim.owner)
            )

    def forget(self, listener: str) -> None:
        """Delete every answer that is of a listener."""
        with self._database.write() as session:
            session.execute(delete(IdempotencyRow).where(IdempotencyRow.listener == listener))

    def _stands(
        self, session: Session, row: IdempotencyRow, claim: Claim, fingerprint: str
    ) -> Claim | KeptAnswer | Running | Mismatch:
        if row.fingerprint != fingerprint:
            return Mismatch()
        if row.lease_until is None:
            return KeptAnswer(
                status=row.status or 0,
                headers=[(name, value) for name, value in row.headers or ()],
                body=zlib.decompress(row.body or b""),
            )
        if row.lease_until > now():
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
        newest = select(IdempotencyRow.expires_at).order_by(IdempotencyRow.expires_at.desc())
        oldest_kept = session.scalar(newest.offset(ENTRIES_MAX - 1).limit(1))
        if oldest_kept is not None:
            session.execute(delete(IdempotencyRow).where(IdempotencyRow.expires_at < oldest_kept))
