"""External ids of tracks, `namespace:value`, each in one form: an ISRC and a UUID have several spellings."""

import re
from collections.abc import Callable

ISRC, MBID = "isrc", "mbid"
"""The namespaces of ids that are equal for all releases of a recording."""

NAMESPACE_MAX, VALUE_MAX = 32, 255
"""The maximum number of characters in an external id."""

_NOT_ISRC = re.compile(r"^\s*ISRC(?=[\s:])|[\s:\-\u2010-\u2015]", re.IGNORECASE)
"""What people write into an ISRC besides its letters and digits."""

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def canonical_value(namespace: str, value: str) -> str:
    """Return the value of an external id in its one form.

    An ISRC has capital letters and no hyphens, a MusicBrainz id small letters. Other values, and what is no UUID, only
    lose spaces around them.

    >>> canonical_value("isrc", "us-rc1-76-07809")
    'USRC17607809'
    >>> canonical_value("mbid", "https://musicbrainz.org/recording/AAAAAAAA-2222-4333-8444-555555555511")
    'aaaaaaaa-2222-4333-8444-555555555511'
    """
    written = value.strip()
    canonical = _FORMS.get(namespace)
    return written if canonical is None else canonical(written)


def canonical_name(name: str) -> str | None:
    """Return an external id in its one form; None if the text is none: it has no colon, an empty part or a long one."""
    namespace, _, written = name.partition(":")
    namespace = namespace.strip().casefold()
    value = canonical_value(namespace, written)
    is_one = 0 < len(namespace) <= NAMESPACE_MAX and 0 < len(value) <= VALUE_MAX
    return f"{namespace}:{value}" if is_one else None


def _isrc(written: str) -> str:
    return _NOT_ISRC.sub("", written).upper()


def _uuid(written: str) -> str:
    found = _UUID.findall(written)
    return found[0].lower() if len(found) == 1 else written


_FORMS: dict[str, Callable[[str], str]] = {ISRC: _isrc, MBID: _uuid}
