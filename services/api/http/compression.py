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
    """Compress responses with zstd or gzip where the client accepts it."""
    app.after_request(_compress)


def _compress(response: Response) -> Response:
    if response.mimetype not in COMPRESSED or response.is_streamed:
        return response
    response.vary.add("Accept-Encoding")
    if response.content_encoding or len(content := response.get_data()) < BYTES_MIN:
        return response
    accepted = request.accept_encodings
    if accepted.quality("zstd") > 0:
        response.set_data(zstd.compress(content, ZSTD_LEVEL))
        response.content_encoding = "zstd"
    elif accepted.quality("gzip") > 0:
        response.set_data(gzip.compress(content, GZIP_LEVEL, mtime=0))
        response.content_encoding = "gzip"
    return response
