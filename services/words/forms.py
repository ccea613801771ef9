"""Forms of facts, and where a text has them: each form is a sequence of classes and parsers of `facts.toml`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from services.words.lexicon import NUMBER_WORD, Reading, lexicon
from services.words.quantities import PARSERS, Parsed


class Element(NamedTuple):
    """A class of phrases, or a parser, that a form has or may have at a place."""

    name: str
    is_optional: bool


class Form(NamedTuple):
    """A way to state a fact: what it is about, such as "tempo", what it states, such as "below", and its elements."""

    about: str
    states: str
    elements: tuple[Element, ...]


class Match(NamedTuple):
    """A form at the tokens `start` to `end`, exclusive, with the values of its parsers and classes by element."""

    form: Form
    start: int
    end: int
    values: Mapping[str, list[Any]]
    is_known: bool
    """Whether its phrases are of the text's languages."""


# Classes of phrases with which a parser can begin; any parser of numbers can begin with a number.
_STARTS = {
    "length": ("span", "one"), "decade": ("part", "decade_word", "decade_before", "decade_weak"),
    "free_decade": ("part", "decade_word", "decade_before"), "key": ("note", "note_de", "sharp_before", "flat_before"),
    "period": ("part", "decade_word", "decade_before", "decade_weak"), "tonic": ("note",), "chord": ("chord",),
    "with_voice": ("with",),
}  # fmt: skip
_NUMERIC = "number"
_BEGIN_WITH_A_NUMBER = {
    *("number", "bare_length", "length", "year", "year_with_suffix", "period", "decade", "free_decade", "fraction"),
}


@cache
def forms_by_start() -> Mapping[str, tuple[Form, ...]]:
    """Return the forms by the classes with which they can begin."""
    found: dict[str, list[Form]] = defaultdict(list)
    for about, by_statement in lexicon().forms.items():
        for states, texts in by_statement.items():
            for text in texts:
                form = Form(
                    about, states, tuple(Element(word.rstrip("?"), word.endswith("?")) for word in text.split())
                )
                for start in _starts(form.elements):
                    if form not in found[start]:
                        found[start].append(form)
    return {start: tuple(forms) for start, forms in found.items()}


def _starts(elements: tuple[Element, ...]) -> Iterator[str]:
    for name, is_optional in elements:
        if name not in PARSERS:
            yield name
        else:
            yield from _STARTS.get(name, ())
            if name in _BEGIN_WITH_A_NUMBER:
                yield _NUMERIC
        if not is_optional:
            return


def longest_match(reading: Reading, start: int) -> Match | None:
    """Return the longest form that begins at a token; None if none does."""
    by_start = forms_by_start()
    kinds = set(reading.kinds_at(start))
    if NUMBER_WORD in kinds or _is_number(reading, reading.tokens[start].text):
        kinds.add(_NUMERIC)
    forms = {form: None for kind in sorted(kinds & by_start.keys()) for form in by_start[kind]}
    matches = [match for form in forms if (match := _match(reading, form, start)) is not None]
    return max(matches, key=lambda match: (match.end, match.is_known), default=None)


def _is_number(reading: Reading, word: str) -> bool:
    return word.isdecimal() or word == "'" or reading.lexicon.compound(word) is not None  # "'90s"


def _match(reading: Reading, form: Form, start: int) -> Match | None:
    values: dict[str, list[Any]] = {}
    end, is_known = start, True
    for position, (name, is_optional) in enumerate(form.elements):
        found = _fitting(reading, name, end, form.elements[position + 1 :])
        if found is None and not is_optional:
            return None
        if found is not None:
            values.setdefault(name, []).append(found.value)
            is_known = is_known and (name in PARSERS or reading.at(end, name, known=True) is not None)
            end = found.end
    if end == start or reading.is_used(start, end):
        return None
    return Match(form, start, end, values, is_known)


def _fitting(reading: Reading, name: str, start: int, following: tuple[Element, ...]) -> Parsed | None:
    """Return the longest phrase of an element after which the following elements can be, if there is one."""
    return next((found for found in _elements(reading, name, start) if _fits(reading, following, found.end)), None)


def _fits(reading: Reading, following: tuple[Element, ...], start: int) -> bool:
    """Whether the next element that a form must have can begin at a token."""
    for name, is_optional in following:
        if next(_elements(reading, name, start), None) is not None:
            return True
        if not is_optional:
            return False
    return True


def _elements(reading: Reading, name: str, start: int) -> Iterator[Parsed]:
    if name not in PARSERS:
        yield from (Parsed(found.value, found.end) for found in reading.kinds_at(start).get(name, ()))
    elif (parsed := _parsed(reading, name, start)) is not None:
        yield parsed


def _parsed(reading: Reading, name: str, start: int) -> Parsed | None:
    """Return what a parser finds at a token; many forms begin with the same parser."""
    if (name, start) not in reading.parsed:
        reading.parsed[name, start] = PARSERS[name](reading, start)
    found: Parsed | None = reading.parsed[name, start]
    return found
