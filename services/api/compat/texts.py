"""Texts, ids and times as clients of other systems send them."""

import hashlib
import re
from datetime import UTC, datetime

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML documents must not contain, not even escaped."""

LAST_SECOND = int(datetime.max.replace(tzinfo=UTC).timestamp()) - 1
"""Later times cannot be represented."""


def time_of(seconds: int) -> datetime:
    """Return the time of a number of seconds since 1970, at most the last one that can be represented."""
    return datetime.fromtimestamp(min(max(seconds, 0), LAST_SECOND), UTC)


def md5(text: str) -> str:
    """Return the MD5 digest of a text in hexadecimal digits, which protocols require in place of a password."""
    return hashlib.md5(text.encode(errors="replace"), usedforsecurity=False).hexdigest()


def for_xml(text: str) -> str:
    """Return a text in which a mark replaces each character that XML does not have."""
    return NO_XML.sub("\ufffd", text)
