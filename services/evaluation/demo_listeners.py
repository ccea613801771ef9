"""Simulated listeners, so that an empty service has something to analyse. No figure from them says anything of people.

Each has one to three interests, of which the last comes later, and a time of day for calm and for energetic music. They
ask the real recommender for what to play, in the variants of a simulated experiment, and skip what fits them badly. The
answers are in the recommendation log.
"""

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from services.catalog import Catalogue
from services.catalog.questions import question_as_json
from services.domain.errors import InvalidRequest
from services.domain.experiments import Experiment, Variant, assign
from services.domain.listening import Description, EventKind, NewListen, RememberedAt
from services.domain.question import Question
from services.domain.recommendation_log import AnswerKind
from services.domain.tuning import Tuning
from services.domain.vector_index import VectorSearch
from services.evaluation.own_listeners import OwnLibrary
from services.recommend import Recommender
from services.recommend.answer_log import Entry

NAME = "simulated-{:02}"
EXPERIMENT = Experiment(
    name="simulated",
    salt="simulated",
    variants=(Variant(name="current"), Variant(name="diverse", tuning=Tuning(diversity=0.8, exploration=0.1))),
)

LISTENERS, DAYS = 40, 56
TRACKS_MIN = 20
"""Tracks that a library needs, so that interests differ."""

SESSIONS_A_DAY = 0.5
MORNINGS = 0.4
"""Share of the sessions that are in the morning; the others are in the evening."""

SESSION = 6
"""Tracks of a session."""

REPEAT_AFTER = timedelta(days=3)
FIRST_TRACKS = 5
"""Tracks that a new listener chooses without a recommendation."""

SKIP_SLOPE, SKIP_MIDDLE = 10.0, 0.45
"""Of the logistic curve that gives the probability of a skip for the fit of a track."""

HOUR_WEIGHT = 0.3
"""Weight of the energy that fits the hour in the fit of a track; the rest is its cosine to the nearest interest."""

LIKED, MISSING = 0.08, 0.03
"""Share of finished tracks that are liked, and of listens to tracks that the library does not have."""

MISSING_TRACKS = 12
DURATION_MS = 180_000
"""Of tracks whose length is unknown."""


@dataclass(frozen=True, slots=True)
class Sound:
    """What listeners hear of a library: (n, 128) vectors of unit length, and (n,) energy from 0 to 1."""

    library: OwnLibrary
    energy: NDArray[np.float64]

    @classmethod
    def read(cls, catalogue: Catalogue) -> "Sound":
        """Read all analysed music.

        Raises:
            InvalidRequest: there are too few tracks.
        """
        library = OwnLibrary.read(catalogue)
        if len(library) < TRACKS_MIN:
            raise InvalidRequest(f"The library has {len(library)} analysed tracks. Simulations need {TRACKS_MIN}.")
        known = catalogue.tracks.get_many(library.ids)
        energy = [(known[each].attributes or {}).get("energy") for each in library.ids]
        return cls(library, np.array([0.5 if value is None else value for value in energy]))


@dataclass(frozen=True, slots=True)
class Person:
    """A simulated listener: the tracks at the centre of the interests, and when each interest begins."""

    name: str
    interests: NDArray[np.intp]
    begins: NDArray[np.float64]
    evening: float
    """The hour of the most energetic music."""

    def fit(self, sound: Sound, place: int, day: float, hour: float) -> float:
        """Return how well a track fits at a time, about 0 to 1."""
        vectors = sound.library.vectors
        nearest = float((vectors[self.interests[self.begins <= day]] @ vectors[place]).max())
        wanted = 0.5 + 0.4 * np.cos((hour - self.evening) / 24 * 2 * np.pi)
        return float((1 - HOUR_WEIGHT) * nearest + HOUR_WEIGHT * (1 - abs(sound.energy[place] - wanted)))


def simulate(  # noqa: PLR0913  each is a part of the simulation
    catalogue: Catalogue,
    index: VectorSearch,
    until: datetime,
    half_life_days: float,
    *,
    seed: int,
    listeners: int = LISTENERS,
    tell: Callable[[str], None],
) -> int:
    """Write the listens of simulated listeners over eight weeks, and the answers they got; return the listens.

    The same seed, time and library give the same listens. Simulated listeners that exist are left as they are.

    Raises:
        InvalidRequest: there are too few tracks.
        CatalogueUnavailable: the last listener is incomplete; `segue forget` removes such a listener.
    """
    sound = Sound.read(catalogue)
    midnight = until.replace(hour=0, minute=0, second=0, microsecond=0)
    simulation = _Simulation(catalogue, index, sound, midnight - timedelta(days=DAYS), half_life_days)
    known = {each.name for each in catalogue.listens.listeners()}
    written = 0
    for number in range(1, listeners + 1):
        if NAME.format(number) in known:
            continue
        random = np.random.default_rng([seed, number])
        person = _person(number, sound, random)
        days = list(_days(random))
        written += sum(simulation.session(person, day, random) for day in days)
        tell(person.name)
    return written


