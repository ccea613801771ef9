"""Points in time as clients write them."""

from datetime import datetime
from typing import Annotated

from pydantic import AwareDatetime, BeforeValidator, TypeAdapter, ValidationError

_LENIENT = TypeAdapter(AwareDatetime)


def _written_out(value: object) -> datetime:
    """Pydantic takes digits as well, as seconds since 1970: what is documented is a date with a time."""
    is_written_out = isinstance(value, datetime) or (isinstance(value, str) and ":" in value)
    if not is_written_out:
        raise ValueError("Give a date with a time and a time zone, such as 2026-03-01T20:15:00Z.")
    try:  # here, because strict validation takes no text that a function has seen
        return _LENIENT.validate_python(value, strict=False)
    except ValidationError as error:
        raise ValueError(error.errors()[0]["msg"]) from error


Moment = Annotated[AwareDatetime, BeforeValidator(_written_out)]
"""A point in time as RFC 3339 writes it."""
