"""Parsers of numbers, lengths, years, decades and keys at a token of a text; each returns None where none begins."""

from collections.abc import Callable
from typing import Any, NamedTuple

from services.words.lexicon import NUMBER_WORD, Found, Reading

DIGITS_MAX = 6

NUMBER_PARTS_MAX = 3
"""Parts of a number that "and" or a hyphen joins: "one hundred and twenty-five"."""

FIRST_YEAR, LAST_YEAR = 1000, 2100
"""Years that a number of four digits can be."""

MINUTE, HOUR = 60, 3600

FIRST_DECADE = 20
"""Decades of two digits from here on are in the twentieth century; below, they are in the twenty-first."""

PARTS = {"early": (0, 4), "mid": (3, 6), "late": (5, 9)}
"""Years of a decade that belong to a part of it."""

DRUM_MACHINES = frozenset({606, 707, 808, 909})
"""Numbers that with an "s" are drum machines, not seconds."""

SEMITONES = 12

# Names of notes that are words too: they are notes only before a boundary, in capitals, or after "in the key of".
WORD_NOTES = frozenset({"a", "la", "mi", "si", "do", "as", "es"})


class Parsed(NamedTuple):
    """A value and the token after it."""

    value: Any
    end: int


class Key(NamedTuple):
    """A tonic, 0 = C … 11 = B, or None, and a mode, 1 = major, 0 = minor, or None."""

    tonic: int | None
    mode: int | None


Parser = Callable[[Reading, int], Parsed | None]


def digits(reading: Reading, start: int) -> Parsed | None:
    """Parse a whole number in digits."""
    if start >= len(reading) or reading.is_used(start, start + 1):
        return None
    text = reading.tokens[start].text
    return Parsed(int(text), start + 1) if text.isdecimal() and len(text) <= DIGITS_MAX else None


def number(reading: Reading, start: int) -> Parsed | None:
    """Parse a number in digits or in words."""
    whole = digits(reading, start)
    if whole is None:
        return _number_in_words(reading, start)
    point = whole.end
    if point < len(reading) and reading.tokens[point].text in {".", ","} and reading.is_joined(point):
        fraction = digits(reading, point + 1)
        if fraction is not None and reading.is_joined(point + 1):
            return Parsed(float(f"{whole.value}.{reading.tokens[point + 1].text}"), fraction.end)
    return whole


def _number_in_words(reading: Reading, start: int, *, parts: int = NUMBER_PARTS_MAX) -> Parsed | None:
    first = _run(reading, start)
    if first is None:
        return None
    joiner = reading.at(first.end, "joiner") if parts > 1 else None
    second = _number_in_words(reading, joiner.end, parts=parts - 1) if joiner else None
    if second is not None and 0 < second.value < _room(first.value):
        return Parsed(first.value + second.value, second.end)
    return first


def _run(reading: Reading, start: int) -> Parsed | None:
    """Parse number words without "and" between them."""
    values: list[float] = []
    end = start
    while end < len(reading) and not reading.used[end]:
        word = reading.at(end, NUMBER_WORD)
        parts = reading.lexicon.compound(reading.tokens[end].text)
        if parts is not None and (word is None or word.end == end + 1):
            new, following = parts, end + 1
        elif word is not None:
            new, following = [float(word.value or 0)], word.end
        else:
            break
        if values and not _continues(values, new, cjk=reading.is_cjk(end)):
            break
        values += new
        end = following
    return Parsed(_sum(values), end) if values else None


def _continues(values: list[float], new: list[float], *, cjk: bool) -> bool:
    """Whether a number word continues a number: "eighty five" is one number, "eighty ninety" is two."""
    if cjk:
        return True
    return new[0] >= 100 or 0 < _sum(new) < _room(_sum(values))


def _room(value: float) -> float:
    """Return the bound of a number that can follow: 100 after hundreds, 10 after tens, none after units."""
    if value in {60, 80}:  # quatre-vingt-dix
        return 20
    return next((room for room in (1000, 100, 10) if value >= room and value % room == 0), 0)


