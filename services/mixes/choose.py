"""Choose the tracks of a listener's mixes."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from itertools import islice, zip_longest

import numpy as np

from services.catalog import Catalogue
from services.domain.errors import InvalidRequest, NotFound
from services.domain.filters import Filters
from services.domain.libraries import within
from services.domain.listening import ListenerTastes, Remembered, ShownTaste
from services.domain.question import SEED_MAX, PathOptions, Question
from services.mixes.rules import DiscoverRule, MoodRule, PathRule, RediscoverRule, Rule, TasteRule
from services.recommend import Recommender
from services.recommend.order import space_artists
from services.recommend.path import Paths
from services.recommend.tastes import Tastes
from services.recommend.words import WordReader
from services.words.moods import mood_named

VARIETY = 0.3
"""Random variation of recommended tracks from day to day."""

SEEDS_MAX = 30
"""Heaviest plays of a taste that its new tracks are found with: enough to cover it."""

LIKE_PLAYS = 5
"""Plays that a like counts when loved tracks are drawn."""


class NothingFound(InvalidRequest):
    """No track fits a mix."""

    def __init__(self) -> None:
        super().__init__("No track fits.")


class NoTwoTastes(InvalidRequest):
    """A path needs two tastes, or two ends."""

    def __init__(self) -> None:
        super().__init__("The listener has less than two tastes. Give `from` and `to`, or listen to more music.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mix:
    """A mix of a listener on a day.

    Attributes:
        key: Identifies it among the mixes of the listener; the same every day.
        name: The name of its playlist.
        about: What it is made from; may be empty.
        track_ids: Its tracks in the order to play.
        problem: Why it has no tracks; None if it has some.
    """

    key: str
    name: str
    about: str = ""
    track_ids: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Past:
    """What the mixes of a listener on a day are made from.

    Attributes:
        listener: The name.
        day: The day.
        heard: The history, with every heard track.
        tastes: Heaviest first.
        filters: Of the named library that the listener is bound to.
        only: If given, no other tracks may be in a mix.
        may_have: Whether a track that the listener knows may be in a mix.
    """

    listener: str
    day: date
    heard: Remembered
    tastes: ListenerTastes
    filters: Filters
    only: frozenset[str] | None
    may_have: Callable[[str], bool]

    def seed(self, key: str) -> int:
        """Return a number that is another one for each listener, day and mix."""
        digest = blake2b(f"{self.listener}/{self.day}/{key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest) & SEED_MAX

    def draw(self, weights: Mapping[str, float], count: int, key: str) -> list[str]:
        """Return up to `count` tracks, drawn without replacement by their weights (Efraimidis & Spirakis, 2006)."""
        random = np.random.default_rng(self.seed(key))
        places = {track_id: random.exponential() / weights[track_id] for track_id in sorted(weights)}
        return list(islice(filter(self.may_have, sorted(places, key=places.__getitem__)), count))

    def question(self, key: str, limit: int) -> Question:
        """Return the question for tracks of a mix that the listener has not heard."""
        return Question(
            remembered=self.heard,
            filters=self.filters,
            only=self.only,
            limit=limit,
            variety=VARIETY,
            seed=self.seed(key),
            max_per_artist=max(3, limit // 10),
            max_per_album=max(2, limit // 20),
            explain=False,
        )


class Mixes:
    """Chooses mixes by rules. They stay the same for a day while the library and the listens do not change."""

    def __init__(
        self, catalogue: Catalogue, recommender: Recommender, tastes: Tastes, words: WordReader, paths: Paths
    ) -> None:
        self._catalogue = catalogue
        self._recommender = recommender
        self._tastes = tastes
        self._words = words
        self._paths = paths

    def choose(
        self, listener: str, rules: Mapping[str, Rule], day: date, only: Collection[str] | None = None
    ) -> list[Mix]:
        """Return the mixes of a listener on a day, with tracks among `only` if given.

        A mix that cannot be made has a problem instead of tracks.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        libraries = self._catalogue.libraries
        own = libraries.of_listener(listener)
        heard = self._catalogue.listens.remembered(listener, repeat_after=None)

        def may_have(track_id: str) -> bool:
            is_allowed = track_id not in heard.rejected and (only is None or track_id in only)
            return is_allowed and (own is None or bool(libraries.held(own, [track_id])))

        past = _Past(
            listener=listener,
            day=day,
            heard=heard,
            tastes=self._tastes.of(listener),
            filters=Filters() if own is None else within(Filters(), own),
            only=None if only is None else frozenset(only),
            may_have=may_have,
        )
        return [mix for rule_id, rule in rules.items() for mix in self._by_rule(past, rule_id, rule)]

    def _by_rule(self, past: _Past, rule_id: str, rule: Rule) -> Iterator[Mix]:
        if isinstance(rule, TasteRule):
            for number, taste in enumerate(past.tastes.tastes, start=1):
                name = rule.name.replace("{number}", str(number))
                mix = Mix(key=f"{rule_id}:{number}", name=name, about=taste.described.label)
                yield self._filled(mix, past, rule, taste)
        elif isinstance(rule, MoodRule):
            for mood in rule.moods:
                name = rule.name.replace("{mood}", mood_named(mood).titles[rule.language])
                yield self._filled(Mix(key=f"{rule_id}:{mood}", name=name), past, rule, mood)
        else:
            yield self._filled(Mix(key=rule_id, name=rule.name), past, rule)

    def _filled(self, mix: Mix, past: _Past, rule: Rule, subject: ShownTaste | str | None = None) -> Mix:
        try:
            track_ids = self._tracks(mix.key, past, rule, subject)
        except (InvalidRequest, NotFound) as error:
            return replace(mix, problem=error.detail)
        return replace(mix, track_ids=tuple(track_ids))

    def _tracks(self, key: str, past: _Past, rule: Rule, subject: ShownTaste | str | None) -> Sequence[str]:
        """Return the tracks of a mix.

        Raises:
            InvalidRequest, NotFound: there are none.
        """
        found: Sequence[str] = ()
        match rule, subject:
            case TasteRule(), ShownTaste():
                found = self._of_taste(key, past, rule, subject)
            case MoodRule(), str():
                with_heard = replace(past.heard, heard={}, may_return=True)
                question = replace(past.question(key, rule.tracks), remembered=with_heard)
                found = self._recommended(self._words.read(question, [], subject))
            case DiscoverRule(), _:
                found = self._recommended(past.question(key, rule.tracks))
            case RediscoverRule(), _:
                found = self._loved(key, past, rule)
            case PathRule(), _:
                found = self._path(key, past, rule)
        if not found:
            raise NothingFound
        return found

    def _recommended(self, question: Question) -> list[str]:
        return [each.track_id for each in self._recommender.recommend(question).recommendations]

    def _of_taste(self, key: str, past: _Past, rule: TasteRule, taste: ShownTaste) -> list[str]:
        """Return known and new tracks of a taste in turn; if there are too few of one kind, more of the other."""
        known = past.draw(dict(taste.plays), rule.tracks, key)
        heaviest = [track_id for track_id, _ in taste.plays[:SEEDS_MAX]]
        found = self._recommender.seeded([heaviest], past.question(key, rule.tracks))
        new = [each.track_id for each in found]
        count = max(round(rule.known * rule.tracks), rule.tracks - len(new))
        pairs = zip_longest(known[:count], new[: rule.tracks - min(count, len(known))])
        return self._spaced([track_id for pair in pairs for track_id in pair if track_id is not None])

    def _loved(self, key: str, past: _Past, rule: RediscoverRule) -> list[str]:
        midnight = datetime.combine(past.day, time(), UTC)
        before = midnight - timedelta(days=rule.days)
        loved = self._catalogue.play_counts.loved(past.listener, plays=rule.plays, before=before)
        weights = {each.track_id: each.plays + (LIKE_PLAYS if each.is_liked else 0.0) for each in loved}
        return self._spaced(past.draw(weights, rule.tracks, key))

    def _path(self, key: str, past: _Past, rule: PathRule) -> list[str]:
        start, end = rule.start, rule.end
        if start is None or end is None:
            ends = [past.draw(dict(taste.plays), 1, key) for taste in past.tastes.tastes[:2]]
            if len(ends) < 2 or not all(ends):  # noqa: PLR2004  the two ends of a path
                raise NoTwoTastes
            [[start], [end]] = ends
        options = PathOptions(one_per_artist=rule.one_per_artist, variety=VARIETY, seed=past.seed(key))
        steps = self._paths.between(start, end, steps=max(2, rule.tracks), filters=past.filters, options=options)
        return [each.track_id for each in steps if past.only is None or each.track_id in past.only]

    def _spaced(self, track_ids: Sequence[str]) -> list[str]:
        """Return the tracks that are ready, with no artist twice in a row if possible."""
        known = self._catalogue.tracks.embedded(track_ids)
        ready = [known[track_id] for track_id in track_ids if track_id in known]
        return [track.id for track in space_artists(ready, (), lambda track: track)]
