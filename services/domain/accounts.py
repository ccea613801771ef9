"""Accounts: listeners who sign in with a name and a password, as the protocols of other players require.

Subsonic's tokens and the handshake of scrobblers are hashes of a password that the server must know, so passwords are
stored readable. Segue generates them, so that none is one that its owner uses elsewhere.
"""

import secrets
import string
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from services.domain.errors import InvalidRequest

LETTERS = "".join(sorted({*string.ascii_lowercase, *string.digits} - {*"01ilo"}))
"""The characters of a new password: none that looks like another one."""

GROUPS, GROUP_LENGTH = 4, 5

PASSWORD_MIN, PASSWORD_MAX = 8, 200


@dataclass(frozen=True, slots=True)
class Account:
    """An account without its password."""

    listener: str
    created_at: datetime


class InvalidPassword(InvalidRequest):
    """The text cannot be a password."""

    def __init__(self) -> None:
        super().__init__(
            f"A password must have {PASSWORD_MIN} to {PASSWORD_MAX} characters, none of them a control character."
        )


def new_password() -> str:
    """Return a random password of 99 bits that is easy to type, such as `k7m2p-…`."""
    groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    return "-".join(groups)


def check_password(password: str) -> None:
    """Check that a text can be a password.

    Raises:
        InvalidPassword: it is too short or too long, or has a control character.
    """
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX or any(
        unicodedata.category(letter) in ("Cc", "Cs") for letter in password
    ):
        raise InvalidPassword
