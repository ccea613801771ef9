"""Signed URLs of audio, for audio elements, which cannot send an API key.

The signing key combines the digest of an API key and a secret of the installation. A URL therefore stops working when
its key is revoked, and a backup, which does not contain the secret, is not enough to sign one. Every API process can
verify a token. A token is valid for one track.
"""

import hashlib

from itsdangerous import BadSignature, TimestampSigner

LIFETIME_SECONDS = 3600
"""Longer than almost every track, pauses included. The page requests a new URL when one has expired."""


def sign_track(secret: bytes, key_id: str, key_digest: bytes, track_id: str) -> str:
    """Return a token for the audio of a track, valid for `LIFETIME_SECONDS`."""
    return f"{key_id}.{_signer(secret, key_digest).sign(track_id).decode()}"


def key_id_of(token: str) -> str:
    """Return the id of the API key that a token belongs to, before it is verified."""
    return token.partition(".")[0]


def is_valid(token: str, secret: bytes, key_digest: bytes, track_id: str) -> bool:
    """Whether a token is signed with this API key for this track and has not expired."""
    signed = token.partition(".")[2]
    try:
        return _signer(secret, key_digest).unsign(signed, max_age=LIFETIME_SECONDS).decode() == track_id
    except BadSignature:  # includes expired tokens
        return False


def _signer(secret: bytes, key_digest: bytes) -> TimestampSigner:
    return TimestampSigner(secret + key_digest, salt=b"segue.audio", digest_method=hashlib.sha256)
