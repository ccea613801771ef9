"""Spotify's search for tracks: words of their names, and conditions such as `artist:` and `year:`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from services.api.context import services
from services.domain.errors import InvalidRequest
from services.domain.external_ids import ISRC, canonical_name
from services.domain.filters import Filters, Range
from services.domain.library import Selection
from services.domain.track import TrackStatus

_NAMES = ("track", "artist", "album", "genre", "year", "isrc")
_CONDITION = re.compile(rf'\b({"|".join(_NAMES)}):\s*("[^"]*"|.*?(?=\s+(?:{"|".join(_NAMES)}):|$))', re.IGNORECASE)
_YEARS = re.compile(r"(\d{4})(?:-(\d{4}))?")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a search asks for."""

    words: str = ""
    """Words of title and artist."""
    filters: Filters = Filters()  # noqa: RUF009  immutable
    isrc: str | None = None

    @classmethod
    def of(cls, text: str) -> Self:
        """Read a search. Words of `track:` and `artist:` may occur in title or artist.

        Raises:
            InvalidRequest: a year is no year.
        """
        given = {name.lower(): value.strip('" ') for name, value in _CONDITION.findall(text)}
        words = [_CONDITION.sub(" ", text), given.get("track", ""), given.get("artist", "")]
        any_of = {name: (given[name],) for name in ("album", "genre") if given.get(name)}
        ranges = {"year": _years(given["year"])} if "year" in given else {}
        return cls(" ".join(" ".join(words).split()), Filters(ranges, any_of), given.get("isrc"))


def find(wanted: Wanted, offset: int, limit: int) -> tuple[Sequence[str], int]:
    """Return the ids of a page of analysed tracks, the best matches first, and the number of tracks on all pages."""
    if wanted.isrc is not None:
        name = canonical_name(f"{ISRC}:{wanted.isrc}")
        found = list(services().catalogue.tracks.resolve([] if name is None else [name]).values())
    elif wanted.words:
        found = [named.track_id for named in services().finder.named(wanted.words, wanted.filters)]
    else:
        browsing, selection = services().catalogue.browsing, Selection("", (TrackStatus.READY,), wanted.filters)
        page = browsing.page(selection, offset=offset, limit=limit)
        return [track.id for track in page.tracks], browsing.count(selection)
    return found[offset : offset + limit], len(found)


def _years(text: str) -> Range:
    found = _YEARS.fullmatch(text)
    if found is None:
        raise InvalidRequest(f"`q` has the year '{text}': give a year such as 2012, or years such as 2010-2015.")
    first, last = found.groups()
    return Range(float(first), float(last or first))
