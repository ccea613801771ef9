"""What a listener may be called. Listeners are never created: they exist by having listens."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

from services.api.limits import LISTENER_MAX
from services.domain.errors import InvalidRequest

RULE = f"1 to {LISTENER_MAX} characters, none of them a slash or a control character"


class InvalidListenerName(InvalidRequest):
    """A text that cannot be a listener's name."""

    title = "Invalid listener name"

    def __init__(self) -> None:
        super().__init__(f"This is no listener's name: {RULE}.")


def listener_named(text: str) -> str:
    """The name as it is stored: composed characters, so that "é" is the same from every keyboard.

    Raises:
        InvalidListenerName: it cannot be one.
    """
    name = unicodedata.normalize("NFC", text)
    if not 0 < len(name) <= LISTENER_MAX or any(_is_forbidden(letter) for letter in name):
        raise InvalidListenerName
    return name


def _is_forbidden(letter: str) -> bool:
    return letter == "/" or unicodedata.category(letter) in ("Cc", "Cs")


def _checked(text: str) -> str:
    try:
        return listener_named(text)
    except InvalidListenerName as error:
        raise ValueError(error.detail) from error


ListenerName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LISTENER_MAX, pattern=r"^[^/\x00-\x1f\x7f-\x9f]*$"),
    AfterValidator(_checked),
]
