"""Captions for the training of the text tower: words and phrases of ten languages, and the concepts that they name.

A *concept* is a weighted sum of features of a piece of music, such as the teachers' tags; `words/concepts.toml` defines
all concepts, and one file per language says how people name them. A *caption* is a text and the concepts that it names,
with a negative sign for what it does not want.
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import Float64Array

DIRECTORY = Path(__file__).with_name("words")

_FITTING = 0.8  # standard deviations of a concept from which on it fits a piece of music
_MISSING = -0.6  # and up to which a caption may say that the piece lacks it
_DROPPED_WORDS = 0.15  # share of captions that lose a word
_WEIGHT_OF_UNWANTED = -1.0


@dataclass(frozen=True, slots=True)
class Caption:
    """A text with the concepts that it names.

    Attributes:
        text: As a person would type it.
        concepts: Concept → 1, or −1 for a concept that the text does not want.
    """

    text: str
    concepts: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Phrases:
    """The phrases of one language.

    Attributes:
        language: Its code.
        words: Concept → words that fit into the templates.
        phrases: Concept → phrases that stand alone.
        single: Templates with one slot.
        several: Templates with two slots.
        negative: Templates with one slot for an unwanted word.
    """

    language: str
    words: Mapping[str, Sequence[str]]
    phrases: Mapping[str, Sequence[str]]
    single: Sequence[str]
    several: Sequence[str]
    negative: Sequence[str]

    @classmethod
    def read(cls, language: str) -> "Phrases":
        """Read the file of a language."""
        content = _toml(f"{language}.toml")
        return cls(language, content["words"], content["phrases"], **content["templates"])


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Concepts and phrases.

    Attributes:
        concepts: Concept → feature → weight.
        languages: The phrases of each language.
    """

    concepts: Mapping[str, Mapping[str, float]]
    languages: Sequence[Phrases]
    forbidden: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def read(cls, languages: Sequence[str], *, without: Iterable[str] = (), forbidden: Iterable[str] = ()) -> "Lexicon":
        """Read the files of the lexicon.

        Args:
            languages: Codes of the languages.
            without: Features to withhold. A concept whose weights rest mainly on them is left out; texts that contain
                their names are left out, too.
            forbidden: Texts that no caption may equal, because a test uses them.
        """
        withheld = frozenset(without)
        concepts = {}
        for name, weights in _toml("concepts.toml").items():
            kept = {feature: weight for feature, weight in weights.items() if feature not in withheld}
            total = sum(abs(weight) for weight in weights.values())
            lost = total - sum(abs(weight) for weight in kept.values())
            if lost < _MOST_LOST * total:
                concepts[name] = kept
        names = tuple(feature.split(":")[-1].casefold() for feature in withheld)
        read = [_without(Phrases.read(language), concepts, names) for language in languages]
        return cls(concepts, read, frozenset(text.casefold() for text in forbidden))

    def single_words(self) -> dict[str, str]:
        """Return word → concept for all words that name the same concept in every language that has them."""
        concepts: dict[str, set[str]] = {}
        for phrases in self.languages:
            for concept, words in phrases.words.items():
                for word in words:
                    concepts.setdefault(word.casefold(), set()).add(concept)
        return {
            word: concept for word, (concept, *others) in concepts.items() if not others and word not in self.forbidden
        }

    def scores(self, features: Float64Array, names: Sequence[str]) -> dict[str, Float64Array]:
        """Return for each concept how well it fits each piece of music.

        Args:
            features: (n, n_features), standardised; 0 where a feature is unknown.
            names: The n_features names.

        Returns:
            Concept → (n,), standardised.
        """
        columns = {name: features[:, index] for index, name in enumerate(names)}
        return {
            concept: _standardised(np.sum([weight * columns[name] for name, weight in weights.items()], axis=0))
            for concept, weights in self.concepts.items()
        }

    def captions(self, scores: Mapping[str, Float64Array], composed: int, seed: int) -> list[Caption]:
        """Return captions: every word and phrase, and combinations that fit pieces of music.

        Args:
            scores: From `scores`.
            composed: Number of combinations.
            seed: Of the random choices.
        """
        random = np.random.default_rng(seed)
        listed = [*self._listed(random), *self._composed(scores, composed, random)]
        captions = {caption.text.casefold(): caption for caption in listed}
        return [caption for text, caption in captions.items() if text not in self.forbidden]

    def _listed(self, random: np.random.Generator) -> Iterator[Caption]:
        for phrases in self.languages:
            for concept in phrases.words:
                named = {concept: 1.0}
                for word in phrases.words[concept]:
                    yield Caption(word, named)
                    for template in random.choice(phrases.single, _TEMPLATES_PER_WORD, replace=False):
                        yield Caption(template.format(word), named)
                for word in phrases.words[concept][:_NEGATED_WORDS]:
                    negated = str(random.choice(phrases.negative)).format(word)
                    yield Caption(negated, {concept: _WEIGHT_OF_UNWANTED})
                for phrase in phrases.phrases[concept]:
                    yield Caption(phrase, named)

    def _composed(
        self, scores: Mapping[str, Float64Array], count: int, random: np.random.Generator
    ) -> Iterator[Caption]:
        names = list(scores)
        table = np.stack([scores[name] for name in names], axis=1)  # (n, concepts)
        for piece in random.integers(len(table), size=count):
            tests = table[piece] > _FITTING, table[piece] < _MISSING
            phrases = self.languages[int(random.integers(len(self.languages)))]
            fitting, missing = (
                [name for index, name in enumerate(names) if test[index] and phrases.words[name]] for test in tests
            )
            wanted = list(random.permutation(fitting)[: 2 + random.integers(2)])
            if len(wanted) < 2:  # noqa: PLR2004  the templates have two slots
                continue
            unwanted = random.choice(missing) if missing and random.random() < _WITH_UNWANTED else None
            yield _compose(phrases, wanted, unwanted, random)


