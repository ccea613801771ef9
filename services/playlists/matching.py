"""Find the tracks of the library that the entries of a playlist in a file mean."""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.catalog.files import FileStore, LibraryFile, NamedRecording
from services.domain.names import keys_of_credit, plain_key, text_key, title_key
from services.playlists.m3u import NamedFile

COMMON_WITH_NAMES, COMMON_WITHOUT = 2, 3
"""Last parts that two absolute paths must share: album and file if the title agrees, otherwise the artist, too."""

_ABSOLUTE = re.compile(r"/|[A-Za-z]:/")


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A path of an entry: its parts from the last to the first, as keys, and whether it is absolute."""

    parts: tuple[str, ...]
    is_absolute: bool


def match(store: FileStore, entries: Sequence[NamedFile]) -> list[str | None]:
    """Return the track id of each entry, by its path or else by artist and title; None if nothing matches."""
    wanted = [[_wanted(path) for path in entry.paths] for entry in entries]
    names = {path.parts[0] for paths in wanted for path in paths if path.parts}
    files: dict[str, list[tuple[LibraryFile, tuple[str, ...]]]] = defaultdict(list)
    for file in store.named(names):
        parts = _parts(file.path)
        files[parts[0]].append((file, parts))
    found = [
        next((track_id for path in paths if (track_id := _by_path(path, entry, files))), None)
        for entry, paths in zip(entries, wanted, strict=True)
    ]
    named = _by_names(store, [entry for entry, track_id in zip(entries, found, strict=True) if track_id is None])
    return [track_id or named.get(entry.line) for entry, track_id in zip(entries, found, strict=True)]


def _parts(path: str) -> tuple[str, ...]:
    return tuple(plain_key(part) for part in reversed(path.split("/")) if part not in ("", "."))


def _wanted(path: str) -> _Wanted:
    parts = _parts(path)
    while parts and parts[-1] == "..":  # relative to a folder that is not known
        parts = parts[:-1]
    return _Wanted(parts, _ABSOLUTE.match(path) is not None)


def _by_path(
    path: _Wanted, entry: NamedFile, files: dict[str, list[tuple[LibraryFile, tuple[str, ...]]]]
) -> str | None:
    """Return the track whose file shares the most last parts with a path, if only one does and they are enough."""
    best, tracks = 0, set[str]()
    for file, parts in files.get(path.parts[0] if path.parts else "", ()):
        common = _common(path.parts, parts)
        agrees = entry.names is not None and text_key(file.title) in text_key(entry.names)
        needed = COMMON_WITH_NAMES if agrees else COMMON_WITHOUT
        if not path.is_absolute:
            needed = len(path.parts)
        elif len(path.parts) == len(parts):
            needed = min(needed, len(parts))
        if common < needed or common < best:
            continue
        tracks = {file.track_id} if common > best else tracks | {file.track_id}
        best = common
    return tracks.pop() if len(tracks) == 1 else None


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (left, right) in pairs if left != right), min(len(one), len(other)))


def _by_names(store: FileStore, entries: Iterable[NamedFile]) -> dict[int, str]:
    """Return the track of each entry whose artist and title belong to a track, by the number of the line."""
    splits = {entry: list(_splits(entry.names)) for entry in entries if entry.names}
    by_title: dict[str, list[NamedRecording]] = defaultdict(list)
    for recording in store.titled({title for found in splits.values() for _, title in found}):
        by_title[recording.title_key].append(recording)
    matched = {}
    for entry, found in splits.items():
        same = [
            recording
            for artist, title in found
            for recording in by_title[title]
            if not artist.isdisjoint(recording.artist_keys)
        ]
        if same:
            matched[entry.line] = min(same, key=lambda each: (_apart(each, entry), not each.has_file, each.id)).id
    return matched


def _splits(names: str) -> Iterable[tuple[frozenset[str], str]]:
    """Yield the keys of artists and title for each place where “Artist - Title” may be divided."""
    words = re.split(r"\s+[-\u2013\u2014]\s+", names)
    for place in range(1, len(words)):
        artist, title = " - ".join(words[:place]), " - ".join(words[place:])
        if key := title_key(title):
            yield frozenset(keys_of_credit([artist], title)), key


def _apart(recording: NamedRecording, entry: NamedFile) -> float:
    if recording.duration_ms is None or entry.seconds is None:
        return 0.0
    return abs(recording.duration_ms / 1000 - entry.seconds)
