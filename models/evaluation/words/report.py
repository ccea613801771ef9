"""All figures of an evaluation of words, and their requirements."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from models.arrays import Float64Array
from models.evaluation.demands import Requirement
from models.evaluation.words.areas import Areas, name_areas, phrase_areas, rare_name_areas
from models.evaluation.words.lists import Lists
from models.evaluation.words.pictures import PicturesReport, picture_requirements
from models.evaluation.words.scorers import Scorer
from models.evaluation.words.searches import (
    CaptionSearch,
    MixedSearch,
    Share,
    added_words,
    counted,
    mixed_search,
    negated_parts,
    negated_texts,
    rejected,
    search_captions,
    steering_words,
    understood,
)
from models.evaluation.words.truth import Truth
from models.evaluation.words.voices import Voices

COMMAND = "python -m models.evaluation --words"
ENGLISH = "en"

_SEEN_AREA = 0.95
_PARAPHRASE_AREA = 0.87
_HELD_OUT_AREA = 0.78
_LANGUAGE_AREA = 0.82
_RECALL = 0.25
_STEPS = 0.90
_NEGATIONS = 0.80
_REJECTED = 0.90  # 18 of 20
_UNDERSTOOD = 0.95


@dataclass(frozen=True, slots=True)
class Evaluated:
    """Everything that a scorer is evaluated on.

    Attributes:
        lists: The lists.
        truth: The teachers' tags of the n tracks.
        embeddings: (n, 128) unit vectors of the shipped encoder.
        soundtracks: Packages of the n tracks.
        captions: Captions of each of the n tracks.
    """

    lists: Lists
    truth: Truth
    embeddings: Float64Array
    soundtracks: Sequence[str]
    captions: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class Row:
    """The figures of one scorer.

    Attributes:
        name: The scorer.
        names: Areas of the names of tags that are measurable.
        rare: Areas of the names that hardly any track carries.
        phrases: Language code → areas of the phrases.
        captions: Search by captions.
        added: Words written after a query, by step.
        steering: A second text that is combined with a query, by step.
        negated_parts: Negations that the grammar splits.
        negated_texts: Negations in one vector.
        mixed: A history with words.
        rejected: Share of texts that must not be understood, and are not.
        understood: Share of the supported phrases that are understood.
    """

    name: str
    names: Areas
    rare: Areas
    phrases: Mapping[str, Areas]
    captions: CaptionSearch
    added: Sequence[Share]
    steering: Sequence[Share]
    negated_parts: Share
    negated_texts: Share
    mixed: MixedSearch
    rejected: Share
    understood: Share

    @property
    def paraphrases(self) -> Areas:
        """Areas of the English phrases."""
        return self.phrases[ENGLISH]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The figures of the evaluation-only text tower, which was not trained on some names and descriptors.

    Attributes:
        names: Areas of the held-out names that are measurable.
        rare: Areas of the held-out names that hardly any track carries.
        captions: Search by captions of those names and descriptors.
    """

    names: Areas
    rare: Areas
    captions: CaptionSearch


@dataclass(frozen=True, slots=True)
class WordsReport:
    """The figures of one run.

    Attributes:
        tower: Version of the text tower.
        sentences: Its sentence encoder.
        sha256: Checksum of its weights.
        tracks: Number of tracks.
        soundtracks: Number of soundtracks.
        rows: The baselines, and the text tower last.
        best: English areas by the encoder's own tags, if the label is known: the best that words can reach.
        held_out: None if there is no evaluation-only tower.
        voices: None if eSpeak NG is not installed.
        pictures: None if the photographs cannot be fetched.
        notes: What was omitted, and why.
    """

    tower: str
    sentences: str
    sha256: str
    tracks: int
    soundtracks: int
    rows: Sequence[Row]
    best: Mapping[str, Areas]
    held_out: HeldOut | None
    voices: Voices | None
    pictures: PicturesReport | None
    notes: Sequence[str] = ()


