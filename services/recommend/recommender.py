"""The recommender: resolves ids, applies the rules of the history, searches, ranks and explains the answer."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from services.catalog.database import now as current_time
from services.catalog.tracks import TrackStore
from services.domain.filters import Filters, music_only
from services.domain.listening import Answer, DescribedTaste, ListenEvent, Profile, Recommendation, Remembered
from services.domain.question import Order, Question
from services.domain.track import Embedded, Vector
from services.domain.words import VectorKind, WeightedVector
from services.index import Hit, VectorSearch
from services.recommend.dismissals import avoiding, centre_plays, centres_of, without_dismissed
from services.recommend.diversity import mean_distance
from services.recommend.explain import Reasons, label_of
from services.recommend.exploration import explored, with_tail
from services.recommend.order import in_order
from services.recommend.rank import Choice, RankingOptions
from services.recommend.search import Search, Searcher, random_profile, without_artists
from services.recommend.seeds import seed_weights
from services.recommend.steering import steered
from services.recommend.taste import profile_of, weights_of, with_start
from services.telemetry.measures import RECOMMENDATION_DIVERSITY
from services.telemetry.stages import Part, recommendation_part

REPEAT_PENALTY = 0.15
"""Penalty, in cosine, for a track that was heard long ago: more than it gains from its similarity to itself."""

LATEST_REPEAT_PENALTY = 2.0
"""Penalty, in cosine, for the most recently heard track when repeats fill an answer: the whole range of cosines, so
that of equally good tracks the one heard longest ago comes first."""


@dataclass(frozen=True, slots=True)
class HistoryRules:
    """Track ids by the rule that holds for them.

    Attributes:
        forbidden: Excluded, rejected, or part of the question's own history; never in an answer.
        repeats: Heard too recently; in an answer only if nothing else is left. The penalty of each.
        penalties: Penalties of tracks of the stored history that may be in an answer like any other.
    """

    forbidden: frozenset[str]
    repeats: Mapping[str, float]
    penalties: Mapping[str, float]

    @classmethod
    def of(cls, question: Question, names: Iterable[str]) -> "HistoryRules":
        """Return the rules for a question; `names` are the track ids of its own history and exclusions."""
        remembered = question.remembered
        forbidden = remembered.rejected.union(names)
        if not remembered.may_return:
            forbidden = forbidden.union(remembered.heard)
        recent = {track_id: at for track_id, at in remembered.heard.items() if track_id not in forbidden}
        chosen = () if remembered.start is None else remembered.start.tracks
        older = {*(event.track_id for event in remembered.events), *chosen} - recent.keys() - forbidden
        # Ranks instead of times: only the order matters.
        ranks = {track_id: rank for rank, track_id in enumerate(sorted(recent, key=recent.__getitem__), start=1)}
        repeats = {track_id: LATEST_REPEAT_PENALTY * rank / len(ranks) for track_id, rank in ranks.items()}
        return cls(forbidden, repeats, dict.fromkeys(older, REPEAT_PENALTY))

    def excluded_recordings(self, tracks: Mapping[str, Embedded], *, allow_repeats: bool) -> list[Embedded]:
        """Return the tracks whose other encodings must not be in an answer either."""
        excluded = self.forbidden if allow_repeats else self.forbidden | self.repeats.keys()
        return [track for track_id, track in tracks.items() if track_id in excluded]


def all_events(question: Question) -> tuple[ListenEvent, ...]:
    """Return the stored and the sent events, without sent events that are stored already."""
    stored = {(event.track_id, event.kind, event.at) for event in question.remembered.events}
    new = (event for event in question.history if (event.track_id, event.kind, event.at) not in stored)
    return (*question.remembered.events, *new)


LABEL_PLAYS_MAX = 6
"""Heaviest plays of a taste that its label is made from."""


@dataclass(frozen=True, slots=True)
class _History:
    """The history of a question with what the catalogue knows of it.

    Attributes:
        names: Track ids by the ids in the question.
        events: Stored and sent events, by track ids.
        tracks: The ready tracks of the events, and of excluded and rejected tracks.
        weights: Weight of each track of the events.
        rules: Which tracks the answer may contain.
        asked: Tracks of the question's own history, which count even if they belong to a dismissed taste.
        avoided: Centres of the listener's dismissed tastes.
    """

    names: Mapping[str, str]
    events: tuple[ListenEvent, ...]
    tracks: Mapping[str, Embedded]
    weights: Mapping[str, float]
    rules: HistoryRules
    asked: frozenset[str] = frozenset()
    avoided: tuple[Vector, ...] = ()

    def unknown(self, requested: Iterable[str]) -> tuple[str, ...]:
        """Return the ids that belong to no ready track."""
        return tuple(name for name in dict.fromkeys(requested) if self.names.get(name) not in self.tracks)

    def examples(self, question: Question) -> dict[str, float]:
        """Return the ready tracks that texts name as examples; those of a text together have the text's weight."""
        weights: dict[str, float] = {}
        for text in question.words:
            ids = {self.names[name] for name in text.understood.like if self.names.get(name) in self.tracks}
            for track_id in ids:
                weights[track_id] = weights.get(track_id, 0.0) + text.weight / len(ids)
        return weights

    def profile(self, question: Question) -> Profile | None:
        """Return the tastes, the negatives and the vectors of a question; None if nothing has a direction.

        Without a liked track in the history, the tracks that texts name as examples count as plays. Otherwise they
        change the score of every track, as words do.
        """
        weights, vectors = dict(self.weights), list(question.vectors)
        has_plays = any(weight > 0 for weight in weights.values())
        for track_id, weight in sorted(self.examples(question).items()):
            if weight > 0 and not has_plays:
                weights[track_id] = weight
            else:
                vector = tuple(self.tracks[track_id].vector.tolist())
                vectors.append(WeightedVector(track_id, vector, weight, VectorKind.TRACK))
        return steered(self.liked(weights), vectors)

    def liked(self, weights: Mapping[str, float]) -> Profile | None:
        """Return the tastes and negatives of weights, without dismissed tastes."""
        return avoiding(profile_of(weights, self.tracks), self.avoided, self.tracks, self.asked)

    def last_played(self) -> Embedded | None:
        """Return the latest track with a positive weight."""
        liked = [event for event in self.events if self.weights.get(event.track_id, 0) > 0]
        return self.tracks[max(liked, key=lambda event: event.moment).track_id] if liked else None

    def artists(self) -> tuple[str, ...]:
        """Return the keys of the artists of the tracks with a positive weight."""
        liked = (self.tracks[track_id].performer for track_id, weight in self.weights.items() if weight > 0)
        return tuple(dict.fromkeys(artist for artist in liked if artist))


