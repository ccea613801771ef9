"""From the fields of tags to `Tags`: texts that are safe to store, and numbers within their limits."""

import math
import re
from collections.abc import Iterable, Mapping
from typing import TypeVar

from services.domain.external_ids import ISRC, MBID, canonical_value
from services.domain.track import Tags
from services.ingest.tags.found import Found
from services.ingest.tags.ratings import of_text

MAX_TEXT_LENGTH = 500  # characters kept of a tag
EARLIEST_YEAR, LATEST_YEAR = 1000, 2999
MAX_NUMBER = 9999  # of a track or a disc
MAX_BPM = 1000
MAX_GAIN = 64  # dB; a header that says more is wrong
R128_TO_REPLAY_GAIN = 5  # dB between the reference levels, -23 LUFS and -18 LUFS (RFC 7845, ReplayGain 2.0)
TRUE = {"1", "true", "yes"}
IDS = {
    ISRC: re.compile(r"\b[a-z]{2}[- ]?[a-z0-9]{3}[- ]?\d{2}[- ]?\d{5}\b", re.IGNORECASE),
    MBID: re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE),
}
# Fields in which zero is what taggers write for an unknown value.
NUMBERS = frozenset(
    {"track", "disc", "date", "year", "original_date", "bpm", "rating", "fmps_rating"}
    | {"rating_share", "rating_percent", "rating_stars"}
)
NO_ID = re.compile(r"[0-]+")  # what some programs write for none

Value = TypeVar("Value")


def tags_of(found: Iterable[Found], fallback_title: str) -> Tags:
    """Return the tags of a file: of each field the values of the first tag that has a usable one."""
    fields = dict[str, list[str]]()
    for tag in found:
        for name, values in tag.fields.items():
            if name not in fields and (usable := _usable(name, values)):
                fields[name] = usable
    track, track_total = _place(fields, "track")
    disc, disc_total = _place(fields, "disc")
    return Tags(
        title=_text(fields, "title") or clean(fallback_title) or "Untitled",
        artists=_texts(fields, "artist") or _texts(fields, "album_artist"),
        album=_text(fields, "album"),
        album_artists=_texts(fields, "album_artist"),
        genres=_texts(fields, "genre"),
        year=_year(fields, "date") or _year(fields, "year"),
        original_year=_year(fields, "original_date"),
        disc_number=disc,
        disc_total=disc_total,
        track_number=track,
        track_total=track_total,
        composers=_texts(fields, "composer"),
        bpm=_number(fields, "bpm", 0, MAX_BPM) or None,
        key=_text(fields, "key"),
        comment=_text(fields, "comment"),
        compilation=any(value.strip().lower() in TRUE for value in fields.get("compilation", ())),
        release_mbid=next(iter(_ids(fields, "release_mbid", MBID)), None),
        replay_gain=_gain(fields),
        has_lyrics="lyrics" in fields,
        rating=_rating(fields),
        single_artists=_texts(fields, "single_artist"),
        single_album_artists=_texts(fields, "single_album_artist"),
        ids={namespace: ids for namespace in IDS if (ids := _ids(fields, namespace, namespace))},
    )


def clean(text: str) -> str:
    """Return a text without control characters and unpaired surrogates, at most `MAX_TEXT_LENGTH` characters of it."""
    printable = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text).encode("utf-8", "replace").decode("utf-8")
    return printable.strip()[:MAX_TEXT_LENGTH].rstrip()


def _usable(name: str, values: list[str]) -> list[str]:
    cleaned = list(dict.fromkeys(filter(None, map(clean, values))))
    if name in IDS or name == "release_mbid":
        pattern = IDS[ISRC if name == ISRC else MBID]
        return [value for value in cleaned if pattern.search(value)]
    if name in NUMBERS:
        return [value for value in cleaned if re.search(r"[1-9]", value)]
    return cleaned


def _texts(fields: Mapping[str, list[str]], name: str) -> tuple[str, ...]:
    return tuple(fields.get(name, ()))


def _text(fields: Mapping[str, list[str]], name: str) -> str | None:
    return next(iter(fields.get(name, ())), None)


def _number(fields: Mapping[str, list[str]], name: str, lowest: float, highest: float) -> float | None:
    match = re.match(r"\s*([+-]?\d{1,9}(?:[.,]\d{1,9})?)", _text(fields, name) or "")
    value = float(match[1].replace(",", ".")) if match else math.nan
    return value if lowest <= value <= highest else None


def _place(fields: Mapping[str, list[str]], name: str) -> tuple[int | None, int | None]:
    """Return a number and its total: of "3/12", or of two fields."""
    number, _, total = (_text(fields, name) or "").partition("/")
    total = total or _text(fields, f"{name}_total") or ""
    return _count(number), _count(total)


def _count(text: str) -> int | None:
    value = int(text) if re.fullmatch(r"\s*\d{1,9}\s*", text) else 0
    return value if 0 < value <= MAX_NUMBER else None


def _year(fields: Mapping[str, list[str]], name: str) -> int | None:
    years = (int(year) for text in fields.get(name, ()) for year in re.findall(r"(?<!\d)(\d{4})(?:\d{4})?(?!\d)", text))
    return next((year for year in years if EARLIEST_YEAR <= year <= LATEST_YEAR), None)


def _gain(fields: Mapping[str, list[str]]) -> float | None:
    gain = _number(fields, "replay_gain", -MAX_GAIN, MAX_GAIN)
    if gain is not None:
        return gain
    measured = _number(fields, "r128_gain", -MAX_GAIN * 256, MAX_GAIN * 256)
    if measured is not None:
        return measured / 256 + R128_TO_REPLAY_GAIN
    return _number(fields, "relative_volume", -MAX_GAIN, MAX_GAIN)


def _rating(fields: Mapping[str, list[str]]) -> float | None:
    for name, most in (("fmps_rating", 1), ("rating_share", 1), ("rating_percent", 100), ("rating_stars", 5)):
        value = _number(fields, name, 0, most)
        if value:
            return value / most
    value = _number(fields, "rating", 0, 100)
    return of_text(value, _text(fields, "rating") or "") if value else None


def _ids(fields: Mapping[str, list[str]], name: str, namespace: str) -> tuple[str, ...]:
    """Return the ids in canonical form; a text may hold several, with any signs between them."""
    written = (found for text in fields.get(name, ()) for found in IDS[namespace].findall(text))
    return tuple(dict.fromkeys(canonical_value(namespace, each) for each in written if not NO_ID.fullmatch(each)))
