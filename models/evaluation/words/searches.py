"""Searches by words: captions of tracks, added words, negations, words with a history, and texts without meaning.

Scores are combined as the recommender combines them (docs/adr/016): the scores of each text are compared in standard
deviations over the tracks, because the cosines of each text have a level and a spread of their own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from models.arrays import Float64Array, unit_rows
from models.evaluation.metrics import Figure, figure, interval
from models.evaluation.words.lists import CaptionRules, Mixed, Negation, Phrase, Step
from models.evaluation.words.scorers import Scorer, best
from models.evaluation.words.truth import Truth

TOP = 20
RECALL = 10
MIXED_TOP = 10
NEGATED_SHARE = 0.1
"""Least share of the tracks that carry a name for its negation to count."""

LESS_WEIGHT = 0.7
"""Weight of the words to avoid, as in `services.recommend.steering`."""

LESS_FROM = -1.0
"""Standard deviations from the mean above which words to avoid lower a score, as in `services.recommend.steering`."""

_SALIENT = 0.8  # rank from which on a caption names a tag
_GRADES = 5  # of descriptors, in words
_LEAST_SPREAD = 1e-9  # of scores that are all equal
_HISTORY_LABELS = 1  # tracks of a history that the words may describe


@dataclass(frozen=True, slots=True)
class Share:
    """A share of pairs with the expected change, and its 95 % bootstrap interval over pairs.

    Attributes:
        name: Name of the group of pairs.
        pairs: Number of pairs.
        value: The share.
        low: Lower end of the interval.
        high: Upper end.
        missed: Texts of the pairs without the expected change.
    """

    name: str
    pairs: int
    value: float
    low: float
    high: float
    missed: Sequence[str]

    @classmethod
    def of(cls, name: str, expected: Mapping[str, bool]) -> "Share":
        """Return the share of the texts whose change is as expected."""
        values = np.array(list(expected.values()), dtype=np.float64)
        missed = [text for text, met in expected.items() if not met]
        return cls(name, len(values), float(values.mean()), *interval(values), missed)

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True, slots=True)
class CaptionSearch:
    """Search of tracks by their captions.

    Attributes:
        recall: Share of captions with their track among the 10 best, mean over tracks.
        median_rank: Median rank of the track, from 1; a caption that is not understood ranks its track in the middle.
        not_understood: Share of captions.
    """

    recall: Figure
    median_rank: float
    not_understood: float


def captions(
    truth: Truth, held_out: Sequence[str], descriptors: Mapping[str, Float64Array], rules: CaptionRules
) -> list[list[str]]:
    """Write captions for n tracks; see `captions.toml`.

    Args:
        truth: The teachers' tags of the tracks.
        held_out: Names that captions may contain.
        descriptors: Descriptor → (n,) values.
        rules: How captions are made.

    Returns:
        The captions of each track.
    """
    ranks = {name: _ranks(truth.odds(name)) for name in held_out}
    grades = {name: (_GRADES * _ranks(values)).astype(int) for name, values in descriptors.items()}
    random = np.random.default_rng(rules.seed)
    written = []
    for track in range(len(next(iter(grades.values())))):
        salient = sorted((-rank[track], name) for name, rank in ranks.items() if rank[track] >= _SALIENT)
        words = {name: rules.words[name][grade[track]] for name, grade in grades.items()}
        written.append(
            [_caption([name for _, name in salient[: rules.tags]], words, rules, random) for _ in range(rules.captions)]
        )
    return written


def _caption(
    tags: Sequence[str], words: Mapping[str, Sequence[str]], rules: CaptionRules, random: np.random.Generator
) -> str:
    chosen = random.choice(sorted(words), rules.descriptors, replace=False).tolist()
    described = [words[name][int(random.integers(len(words[name])))] for name in chosen]
    template = rules.templates[int(random.integers(len(rules.templates)))] if tags else rules.without_tags
    caption = template.replace("{tags}", ", ".join(tags))
    for position, word in enumerate(described, start=1):
        caption = caption.replace(f"{{{position}}}", word)
    return caption


def _ranks(values: Float64Array) -> Float64Array:
    """Return (n,) ranks from 0 up to, but without, 1."""
    ranks: Float64Array = np.argsort(np.argsort(values, kind="stable"), kind="stable") / len(values)
    return ranks


def search_captions(score: Scorer, written: Sequence[Sequence[str]], soundtracks: Sequence[str]) -> CaptionSearch:
    """Search all tracks by each caption.

    Args:
        score: Scores of n tracks.
        written: Captions of each of the n tracks.
        soundtracks: Packages of the n tracks.
    """
    ranks, missing = np.zeros((len(written), len(written[0]))), 0
    for track, texts in enumerate(written):
        for position, text in enumerate(texts):
            scores = score(text)
            missing += scores is None
            better = len(written) // 2 if scores is None else int((scores > scores[track]).sum())
            ranks[track, position] = 1 + better
    recall = (ranks <= RECALL).mean(axis=1)
    return CaptionSearch(figure(recall, soundtracks), float(np.median(ranks)), missing / ranks.size)


def added_words(score: Scorer, queries: Sequence[str], steps: Sequence[Step], truth: Truth) -> list[Share]:
    """Return, for each step, the share of queries whose top 20 the added words move the right way."""
    return [
        Share.of(
            step.name,
            {
                f"{query}, {step.add}": _moves(
                    score(query), score(f"{query}, {step.add}"), step.direction * truth.attribute(step.balance)
                )
                for query in queries
            },
        )
        for step in steps
    ]


def steering_words(score: Scorer, queries: Sequence[str], steps: Sequence[Step], truth: Truth) -> list[Share]:
    """Return the same for a second text that is combined with the query, as in a running session."""
    return [
        Share.of(
            step.name,
            {
                f"{query} + {step.steer}": _moves(
                    score(query),
                    _together(score(query), score(step.steer)),
                    step.direction * truth.attribute(step.balance),
                )
                for query in queries
            },
        )
        for step in steps
    ]


def _standing(scores: Float64Array) -> Float64Array:
    """Return (n,): how many standard deviations each score is above the mean."""
    standing: Float64Array = (scores - scores.mean()) / max(float(scores.std()), _LEAST_SPREAD)
    return standing


def _together(first: Float64Array | None, second: Float64Array | None) -> Float64Array | None:
    """Combine two texts; None if one of them was not understood."""
    return None if first is None or second is None else _standing(first) + _standing(second)


def _without(rest: Float64Array | None, less: Float64Array | None) -> Float64Array | None:
    """Combine a text with words to avoid; None if one of them was not understood."""
    if rest is None or less is None:
        return None
    return _standing(rest) - LESS_WEIGHT * np.maximum(_standing(less), LESS_FROM)


def _moves(before: Float64Array | None, after: Float64Array | None, balance: Float64Array) -> bool:
    """Return whether the mean balance of the top 20 rises; False for texts that are not understood."""
    if before is None or after is None:
        return False
    return bool(balance[best(after, TOP)].mean() > balance[best(before, TOP)].mean())


def counted(negations: Sequence[Negation], truth: Truth) -> list[Negation]:
    """Return the negations that count: of labels, and of names that at least a tenth of the tracks carry."""
    return [each for each in negations if each.of is None or truth.carried(each.of).mean() >= NEGATED_SHARE]


def negated_parts(score: Scorer, negations: Sequence[Negation], truth: Truth) -> Share:
    """Return the share of negations that lower the mean balance of the top 20 when the grammar splits the text."""
    return Share.of(
        "split by the grammar",
        {
            each.text: _moves(
                score(each.rest),
                _without(score(each.rest), score(each.less)),
                -truth.balance(each.label),
            )
            for each in negations
        },
    )


def negated_texts(score: Scorer, negations: Sequence[Negation], truth: Truth) -> Share:
    """Return the same for the whole text in one vector, without the grammar."""
    return Share.of(
        "whole text in one vector",
        {each.text: _moves(score(each.rest), score(each.text), -truth.balance(each.label)) for each in negations},
    )


@dataclass(frozen=True, slots=True)
class MixedSearch:
    """A history of one soundtrack with words of another mood.

    Attributes:
        questions: Number of questions: a soundtrack's history with a text.
        to_words: Mean over questions of the gain in the words' balance, in standard deviations of the balance over the
            tracks, of history and words over the history alone.
        to_history: Mean gain in cosine to the history, of history and words over the words alone.
        both: Share of questions with both gains.
    """

    questions: int
    to_words: Figure
    to_history: Figure
    both: Share


def mixed_search(
    score: Scorer, rules: Mixed, embeddings: Float64Array, soundtracks: Sequence[str], truth: Truth
) -> MixedSearch:
    """Search by a history, by words, and by both.

    Args:
        score: Scores of n tracks.
        rules: The texts, and how histories are drawn.
        embeddings: (n, 128) unit vectors.
        soundtracks: Packages of the n tracks.
        truth: The teachers' tags of the tracks.
    """
    random = np.random.default_rng(rules.seed)
    to_words, to_history, owners, both = [], [], [], {}
    for soundtrack in dict.fromkeys(soundtracks):
        members = np.flatnonzero(np.asarray(soundtracks) == soundtrack)
        history = random.choice(members, rules.history, replace=False)
        by_history = embeddings @ unit_rows(embeddings[history].mean(axis=0, keepdims=True))[0]
        for phrase in rules.texts:
            if truth.is_true(phrase.label)[history].sum() > _HISTORY_LABELS:
                continue
            words_gain, history_gain = _gains(score, phrase, truth, by_history, history.tolist())
            to_words.append(words_gain)
            to_history.append(history_gain)
            owners.append(soundtrack)
            both[f"{soundtrack}: {phrase.text}"] = min(words_gain, history_gain) > 0
    return MixedSearch(
        questions=len(owners),
        to_words=figure(np.array(to_words), owners),
        to_history=figure(np.array(to_history), owners),
        both=Share.of("history and words", both),
    )


def _gains(
    score: Scorer, phrase: Phrase, truth: Truth, by_history: Float64Array, history: Sequence[int]
) -> tuple[float, float]:
    """Return the gain in the words' balance over the history alone, and in cosine to the history over the words."""
    by_words = score(phrase.text)
    if by_words is None:
        return 0.0, 0.0
    heard = np.zeros(len(by_history))
    heard[list(history)] = np.inf
    balance = truth.balance(phrase.label) / truth.balance(phrase.label).std()
    together = best(_standing(by_history) + _standing(by_words) - heard, MIXED_TOP)
    words_gain = balance[together].mean() - balance[best(by_history - heard, MIXED_TOP)].mean()
    history_gain = by_history[together].mean() - by_history[best(by_words - heard, MIXED_TOP)].mean()
    return float(words_gain), float(history_gain)


def understood(score: Scorer, name: str, texts: Sequence[str]) -> Share:
    """Return the share of texts that are understood; `missed` lists the others."""
    return Share.of(name, {text: score(text) is not None for text in texts})


def rejected(score: Scorer, name: str, texts: Sequence[str]) -> Share:
    """Return the share of texts that are not understood; `missed` lists the others."""
    return Share.of(name, {text: score(text) is None for text in texts})
