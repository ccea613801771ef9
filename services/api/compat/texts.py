"""Texts and ids as clients of other systems send them."""

import re
from uuid import UUID

from services.api.request_limits import NAMED_MAX

NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML documents must not contain, not even escaped."""


def clean(found: object) -> str | None:
    """Return a text without NUL, which PostgreSQL refuses; None if it is empty or not a text."""
    return found.replace("\0", "").strip()[:NAMED_MAX] or None if isinstance(found, str) else None


def uuid_of(text: object) -> str | None:
    """Return the canonical form of a UUID; None if the value is not a UUID."""
    try:
        return str(UUID(text)) if isinstance(text, str) else None
    except ValueError:
        return None


def for_xml(text: str) -> str:
    """Return a text in which a mark replaces each character that XML does not have."""
    return NO_XML.sub("\ufffd", text)