def _sum(values: list[float]) -> float:
    if len(values) > 1 and all(value < 10 for value in values) and 0.5 not in values:  # 一九九四
        return float("".join(str(int(value)) for value in values)) if len(values) <= DIGITS_MAX else 0.0
    total = group = 0.0
    for value in values:
        if value >= 1000:
            total, group = total + max(group, 1) * value, 0.0
        elif value == 100 or (value == 10 and 0 < group % 100 < 10):  # 八十 is eight tens
            unit = group % 10 if value == 10 else group
            group = group - unit + max(unit, 1) * value
        else:
            group += value
    return total + group


def length(reading: Reading, start: int) -> Parsed | None:
    """Parse a length of time, in seconds."""
    if (span := reading.at(start, "span")) is not None:
        return Parsed(float(span.value or 0), span.end)
    if (clock := _clock(reading, start)) is not None:
        return clock
    if (one := reading.at(start, "one")) is not None and (unit := _unit(reading, one.end)) is not None:
        return Parsed(unit.value, unit.end)
    total, end = 0.0, start
    limit = float("inf")
    while (part := _part(reading, end)) is not None and part.value[1] < limit:
        total, limit, end = total + part.value[0], part.value[1], part.end
        joiner = reading.at(end, "joiner", "and")
        following = _part(reading, joiner.end) if joiner else None
        if joiner is not None and following is not None and following.value[1] < limit:
            end = joiner.end
        elif limit < HOUR + 1 and (bare := _bare_rest(reading, end)) is not None:  # "1h30", "3 min 30"
            return Parsed(total + bare.value * limit / 60, bare.end)
    return Parsed(total, end) if end > start else None


def _bare_rest(reading: Reading, start: int) -> Parsed | None:
    found = digits(reading, start)
    is_rest = found is not None and len(reading.tokens[start].text) == 2 and _unit(reading, found.end) is None
    return found if is_rest and found is not None and reading.at(found.end, "bpm") is None else None


def _part(reading: Reading, start: int) -> Parsed | None:
    """Parse a number and a unit: the value is (seconds, seconds of the unit)."""
    found = number(reading, start)
    if found is None or _whole_decade(reading, start, weak=False) is not None:  # "80s"
        return None
    value, end = found
    if (half := reading.at(end, "half", "half_unit")) is not None:
        value, end = value + 0.5, half.end
    unit = _unit(reading, end)
    if unit is None or (value in DRUM_MACHINES and reading.slice(end, unit.end) == "s"):
        return None
    end = unit.end
    if half is None and (half := reading.at(end, "half")) is not None:
        value, end = value + 0.5, half.end
        again = _unit(reading, end)  # 四分半钟
        end = again.end if again else end
    return Parsed((value * unit.value, unit.value), end)


def _unit(reading: Reading, start: int) -> Parsed | None:
    if (hyphen := start + 1) < len(reading) and reading.tokens[start].text == "-":
        return _unit(reading, hyphen) if reading.tokens[hyphen].text != "-" else None
    found = [(each, seconds) for kind, seconds in _UNITS if (each := reading.at(start, kind)) is not None]
    if not found:
        return None
    best, seconds = max(found, key=lambda each: each[0].end)
    return Parsed(seconds, best.end)


_UNITS = (("second", 1), ("minute", MINUTE), ("hour", HOUR))


def _clock(reading: Reading, start: int) -> Parsed | None:
    """Parse "4:30" or "1:04:30"."""
    parts, end = [], start
    while (found := digits(reading, end)) is not None:
        parts.append((found.value, len(reading.tokens[end].text)))
        end = found.end
        is_more = end + 1 < len(reading) and reading.tokens[end].text == ":"
        if not (is_more and reading.is_joined(end) and reading.is_joined(end + 1)):
            break
        end += 1
    if not 2 <= len(parts) <= 3 or any(size != 2 for _, size in parts[1:]):
        return None
    seconds = 0.0
    for value, _ in parts:
        seconds = 60 * seconds + value
    unit = _unit(reading, end)
    return Parsed(seconds, unit.end if unit else end)