def _person(number: int, sound: Sound, random: np.random.Generator) -> Person:
    count = int(random.integers(1, 4))
    interests = random.choice(len(sound.library), count, replace=False)
    begins = np.zeros(count)
    if count > 1:
        begins[-1] = DAYS / 2
    return Person(NAME.format(number), interests, begins, float(random.normal(19, 2)))


def _days(random: np.random.Generator) -> Iterator[float]:
    """Yield the times of the sessions, in days from the start; most are in the morning or in the evening."""
    habit = SESSIONS_A_DAY * float(random.uniform(0.4, 1.6))  # some listen more often than others
    for day in range(DAYS):
        if random.random() < habit:
            hour = random.normal(8, 1) if random.random() < MORNINGS else random.normal(19, 2.5)
            yield day + float(np.clip(hour, 5, 23)) / 24


@dataclass(slots=True)
class _Simulation:
    catalogue: Catalogue
    index: VectorSearch
    sound: Sound
    start: datetime
    half_life_days: float
    recommender: Recommender = field(init=False)
    at: datetime = field(init=False)
    """The time of the session, which the recommender takes for now."""

    def __post_init__(self) -> None:
        self.at = self.start
        self.recommender = Recommender(
            self.catalogue.tracks, self.index, lambda: self.at, half_life_days=self.half_life_days
        )

    def session(self, person: Person, day: float, random: np.random.Generator) -> int:
        """Simulate a session and store it; return the number of its listens."""
        self.at = at = self.start + timedelta(days=day)
        last = self.catalogue.listens.page(person.name, limit=1).listens
        if not last:
            return self._listen(person, at, self._favourites(person, random), random)
        read = RememberedAt(person.name, last[0].id, REPEAT_AFTER, at)
        remembered = self.catalogue.listens.remembered(person.name, repeat_after=REPEAT_AFTER, as_of=read)
        question, variant = Question(remembered=remembered, limit=SESSION), assign(EXPERIMENT, person.name)
        entry = Entry(
            id=str(uuid.UUID(bytes=random.bytes(16), version=4)),
            at=at,
            kind=AnswerKind.RECOMMENDATIONS,
            listener=person.name,
            tuning=variant.tuning if variant else Tuning(),
            experiment=EXPERIMENT.name if variant else None,
            variant=variant.name if variant else None,
        )
        question = entry.asked(question)
        found = self.recommender.recommend(question).recommendations
        answer = entry.answer(question_as_json(question), self.catalogue.spaces.view().served or "", found)
        self.catalogue.recommendation_log.add([answer])
        return self._listen(person, at, [each.track_id for each in found], random, answer.id)

    def _favourites(self, person: Person, random: np.random.Generator) -> list[str]:
        """Return what a new listener plays: tracks near the first interest."""
        library = self.sound.library
        nearest = np.argsort(-(library.vectors @ library.vectors[person.interests[0]]))[: 2 * FIRST_TRACKS]
        return [library.ids[place] for place in random.choice(nearest, FIRST_TRACKS, replace=False)]

    def _listen(
        self,
        person: Person,
        at: datetime,
        track_ids: Sequence[str],
        random: np.random.Generator,
        recommendation_id: str | None = None,
    ) -> int:
        day, listens = (at - self.start) / timedelta(days=1), []
        for track_id in track_ids:
            place = self.sound.library.places[track_id]
            duration = self.sound.library.durations.get(track_id, DURATION_MS)
            fit = person.fit(self.sound, place, day, at.hour)
            skips = random.random() < 1 / (1 + np.exp(SKIP_SLOPE * (fit - SKIP_MIDDLE)))
            played = int(duration * random.uniform(0.03, 0.4)) if skips else duration
            listen = NewListen(
                names=(track_id,),
                kind=EventKind.SKIP if skips else EventKind.PLAY,
                at=at,
                played_ms=played,
                recommendation_id=recommendation_id,
            )
            at += timedelta(milliseconds=played)
            listens.append(listen)
            if not skips and random.random() < LIKED:
                listens.append(replace(listen, kind=EventKind.LIKE, at=at, played_ms=None))
            if random.random() < MISSING:
                number = int(random.integers(1, MISSING_TRACKS + 1))
                described = Description(artist="Simulated artist", title=f"Track {number} that is not in the library")
                listens.append(NewListen(described=described, at=at))
                at += timedelta(milliseconds=DURATION_MS)
        self.catalogue.listens.add(person.name, listens)
        return len(listens)
