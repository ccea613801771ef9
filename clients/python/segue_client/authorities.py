"""The certificate authorities that the client trusts."""

import ssl
from functools import cache

import httpx


@cache
def trusted_authorities() -> ssl.SSLContext:
    """Return a context that trusts the authorities that httpx knows, those of the system, and those in `SSL_CERT_FILE`.

    A service at home may have a certificate of an authority of its own.
    """
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context
