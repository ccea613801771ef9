"""Phrases to avoid in a text, from negations such as "no drums" and "not too fast"."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from services.words.facts import Fact, no_vocals
from services.words.lexicon import Found, Reading

NOUN_WORDS_MAX = 3
"""Words after "no" or "without"."""

CHARACTERS_MAX = 6
"""Characters of a Japanese or Chinese phrase to avoid, if nothing ends it before."""

# After these languages' nouns comes the adjective: "sin guitarras eléctricas".
_ADJECTIVE_LAST = frozenset({"fr", "es", "pt", "it", "pl"})

# How Portuguese words end, without accents: "no" after such a word and before another may be "em" and "o".
_PORTUGUESE = re.compile(r"(?:[aeo]s?|[lmr])$")

_HIRAGANA = ("ぁ", "ゖ")
_KATAKANA = ("ァ", "ヺ")
_OKURIGANA_MAX = 3


class Avoided(NamedTuple):
    """What negations exclude: phrases, and the fact "no vocals" if one names vocals.

    `objects` contains the phrases after "no" or "without", which need not be about music: "without distractions".
    """

    phrases: list[str]
    objects: list[str]
    facts: list[Fact]


def find_avoided(reading: Reading) -> Avoided:
    """Find the phrases to avoid, and mark their tokens and those of the negations as understood."""
    avoided = Avoided([], [], [])
    for start in range(len(reading)):
        if reading.used[start] or start in reading.idioms:
            continue
        negation = _negation_at(reading, start)
        if negation is not None:
            kind, marker = negation
            if kind.endswith("_after"):
                _avoid_before(reading, kind, marker, avoided)
            else:
                _avoid_after(reading, kind, marker, avoided)
    return avoided


def is_musical(phrase: str) -> bool:
    """Whether a phrase to avoid contains a voice, an instrument, a sound, a genre or a mood of any language."""
    reading = Reading(phrase)
    return any(
        reading.is_cjk(start)
        or (reading.at(start, "vocals", "instruments", "sounds", "moods") and not reading.at(start, "activities"))
        for start in range(len(reading))
    )


def _negation_at(reading: Reading, start: int) -> tuple[str, Found] | None:
    if _is_portuguese_no(reading, start) or _is_in_complement(reading, start):
        return None
    found = []
    for kind in ("less", "without", "not", "not_mood", "without_after", "not_after", "less_after"):
        marker = reading.at(start, kind, known=True)
        if marker is not None and not reading.is_used(marker.start, marker.end):
            found.append((kind, marker))
    return max(found, key=lambda each: each[1].end, default=None)


def _is_portuguese_no(reading: Reading, start: int) -> bool:
    """Whether a token is "no" as in "pegar no sono"."""
    following = start + 1
    if reading.tokens[start].text != "no" or "pt" not in reading.languages or not 0 < start < len(reading) - 1:
        return False
    if reading.at(following, "vocals", "instruments", "sounds", "moods", known=True) is not None:
        return False
    return reading.slice(start - 1, following + 1).islower() and all(
        _PORTUGUESE.search(reading.tokens[at].text) for at in (start - 1, following)
    )


def _is_in_complement(reading: Reading, start: int) -> bool:
    """Whether a token is 不 between a Chinese verb and its complement, as in 停不下来."""
    return (
        reading.tokens[start].text == "不"
        and reading.is_cjk(start - 1)
        and reading.is_joined(start)
        and reading.at(start + 1, "complements") is not None
    )


def _avoid_after(reading: Reading, kind: str, marker: Found, avoided: Avoided) -> None:
    start, last = marker.end, marker.start
    first = marker.start
    while (span := _phrase_at(reading, kind, start)) is not None:
        begin, end = span
        if kind == "not_mood" and reading.at(begin, "moods", known=True) is None:
            return
        if kind != "less" and _is_action(reading, begin, end):
            break
        _add(reading, kind, (begin, end), reading.slice(first, end), avoided)
        first, last = begin, end
        following = _next(reading, kind, end)
        if following is None:
            break
        start = following
    if last > marker.start:
        reading.use(marker.start, last)


def _is_action(reading: Reading, start: int, end: int) -> bool:
    """Whether a phrase is an action, not a quality: "nicht schlafen", "nothing plugged in"."""
    particle = reading.at(end, "verb_particles", known=True)
    is_verb = particle is not None and reading.is_boundary(particle.end)
    return is_verb or reading.at(start, "activities", known=True) is not None


def _add(reading: Reading, kind: str, span: tuple[int, int], phrase: str, avoided: Avoided) -> None:
    start, end = span
    vocals = reading.at(start, "vocals", known=True)
    if kind in {"without", "without_after"} and vocals is not None and vocals.end == end:
        avoided.facts.append(Fact(phrase, {"instrumentalness": no_vocals()}))
        return
    avoided.phrases.append(reading.slice(start, end))
    if kind == "without":
        avoided.objects.append(reading.slice(start, end))


def _phrase_at(reading: Reading, kind: str, start: int) -> tuple[int, int] | None:
    """Return the tokens of the phrase that a negation before it excludes."""
    start = reading.skip(start, lambda at: _skipped(reading, at))
    if reading.is_boundary(start) or not reading.is_word(start) or reading.at(start, "stop", "but", known=True):
        return None
    if reading.is_cjk(start):
        return _characters_at(reading, kind, start)
    known = reading.at(start, "vocals", "instruments", known=True)
    if known is not None and kind != "not":
        return start, _with_adjective(reading, known.end)
    most = NOUN_WORDS_MAX if kind == "without" else 1
    end = _word_end(reading, start)
    words = 1
    while not _stops(reading, end):
        noun = reading.at(end, "vocals", "instruments", known=True)
        if noun is not None and kind != "not":
            return start, noun.end
        if words >= most:
            break
        end, words = _word_end(reading, end), words + 1
    return start, _without_glue(reading, start, end)


def _skipped(reading: Reading, start: int) -> Found | None:
    found = reading.at(start, "article", known=True)
    return None if found is None or reading.is_used(found.start, found.end) else found


def _with_adjective(reading: Reading, end: int) -> int:
    """Return the end of a noun with the adjective after it, if that adjective ends the phrase."""
    if not reading.languages & _ADJECTIVE_LAST or _stops(reading, end):
        return end
    following = _word_end(reading, end)
    is_mood = reading.at(end, "moods", "vocals", "instruments", "or", "glue", known=True) is not None
    return following if _stops(reading, following) and not is_mood else end


def _word_end(reading: Reading, start: int) -> int:
    """Return the end of a word, of which hyphens and apostrophes are parts."""
    end = start + 1
    while (
        end + 1 < len(reading)
        and reading.tokens[end].text in {"-", "'", "&"}
        and reading.is_joined(end)
        and reading.is_joined(end + 1)
        and not reading.is_used(end, end + 2)
    ):
        end += 2
    return end


def _stops(reading: Reading, at: int) -> bool:
    return (
        reading.is_boundary(at)
        or not reading.is_word(at)
        or reading.at(at, "stop", "but", "or", "and", "without", "not", "less", known=True) is not None
    )


def _without_glue(reading: Reading, start: int, end: int) -> int:
    while end > start + 1 and (found := reading.before(end, "glue", known=True)) and found.start > start:
        end = found.start
    return end


def _next(reading: Reading, kind: str, end: int) -> int | None:
    """Return the start of the next phrase of an enumeration: "no drums or guitars", "without drums and bass"."""
    joiner = reading.at(end, "or", known=True)
    if joiner is not None and (reading.at(joiner.start, "and", known=True) is None or _is_noun(reading, joiner.end)):
        return None if reading.is_boundary(joiner.end) else joiner.end
    if kind != "without":
        return None
    joiner = reading.at(end, "and", known=True)
    place = (
        joiner.end if joiner else end + 1 if end < len(reading) and reading.tokens[end].text in {",", "、"} else None
    )
    return place if place is not None and _is_noun(reading, place) else None


def _is_noun(reading: Reading, start: int) -> bool:
    start = reading.skip(start, lambda at: _skipped(reading, at))
    return reading.at(start, "vocals", "instruments", known=True) is not None and not reading.is_boundary(start)


def _characters_at(reading: Reading, kind: str, start: int) -> tuple[int, int] | None:
    known = reading.at(start, "vocals", "instruments", "moods", known=True)
    if known is not None:
        return start, known.end
    end = start
    while not reading.is_boundary(end) and end - start < CHARACTERS_MAX:
        if end > start and reading.at(end, "particle", "stop", "but", "or", "glue", known=True):
            break
        end += 1
    is_open = end - start == CHARACTERS_MAX and not reading.is_boundary(end)
    return None if kind == "not" and is_open else (start, end)


def _avoid_before(reading: Reading, kind: str, marker: Found, avoided: Avoided) -> None:
    spans = list(_phrases_before(reading, marker))
    if not spans:
        return
    first = spans[-1][0]
    if (degree := reading.before(first, "article", known=True)) and not reading.is_used(degree.start, degree.end):
        first = degree.start
    for span in reversed(spans):
        size = len(avoided.phrases)
        _add(reading, kind, span, reading.slice(span[0], marker.end), avoided)
        if marker.value and span is spans[0] and len(avoided.phrases) > size:
            avoided.phrases[-1] = _adjective(avoided.phrases[-1], str(marker.value))
    reading.use(first, marker.end)


def _adjective(stem: str, ending: str) -> str:
    """Return the adjective of a stem: 悲し is of 悲しい, but 静か of itself."""
    return stem if stem.endswith(("か", "やか", "らか")) else stem + ending


def _phrases_before(reading: Reading, marker: Found) -> Iterator[tuple[int, int]]:
    end = marker.start
    while (start := _start_before(reading, end)) is not None:
        yield start, end
        joiner = reading.before(start, "or", known=True)
        if joiner is None or reading.is_used(joiner.start, joiner.end):
            return
        end = joiner.start


def _start_before(reading: Reading, end: int) -> int | None:
    """Return the first token of the word that ends before a token, by its script."""
    known = reading.before(end, "instruments", "vocals", known=True)
    if known is not None and not reading.is_used(known.start, known.end):
        return known.start
    start = _run_before(reading, end, _KATAKANA)
    if start < end:
        return start
    kana = max(_run_before(reading, end, _HIRAGANA), end - _OKURIGANA_MAX)
    start = kana
    while start > 0 and not reading.is_boundary(start - 1) and _is_kanji(reading, start - 1):
        start -= 1
    if start < kana:
        return start
    start = end
    while start > max(0, end - CHARACTERS_MAX) and not reading.is_boundary(start - 1):
        if reading.before(start, "particle", known=True) is not None:
            break
        start -= 1
    return start if start < end else None


def _run_before(reading: Reading, end: int, letters: tuple[str, str]) -> int:
    start = end
    while start > 0 and not reading.is_boundary(start - 1):
        text = reading.tokens[start - 1].text
        if not (letters[0] <= text[0] <= letters[1] or (letters is _KATAKANA and text == "ー")):
            break
        start -= 1
    return start


def _is_kanji(reading: Reading, at: int) -> bool:
    return reading.is_cjk(at) and not "\u3040" <= reading.tokens[at].text <= "\u30ff"