def year(reading: Reading, start: int) -> Parsed | None:
    """Parse a year: the value is (first, last)."""
    found = digits(reading, start)
    if found is None or len(reading.tokens[start].text) != 4:
        found = _number_in_words(reading, start)
    if found is None or not FIRST_YEAR <= found.value <= LAST_YEAR:
        return None
    if found.value == FIRST_YEAR and not reading.tokens[start].text.isdecimal():  # the "mil" of "dos mil"
        return None
    if reading.at(found.end, "decade_after") is not None and reading.is_joined(found.end):
        return None
    suffix = reading.at(found.end, "year_after")
    return Parsed((int(found.value), int(found.value)), suffix.end if suffix else found.end)


def year_with_suffix(reading: Reading, start: int) -> Parsed | None:
    """Parse a year that a word marks as one, such as "1994年"."""
    found = year(reading, start)
    return found if found is not None and reading.before(found.end, "year_after") is not None else None


def decade(reading: Reading, start: int, *, weak: bool = True) -> Parsed | None:
    """Parse a decade or a part of one: the value is (first year, last year).

    With `weak`, an article and a number are a decade, as in "de los 80".
    """
    part = reading.at(start, "part")
    found = _whole_decade(reading, part.end if part else start, weak=weak)
    if found is None:
        return None
    first, end = int(found.value), found.end
    if part is None and (part := reading.at(end, "part_after")) is not None:
        end = part.end
    low, high = PARTS[str(part.value)] if part else (0, 9)
    return Parsed((first + low, first + high), end)


def decade_again(reading: Reading, start: int) -> Parsed | None:
    """Parse the second of two decades, which may be a number alone: "années 80 et 90"."""
    found = decade(reading, start)
    if found is None and (bare := _numbered(reading, start, needs_suffix=False)) is not None:
        return Parsed((int(bare.value), int(bare.value) + 9), bare.end)
    return found


def _whole_decade(reading: Reading, start: int, *, weak: bool) -> Parsed | None:
    if (word := reading.at(start, "decade_word")) is not None:
        return Parsed(word.value, _after(reading, word.end, "decade_tail"))
    before = reading.at(start, "decade_before", "decade_weak") if weak else reading.at(start, "decade_before")
    if before is not None:
        return _numbered(reading, before.end, needs_suffix=False)
    return _numbered(reading, start, needs_suffix=True)


def _numbered(reading: Reading, start: int, *, needs_suffix: bool) -> Parsed | None:
    if start < len(reading) and reading.tokens[start].text in {"'", "’"}:
        start += 1
    found = digits(reading, start) or _number_in_words(reading, start)
    if found is None or found.value % 10 or not (0 <= found.value < 100 or FIRST_YEAR <= found.value <= LAST_YEAR):
        return None
    if found.value == 0 and reading.tokens[start].text not in {"00", "〇"}:
        return None
    suffix = reading.at(found.end, "decade_after")
    if suffix is not None and not reading.is_joined(found.end) and suffix.end == suffix.start + 1:
        suffix = None
    if suffix is None and needs_suffix:
        return None
    first = found.value if found.value >= FIRST_YEAR else _century(found.value)
    return Parsed(first, suffix.end if suffix else _after(reading, found.end, "decade_tail"))


def _century(value: float) -> float:
    return value + (1900 if value >= FIRST_DECADE else 2000)


def _after(reading: Reading, start: int, kind: str) -> int:
    found = reading.at(start, kind)
    return found.end if found else start


def period(reading: Reading, start: int) -> Parsed | None:
    """Parse a year or a decade: the value is (first year, last year)."""
    return decade(reading, start) or year(reading, start)


def free_decade(reading: Reading, start: int) -> Parsed | None:
    """Parse a decade that no preposition introduces, such as "80s rock", but not the one of "the 80s moon"."""
    found = decade(reading, start, weak=False)
    if found is None or reading.before(start, "article") is None or start == 0 or reading.is_cjk(start):
        return found
    return found if _ends(reading, found.end) else None


