"""Texts, ids and times as clients of other systems send them."""

import hashlib
import re
from datetime import UTC, datetime
from uuid import UUID

from services.api.request_limits import NAMED_MAX

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML documents must not contain, not even escaped."""

LAST_SECOND = int(datetime.max.replace(tzinfo=UTC).timestamp()) - 1
"""Later times cannot be represented."""


def clean(found: object) -> str | None:
    """Return a text without NUL, which PostgreSQL refuses; None if it is empty or not a text."""
    return found.replace("\0", "").strip()[:NAMED_MAX] or None if isinstance(found, str) else None


def uuid_of(text: object) -> str | None:
    """Return the canonical form of a UUID; None if the value is not a UUID."""
    try:
        return str(UUID(text)) if isinstance(text, str) else None
    except ValueError:
        return None


def time_of(seconds: int) -> datetime:
    """Return the time of a number of seconds since 1970, at most the last one that can be represented."""
    return datetime.fromtimestamp(min(max(seconds, 0), LAST_SECOND), UTC)


def md5(text: str) -> str:
    """Return the MD5 digest of a text in hexadecimal digits, which protocols require in place of a password."""
    return hashlib.md5(text.encode(errors="replace"), usedforsecurity=False).hexdigest()


def for_xml(text: str) -> str:
    """Return a text in which a mark replaces each character that XML does not have."""
    return NO_XML.sub("\ufffd", text)
