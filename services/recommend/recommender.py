"""The recommender: resolves names, makes a profile, asks the index, ranks, explains the answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.catalog.database import now as present
from services.catalog.tracks import TrackStore
from services.domain.filters import Filters
from services.domain.listening import Answer, DescribedTaste, ListenEvent, Profile, Recommendation
from services.domain.question import Order, Question
from services.domain.track import Embedded
from services.index import VectorIndex
from services.recommend.explain import Reasons, label_of
from services.recommend.history_rules import Past, events_of
from services.recommend.order import in_order
from services.recommend.rank import Choice, RankingOptions
from services.recommend.search import Search, Searcher, anywhere, without
from services.recommend.seeds import shares
from services.recommend.taste import profile_of
from services.recommend.weights import weights_of

PLAYS_DESCRIBED = 6
"""A taste is named by its heaviest plays."""


@dataclass(frozen=True, slots=True)
class _Heard:
    """A history as far as the catalogue knows it."""

    names: Mapping[str, str]
    events: tuple[ListenEvent, ...]
    tracks: Mapping[str, Embedded]
    weights: Mapping[str, float]
    past: Past

    def unknown(self, asked: Iterable[str]) -> tuple[str, ...]:
        """Names that no ready track goes by."""
        return tuple(name for name in dict.fromkeys(asked) if self.names.get(name) not in self.tracks)

    def last(self) -> Embedded | None:
        """What was played last of all that counts for something."""
        liked = [event for event in self.events if self.weights.get(event.track_id, 0) > 0]
        return self.tracks[max(liked, key=lambda event: event.moment).track_id] if liked else None

    def artists(self) -> tuple[str, ...]:
        """Whom the plays are by."""
        liked = (self.tracks[track_id].artist for track_id, weight in self.weights.items() if weight > 0)
        return tuple(dict.fromkeys(artist for artist in liked if artist))


class Recommender:
    """Answers from the catalogue's embeddings and the vector index."""

    def __init__(
        self,
        tracks: TrackStore,
        index: VectorIndex,
        clock: Callable[[], datetime] = present,
        *,
        half_life_days: float,
    ) -> None:
        self._tracks = tracks
        self._searcher = Searcher(tracks, index)
        self._clock = clock
        self._half_life_days = half_life_days

    def similar(
        self, track_id: str, *, limit: int, filters: Filters | None = None, exclude: Iterable[str] = ()
    ) -> tuple[Recommendation, ...]:
        """The tracks that feel most like one track, each recording once.

        The track itself and those to exclude are left out, in other encodings as well.

        Raises:
            TrackNotFound: no track has this id.
            InvalidRequest: the track is not analysed (yet).
            IndexUnavailable: the vector index does not answer.
        """
        seed = self._tracks.ready([track_id])[track_id]
        out = frozenset(self._tracks.identify(exclude).values())
        known = [seed, *self._tracks.embedded(out).values()]
        hits = self._searcher.nearest(seed.vector, limit, filters or Filters(), out | {seed.id}, known)
        return tuple(Recommendation(hit.id, hit.score, because_of=(seed.id,)) for hit in hits)

    def tastes(self, history: Sequence[ListenEvent], half_life_days: float | None = None) -> tuple[DescribedTaste, ...]:
        """What a history says its listener likes, heaviest first; nothing if it says nothing."""
        heard = self._hear(Question(history=tuple(history), half_life_days=half_life_days))
        profile = profile_of(heard.weights, heard.tracks)
        return () if profile is None else self.described(profile)

    def recommend(self, question: Question) -> Answer:
        """What to play after a listening history; its own tracks are left out, in other encodings as well.

        A history that says nothing is answered with tracks from all over the library. What a stored listener heard
        lately comes only when nothing else is left, what they rejected never.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        heard = self._hear(question)
        unknown = heard.unknown(event.track_id for event in question.history)
        unknown += tuple(name for name in dict.fromkeys(question.exclude.tracks) if name not in heard.names)
        profile = profile_of(heard.weights, heard.tracks)
        directed = profile or anywhere(question.seed)
        choices = in_order(self._choose(question, directed, heard), question.order, heard.last())
        if profile is None:
            found = tuple(Recommendation(choice.candidate.id, choice.score, ()) for choice in choices)
            return Answer(found, tuple(dict.fromkeys(unknown)))
        reasons = [Reasons(taste, heard.tracks) for taste in profile.tastes] if question.explain else []
        recommendations = tuple(
            Recommendation(
                choice.candidate.id,
                choice.score,
                reasons[choice.taste].of(choice.candidate.vector, choice.candidate.id) if reasons else (),
                choice.taste,
            )
            for choice in choices
        )
        tastes = self.described(profile) if question.explain else ()
        return Answer(recommendations, tuple(dict.fromkeys(unknown)), tastes)

    def seeded(self, seeds: Sequence[Sequence[str]], question: Question) -> tuple[Recommendation, ...]:
        """What to play from several starting points, which weigh alike however many tracks each of them has.

        The question's history is not asked for. Tracks of a seed may be answered, unless the question excludes them.
        Nothing is answered where no seed has a ready track.

        Args:
            seeds: Track ids of each starting point.
            question: Conditions, and what the answer should be like.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        names = self._tracks.resolve(dict.fromkeys(question.exclude.tracks))
        tracks = self._tracks.embedded(list({*(track for seed in seeds for track in seed), *names.values()}))
        heard = _Heard(names, (), tracks, shares(seeds, tracks), Past.of(question, names.values()))
        profile = profile_of(heard.weights, tracks)
        if profile is None:
            return ()
        choices = in_order(self._choose(question, profile, heard), question.order, None)
        return tuple(Recommendation(choice.candidate.id, choice.score, (), choice.taste) for choice in choices)

    def _hear(self, question: Question) -> _Heard:
        excluded, remembered = question.exclude.tracks, question.remembered
        names = self._tracks.identify(event.track_id for event in question.history) | self._tracks.resolve(excluded)
        canonical = tuple(
            replace(event, track_id=names[event.track_id]) for event in question.history if event.track_id in names
        )
        events = events_of(replace(question, history=canonical))
        out = (names[name] for name in excluded if name in names)  # other encodings of these are left out, too
        found = self._tracks.embedded(list({*(event.track_id for event in events), *remembered.rejected, *out}))
        durations = {event.track_id: found[event.track_id].duration_ms for event in events if event.track_id in found}
        half_life = self._half_life_days if question.half_life_days is None else question.half_life_days
        weights = weights_of(events, durations, now=self._clock(), half_life_days=half_life)
        return _Heard(names, events, found, weights, Past.of(question, names.values()))

    def _choose(self, question: Question, profile: Profile, heard: _Heard) -> list[Choice]:
        """As many as are wanted; what the listener heard lately fills the seats that nothing else can."""
        options = RankingOptions.of(question, penalties=heard.past.yields)
        past = heard.past
        search = Search(
            profile=profile,
            heard=heard.tracks,
            filters=_conditions(question, heard),
            exclude=past.never.union(past.resting),
            known=past.recordings(heard.tracks, rested=False),
            options=options,
            measured=question.order != Order.RELEVANCE,
        )
        chosen = self._searcher.choose(search).choices
        missing = question.limit - len(chosen)
        if missing and past.resting:
            taken = [choice.candidate for choice in chosen]
            again = replace(
                search,
                exclude=past.never.union(track.id for track in taken),
                known=[*past.recordings(heard.tracks, rested=True), *taken],
                options=replace(options, limit=missing, penalties=past.resting),
                among=past.resting.keys(),
            )
            chosen += self._searcher.choose(again).choices
        return chosen

    def described(self, profile: Profile) -> tuple[DescribedTaste, ...]:
        """The tastes of a profile in words."""
        heaviest = [taste.plays[:PLAYS_DESCRIBED] for taste in profile.tastes]
        known = self._tracks.descriptions([play for plays in heaviest for play, _ in plays])
        total = sum(taste.weight for taste in profile.tastes)
        return tuple(
            DescribedTaste(
                # A track may have left the library since the history was read.
                label_of([(known[play], weight) for play, weight in plays if play in known]),
                taste.weight / total,
                tuple(play for play, _ in taste.plays),
            )
            for taste, plays in zip(profile.tastes, heaviest, strict=True)
        )


def _conditions(question: Question, heard: _Heard) -> Filters:
    unwanted = [*question.exclude.artists, *(heard.artists() if question.exclude.seed_artists else ())]
    return without(question.filters, frozenset(unwanted))
