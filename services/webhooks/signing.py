"""Signatures of webhooks, as the Standard Webhooks specification (version 1) defines them."""

import base64
import binascii
import hashlib
import hmac

PREFIX = "whsec_"
KEY_BYTES_MIN = 24
"""The specification's minimum."""


def key_of(secret: str) -> bytes:
    """Return the key of a secret, `whsec_` and base64.

    Raises:
        ValueError: it has another format, or is too short.
    """
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        key = b""
    if not secret.startswith(PREFIX) or len(key) < KEY_BYTES_MIN:
        raise ValueError(f'it is not a secret as `echo "{PREFIX}$(openssl rand -base64 32)"` makes it')
    return key


def headers(secret: str, message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the headers with id, time and signature of a message."""
    signed = b".".join((message_id.encode(), str(timestamp).encode(), body))
    signature = base64.b64encode(hmac.digest(key_of(secret), signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{signature}",
    }
