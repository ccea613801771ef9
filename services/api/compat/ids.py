"""Ids in the alphabet that clients of other systems take: letters and digits.

A track's is its UUID, as Spotify writes its own 128 bits. An artist's or an album's says its name: whoever has the id
finds the name without asking the catalogue, and it stays the same as long as the name does, without regard to case.
"""

import string
from uuid import UUID

ALPHABET = string.digits + string.ascii_lowercase + string.ascii_uppercase
TRACK_LENGTH = 22
TRACK_BITS = 128

NAMES_MAX_BYTES = 200
"""Longer names have no id: it would not fit beside others into one URL."""

NAMES_ID_MAX = 272
"""Characters that an id of NAMES_MAX_BYTES has."""

SEPARATOR = "\x1f"
MARK = b"\x01"
"""Goes before a name: it keeps zero bytes at its start, and tells an id from most other words."""

_VALUES = {letter: value for value, letter in enumerate(ALPHABET)}


def short(track_id: str) -> str:
    """A track id in 22 letters and digits."""
    return _encode(UUID(track_id).int).rjust(TRACK_LENGTH, ALPHABET[0])


def from_short(text: str) -> str | None:
    """The track id that was shortened; None where the text is no such id."""
    number = _decode(text) if len(text) == TRACK_LENGTH else None
    return None if number is None or number >> TRACK_BITS else str(UUID(int=number))


def id_of_names(*names: str) -> str | None:
    """The id of an artist, or of an artist's album; None where the names are too long for one."""
    written = SEPARATOR.join(names).casefold().encode("utf-8", "replace")
    return None if len(written) > NAMES_MAX_BYTES else _encode(int.from_bytes(MARK + written))


def names_of_id(text: str) -> tuple[str, ...] | None:
    """The names in such an id, case-folded; None where the text is none."""
    number = _decode(text) if len(text) <= NAMES_ID_MAX else None
    if number is None:
        return None
    written = number.to_bytes((number.bit_length() + 7) // 8)
    try:
        names = written.removeprefix(MARK).decode()
    except UnicodeDecodeError:
        return None
    return tuple(names.split(SEPARATOR)) if written.startswith(MARK) and "\0" not in names else None


def _encode(number: int) -> str:
    digits = []
    while number:
        number, digit = divmod(number, len(ALPHABET))
        digits.append(ALPHABET[digit])
    return "".join(reversed(digits)) or ALPHABET[0]


def _decode(text: str) -> int | None:
    number = 0
    for letter in text:
        if letter not in _VALUES:
            return None
        number = number * len(ALPHABET) + _VALUES[letter]
    return number if text else None
