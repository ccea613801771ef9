"""The lexicon of the grammar, read from `facts.toml`, and texts as tokens with the phrases that begin at each."""

import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any, NamedTuple

from services.domain.names import CJK, fold

LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "ja", "zh")
ANY = "any"

NUMBER_WORD = "number_word"
JOINER = "joiner"

Value = float | str | None

_TOKEN = re.compile(rf"\d+|[{CJK}]|(?:(?![{CJK}\d_])\w)+|\S")
_IS_CJK = re.compile(f"[{CJK}]")
_HALVES = str.maketrans({"½": ".5", "¼": ".25", "¾": ".75"})
_UNSTORABLE = {"Cc", "Cs", "Cn", "Zl", "Zp"}

# Letters that only one of the languages has.
_LETTERS_OF = {"de": "ßäü", "es": "ñ¿¡", "pt": "ãõ", "fr": "êîœ", "pl": "łąęśżźćń", "it": "ìò", "nl": "ë"}
_LETTERS = {letter: language for language, letters in _LETTERS_OF.items() for letter in letters}


class Phrase(NamedTuple):
    """A phrase of the lexicon: its class, its language or `ANY`, and its value if it has one."""

    kind: str
    language: str
    value: Value


class Found(NamedTuple):
    """A phrase in a text: the tokens `start` to `end`, exclusive."""

    start: int
    end: int
    language: str
    value: Value


class Token(NamedTuple):
    """A word, number or sign of a text, folded, and its place in the text."""

    text: str
    start: int
    end: int


@dataclass(slots=True)
class _Node:
    children: "dict[str, _Node]" = field(default_factory=dict)
    phrases: list[Phrase] = field(default_factory=list)


def clean(text: str) -> str:
    """Return a text in Unicode's compatibility form, on one line, without characters that databases refuse."""
    normal = unicodedata.normalize("NFKC", text.translate(_HALVES))
    kept = "".join(" " if unicodedata.category(letter) in _UNSTORABLE else letter for letter in normal)
    return " ".join(kept.split())


def tokens_of(text: str) -> list[Token]:
    """Return the tokens of a clean text. Each Japanese or Chinese character is a token."""
    return [Token(fold(found[0]), found.start(), found.end()) for found in _TOKEN.finditer(text)]


