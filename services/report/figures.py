"""The figures of a report: totals, formats, genres, years, distributions and missing tags."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from services.catalog.reports import TrackContent
from services.domain.measures import MEASURES
from services.domain.names import KEY_SEPARATOR
from services.report.contents import Contents, genre_of

GENRES_SHOWN, FORMATS_SHOWN, FOLDERS_SHOWN = 15, 8, 3
BINS = 30
TAILS = (1.0, 99.0)
"""The percentiles between which a scale without natural ends is drawn; the first and last bin count the rest."""


@dataclass(frozen=True, slots=True)
class Totals:
    """How much there is."""

    tracks: int
    analysed: int
    albums: int
    artists: int
    genres: int
    files: int
    bytes: int
    milliseconds: int


@dataclass(frozen=True, slots=True)
class Format:
    """The files of a format; `kbits` is the median bit rate in kbit/s, null if no length is known."""

    name: str
    files: int
    bytes: int
    kbits: float | None


@dataclass(frozen=True, slots=True)
class Count:
    """A name and a number of tracks."""

    name: str
    tracks: int


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often values of a measure occur, in bins of equal width from `low` to `high`."""

    name: str
    meaning: str
    unit: str
    low: float
    high: float
    counts: Sequence[int]
    median: float
    middle: tuple[float, float]
    """Half of the tracks lie between these values."""
    known: int


@dataclass(frozen=True, slots=True)
class Missing:
    """A tag that tracks do not have, and the folders with most of them."""

    name: str
    tracks: int
    share: float
    folders: Sequence[Count]


def totals(contents: Contents) -> Totals:
    """Return the numbers of tracks, albums, artists, genres and files, and their sizes."""
    tracks = contents.tracks
    files = [file for each in contents.files.values() for file in each]
    return Totals(
        tracks=len(tracks),
        analysed=len(contents.analysed),
        albums=len({track.album_id for track in tracks if track.album_id}),
        artists=len({track.artist_key for track in tracks if track.artist_key}),
        genres=len({key for track in tracks if track.genre_keys for key in track.genre_keys.split(KEY_SEPARATOR)}),
        files=len(files),
        bytes=sum(file.size for file in files),
        milliseconds=sum(track.duration_ms or 0 for track in tracks),
    )


def formats(contents: Contents) -> list[Format]:
    """Return the formats by their numbers of files."""
    sizes, rates = defaultdict[str, list[int]](list), defaultdict[str, list[float]](list)
    for track in contents.tracks:
        for file in contents.files.get(track.id, ()):
            name = PurePosixPath(file.path).suffix[1:].lower() or "no suffix"
            sizes[name].append(file.size)
            if track.duration_ms:
                rates[name].append(8 * file.size / track.duration_ms)
    found = [
        Format(name, len(each), sum(each), float(np.median(rates[name])) if rates[name] else None)
        for name, each in sizes.items()
    ]
    return sorted(found, key=lambda each: (-each.files, each.name))[:FORMATS_SHOWN]


def genre_names(contents: Contents) -> dict[str, str]:
    """Return the usual spelling of each genre by its key."""
    spellings = defaultdict[str, Counter[str]](Counter)
    for track in contents.tracks:
        if track.genre and (key := genre_of(track)) is not None:
            spellings[key][track.genre] += 1
    return {key: counts.most_common(1)[0][0] for key, counts in spellings.items()}


def genres(contents: Contents, names: dict[str, str]) -> list[Count]:
    """Return the most frequent first genres of tracks."""
    counts = Counter(genre_of(track) for track in contents.tracks)
    del counts[None]
    return [Count(names.get(key or "", key or ""), n) for key, n in counts.most_common(GENRES_SHOWN)]


def decades(contents: Contents) -> list[Count]:
    """Return the numbers of tracks by decade, also of decades between them without tracks."""
    counts = Counter(track.year // 10 for track in contents.tracks if track.year)
    return [Count(f"{10 * each}s", counts[each]) for each in range(min(counts), max(counts) + 1)] if counts else []


def distributions(contents: Contents) -> list[Distribution]:
    """Return the distributions of the measures that are known of some track, and of lengths."""
    minutes = np.array([track.duration_ms or np.nan for track in contents.analysed], dtype=np.float64) / 60_000
    values = {**contents.measured, "length": minutes}
    return [found for name, each in values.items() if (found := _distribution(name, each)) is not None]


SCALES = {
    "tempo": ("Beats per minute", "BPM"),
    "loudness": ("Integrated loudness; 0 is the maximum", "LUFS"),
    "brightness": ("Spectral centroid: where the middle of the spectrum lies", "Hz"),
    "length": ("Length of the tracks", "min"),
}
"""Meanings and units of measures that have no range from 0 to 1."""


def _distribution(name: str, values: NDArray[np.float64]) -> Distribution | None:
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = (float(each) for each in (np.percentile(known, TAILS) if name in SCALES else (0, 1)))
    high = high if high > low else low + 1
    counts, _ = np.histogram(np.clip(known, low, high), bins=BINS, range=(low, high))
    first, median, third = (float(each) for each in np.percentile(known, (25, 50, 75)))
    meaning, unit = SCALES[name] if name in SCALES else (MEASURES[name].meaning, "")
    return Distribution(name, meaning, unit, low, high, counts.tolist(), median, (first, third), len(known))


def missing_tags(contents: Contents) -> list[Missing]:
    """Return how many tracks lack each tag that listeners see, and where."""
    lacks: dict[str, Callable[[TrackContent], bool]] = {
        "Artist": lambda track: not track.artist,
        "Album": lambda track: not track.album,
        "Genre": lambda track: not track.genre,
        "Year": lambda track: not track.year,
        "Track number": lambda track: not track.track_number and bool(track.album),
        "Cover": lambda track: not track.cover,
    }
    return [_missing(contents, name, filter(is_missing, contents.tracks)) for name, is_missing in lacks.items()]


def _missing(contents: Contents, name: str, tracks: Iterable[TrackContent]) -> Missing:
    folders = Counter(contents.folder_of(track) for track in tracks)
    shown = [Count(folder, count) for folder, count in folders.most_common(FOLDERS_SHOWN)]
    return Missing(name, folders.total(), folders.total() / max(1, len(contents.tracks)), shown)
