"""Recommendations, paths and radio sessions of a fixed library, compared with recorded ones.

Run `python -m tests.fakes.recorded` to record them again, and explain the difference in the commit.
"""

import json
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np

from services.domain.filters import Filters, Range
from services.domain.listening import Answer, EventKind, ListenEvent, Remembered
from services.domain.question import Exclusion, Order, Question
from services.domain.radio import RadioStart, Seeds
from services.radio.sessions import Radio
from services.recommend import Recommender
from services.recommend.path import Paths
from services.recommend.rank import RANKING_VERSION
from services.recommend.words import WordReader
from services.words.understand import understand
from tests.fakes.music import NOON, ExactIndex, catalogue_of, random_songs
from tests.fakes.words import FakeTower

RECORD = Path(__file__).with_name("recorded.json")
VERSION = "version of the ranking"
COUNT = 300
KINDS = list(EventKind)


def answers() -> dict[str, str]:
    """Return every result as one line of text, by the name of its question."""
    songs = random_songs(COUNT)
    catalogue, index = catalogue_of(songs), ExactIndex(songs)
    recommender = Recommender(catalogue.tracks, index, lambda: NOON, half_life_days=30.0)
    radio = Radio(
        catalogue, index, recommender, lambda: NOON, words=WordReader(catalogue.tracks, FakeTower({}), understand)
    )
    paths = Paths(catalogue.tracks, index)
    found = {VERSION: str(RANKING_VERSION)}
    found |= {f"question {n}": _line(recommender.recommend(question)) for n, question in enumerate(questions())}
    for number in range(4):
        similar = recommender.similar(f"test:{number}", limit=8, exclude=["test:6"])
        found[f"similar {number}"] = " ".join(each.track_id for each in similar)
        path = paths.between(f"test:{number}", f"test:{number + 50}", steps=3 + 3 * number)
        found[f"path {number}"] = " ".join(f"{step.track_id}:{step.similarity:.4f}" for step in path)
        seeds = [[songs[number].track.id, songs[number + 7].track.id], [songs[number + 20].track.id]]
        seeded = recommender.seeded(seeds, Question(limit=9, variety=0.3, seed=number))
        found[f"seeded {number}"] = " ".join(f"{each.track_id}:{each.taste}" for each in seeded)
    for name, start in starts():
        found |= _session(radio, name, start)
    return found


def questions() -> Iterator[Question]:
    """Yield questions that use every option."""
    random = np.random.default_rng(5)
    for number in range(50):
        history = tuple(
            ListenEvent(
                f"test:{random.integers(COUNT + 5)}",
                KINDS[int(random.choice(5, p=(0.6, 0.2, 0.1, 0.05, 0.05)))],
                None if random.uniform() < 0.3 else NOON - timedelta(days=float(random.uniform(0, 90))),
                None if random.uniform() < 0.5 else int(random.uniform(0, 250_000)),
            )
            for _ in range((number * 3) % 25)
        )
        stored = tuple(
            ListenEvent(f"{(each * 7919) % 100_003:06}", at=NOON - timedelta(days=each)) for each in range(30)
        )
        yield Question(
            history=history,
            remembered=Remembered(
                events=stored if number % 5 == 1 else (),
                rejected=frozenset({f"{(40 * 7919) % 100_003:06}"}),
                heard={event.track_id: event.at for event in stored if event.at} if number % 5 == 1 else {},
                may_return=number % 10 == 1,
            ),
            limit=(10, 25, 1, 40)[number % 4],
            filters=(Filters(), Filters({"tempo": Range(90, 150)}), Filters({}, {"genre": ("genre 1", "Genre 2")}))[
                number % 3
            ],
            targets=({}, {"energy": 0.8}, {"tempo": 100, "key": 3, "valence": 0.1})[(number // 3) % 3],
            exclude=Exclusion(
                tracks=("test:3", "test:9") if number % 4 == 2 else (),
                artists=("ARTIST 0.1",) if number % 6 == 3 else (),
                seed_artists=number % 7 == 5,
            ),
            diversity=(0.2, 0.0, 0.7)[number % 3],
            max_per_artist=(3, None, 1)[(number // 2) % 3],
            max_per_album=(2, 1, None)[(number // 4) % 3],
            variety=(0.0, 0.5)[number % 2],
            seed=number,
            order=list(Order)[(number // 2) % 4],
            half_life_days=(None, 5.0)[(number // 3) % 2],
            explain=number % 8 != 7,
        )


def starts() -> Iterator[tuple[str, RadioStart]]:
    """Yield radio sessions from every kind of seed."""
    terms = Question(seed=3, variety=0.2)
    liked = tuple(ListenEvent(f"test:{n}", EventKind.LIKE if n % 2 else EventKind.SKIP, NOON) for n in range(12))
    yield "nothing", RadioStart(terms=terms)
    yield "tracks", RadioStart(seeds=Seeds(tracks=("test:0", "test:1", "nobody")), terms=terms)
    yield (
        "names",
        RadioStart(seeds=Seeds(artists=("artist 2.1",), genres=("GENRE 4", "x"), tags=("loud",)), terms=terms),
    )
    yield "history", RadioStart(history=liked, terms=Question(seed=9, order=Order.FLOW, targets={"energy": 0.9}))
    few = Filters({}, {"genre": ("genre 3",)})
    yield "small", RadioStart(seeds=Seeds(tracks=("test:3",)), terms=Question(filters=few, order=Order.ENERGY_UP))


def _session(radio: Radio, name: str, start: RadioStart) -> dict[str, str]:
    view = radio.start(start)
    found = {f"radio {name} start": f"{' '.join(view.unknown)} | {_directions(view.directions)}"}
    heard: list[str] = []
    for call in range(10):
        kinds = (EventKind.PLAY, EventKind.SKIP, EventKind.LIKE) if call != 3 else (EventKind.SKIP,) * 3
        events = [ListenEvent(track, kind) for track, kind in zip(heard[:6], [*kinds, *kinds], strict=False)]
        answer = radio.next(view.session.id, events, limit=(3, 12, 7)[call % 3], key=f"{call}")
        heard = [pick.recommendation.track_id for pick in answer.picks]
        picks = " ".join(f"{pick.recommendation.track_id}:{pick.direction}" for pick in answer.picks)
        found[f"radio {name} {call}"] = f"{picks} | {_directions(answer.directions)}"
    return found


def _directions(directions: tuple) -> str:
    shown = ((each.state, each.taste) for each in directions)
    return "; ".join(f"{s.number} {s.weight:.3f} {s.rejections} {taste.label}" for s, taste in shown)


def _line(answer: Answer) -> str:
    tracks = " ".join(
        f"{each.track_id}:{each.score:.3f}:{each.taste}:{','.join(each.because_of)}" for each in answer.recommendations
    )
    tastes = "; ".join(f"{taste.label} {taste.weight:.3f}" for taste in answer.tastes)
    return f"{tracks} | {tastes} | {' '.join(answer.unknown)}"


def record() -> None:
    """Record the answers again. The recommendation log tells rankings apart by their version."""
    before, found = json.loads(RECORD.read_text(encoding="utf-8")), answers()
    if found != before and found[VERSION] == before.get(VERSION):
        sys.exit("The answers have changed: raise RANKING_VERSION in services/recommend/rank.py first.")
    RECORD.write_text(json.dumps(found, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    record()
