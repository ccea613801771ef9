"""API keys as text: `segue_<id>_<secret>`.

The catalogue keeps SHA-256 of the secret and nothing else of it. A slow, salted hash protects passwords, which people
choose and attackers guess. These are 256 random bits: nobody guesses one, at any speed, no table of them can be made,
and no two are alike, so that a salt adds nothing. A slow hash would only let strangers make the service work.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass

PREFIX = "segue"
"""So that scanners of leaked secrets, and people, see what it is."""

ID_BYTES = 6
SECRET_BYTES = 32

_NOBODY = bytes(hashlib.sha256().digest_size)


@dataclass(frozen=True, slots=True)
class NewSecret:
    """What only its holder will ever have, and what is kept of it."""

    id: str
    text: str
    digest: bytes


def new_secret() -> NewSecret:
    """A key that nobody had before."""
    key_id = secrets.token_hex(ID_BYTES)
    secret = secrets.token_urlsafe(SECRET_BYTES)
    return NewSecret(key_id, f"{PREFIX}_{key_id}_{secret}", digest(secret))


def split(text: str) -> tuple[str, str] | None:
    """The id and the secret of a key; None if this is none."""
    prefix, _, rest = text.partition("_")
    key_id, _, secret = rest.partition("_")
    looks_right = prefix == PREFIX and len(key_id) == 2 * ID_BYTES and key_id.isalnum() and key_id.isascii() and secret
    return (key_id, secret) if looks_right else None


def digest(secret: str) -> bytes:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).digest()


def matches(secret: str, kept: bytes | None) -> bool:
    """Whether a secret is the one that was kept, in the same time wherever they differ; None matches nothing."""
    same = hmac.compare_digest(digest(secret), _NOBODY if kept is None else kept)
    return same and kept is not None


def sign(secret: bytes, kept: bytes, message: str) -> str:
    """A signature that takes the installation's secret, which no backup holds, and what is kept of a key."""
    return hmac.new(secret + kept, message.encode(), hashlib.sha256).hexdigest()


def is_signed(secret: bytes, kept: bytes, message: str, signature: str) -> bool:
    """Whether a signature is right, in the same time whether or not."""
    return hmac.compare_digest(sign(secret, kept, message).encode(), signature.encode())
