"""Hard facts of a text: tempo, length, years, key, time signature and vocals, as ranges of filters."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from services.domain.filters import Range
from services.words.forms import Match, longest_match
from services.words.lexicon import Reading, lexicon
from services.words.quantities import HOUR, MINUTE

TEMPO_MIN, TEMPO_MAX = 20, 400
"""Beats per minute that a tempo can be."""

LENGTH_MAX = 24 * HOUR
"""Seconds that the length of a track can be."""

QUARTER = 4
"""The lower number of a time signature in quarters."""

BEATS = (3, 4)
"""Beats per bar that the analysis distinguishes."""

BY = ("by", "um", "met")
"""Words between "slower" and a number."""

OPPOSITE = {
    "below": "above", "above": "below", "before": "since", "since": "before", "after": "until", "until": "after",
    "instrumental": "sung", "sung": "instrumental",
}  # fmt: skip
"""What a statement becomes under a negation."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Ranges that a phrase of a text states; without ranges, a phrase that cannot be a filter, with the reason."""

    phrase: str
    ranges: Mapping[str, Range] = field(default_factory=dict)
    problem: str | None = None


def find_facts(reading: Reading) -> Iterator[Fact]:
    """Yield the facts of a text in order, and mark their tokens as understood."""
    start = 0
    while start < len(reading):
        match = None if reading.used[start] else longest_match(reading, start)
        if match is not None and match.end <= reading.idioms.get(start, 0):
            match = None
        if match is not None and _is_difference(reading, match):
            phrase = reading.slice(match.start, match.end)
            reading.use(match.start, match.end)
            yield Fact(phrase, problem=f"'{phrase}' was ignored: a difference cannot have a number.")
            continue
        ranges = _ranges(match, match.form.states) if match else None
        if match is None or ranges is None:
            start += 1
            continue
        yield _fact(reading, match, ranges)
        start = match.end


def _is_difference(reading: Reading, match: Match) -> bool:
    """Whether a number says how much slower, faster, shorter or longer a track is to be: "20 bpm slower"."""
    relative = reading.at(match.end, "relative", known=True)
    if relative is None and match.start > 1 and reading.tokens[match.start - 1].text in BY:
        relative = reading.before(match.start - 1, "relative", known=True)
    if relative is None or match.form.states != "about" or reading.is_cjk(relative.start):
        return False
    field = {"tempo": "tempo", "length": "duration_ms"}.get(match.form.about)
    return field is not None and bool(reading.lexicon.relative[str(relative.value)]["field"] == field)


def _fact(reading: Reading, match: Match, ranges: Mapping[str, Range]) -> Fact:
    start, end = _negation(reading, match)
    phrase = reading.slice(start, end)
    reading.use(start, end)
    if not ranges:
        return Fact(phrase, problem=f"'{phrase}' was ignored: the analysis distinguishes 3 and 4 beats per bar only.")
    if (start, end) == (match.start, match.end):
        return Fact(phrase, ranges)
    opposite = OPPOSITE.get(match.form.states)
    if opposite is None:
        return Fact(phrase, problem=f"'{phrase}' was ignored: this can be required but not excluded.")
    return Fact(phrase, _ranges(match, opposite) or {})


def _negation(reading: Reading, match: Match) -> tuple[int, int]:
    """Return the tokens of a match with the negation before or after it."""
    start = match.start
    if (article := reading.before(start, "article", known=True)) and not reading.is_used(article.start, article.end):
        start = article.start
    for place in (match.start, start):
        negation = reading.before(place, "not", "without", "not_mood", known=True)
        if negation is not None and not reading.is_used(negation.start, negation.end):
            return negation.start, match.end
    after = reading.at(match.end, "not_after", "without_after")
    return (match.start, after.end) if after else (match.start, match.end)


def _ranges(match: Match, states: str) -> Mapping[str, Range] | None:
    """Return the ranges that a match states; empty if they cannot be met, None if the values make no sense."""
    values = match.values
    if match.form.about == "tempo":
        numbers = values["number"]
        is_sensible = all(TEMPO_MIN <= number <= TEMPO_MAX for number in numbers) and _is_ordered(numbers, states)
        return {"tempo": _interval(numbers, states, lexicon().limits["around"])} if is_sensible else None
    if match.form.about == "length":
        return _length(match, states)
    if match.form.about == "year":
        periods = [
            each
            for name in ("period", "decade", "decade_again", "free_decade", "year", "year_with_suffix")
            for each in values.get(name, ())
        ]
        return {"year": _years(periods, states)}
    if match.form.about == "key":
        return _key(match)
    if match.form.about == "metre":
        return _metre(match)
    return {"instrumentalness": no_vocals() if states == "instrumental" else Range(max=lexicon().limits["with_vocals"])}


