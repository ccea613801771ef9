"""Understand a text: its hard facts become filters, its names examples, and what is left becomes a direction."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from services.domain.filters import Range
from services.domain.words import TEXT_USED_MAX, Understood
from services.words.avoidance import Avoided, find_avoided, is_musical
from services.words.examples import Examples, NameFinder, Names, filters_of
from services.words.facts import Fact, Merged, find_facts
from services.words.lexicon import Found, Reading, clean

GENRE_WORDS_MAX = 3
"""Words after "genre"."""

_EDGES = ("glue", "mark", "but", "article")


@dataclass(slots=True)
class _Parts:
    """What was found in a text so far."""

    facts: list[Fact] = field(default_factory=list)
    genres: list[str] = field(default_factory=list)
    less: list[str] = field(default_factory=list)
    like: list[str] = field(default_factory=list)
    targets: dict[str, float] = field(default_factory=dict)
    relative: dict[str, Range] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    names: Examples = field(default_factory=Examples)


def understand(text: str, tracks: Names, playing: Sequence[str] = ()) -> Understood:
    """Return what a text means. Names are looked up in the catalogue, but only after words such as "by" and "like".

    In a text without an example, words such as "calmer" are relative to the tracks of `playing`, if there are any.
    """
    used = clean(text[:TEXT_USED_MAX])
    parts = _Parts()
    if len(text) > TEXT_USED_MAX:
        parts.warnings.append(f"The text has {len(text)} characters; the first {TEXT_USED_MAX} were used.")
    rest: str | None = used if any(letter.isalnum() for letter in used) else None
    while rest is not None:
        # The words around a fact may state another one when they come together; each pass shortens the text.
        left = _read(rest, tracks, parts, playing)
        if left == rest:
            break
        rest = left
    merged = Merged()
    for fact in parts.facts:
        merged.add(fact)
    return Understood(
        text=clean_text(text),
        filters=filters_of(parts.names, merged.ranges, parts.genres),
        targets=_within(parts.targets, merged.ranges),
        relative=parts.relative,
        like=tuple(dict.fromkeys(parts.like)),
        less=tuple(dict.fromkeys(parts.less)),
        rest=rest,
        warnings=tuple(dict.fromkeys(parts.warnings + merged.warnings)),
    )


def clean_text(text: str) -> str:
    """Return a text without characters that databases refuse."""
    return "".join(" " if letter == "\0" or "\ud800" <= letter <= "\udfff" else letter for letter in text)


def _within(targets: Mapping[str, float], ranges: Mapping[str, Range]) -> Mapping[str, float]:
    return {name: value for name, value in targets.items() if name in ranges}


def _read(text: str, tracks: Names, parts: _Parts, playing: Sequence[str]) -> str | None:
    """Add what is found in a text to the parts, and return the words that are left."""
    reading = Reading(text)
    finder = NameFinder(reading, tracks)
    names = finder.find()
    facts = list(find_facts(reading))
    parts.genres += _genres(reading)
    finder.compare(playing)
    avoided = _avoided(reading)
    facts += avoided.facts + names.facts
    parts.facts += sorted(facts, key=lambda fact: text.find(fact.phrase))  # of two that contradict, the first holds
    parts.less += names.less + avoided.phrases
    parts.like += names.like
    parts.targets |= names.targets
    parts.relative |= names.relative
    parts.names.artists += names.artists
    parts.names.not_artists += names.not_artists
    finder.add_unknown()
    parts.warnings += names.warnings
    return _rest(reading)


def _avoided(reading: Reading) -> Avoided:
    """Return what to avoid, but leave a text as it is if it states nothing but a negation without a musical word."""
    used = list(reading.used)
    avoided = find_avoided(reading)
    is_object = len(avoided.objects) == len(avoided.phrases) and not avoided.facts
    if any(used) or not is_object or any(map(is_musical, avoided.objects)) or _rest(reading) is not None:
        return avoided
    reading.used = used
    reading.parsed.clear()
    return Avoided([], [], [])


def _genres(reading: Reading) -> Iterator[str]:
    for start in range(len(reading)):
        marker = reading.at(start, "genre", known=True)
        if marker is None or reading.is_used(marker.start, marker.end):
            continue
        end = marker.end
        while end - marker.end < GENRE_WORDS_MAX or reading.is_cjk(end):
            if reading.is_boundary(end) or reading.at(end, "stop", "but", "particle", known=True) is not None:
                break
            end += 1
        if end > marker.end:
            yield reading.slice(marker.end, end)
            reading.use(marker.start, end)


def _rest(reading: Reading) -> str | None:
    """Return the words that were not understood, without glue words beside those that were."""
    if not any(reading.used):
        return reading.text
    kept = [reading.slice(start, end) for start, end in _fragments(reading)]
    return ", ".join(kept) or None


def _fragments(reading: Reading) -> Iterator[tuple[int, int]]:
    """Yield the tokens between those that were understood, without glue words at either end."""
    start = 0
    while start < len(reading):
        if reading.used[start]:
            start += 1
            continue
        end = start
        while end < len(reading) and not reading.used[end]:
            end += 1
        span = _trimmed(reading, start, end)
        if any(reading.is_word(at) for at in range(*span)):
            yield span
        start = end


def _trimmed(reading: Reading, start: int, end: int) -> tuple[int, int]:
    after_fact, before_fact = start > 0, end < len(reading)
    while start < end and (found := _edge(reading.at(start, *_EDGES), reading, is_inner=after_fact)):
        if found.end > end:
            break
        start = found.end
    while end > start and (found := _edge(_last(reading, end), reading, is_inner=before_fact)):
        if found.start < start:
            break
        end = found.start
    return start, end


def _last(reading: Reading, end: int) -> Found | None:
    return reading.before(end, *_EDGES, "stop", known=True) or reading.before(end, "mark")


def _edge(found: Found | None, reading: Reading, *, is_inner: bool) -> Found | None:
    """Return a glue phrase at an edge, but no single Japanese or Chinese character that may be part of a word."""
    if found is None:
        return None
    is_known = found.language == "any" or found.language in reading.languages
    is_one = reading.is_cjk(found.start) and found.end == found.start + 1
    return found if is_known and (is_inner or not is_one) else None