_MOST_LOST = 0.5  # share of a concept's weights that may be withheld
_TEMPLATES_PER_WORD = 1
_NEGATED_WORDS = 2
_WITH_UNWANTED = 0.3  # share of combinations with an unwanted concept


def _compose(phrases: Phrases, wanted: Sequence[str], unwanted: str | None, random: np.random.Generator) -> Caption:
    """Return a caption that names all wanted concepts."""
    words = [str(random.choice(phrases.words[concept])) for concept in wanted]
    text = str(random.choice(phrases.several)).format(words[0], words[1])
    if len(wanted) > 2:  # noqa: PLR2004  the first two are in the template
        text = f"{text}, {random.choice([*phrases.phrases[wanted[2]], words[2]])}"
    concepts = dict.fromkeys(wanted, 1.0)
    if unwanted is not None:
        text = f"{text}, {random.choice(phrases.negative)}".format(random.choice(phrases.words[unwanted]))
        concepts[unwanted] = _WEIGHT_OF_UNWANTED
    elif random.random() < _DROPPED_WORDS:
        text = _with_a_word_dropped(text, random)
    return Caption(text, concepts)


def _with_a_word_dropped(text: str, random: np.random.Generator) -> str:
    words = text.split()
    if len(words) > 3:  # noqa: PLR2004  shorter texts would lose their meaning
        del words[random.integers(len(words))]
    return " ".join(words)


def _without(phrases: Phrases, concepts: Iterable[str], names: Sequence[str]) -> Phrases:
    """Return phrases of these concepts only, without texts that contain one of the names."""

    def kept(texts: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        return {
            concept: [text for text in texts[concept] if not any(name in text.casefold() for name in names)]
            for concept in concepts
        }

    return Phrases(
        phrases.language,
        kept(phrases.words),
        kept(phrases.phrases),
        phrases.single,
        phrases.several,
        phrases.negative,
    )


def _standardised(values: Float64Array) -> Float64Array:
    scaled: Float64Array = (values - values.mean()) / values.std()
    return scaled


@cache
def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((DIRECTORY / name).read_text(encoding="utf-8"))