def _ends(reading: Reading, end: int) -> bool:
    """Whether a phrase ends before a token: at a boundary, or at a word that begins another phrase."""
    return reading.is_boundary(end) or reading.at(end, "stop", "but", "glue", "below", "above", "or") is not None


def key(reading: Reading, start: int) -> Parsed | None:
    """Parse a tonic with a mode, such as "F sharp minor", "fis-moll" or "嬰ヘ短調"."""
    german = reading.at(start, "note_de")
    if german is not None and (mode := reading.at(german.end, "key_mode_de")) is not None:
        return _unless_word(reading, german, Parsed(Key(int(float(german.value or 0)), _mode(mode)), mode.end))
    found = tonic(reading, start)
    mode = reading.at(found.end, "key_mode") if found else None
    if found is None or mode is None:
        return None
    note = reading.at(start, "note") or Found(start, start + 1, "", None)
    return _unless_word(reading, note, Parsed(Key(found.value.tonic, _mode(mode)), mode.end))


def _mode(found: Found) -> int:
    return int(float(found.value or 0))


def _unless_word(reading: Reading, note: Found, found: Parsed) -> Parsed | None:
    if reading.tokens[note.start].text not in WORD_NOTES or reading.slice(note.start, note.end).isupper():
        return found
    if reading.before(note.start, "in_key") is not None:
        return found
    return found if _ends(reading, found.end) and reading.at(found.end, "key_noun") is None else None


def tonic(reading: Reading, start: int) -> Parsed | None:
    """Parse a note, such as "B flat"."""
    shift, begin = 0, start
    if (before := reading.at(start, "sharp_before", "flat_before")) is not None:
        shift = 1 if reading.at(start, "sharp_before") is not None else -1
        begin = before.end
    note = reading.at(begin, "note")
    if note is None or reading.is_used(start, note.end):
        return None
    end = note.end
    if (sharp := reading.at(end, "sharp")) is not None:
        shift, end = shift + 1, sharp.end
    elif (flat := reading.at(end, "flat")) is not None:
        shift, end = shift - 1, flat.end
    return Parsed(Key((int(float(note.value or 0)) + shift) % SEMITONES, None), end)


def chord(reading: Reading, start: int) -> Parsed | None:
    """Parse a minor key in short, such as "F#m"."""
    found = reading.at(start, "chord")
    if found is None or not reading.slice(start, start + 1)[0].isupper():  # "in am Abend"
        return None
    return Parsed(Key(int(float(found.value or 0)), 0), found.end)


def fraction(reading: Reading, start: int) -> Parsed | None:
    """Parse a time signature: the value is (beats, unit)."""
    beats = digits(reading, start)
    if beats is None or not reading.is_joined(beats.end) or reading.tokens[beats.end].text not in {"/", "⁄"}:
        return None
    unit = digits(reading, beats.end + 1)
    if unit is None or unit.value not in {2, 4, 8, 16} or not 2 <= beats.value <= 15:
        return None
    return Parsed((beats.value, unit.value), unit.end)


def with_voice(reading: Reading, start: int) -> Parsed | None:
    """Parse the "with" of "with female vocals": the words after it stay a direction."""
    found = reading.at(start, "with", known=True)
    if found is None or reading.at(found.end, "vocals") is not None:
        return None
    for place in range(found.end, min(found.end + 3, len(reading))):
        if reading.at(place, "vocals", known=True) is not None:
            return Parsed(None, found.end)
        if reading.is_boundary(place) or reading.at(place, "without", "stop", "instruments") is not None:
            return None
    return None


PARSERS: dict[str, Parser] = {
    "number": number, "bare_length": number, "length": length, "year": year, "year_with_suffix": year_with_suffix,
    "period": period, "decade": decade, "decade_again": decade_again, "free_decade": free_decade, "key": key,
    "tonic": tonic, "chord": chord, "fraction": fraction, "with_voice": with_voice,
}  # fmt: skip