def no_vocals() -> Range:
    """Return the instrumentalness of tracks without vocals."""
    return Range(min=lexicon().limits["no_vocals"])


def _length(match: Match, states: str) -> Mapping[str, Range] | None:
    seconds = list(match.values["length"])
    if "bare_length" in match.values:  # "3 to 5 minutes"
        first = match.values["bare_length"][0]
        unit = next(unit for unit in (HOUR, MINUTE, 1) if unit <= seconds[0] or unit == 1)
        seconds.insert(0, first * unit)
    if not all(0 < value <= LENGTH_MAX for value in seconds) or not _is_ordered(seconds, states):
        return None
    wanted = _interval(seconds, states, lexicon().limits["around_length"])
    return {"duration_ms": Range(_milliseconds(wanted.min), _milliseconds(wanted.max))}


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000)


def _is_ordered(numbers: list[float], states: str) -> bool:
    """Whether the lower bound is below the upper one."""
    return numbers == sorted(numbers, reverse=states == "below_above") or not states.endswith(("_below", "_above"))


def _interval(numbers: list[float], states: str, around: float) -> Range:
    if states in {"between", "above_below", "below_above"}:
        return Range(float(min(numbers)), float(max(numbers)))
    value = float(numbers[-1])
    if states == "below":
        return Range(max=value)
    if states == "above":
        return Range(min=value)
    return Range(round(value * (1 - around), 1), round(value * (1 + around), 1))


def _years(periods: list[tuple[int, int]], states: str) -> Range:
    first, last = min(low for low, _ in periods), max(high for _, high in periods)
    if states == "before":
        return Range(max=first - 1)
    if states == "until":
        return Range(max=last)
    if states == "after":
        return Range(min=last + 1)
    if states == "since":
        return Range(min=first)
    return Range(first, last)


def _key(match: Match) -> Mapping[str, Range]:
    found = {}
    for mode in (*match.values.get("mode", ()), *match.values.get("mode_free", ())):
        found["mode"] = Range(float(mode), float(mode))
    for kind in ("key", "tonic", "chord"):
        for key in match.values.get(kind, ()):
            if key.tonic is not None:
                found["key"] = Range(key.tonic, key.tonic)
            if key.mode is not None:
                found["mode"] = Range(key.mode, key.mode)
    return found


def _metre(match: Match) -> Mapping[str, Range]:
    beats = list(match.values.get("metre", ()))
    beats += [beats if unit == QUARTER else math.nan for beats, unit in match.values.get("fraction", ())]
    return {"time_signature": Range(beats[0], beats[0])} if beats[0] in BEATS else {}


class Merged:
    """The ranges of all facts of a text, and warnings about facts that repeat or contradict each other."""

    def __init__(self) -> None:
        self.ranges: dict[str, Range] = {}
        self.warnings: list[str] = []
        self._phrases: dict[tuple[str, str], str] = {}

    def add(self, fact: Fact) -> None:
        """Add a fact. Of two that contradict each other, the first is kept."""
        if fact.problem is not None:
            self.warnings.append(fact.problem)
        earlier = {phrase: None for key in _ends_of(fact.ranges) if (phrase := self._phrases.get(key)) is not None}
        both = {name: intersection(self.ranges.get(name, Range()), wanted) for name, wanted in fact.ranges.items()}
        if any(wanted is None for wanted in both.values()):
            others = earlier or {phrase: None for (name, _), phrase in self._phrases.items() if name in fact.ranges}
            named = " and ".join(f"'{phrase}'" for phrase in others)
            self.warnings.append(f"{named} and '{fact.phrase}' contradict each other; '{fact.phrase}' was ignored.")
            return
        if earlier:
            named = " and ".join(f"'{phrase}'" for phrase in earlier)
            self.warnings.append(f"{named} and '{fact.phrase}' limit the same value; both must hold.")
        self.ranges |= {name: wanted for name, wanted in both.items() if wanted is not None}
        for key in _ends_of(fact.ranges):
            self._phrases.setdefault(key, fact.phrase)


def _ends_of(ranges: Mapping[str, Range]) -> Iterator[tuple[str, str]]:
    for name, wanted in ranges.items():
        if wanted.min is not None:
            yield name, "min"
        if wanted.max is not None:
            yield name, "max"


def intersection(one: Range, other: Range) -> Range | None:
    """Return the values that two ranges share; None if they share none."""
    lows = [low for low in (one.min, other.min) if low is not None]
    highs = [high for high in (one.max, other.max) if high is not None]
    low, high = max(lows, default=None), min(highs, default=None)
    return None if low is not None and high is not None and low > high else Range(low, high)
