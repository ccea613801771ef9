"""Write playlists as M3U8, XSPF and JSPF."""

import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

XSPF_NAMESPACE = "http://xspf.org/ns/0/"

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
"""Control characters, line separators, and bytes of a path that are not UTF-8."""
_LIKE_OTHERS = re.compile(r"#|\ufeff|[A-Za-z][A-Za-z0-9+.-]*:")
"""The start of a path that looks like a comment, a byte order mark, a URL or a drive of Windows."""
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


class PlaylistFormat(StrEnum):
    """The format of a playlist in a file."""

    M3U8 = "m3u8"
    XSPF = "xspf"
    JSPF = "jspf"


MEDIA_TYPES = {
    PlaylistFormat.M3U8: "audio/x-mpegurl",
    PlaylistFormat.XSPF: "application/xspf+xml",
    PlaylistFormat.JSPF: "application/jspf+json",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTrack:
    """A track of a playlist in a file.

    `path` is absolute, or relative to a folder that the reader knows; None if no file holds the track.
    """

    id: str
    title: str
    artist: str | None = None
    album: str | None = None
    duration_ms: int | None = None
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPlaylist:
    """A playlist to be written to a file."""

    name: str
    description: str
    updated_at: datetime
    tracks: tuple[ListedTrack, ...]


def as_file(playlist: ListedPlaylist, kind: PlaylistFormat) -> bytes:
    """Return a playlist in a format."""
    write = {PlaylistFormat.M3U8: _m3u8, PlaylistFormat.XSPF: _xspf, PlaylistFormat.JSPF: _jspf}[kind]
    return write(playlist)


def _m3u8(playlist: ListedPlaylist) -> bytes:
    lines = ["#EXTM3U", f"#PLAYLIST:{_one_line(playlist.name)}"]
    for track in playlist.tracks:
        names = " - ".join(_one_line(name) for name in (track.artist, track.title) if name)
        if track.path is None:
            lines.append(f"# No file: {names}")
            continue
        seconds = -1 if track.duration_ms is None else round(track.duration_ms / 1000)
        lines += [f"#EXTINF:{seconds},{names}", _line_of(track.path)]
    return "".join(f"{line}\n" for line in lines).encode()


def _line_of(path: str) -> str:
    """Return a path as a line. Where a line cannot hold it unchanged, it is percent-encoded."""
    if _UNSAFE.search(path) or path != path.strip():
        return location_of(path)
    return f"./{path}" if _LIKE_OTHERS.match(path) else path


def _xspf(playlist: ListedPlaylist) -> bytes:
    root = ET.Element("playlist", {"version": "1", "xmlns": XSPF_NAMESPACE})
    _add(root, "title", playlist.name)
    _add(root, "annotation", playlist.description or None)
    _add(root, "date", playlist.updated_at.isoformat())
    listed = ET.SubElement(root, "trackList")
    for track in playlist.tracks:
        fields = _fields(track)
        element = ET.SubElement(listed, "track")
        for name, value in fields.items():
            for each in value if isinstance(value, list) else [value]:
                _add(element, name, each)
    ET.indent(root)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _jspf(playlist: ListedPlaylist) -> bytes:
    document: dict[str, Any] = {
        "title": playlist.name,
        **({"annotation": playlist.description} if playlist.description else {}),
        "date": playlist.updated_at.isoformat(),
        "track": [_fields(track) for track in playlist.tracks],
    }
    return json.dumps({"playlist": document}, ensure_ascii=False, indent=2).encode() + b"\n"


def _fields(track: ListedTrack) -> dict[str, Any]:
    """Return the elements of a track, which both formats name alike, in the order of the specification."""
    found = {
        "location": None if track.path is None else [location_of(track.path)],
        "identifier": [f"urn:uuid:{track.id}"],
        "title": track.title,
        "creator": track.artist,
        "album": track.album,
        "duration": track.duration_ms,
    }
    return {name: value for name, value in found.items() if value is not None}


def location_of(path: str) -> str:
    """Return the URL of a path, absolute or relative; every byte of the path comes back by decoding it."""
    encoded = quote(os.fsencode(path))
    if path.startswith("/"):
        return f"file://{encoded}"
    return encoded


def _one_line(text: str) -> str:
    return " ".join(_UNSAFE.sub(" ", text).split())


def _add(parent: ET.Element, name: str, value: object) -> None:
    if value is not None:
        ET.SubElement(parent, name).text = _NOT_XML.sub("\ufffd", str(value))


def file_name_of(name: str, kind: PlaylistFormat) -> str:
    """Return a file name for a playlist, without characters that a file system refuses."""
    safe = re.sub(r'[\x00-\x1f\x7f-\x9f/\\:*?"<>|]', "_", name).strip(" .")
    return f"{safe or 'playlist'}.{kind.value}"
