"""Names in a text: artists after "by", tracks and artists after "like", and what is to differ from them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from services.catalog.names import NamedTrack
from services.domain.filters import ATTRIBUTES, Filters, Range
from services.domain.names import text_key
from services.domain.track import Embedded
from services.words.facts import Fact
from services.words.lexicon import Found, Reading

NAME_WORDS_MAX = 10
"""Words of a name that are compared with the catalogue."""

NAME_CHARACTERS_MAX = 20
"""Characters of a Japanese or Chinese name that are compared with the catalogue."""

SHOWN_WORDS_MAX = 5
"""Words of a name that the catalogue does not know which a warning shows."""

TRACKS_OF_ARTIST = 5
"""Tracks that stand for an artist after "like"."""

NEAR_ZERO = 0.05
"""A limit of an attribute nearer to the end of its scale leaves hardly any tracks."""

_QUOTES = {'"': '"', "“": "”", "„": "“", "«": "»", "»": "«", "「": "」", "『": "』"}


class Names(Protocol):
    """The part of `TrackStore` that the grammar needs."""

    def artists_named(self, keys: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
        """Return the artists with these keys as the catalogue spells them."""

    def titled(self, keys: Sequence[str]) -> Mapping[str, tuple[NamedTrack, ...]]:
        """Return the ready tracks with these titles."""

    def by_artists(self, keys: Sequence[str], count: int) -> list[str]:
        """Return the ids of some ready tracks by artists."""

    def embedded(self, track_ids: Sequence[str], *, measured: bool = False) -> Mapping[str, Embedded]:
        """Return ready tracks with their measured values."""


class Name(NamedTuple):
    """A part of a text that may be a name: its tokens and its key."""

    start: int
    end: int
    key: str


@dataclass(slots=True)
class Examples:
    """What the names of a text stand for."""

    like: list[str] = field(default_factory=list)
    artists: list[str] = field(default_factory=list)
    not_artists: list[str] = field(default_factory=list)
    less: list[str] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    targets: dict[str, float] = field(default_factory=dict)
    relative: dict[str, Range] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    unknown: list[tuple[str, Found, int]] = field(default_factory=list)
    """Names that the catalogue does not have: their role, their marker and their first token."""


class NameFinder:
    """Finds the names in a text and looks them up in the catalogue."""

    def __init__(self, reading: Reading, names: Names) -> None:
        self._reading = reading
        self._names = names
        self.found = Examples()

    def find(self) -> Examples:
        """Find all names, and mark their tokens as understood."""
        for start in range(len(self._reading)):
            if self._reading.used[start] or start in self._reading.idioms:
                continue
            _ = self._find_example(start) or self._find_artist(start)
        return self.found

    def _find_example(self, start: int) -> bool:
        reading = self._reading
        if (after := reading.at(start, "like_after", "than_after")) is not None:
            return self._use_example(Found(start, start, "", None), _names_before(reading, start), after.end)
        if (marker := reading.at(start, "like", known=True)) is not None:
            return self._use_example(marker, _names_at(reading, marker.end), None)
        compared = reading.at(start, "relative", known=True)
        than = reading.at(compared.end, "than", known=True) if compared else None
        if compared is None or than is None:
            return False
        names = _names_at(reading, than.end)
        return self._use_example(than, names, None)

    def _use_example(self, marker: Found, names: Sequence[Name], end: int | None) -> bool:
        name, tracks, artists = self._example(names)
        if name is None:
            if end is None and not self._reading.is_boundary(marker.end):
                self.found.unknown.append(("example", marker, marker.end))
            return False
        start, stop = min(marker.start, name.start), end or name.end
        if tracks:
            tracks, stop = self._by_artist(tracks, stop)
        if (close := self._reading.at(stop, "like_close")) is not None and close.language in self._reading.languages:
            stop = close.end
        self._take(name, start, stop, tracks, artists)
        return True

    def _take(self, name: Name, start: int, stop: int, tracks: Sequence[NamedTrack], artists: Sequence[str]) -> None:
        reading, written = self._reading, self._reading.slice(name.start, name.end)
        negation = reading.before(start, "not", "not_mood", "without", "less", known=True)
        marker = reading.at(start, "like", known=True)
        if marker is not None and marker.end <= name.start:  # "I don't like"
            negation = negation or reading.before(marker.end, "without", known=True)
        if negation is not None and not reading.is_used(negation.start, negation.end):
            reading.use(negation.start, stop)
            self.found.less.append(written)
            return
        reading.use(start, stop)
        if not tracks:
            keys = [text_key(artist) for artist in artists]
            self.found.like += self._names.by_artists(keys, TRACKS_OF_ARTIST)
            return
        self.found.like.append(tracks[0].id)
        if len({track.artist for track in tracks}) > 1:
            artist = f"by '{tracks[0].artist}'" if tracks[0].artist else "without an artist"
            self.found.warnings.append(f"{len(tracks)} tracks are called '{written}'; the one {artist} is used.")

    def _example(self, names: Sequence[Name]) -> tuple[Name | None, Sequence[NamedTrack], Sequence[str]]:
        """Return the longest of some names that is a title or an artist, and its tracks or its spellings."""
        if not names:
            return None, (), ()
        titles = self._names.titled([name.key for name in names])
        artists = self._artists(names)
        for name in names:
            if name.key in titles:
                return name, titles[name.key], ()
            if name.key in artists:
                return name, (), artists[name.key]
        return None, (), ()

    def _artists(self, names: Sequence[Name]) -> Mapping[str, tuple[str, ...]]:
        """Return the artists with some names, with or without "the"."""
        if not names:
            return {}
        variants = {name.key: {name.key, f"the {name.key}", name.key.removeprefix("the ")} for name in names}
        known = self._names.artists_named(sorted({key for keys in variants.values() for key in keys if key}))
        spellings = {
            key: tuple(dict.fromkeys(artist for each in sorted(keys) for artist in known.get(each, ())))
            for key, keys in variants.items()
        }
        return {key: artists for key, artists in spellings.items() if artists}

    def _by_artist(self, tracks: Sequence[NamedTrack], end: int) -> tuple[Sequence[NamedTrack], int]:
        """Return the tracks by the artist whom the text names after the title, if it does, and the next token."""
        marker = self._reading.at(end, "by", "of_name")
        if marker is None:
            return tracks, end
        for name in _names_at(self._reading, marker.end):
            keys = {name.key, f"the {name.key}"}
            chosen = [track for track in tracks if not keys.isdisjoint(track.artist_keys)]
            if chosen:
                return chosen, name.end
        return tracks, end

    def _find_artist(self, start: int) -> bool:
        reading = self._reading
        if (after := reading.at(start, "by_after", "not_by_after")) is not None:
            names = _names_before(reading, start)
            artists = self._artists(names)
            name = next((each for each in names if each.key in artists), None)
            if name is None:
                return False
            unwanted = reading.at(start, "not_by_after") is not None
            (self.found.not_artists if unwanted else self.found.artists).extend(artists[name.key])
            reading.use(name.start, after.end)
            return True
        for kind in ("not_by", "by", "of_name"):
            if (marker := reading.at(start, kind, known=True)) is not None and self._use_artists(marker, kind):
                return True
        return False

    def _use_artists(self, marker: Found, kind: str) -> bool:
        """Take the artists after a marker: one, or several with "or", "and" or commas between them."""
        reading, end, is_found = self._reading, marker.end, False
        place = marker.end
        while True:
            names = _names_at(reading, place)
            artists = self._artists(names)
            name = next((each for each in names if each.key in artists), None)
            if name is None or (kind == "of_name" and not is_found and not self._is_likely(marker, name)):
                break
            is_found, end = True, name.end
            (self.found.not_artists if kind == "not_by" else self.found.artists).extend(artists[name.key])
            joiner = reading.at(end, "or", "and") or _comma(reading, end)
            if joiner is None:
                break
            place = joiner.end
        if is_found:
            reading.use(marker.start, end)
        elif kind == "by" or (kind == "of_name" and self._is_proper(marker)):
            self.found.unknown.append(("artist", marker, marker.end))
        return is_found

    def _is_likely(self, marker: Found, name: Name) -> bool:
        is_noun = self._reading.before(marker.start, "song", "glue") is not None
        return is_noun or self._reading.slice(name.start, name.start + 1)[:1].isupper()

    def _is_proper(self, marker: Found) -> bool:
        """Whether the words after a marker look like a name: "canciones de Nadie"."""
        is_noun = self._reading.before(marker.start, "song", "glue") is not None
        if not is_noun or self._reading.is_boundary(marker.end):
            return False
        return self._reading.slice(marker.end, marker.end + 1)[:1].isupper()

    def add_unknown(self) -> None:
        """Add a warning for each name that the catalogue does not have and that no fact has used."""
        reading, seen = self._reading, set()
        for role, marker, start in self.found.unknown:
            end = start
            while end < start + SHOWN_WORDS_MAX and not reading.is_boundary(end):
                if end > start and reading.at(end, "stop", "but", known=True):
                    break
                end += 1
            if end == start or start in seen or reading.is_used(marker.start, marker.end):
                continue
            seen.add(start)
            written = reading.slice(start, end)
            what = "No artist" if role == "artist" else "No track or artist"
            self.found.warnings.append(f"{what} of the library is called '{written}'; the words became a direction.")

    def compare(self, playing: Sequence[str] = ()) -> None:
        """Take what is to differ from the examples, or else from the tracks that play, as ranges and targets."""
        compared = self.found.like or playing
        if not compared:
            return
        reading = self._reading
        measured: list[Mapping[str, float]] | None = None
        for start in range(len(reading)):
            relative = reading.at(start, "relative", known=True)
            if relative is None or reading.is_used(relative.start, relative.end):
                continue
            if (negation := reading.before(start, "not", known=True)) and not reading.used[negation.start]:
                continue
            if measured is None:
                tracks = self._names.embedded(compared, measured=True)
                measured = [track.measured for track in tracks.values()]
            self._compare(relative, measured)

    def _compare(self, relative: Found, measured: Sequence[Mapping[str, float]]) -> None:
        reading = self._reading
        start, end = relative.start, relative.end
        factor = 1.0
        if (degree := reading.before(start, "degree", known=True)) and not reading.is_used(degree.start, degree.end):
            factor, start = float(degree.value or 1), degree.start
        elif degree := reading.at(end, "degree", known=True):
            factor, end = float(degree.value or 1), degree.end
        if than := reading.at(end, "than", known=True):
            end = than.end if reading.is_used(than.end, than.end + 1) else end
        phrase = reading.slice(start, end)
        reading.use(start, end)
        rule = reading.lexicon.relative[str(relative.value)]
        values = [each[rule["field"]] for each in measured if rule["field"] in each]
        if not values:
            self.found.warnings.append(f"'{phrase}' was ignored: the library has no {rule['field']} of the example.")
            return
        name, value, sign = rule["field"], sum(values) / len(values), rule["direction"]
        step = factor * (rule["share"] * value if "share" in rule else rule["step"])
        wanted, target = _beyond(name, value, sign * step)
        self.found.facts.append(Fact(phrase, {name: wanted}))
        self.found.relative[name] = wanted
        if target is not None:
            self.found.targets[name] = target


def _beyond(name: str, value: float, step: float) -> tuple[Range, float | None]:
    """Return the range of values beyond a value, and the target for an attribute.

    An attribute must differ by a third of the step, or at all near the end of its scale; the target is a step away.
    """
    if name not in ATTRIBUTES:
        end = round(value + step, 1)
        return (Range(min=end) if step > 0 else Range(max=end)), None
    end = value + step / 3
    if not NEAR_ZERO <= end <= 1 - NEAR_ZERO:
        end = value
    end, target = round(end, 3), round(min(1.0, max(0.0, value + step)), 3)
    return (Range(min=end) if step > 0 else Range(max=end)), target


def _names_at(reading: Reading, start: int) -> list[Name]:
    """Return the names that may begin at a token, longest first."""
    while start < len(reading) and not reading.is_word(start) and reading.tokens[start].text not in _QUOTES:
        start += 1
    if start >= len(reading):
        return []
    closing = _QUOTES.get(reading.tokens[start].text)
    if closing is not None:
        ends = [end for end in range(start + 1, len(reading)) if reading.tokens[end].text == closing]
        return [Name(start, ends[0] + 1, _key(reading, start + 1, ends[0]))] if ends and ends[0] > start + 1 else []
    longest = NAME_CHARACTERS_MAX if reading.is_cjk(start) else NAME_WORDS_MAX
    names, end, words = [], start, 0
    while end < len(reading) and words < longest and not reading.used[end] and reading.tokens[end].text not in _QUOTES:
        end += 1
        if reading.is_word(end - 1):
            words += 1
            names.append(Name(start, end, _key(reading, start, end)))
    return names[::-1]


def _names_before(reading: Reading, end: int) -> list[Name]:
    """Return the names that may end before a token, longest first."""
    first = end
    while first > max(0, end - NAME_CHARACTERS_MAX) and not reading.is_boundary(first - 1):
        first -= 1
    if first == end and end > 0 and (closing := reading.tokens[end - 1].text) in _QUOTES.values():
        opening = [at for at in range(end - 1) if _QUOTES.get(reading.tokens[at].text) == closing]
        return [Name(opening[-1], end, _key(reading, opening[-1] + 1, end - 1))] if opening else []
    return [Name(start, end, key) for start in range(first, end) if (key := _key(reading, start, end))]


def _key(reading: Reading, start: int, end: int) -> str:
    return " ".join(token.text for token in reading.tokens[start:end] if token.text[:1].isalnum())


def _comma(reading: Reading, start: int) -> Found | None:
    is_comma = start < len(reading) and reading.tokens[start].text in {",", "、", "，"}
    return Found(start, start + 1, "", None) if is_comma else None


def filters_of(examples: Examples, ranges: Mapping[str, Range], genres: Sequence[str]) -> Filters:
    """Return the filters of a text from its ranges, artists and genres."""
    any_of = {"artist": tuple(dict.fromkeys(examples.artists)), "genre": tuple(dict.fromkeys(genres))}
    none_of = {"artist": tuple(dict.fromkeys(examples.not_artists))}
    return Filters(
        ranges=ranges,
        any_of={name: values for name, values in any_of.items() if values},
        none_of={name: values for name, values in none_of.items() if values},
    )