def measure(name: str, score: Scorer, on: Evaluated) -> Row:
    """Run every test with one scorer."""
    lists, truth = on.lists, on.truth
    negations = counted(lists.negations, truth)
    return Row(
        name=name,
        names=name_areas(score, truth.measurable(truth.names), truth),
        rare=rare_name_areas(score, truth.rare(truth.names), truth),
        phrases={language: phrase_areas(score, phrases, truth) for language, phrases in lists.phrases.items()},
        captions=search_captions(score, on.captions, on.soundtracks),
        added=added_words(score, lists.queries, lists.steps, truth),
        steering=steering_words(score, lists.queries, lists.steps, truth),
        negated_parts=negated_parts(score, negations, truth),
        negated_texts=negated_texts(score, negations, truth),
        mixed=mixed_search(score, lists.mixed, on.embeddings, on.soundtracks, truth),
        rejected=rejected(score, "nonsense and unsupported languages", lists.not_understood),
        understood=understood(score, "supported phrases", lists.supported),
    )


def measure_held_out(score: Scorer, on: Evaluated) -> HeldOut:
    """Run the tests of the evaluation-only tower."""
    names = on.lists.held_out
    return HeldOut(
        names=name_areas(score, on.truth.measurable(names), on.truth),
        rare=rare_name_areas(score, on.truth.rare(names), on.truth),
        captions=search_captions(score, on.captions, on.soundtracks),
    )


def requirements(report: WordsReport) -> list[Requirement]:
    """Return every requirement for which the report has a figure."""
    tower = report.rows[-1]
    return [
        Requirement("AUC, seen words", tower.names.mean, least=_SEEN_AREA),
        Requirement("AUC, English paraphrases", tower.paraphrases.mean, least=_PARAPHRASE_AREA),
        *_held_out(report.held_out),
        *(
            Requirement(f"AUC, phrases in {language}", areas.mean, least=_LANGUAGE_AREA)
            for language, areas in tower.phrases.items()
            if language != ENGLISH
        ),
        Requirement("added words: share of pairs", mean_share(tower.added), least=_STEPS),
        Requirement("steering words: share of pairs", mean_share(tower.steering), least=_STEPS),
        Requirement("negations: share of texts", tower.negated_parts.value, least=_NEGATIONS),
        *_voices(report.voices),
        Requirement("mixed, gain towards the words", tower.mixed.to_words.low, least=0.0),
        Requirement("mixed, gain towards the history", tower.mixed.to_history.low, least=0.0),
        Requirement("not understood: share of nonsense and other languages", tower.rejected.value, least=_REJECTED),
        Requirement("understood: share of supported phrases", tower.understood.value, least=_UNDERSTOOD),
        *(picture_requirements(report.pictures) if report.pictures else ()),
    ]


def _held_out(found: HeldOut | None) -> Iterator[Requirement]:
    if found:
        yield Requirement("AUC, held-out words", found.names.mean, least=_HELD_OUT_AREA)
        yield Requirement("caption to track, R@10", found.captions.recall.value, least=_RECALL)


def _voices(found: Voices | None) -> Iterator[Requirement]:
    if found:
        yield Requirement("no vocals: share of tracks", found.lowered.value, least=_NEGATIONS)


def mean_share(shares: Sequence[Share]) -> float:
    """Return the share over the pairs of several groups of equal size."""
    return float(np.mean([share.value for share in shares]))


def as_json(report: WordsReport) -> str:
    """Return the report as JSON, with the command that makes it; the page has the weights that pictures compare."""
    pictures = None if report.pictures is None else replace(report.pictures, tuning={})  # its keys are not texts
    content = {"command": COMMAND} | asdict(replace(report, pictures=pictures))
    return json.dumps(content, indent=1, ensure_ascii=False, default=_as_text) + "\n"


def _as_text(value: object) -> str:
    """Return the name of a file, whose folder differs between machines."""
    if isinstance(value, Path):
        return value.name
    raise TypeError(f"{value!r} cannot be written as JSON.")


def metrics(report: WordsReport) -> dict[str, Any]:
    """Return the figures of the requirements for the model card, with the command that makes them."""
    return {"command": COMMAND} | {each.test: round(each.measured, 4) for each in requirements(report)}
