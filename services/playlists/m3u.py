"""Read playlists in the formats M3U and M3U8."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

BOM = b"\xef\xbb\xbf"

_LINES = re.compile(rb"\r\n|\n|\r")
_EXTINF = re.compile(r"#EXTINF:\s*(-?\d+(?:\.\d+)?)?[^,]*,(.*)", re.IGNORECASE)
_NAME = re.compile(r"#PLAYLIST:(.*)", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedFile:
    """An entry of a playlist in a file.

    Attributes:
        line: The number of the line with its path, from 1.
        text: That line.
        paths: What the path may be, most likely first: with slashes, decoded. Empty for an address of the Internet.
        names: What `#EXTINF` says, usually artist and title.
        seconds: Its length as `#EXTINF` says.
    """

    line: int
    text: str
    paths: tuple[str, ...]
    names: str | None = None
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class ReadPlaylist:
    """What a file contains: the name of the playlist, if it has one, and its entries."""

    name: str | None
    entries: tuple[NamedFile, ...]


def read_m3u(content: bytes) -> ReadPlaylist:
    """Read a playlist. Each line may be UTF-8 or Latin-1, and may end in any way."""
    name: str | None = None
    entries: list[NamedFile] = []
    names: str | None = None
    seconds: float | None = None
    for number, raw in enumerate(_LINES.split(content.removeprefix(BOM)), start=1):
        line = _decoded(raw).strip()
        if found := _EXTINF.fullmatch(line):
            names = found[2].strip() or None
            seconds = float(found[1]) if found[1] and float(found[1]) > 0 else None
        elif found := _NAME.fullmatch(line):
            name = found[1].strip() or None
        elif line and not line.startswith("#"):
            paths = tuple(dict.fromkeys(_paths(raw.strip())))
            entries.append(NamedFile(line=number, text=line, paths=paths, names=names, seconds=seconds))
            names, seconds = None, None
    return ReadPlaylist(name, tuple(entries))


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def _paths(line: bytes) -> Iterator[str]:
    """Yield what a line may mean as a path."""
    # The bytes of a file name need not be UTF-8, and a playlist in Latin-1 may name a file in UTF-8.
    for text in (os.fsdecode(line), _decoded(line)):
        if text.casefold().startswith("file:"):
            yield from _paths_of_url(text)
        elif not _SCHEME.match(text):
            yield from _with_slashes(text)
            if "%" in text:
                yield os.fsdecode(unquote_to_bytes(os.fsencode(text)))


def _paths_of_url(url: str) -> Iterator[str]:
    try:
        path = urlsplit(url).path
    except ValueError:  # such as file://[
        return
    decoded = os.fsdecode(unquote_to_bytes(os.fsencode(path)))
    yield decoded[1:] if _DRIVE.match(decoded[1:]) else decoded
    yield path  # not every program encodes


def _with_slashes(path: str) -> Iterator[str]:
    """Yield a path, after its form with slashes if it looks like a path of Windows; a name may contain a backslash."""
    if _DRIVE.match(path) or path.startswith("\\\\") or ("\\" in path and "/" not in path):
        yield path.replace("\\", "/")
    yield path
