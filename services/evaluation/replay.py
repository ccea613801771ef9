"""Replay: ask logged questions again with other options of the ranking."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic_core import from_json

from services.catalog import Catalogue
from services.catalog.questions import question_of
from services.catalog.radio_documents import state_of
from services.domain.errors import InvalidRequest
from services.domain.libraries import within
from services.domain.listening import EventKind, Recommendation
from services.domain.question import Question
from services.domain.radio import SessionState
from services.domain.recommendation_log import LoggedAnswer, Outcome
from services.domain.tuning import Tuning
from services.domain.vector_index import CountingSearch
from services.radio.sessions import Radio
from services.recommend import Recommender
from services.recommend.words import WordReader

SEED = 2026

Item = TypeVar("Item")

SIMILAR = "Similar tracks: no option changes them."
CHANGED = "The listens that the answer was made from have changed since."
OTHER_MODEL = "The words or pictures of the question are vectors of another model version."


@dataclass(frozen=True, slots=True)
class Options:
    """Options of the ranking that a replay asks with.

    Attributes:
        name: The name of the arm.
        values: Those that replace the options of the logged answers; without any, the answers are asked again as they
            were.
    """

    name: str
    values: Mapping[str, float]

    @classmethod
    def read(cls, file: Path) -> "Options":
        """Read a file with a JSON object.

        Raises:
            InvalidRequest: the file cannot be read, or an option or a value in it does not exist.
        """
        try:
            values = from_json(file.read_bytes())
        except (OSError, ValueError) as error:
            raise InvalidRequest(f"'{file}' cannot be read as JSON: {error}") from error
        if not isinstance(values, dict):
            raise InvalidRequest(f"'{file}' must contain one JSON object, such as {{\"diversity\": 0.4}}.")
        try:
            tuning = Tuning.parse(values)
        except InvalidRequest as error:
            raise InvalidRequest(f"'{file}': {error.detail}") from error
        return cls(file.stem, {name: getattr(tuning, name) for name in values})

    def applied(self, question: Question) -> Question:
        """Return the question with these options, and without exploration."""
        return replace(question.tuned(replace(question.tuning, **self.values)), exploration_seed=None)


@dataclass(frozen=True, slots=True)
class Asked:
    """A logged answer with what followed it, and the answers to the same question with the options of two arms."""

    logged: LoggedAnswer
    outcomes: Sequence[Outcome]
    answers: tuple[tuple[Recommendation, ...], tuple[Recommendation, ...]]

    @property
    def unit(self) -> str:
        """Whose listens depend on each other: the listener, else the session, else the answer alone."""
        return self.logged.listener or self.logged.session or self.logged.id

    def ids(self, arm: int) -> list[str]:
        """Return the track ids of an arm, best first."""
        return [each.track_id for each in self.answers[arm]]

    @property
    def is_explored(self) -> bool:
        """Whether the logged answer could have had other tracks."""
        return any(track.propensity < 1 for track in self.logged.tracks)

    def heard(self) -> dict[int, bool]:
        """Return for each rank that was listened to whether the track was skipped."""
        heard = (outcome for outcome in self.outcomes if outcome.kind in {EventKind.PLAY, EventKind.SKIP})
        return {outcome.rank: outcome.kind == EventKind.SKIP for outcome in heard}


@dataclass(frozen=True, slots=True)
class Replayed:
    """The questions that were asked again, and how many could not be, by reason."""

    asked: list[Asked]
    left_out: Mapping[str, int]


class Replayer:
    """Asks logged questions again, at the time of their answers."""

    def __init__(self, catalogue: Catalogue, index: CountingSearch, words: WordReader, half_life_days: float) -> None:
        self._catalogue = catalogue
        self._at = datetime.min.replace(tzinfo=UTC)
        self._recommender = Recommender(catalogue.tracks, index, lambda: self._at, half_life_days=half_life_days)
        self._radio = Radio(catalogue, index, self._recommender, lambda: self._at, words=words)

    def replay(
        self,
        logged: Sequence[tuple[LoggedAnswer, list[Outcome]]],
        arms: tuple[Options, Options],
        tell: Callable[[int, int], None],
    ) -> Replayed:
        """Ask with the options of two arms; `tell` gets the number of answers that are done and of all.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        asked: list[Asked] = []
        left_out: Counter[str] = Counter()
        for number, (answer, outcomes) in enumerate(logged, start=1):
            found = self._ask(answer, arms)
            if isinstance(found, str):
                left_out[found] += 1
            else:
                asked.append(Asked(answer, outcomes, found))
            tell(number, len(logged))
        return Replayed(asked, left_out)

    def _ask(
        self, answer: LoggedAnswer, arms: tuple[Options, Options]
    ) -> tuple[tuple[Recommendation, ...], tuple[Recommendation, ...]] | str:
        """Return the answers, or why the question cannot be asked again."""
        document = answer.question
        if "similar_to" in document:
            return SIMILAR
        self._at = answer.at
        if "session" in document:
            state, limit = state_of(answer.session or "", document)
            terms = _limited(state.session.terms, answer)
            first, other = (self._next(state, arm.applied(terms), limit) for arm in arms)
            return first, other
        question = question_of(document, self._catalogue.listens)
        if question is None:
            return CHANGED
        if question.vectors and answer.model_version != (self._catalogue.tracks.space or ""):
            return OTHER_MODEL
        question = _limited(question, answer)
        first, other = (self._answer(document.get("seeds"), arm.applied(question)) for arm in arms)
        return first, other

    def _next(self, state: SessionState, terms: Question, limit: int) -> tuple[Recommendation, ...]:
        asked = replace(state, session=replace(state.session, terms=terms))
        return tuple(pick.recommendation for pick in self._radio.ask(asked, limit))

    def _answer(self, seeds: Sequence[Sequence[str]] | None, question: Question) -> tuple[Recommendation, ...]:
        if seeds:
            return self._recommender.seeded(seeds, question)
        return self._recommender.recommend(replace(question, explain=False)).recommendations


def sample(items: Iterable[Item], count: int) -> list[Item]:
    """Return `count` items, or all if there are fewer, each with the same probability, in their order.

    Reservoir sampling (Vitter, 1985, algorithm R): only the chosen ones are in memory. The same items give the same
    sample.
    """
    random = np.random.default_rng(SEED)
    chosen: list[tuple[int, Item]] = []
    for number, item in enumerate(items):
        if number < count:
            chosen.append((number, item))
        elif (place := int(random.integers(number + 1))) < count:
            chosen[place] = (number, item)
    return [item for _, item in sorted(chosen, key=lambda each: each[0])]


def _limited(question: Question, answer: LoggedAnswer) -> Question:
    """Return the question for tracks of the libraries that the sender was limited to."""
    if not answer.libraries:
        return question
    return replace(question, filters=within(question.filters, answer.libraries))
