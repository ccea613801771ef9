"""Compression of responses in JSON and XML, which are large texts with many repeated names."""

import gzip
import sys

from flask import Flask, Response, request

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BYTES_MIN = 1024
"""Smaller responses fit in one packet anyway."""

GZIP_LEVEL = 4
"""30 tracks are 34 KB of JSON; this level makes 2.7 KB of them in 0.1 ms."""

ZSTD_LEVEL = 3

COMPRESSED = ("application/json", "application/problem+json", "text/xml")


def install_compression(app: Flask) -> None:
    """Compress responses with zstd or gzip, as the client prefers."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.mimetype not in COMPRESSED or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    if response.content_encoding or len(content := response.get_data()) < BYTES_MIN:
        return response
    coding = _preferred_coding()
    if coding == "zstd":
        response.set_data(zstd.compress(content, ZSTD_LEVEL))
        response.content_encoding = coding
    elif coding == "gzip":
        response.set_data(gzip.compress(content, GZIP_LEVEL, mtime=0))
        response.content_encoding = coding
    return response


def _preferred_coding() -> str | None:
    """Return the coding with the highest quality; of equal ones zstd, but only if the client names it."""
    accepted = request.accept_encodings
    names_zstd = "zstd" in accepted.values()  # few clients that send `*` can read it
    coding = max(("gzip", "zstd", "identity"), key=lambda each: (accepted.quality(each), each == "zstd" and names_zstd))
    return coding if accepted.quality(coding) > 0 else None