class Recommender:
    """Recommends tracks with the catalogue's embeddings and the vector index."""

    def __init__(
        self,
        tracks: TrackStore,
        index: VectorSearch,
        clock: Callable[[], datetime] = current_time,
        *,
        half_life_days: float,
    ) -> None:
        self._tracks = tracks
        self._searcher = Searcher(tracks, index)
        self._clock = clock
        self.half_life_days = half_life_days

    def similar(
        self, track_id: str, *, limit: int, filters: Filters | None = None, exclude: Iterable[str] = ()
    ) -> tuple[Recommendation, ...]:
        """Return the tracks most similar to one track, each recording once.

        The track itself and the excluded tracks are left out, in other encodings as well.

        Raises:
            TrackNotFound: the id is not in the library.
            InvalidRequest: the track has no analysis.
            IndexUnavailable: the vector index does not answer.
        """
        with self._tracks.shared_reads():
            seed = self._tracks.ready([track_id])[track_id]
            excluded = frozenset(self._tracks.identify(exclude).values())
            known = [seed, *self._tracks.embedded(excluded).values()]
            hits = self._searcher.nearest(seed.vector, limit, filters or Filters(), excluded | {seed.id}, known)
        return tuple(Recommendation(hit.id, hit.score, because_of=(seed.id,)) for hit in hits)

    def nearest(self, vector: Vector, *, limit: int, filters: Filters | None = None) -> tuple[Hit, ...]:
        """Return the tracks nearest to a point of the vibe space, each recording once.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        return tuple(self._searcher.nearest(vector, limit, filters or Filters(), frozenset(), ()))

    def profile(self, remembered: Remembered, half_life_days: float | None = None) -> Profile | None:
        """Return the tastes and negatives of a listener; None without a taste."""
        read = self._read_history(Question(remembered=remembered, half_life_days=half_life_days))
        return read.liked(read.weights)

    def recommend(self, question: Question) -> Answer:
        """Return the tracks to play after a listening history, for words and for pictures.

        Tracks of the question's own history are left out, in other encodings as well. Tracks that a stored listener
        heard recently are returned only if nothing else is left; rejected tracks are never returned. A question
        without a taste gets tracks from the whole library, and one with texts of which nothing was understood, and
        nothing else, gets none.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        if question.is_blank:
            return Answer((), ())
        with self._tracks.shared_reads():
            return self._answer(question)

    def _answer(self, question: Question) -> Answer:
        history = self._read_history(question)
        unknown = history.unknown([*(event.track_id for event in question.history), *_examples(question)])
        unknown += tuple(name for name in dict.fromkeys(question.exclude.tracks) if name not in history.names)
        profile = history.profile(question)
        chosen_by = profile or replace(random_profile(question.seed, self._searcher.dimension), avoided=history.avoided)
        choices = self._choose(question, chosen_by, history)
        choices = in_order(choices, question.order, history.last_played())
        if (distance := mean_distance([choice.candidate.vector for choice in choices])) is not None:
            RECOMMENDATION_DIVERSITY.observe(distance)
        if profile is None:
            found = tuple(
                Recommendation(
                    choice.candidate.id, choice.score, (), rank_score=choice.rank_score, propensity=choice.propensity
                )
                for choice in choices
            )
            return Answer(found, tuple(dict.fromkeys(unknown)))
        reasons = self._reasons(profile, choices, history.tracks) if question.explain else [()] * len(choices)
        if (start := question.remembered.start) is not None:
            reasons = [start.reasons_for(each) for each in reasons]
        recommendations = tuple(
            Recommendation(
                choice.candidate.id, choice.score, because_of, choice.taste, choice.rank_score, choice.propensity
            )
            for choice, because_of in zip(choices, reasons, strict=True)
        )
        tastes = self.describe(profile) if question.explain else ()
        return Answer(recommendations, tuple(dict.fromkeys(unknown)), tastes)

    @recommendation_part(Part.EXPLAIN)
    def _reasons(
        self, profile: Profile, choices: Sequence[Choice], tracks: Mapping[str, Embedded]
    ) -> list[tuple[str, ...]]:
        """Return the reasons for each choice: words and pictures first, then the plays of its taste."""
        steering = self._searcher.steering(profile.vectors)
        of_plays = [Reasons(taste, tracks) for taste in profile.tastes]
        return [
            (
                *steering.reasons(choice.candidate.vector),
                *of_plays[choice.taste].of(choice.candidate.vector, choice.candidate.id),
            )
            for choice in choices
        ]

    def seeded(self, seeds: Sequence[Sequence[str]], question: Question) -> tuple[Recommendation, ...]:
        """Return the tracks to play from several seeds, which have the same weight whatever their number of tracks.

        The question's history is ignored. Tracks of a seed may be returned unless the question excludes them. Without
        any ready track in the seeds, the result is empty.

        Args:
            seeds: Track ids of each seed.
            question: Filters, exclusions and options.

        Raises:
            IndexUnavailable: the vector index does not answer.
        """
        names = self._tracks.resolve(dict.fromkeys(question.exclude.tracks))
        tracks = self._tracks.embedded(list({*(track for seed in seeds for track in seed), *names.values()}))
        rules = HistoryRules.of(question, names.values())
        history = _History(names, (), tracks, seed_weights(seeds, tracks), rules)
        profile = profile_of(history.weights, tracks)
        if profile is None:
            return ()
        choices = in_order(self._choose(question, profile, history), question.order, None)
        return tuple(
            Recommendation(choice.candidate.id, choice.score, (), choice.taste, choice.rank_score, choice.propensity)
            for choice in choices
        )

    @recommendation_part(Part.HISTORY)
    def _read_history(self, question: Question) -> _History:
        excluded, remembered = question.exclude.tracks, question.remembered
        examples = _examples(question)
        names = self._tracks.identify([*(event.track_id for event in question.history), *examples])
        names |= self._tracks.resolve(excluded)
        canonical = tuple(
            event if (found := names[event.track_id]) == event.track_id else replace(event, track_id=found)
            for event in question.history
            if event.track_id in names
        )
        events = all_events(replace(question, history=canonical))
        started = [] if remembered.start is None else [play.track_id for play in remembered.start.plays]
        # Excluded tracks are read as well: their other encodings are left out, too.
        excluded_ids = (names[name] for name in (*excluded, *examples) if name in names)
        tracks = self._tracks.embedded(
            list(
                {
                    *(event.track_id for event in events),
                    *remembered.rejected,
                    *excluded_ids,
                    *started,
                    *centre_plays(remembered.dismissed),
                }
            )
        )
        durations = {event.track_id: tracks[event.track_id].duration_ms for event in events if event.track_id in tracks}
        half_life = self.half_life_days if question.half_life_days is None else question.half_life_days
        now = self._clock()
        skips = question.tuning.skip_weight
        weights = weights_of(events, durations, now=now, half_life_days=half_life, skip_weight=skips)
        allowed = tracks.keys() - remembered.rejected
        weights = with_start(weights, remembered.start, allowed, now=now, half_life_days=half_life)
        asked = frozenset(event.track_id for event in canonical)
        weights = without_dismissed(weights, remembered.dismissed, asked)
        avoided = centres_of(remembered.dismissed, tracks)
        return _History(names, events, tracks, weights, HistoryRules.of(question, names.values()), asked, avoided)

    def _choose(self, question: Question, profile: Profile, history: _History) -> list[Choice]:
        """Choose the tracks; recently heard tracks fill the places for which there are no others."""
        rules, tracks = history.rules, history.tracks
        options = RankingOptions.of(question, penalties=rules.penalties)
        share = question.explored_share
        if share:
            options = replace(options, limit=with_tail(question.limit))
        search = Search(
            profile=profile,
            tracks=tracks,
            filters=_filters(question, history),
            exclude=rules.forbidden.union(rules.repeats),
            excluded_recordings=rules.excluded_recordings(tracks, allow_repeats=False),
            options=options,
            only=question.only,
            with_measured=question.order != Order.RELEVANCE,
        )
        chosen = self._searcher.choose(search).choices
        if share:
            chosen = explored(chosen, question.limit, share, question.exploration_seed or "")
        missing = question.limit - len(chosen)
        if missing and rules.repeats:
            taken = [choice.candidate for choice in chosen]
            repeats = replace(
                search,
                exclude=rules.forbidden.union(track.id for track in taken),
                excluded_recordings=[*rules.excluded_recordings(tracks, allow_repeats=True), *taken],
                options=replace(options, limit=missing, penalties=rules.repeats),
                only=rules.repeats.keys() if question.only is None else rules.repeats.keys() & question.only,
            )
            chosen += self._searcher.choose(repeats).choices
        return chosen

    @recommendation_part(Part.EXPLAIN)
    def describe(self, profile: Profile) -> tuple[DescribedTaste, ...]:
        """Return the tastes of a profile with labels."""
        heaviest = [taste.plays[:LABEL_PLAYS_MAX] for taste in profile.tastes]
        known = self._tracks.descriptions([play for plays in heaviest for play, _ in plays])
        total = sum(taste.weight for taste in profile.tastes)
        return tuple(
            DescribedTaste(
                # A track may have left the library since the history was read.
                taste.label or label_of([(known[play], weight) for play, weight in plays if play in known]),
                taste.weight / total,
                tuple(play for play, _ in taste.plays),
            )
            for taste, plays in zip(profile.tastes, heaviest, strict=True)
        )


def _examples(question: Question) -> list[str]:
    return [name for text in question.words for name in text.understood.like]


def _filters(question: Question, history: _History) -> Filters:
    unwanted = [*question.exclude.artists, *(history.artists() if question.exclude.seed_artists else ())]
    filters = question.filters if question.include_fragments else music_only(question.filters)
    return without_artists(filters, frozenset(unwanted))
