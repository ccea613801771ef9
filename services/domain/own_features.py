"""Own features: values that an analyst attaches to tracks, such as `mine.energy`."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.domain.errors import InvalidRequest, NotFound

FEATURES_MAX = 100
"""Own features of an installation. Each is a column of both vector indexes and of the exported table."""

NAMESPACE = "mine"
"""The namespace of columns for which nobody names one."""

VALUE_MAX = 200
"""Characters of a text."""

FLAGS = {"true": True, "false": False, "1": True, "0": False}
"""The texts of flags, in lower case."""

Value = float | bool | str

_PART = "[a-z][a-z0-9_]{0,31}"
_NAME = re.compile(rf"{_PART}\.{_PART}")


class OwnFeatureNotFound(NotFound):
    """No own feature and no namespace has this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no own feature '{name}', and no namespace of this name.")


class FeatureType(StrEnum):
    """What the values of an own feature are."""

    NUMBER = "number"
    FLAG = "flag"
    TEXT = "text"


FEATURE_TYPES = frozenset(FeatureType)


@dataclass(frozen=True, slots=True)
class OwnFeature:
    """An own feature.

    Attributes:
        name: Its namespace and its column, such as `mine.energy`.
        type: What its values are.
        imported_at: When its values were imported.
        tracks: The number of tracks with a value.
        low: The lowest number; None for other types.
        high: The highest number.
    """

    name: str
    type: FeatureType
    imported_at: datetime
    tracks: int
    low: float | None
    high: float | None


def is_own(field: str) -> bool:
    """Return whether a field of filters is an own feature: no other name contains a dot."""
    return _NAME.fullmatch(field) is not None


def own_name(namespace: str, heading: str) -> str:
    """Return the name of the feature in a column of a file: `My Energy` of `mine` is `mine.my_energy`.

    Raises:
        InvalidRequest: the namespace or the heading cannot be part of a name.
    """
    column = re.sub(r"[\s-]+", "_", heading.strip().lower())
    for part, what in ((namespace, "namespace"), (column, "column")):
        if not re.fullmatch(_PART, part):
            raise InvalidRequest(
                f"The {what} '{part}' cannot name own features: use up to 32 of the characters a-z, 0-9 and _, "
                "beginning with a letter."
            )
    return f"{namespace}.{column}"