class Lexicon:
    """All phrases, in a tree by tokens."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        self.table = table
        self.limits: Mapping[str, float] = table["limits"]
        self.relative: Mapping[str, Mapping[str, Any]] = table["relative"]
        self.forms: Mapping[str, Mapping[str, list[str]]] = table["forms"]
        self.accented: Mapping[tuple[str, str], str] = {
            (language, fold(word)): word for word, language in table["accented"].items()
        }
        self._root = _Node()
        self._compounds: list[tuple[re.Pattern[str], Mapping[str, float]]] = []
        for language in (ANY, *LANGUAGES):
            self._add_language(language, table[language])

    def _add_language(self, language: str, classes: Mapping[str, Any]) -> None:
        for kind, phrases in classes.items():
            if kind == "numbers":
                self._add_numbers(language, phrases)
            elif kind == "relative":
                for name, words in phrases.items():
                    self._add("relative", language, dict.fromkeys(words, name))
            else:
                self._add(kind, language, phrases)

    def _add(self, kind: str, language: str, phrases: Mapping[str, Value] | Iterable[str]) -> None:
        pairs = phrases.items() if isinstance(phrases, Mapping) else ((phrase, None) for phrase in phrases)
        for phrase, value in pairs:
            node = self._root
            for token in tokens_of(clean(phrase)):
                node = node.children.setdefault(token.text, _Node())
            node.phrases.append(Phrase(kind, language, value))

    def _add_numbers(self, language: str, numbers: Mapping[str, Any]) -> None:
        words: dict[str, float] = numbers["words"]
        self._add(NUMBER_WORD, language, words)
        self._add(JOINER, language, numbers.get("joiner", ()))
        if "compound" not in numbers:
            return
        parts = {fold(word): value for word, value in {**words, **numbers.get("stems", {})}.items()}
        parts |= {fold(word): 0.5 for word in numbers.get("halves", ())}
        parts[numbers["compound"]] = 0.0
        longest_first = "|".join(sorted((part for part in parts if part), key=len, reverse=True))
        self._compounds.append((re.compile(longest_first), parts))

    def compound(self, word: str) -> list[float] | None:
        """Return the values of the parts of a number in one word, such as "fünfundachtzig"; None if it is none."""
        for pattern, parts in self._compounds:
            found = pattern.findall(word)
            if len(found) > 1 and sum(map(len, found)) == len(word):
                return [parts[part] for part in found]
        return None

    def phrases_at(self, tokens: list[Token], start: int) -> Iterator[tuple[int, list[Phrase]]]:
        """Yield the phrases that begin at a token with their ends, shortest first."""
        node = self._root
        for end in range(start, len(tokens)):
            following = node.children.get(tokens[end].text)
            if following is None:
                return
            node = following
            if node.phrases:
                yield end + 1, node.phrases


@cache
def lexicon() -> Lexicon:
    """Return the lexicon of `facts.toml`."""
    with (Path(__file__).parent / "facts.toml").open("rb") as file:
        return Lexicon(tomllib.load(file))


class Reading:
    """A clean text as tokens, with the phrases that begin and end at each token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = tokens_of(text)
        self.lexicon = lexicon()
        self.used = [False] * len(self.tokens)
        self.parsed: dict[tuple[str, int], Any] = {}
        """Results of parsers by parser and token, until more tokens are used."""
        self._begin: list[dict[str, list[Found]]] = [{} for _ in self.tokens]
        self._end: list[dict[str, list[Found]]] = [{} for _ in range(len(self.tokens) + 1)]
        for start in range(len(self.tokens)):
            for end, phrases in self.lexicon.phrases_at(self.tokens, start):
                for phrase in phrases:
                    if end == start + 1 and self._lacks_accents(start, phrase.language):
                        continue
                    found = Found(start, end, phrase.language, phrase.value)
                    self._begin[start].setdefault(phrase.kind, []).insert(0, found)
                    self._end[end].setdefault(phrase.kind, []).append(found)

    def __len__(self) -> int:
        return len(self.tokens)

    def _lacks_accents(self, index: int, language: str) -> bool:
        """Whether a token is a word of a language without the accents that it must have: "slow" for "słów"."""
        accented = self.lexicon.accented.get((language, self.tokens[index].text))
        return accented is not None and self.slice(index, index + 1).casefold() != accented

    def kinds_at(self, start: int) -> Mapping[str, list[Found]]:
        """Return the phrases that begin at a token by class, longest first."""
        return self._begin[start] if start < len(self.tokens) else {}

    def at(self, start: int, *kinds: str, known: bool = False) -> Found | None:
        """Return the longest phrase of some classes that begins at a token.

        With `known`, its language must be one of the text's.
        """
        return self._longest(self.kinds_at(start), kinds, known=known)

    def before(self, end: int, *kinds: str, known: bool = False) -> Found | None:
        """Return the longest phrase of some classes that ends before a token."""
        return self._longest(self._end[end], kinds, known=known)

    def _longest(self, kinds: Mapping[str, list[Found]], wanted: Iterable[str], *, known: bool) -> Found | None:
        found = [each for kind in wanted for each in kinds.get(kind, ()) if not known or self._is_known(each)]
        return max(found, key=lambda each: each.end - each.start, default=None)

    def _is_known(self, found: Found) -> bool:
        return found.language == ANY or found.language in self.languages

    @cached_property
    def languages(self) -> frozenset[str]:
        """The languages of the text: those with the most known words; several if they are equally likely."""
        scores = dict.fromkeys(LANGUAGES, 0)
        for language in self._spoken():
            scores[language] += 1
        best = max(scores.values())
        return frozenset(language for language, score in scores.items() if score == best)

    def _spoken(self) -> Iterator[str]:
        for kinds in self._begin:
            yield from {each.language for found in kinds.values() for each in found} - {ANY}
        for letter in self.text.casefold():
            if letter in _LETTERS:
                yield _LETTERS[letter]

    @cached_property
    def idioms(self) -> Mapping[int, int]:
        """The tokens inside of idioms, which state nothing, with the end of the idiom."""
        found = (self.at(start, "idiom") for start in range(len(self.tokens)))
        return {index: each.end for each in found if each for index in range(each.start, each.end)}

    def is_word(self, index: int) -> bool:
        """Whether a token is a word or a number, not a sign."""
        return index < len(self.tokens) and self.tokens[index].text[:1].isalnum()

    def is_cjk(self, index: int) -> bool:
        """Whether a token is a Japanese or Chinese character."""
        return 0 <= index < len(self.tokens) and bool(_IS_CJK.match(self.tokens[index].text))

    def is_joined(self, index: int) -> bool:
        """Whether a token follows the one before without a space."""
        return 0 < index < len(self.tokens) and self.tokens[index].start == self.tokens[index - 1].end

    def is_boundary(self, index: int) -> bool:
        """Whether a phrase ends before a token: at the end, at a punctuation mark or at a fact."""
        return index >= len(self.tokens) or self.used[index] or self.at(index, "mark") is not None

    def slice(self, start: int, end: int) -> str:
        """Return the text of some tokens as written."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end] if start < end else ""

    def use(self, start: int, end: int) -> None:
        """Mark tokens as understood."""
        self.used[start:end] = [True] * (end - start)
        self.parsed.clear()

    def is_used(self, start: int, end: int) -> bool:
        """Whether one of some tokens is understood already."""
        return any(self.used[start:end])

    def skip(self, start: int, is_skipped: Callable[[int], Found | None]) -> int:
        """Return the first token at or after `start` at which no phrase begins that is to be skipped."""
        while (found := is_skipped(start)) is not None:
            start = found.end
        return start
