"""The lists of phrases and labels that words are judged by, read from the files beside this module.

The files were committed before the first text tower existed; their comments explain the labels.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.tag_balances import TagBalance

_DIRECTORY = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Label:
    """What a phrase means, in names of `tags.toml`.

    Attributes:
        name: The label.
        kind: mood, situation, genre, instrument, tempo or texture.
        balance: The names that favour the label and the names that oppose it.
    """

    name: str
    kind: str
    balance: TagBalance


@dataclass(frozen=True, slots=True)
class Phrase:
    """A text and its label."""

    text: str
    label: Label


@dataclass(frozen=True, slots=True)
class Step:
    """Words that change a query.

    Attributes:
        name: Name of the change.
        add: Words that are written after the query.
        steer: A text of its own, which is combined with the query.
        balance: The balance that must change.
        direction: 1 if it must rise, -1 if it must fall.
    """

    name: str
    add: str
    steer: str
    balance: str
    direction: int


@dataclass(frozen=True, slots=True)
class Negation:
    """A text with a negation and its parts.

    Attributes:
        text: The whole text.
        rest: What it asks for.
        less: What it asks to avoid.
        label: What must become rarer.
        of: Name of `tags.toml` that the label consists of; None for a label of `labels.toml`, which always counts.
    """

    text: str
    rest: str
    less: str
    label: Label
    of: str | None


@dataclass(frozen=True, slots=True)
class NoVocals:
    """The test of "no vocals" on synthesised voices; see `negations.toml`."""

    every: int
    level: float
    seed: int
    threshold: float


@dataclass(frozen=True, slots=True)
class Mixed:
    """The test of a history with words; see `mixed.toml`."""

    history: int
    seed: int
    texts: Sequence[Phrase]


@dataclass(frozen=True, slots=True)
class CaptionRules:
    """How captions of tracks are made; see `captions.toml`."""

    seed: int
    captions: int
    tags: int
    descriptors: int
    templates: Sequence[str]
    without_tags: str
    words: Mapping[str, Sequence[Sequence[str]]]


@dataclass(frozen=True, slots=True)
class Lists:
    """All lists.

    Attributes:
        tags: Name → the teachers' tags that it stands for.
        held_out: Names that the evaluation-only text tower was not trained on.
        labels: Label by name.
        phrases: Language code → phrases; English first.
        nonsense: Texts without meaning.
        foreign: Code of an unsupported language → texts.
        queries: Queries that the steps change.
        steps: The steps.
        negations: The negations.
        no_vocals: The test on synthesised voices.
        mixed: The test of a history with words.
        captions: The rules for captions of tracks.
    """

    tags: Mapping[str, Sequence[str]]
    held_out: Sequence[str]
    labels: Mapping[str, Label]
    phrases: Mapping[str, Sequence[Phrase]]
    nonsense: Sequence[str]
    foreign: Mapping[str, Sequence[str]]
    queries: Sequence[str]
    steps: Sequence[Step]
    negations: Sequence[Negation]
    no_vocals: NoVocals
    mixed: Mixed
    captions: CaptionRules

    @property
    def not_understood(self) -> list[str]:
        """Texts that must not become a direction."""
        return [*self.nonsense, *(text for texts in self.foreign.values() for text in texts)]

    @property
    def supported(self) -> list[str]:
        """Texts that must become a direction: all phrases of all languages."""
        return [phrase.text for phrases in self.phrases.values() for phrase in phrases]

    @property
    def texts(self) -> list[str]:
        """All texts of the lists that a text tower must not be trained with."""
        return [*self.supported, *self.not_understood]


def name_label(name: str) -> Label:
    """Return the label of a single name of `tags.toml`."""
    return Label(name, "tag", TagBalance((name,), ()))


def load_lists() -> Lists:
    """Read all lists."""
    labels = {name: _label(name, values) for name, values in _read("labels.toml").items()}
    rejected, steering, negations, mixed = map(
        _read, ("not_understood.toml", "steering.toml", "negations.toml", "mixed.toml")
    )
    texts = [Phrase(text, labels[label]) for text, label in mixed["texts"].items()]
    return Lists(
        tags=_read("tags.toml"),
        held_out=_read("held_out.toml")["names"],
        labels=labels,
        phrases={language: _phrases(language, labels) for language in _languages()},
        nonsense=rejected["nonsense"],
        foreign=rejected["languages"],
        queries=steering["queries"],
        steps=[Step(name=name, **values) for name, values in steering["steps"].items()],
        negations=[_negation(values, labels) for values in negations["negations"]],
        no_vocals=NoVocals(**negations["no_vocals"]),
        mixed=Mixed(mixed["history"], mixed["seed"], texts),
        captions=CaptionRules(**_read("captions.toml")),
    )


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((_DIRECTORY / name).read_text(encoding="utf-8"))


def _label(name: str, values: Mapping[str, Any]) -> Label:
    return Label(name, values["kind"], TagBalance(tuple(values["favouring"]), tuple(values["opposing"])))


def _languages() -> list[str]:
    return sorted(
        (file.stem for file in (_DIRECTORY / "phrases").glob("*.toml")), key=lambda code: (code != "en", code)
    )


def _phrases(language: str, labels: Mapping[str, Label]) -> list[Phrase]:
    found = _read(f"phrases/{language}.toml")
    return [Phrase(text, labels[label]) for label, texts in found.items() for text in texts]


def _negation(values: Mapping[str, str], labels: Mapping[str, Label]) -> Negation:
    of = values.get("of")
    label = labels[values["label"]] if of is None else name_label(of)
    return Negation(values["text"], values["rest"], values["less"], label, of)
