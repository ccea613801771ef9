"""Listeners who were forgotten lately: no process may store an answer for them that it gave before.

Every process of the API holds answers in memory for a second or, while the catalogue is unavailable, for longer
(`services.recommend.answer_log`). So a deletion leaves a digest of the listener's name and its time for a day.
"""

import hashlib
import hmac
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from services.catalog.database import now
from services.catalog.tables import MetaRow

KEPT = timedelta(days=1)
"""Longer than answers wait: a process drops the oldest of more than 2,000, and all when it ends."""

# An arbitrary number for an advisory lock. New answers share the lock; a deletion takes it exclusively.
FORGETTING_LOCK = 736571

_PREFIX = "forgotten:"


def lock_forgetting(session: Session, *, alone: bool) -> None:
    """Prevent answers for a listener and the deletion of the listener from being committed without finding each other.

    SQLite needs no lock: it has one writer at a time.
    """
    if session.get_bind().dialect.name == "postgresql":
        call = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        session.execute(text(f"SELECT {call}({FORGETTING_LOCK})"))


def note_forgotten(session: Session, listener: str, secret: bytes) -> None:
    """Note that a listener is forgotten now, and delete old notes; call `lock_forgetting` first."""
    moment = now()
    notes, old = MetaRow.key.startswith(_PREFIX, autoescape=True), (moment - KEPT).isoformat()
    session.execute(delete(MetaRow).where(notes, MetaRow.value < old))
    session.merge(MetaRow(key=_key(listener, secret), value=moment.isoformat()))


def forgotten(session: Session, listeners: Collection[str], secret: bytes) -> Mapping[str, datetime]:
    """Return when each of these listeners was last forgotten; those without a note are left out."""
    keys = {_key(listener, secret): listener for listener in listeners}
    found = session.execute(select(MetaRow.key, MetaRow.value).where(MetaRow.key.in_(keys)))
    return {keys[key]: datetime.fromisoformat(value) for key, value in found}


def _key(listener: str, secret: bytes) -> str:
    """Return the key of a listener's note. Only who has the secret can compute it, and backups leave the secret out."""
    return (
        _PREFIX
        + hmac.digest(hashlib.sha256(b"segue.forgotten" + secret).digest(), listener.encode(), "sha256").hex()[:32]
    )
