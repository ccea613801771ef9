"""A music library in memory: a catalogue and an exact vector index."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from types import SimpleNamespace
from typing import Any

import numpy as np

from services.catalog.idempotency import Mismatch
from services.domain.errors import RadioNotFound, TrackNotFound
from services.domain.filters import ATTRIBUTES, Filters
from services.domain.listening import EventKind, ListenEvent, NewListen, Remembered, Start, StoredTaste
from services.domain.names import keys_of_credit, single_names, text_key
from services.domain.radio import CallRecord, RadioSession, SessionEvent, SessionState, SessionTrack
from services.domain.track import EMBEDDING_DIM, Description, Embedded, Vector
from services.domain.vector_index import Hit, Query

REJECTIONS = frozenset({EventKind.DISLIKE, EventKind.BAN})


def embedded(*values: Any, genre: str | None = None, **more: Any) -> Embedded:
    """Return a track with the keys that the catalogue makes of its names."""
    found = Embedded(*values, **more)
    artists = [found.artist] if found.artist else []
    return replace(
        found,
        genres=tuple(text_key(name) for name in single_names([genre] if genre else [])),
        performer=next(iter(keys_of_credit(artists)), None),
        album_id=f"{text_key(found.album)} by {found.artist}" if found.album else None,
    )


@dataclass(frozen=True)
class Song:
    """A track of the library in memory; genre and tags are in the index's payload, not in the embedding."""

    track: Embedded
    genre: str | None = None
    tags: tuple[str, ...] = ()
    fragment: str | None = None

    @cached_property
    def keywords(self) -> dict[str, set[str]]:
        artist, album = self.track.artist, self.track.album
        return {
            "genre": {text_key(name) for name in single_names([self.genre] if self.genre else [])},
            "artist": set(keys_of_credit([artist] if artist else [], self.track.title)),
            "album": {text_key(album)} if album else set(),
            "tags": {text_key(tag) for tag in self.tags},
            "fragment": {self.fragment} if self.fragment else set(),
        }

    def meets(self, filters: Filters) -> bool:
        return filters.admit(self.track.measured, self.keywords)


class MemoryTracks:
    """The read methods of the catalogue's track store; `test:n` is an external id of song n."""

    space = None

    def __init__(self, songs: Sequence[Song]) -> None:
        self.songs = {song.track.id: song for song in songs}
        self._names = {f"test:{number}": song.track.id for number, song in enumerate(songs)}

    def shared_reads(self) -> AbstractContextManager[None]:
        return nullcontext()

    def resolve(self, names: Iterable[str]) -> dict[str, str]:
        known = {name: name if name in self.songs else self._names.get(name) for name in names}
        return {name: track_id for name, track_id in known.items() if track_id is not None}

    def identify(self, names: Iterable[str]) -> dict[str, str]:
        return self.resolve(names)

    def embedded(self, track_ids: Collection[str], *, measured: bool = False) -> dict[str, Embedded]:
        found = {name: self.songs[name].track for name in track_ids if name in self.songs}
        return found if measured else {name: replace(track, measured={}) for name, track in found.items()}

    def ready(self, names: Iterable[str]) -> dict[str, Embedded]:
        wanted = list(names)
        own = self.resolve(wanted)
        for name in wanted:
            if name not in own:
                raise TrackNotFound(name)
        return {name: self.songs[own[name]].track for name in wanted}

    def descriptions(self, track_ids: Collection[str]) -> dict[str, Description]:
        found = (self.songs[name] for name in track_ids if name in self.songs)
        return {song.track.id: Description(song.track.measured, dict.fromkeys(song.tags, 0.5)) for song in found}

    def sample(self, count: int) -> dict[str, Vector]:
        return {name: self.songs[name].track.vector for name in sorted(self.songs)[:count]}


class ExactIndex:
    """A vector index that compares every vector."""

    def __init__(self, songs: Sequence[Song]) -> None:
        self._songs = list(songs)
        vectors = [song.track.vector for song in songs]
        self._vectors = np.stack(vectors) if vectors else np.empty((0, EMBEDDING_DIM), dtype=np.float32)
        self.asked: list[Query] = []

    @property
    def dimension(self) -> int:
        return self._vectors.shape[1]

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        self.asked += queries
        return [self._answer(query) for query in queries]

    def count_matching(self, filters, exclude=frozenset()):
        return sum(song.meets(filters) for song in self._songs if song.track.id not in exclude)

    def _answer(self, query: Query) -> list[Hit]:
        scores = np.clip(self._vectors @ query.vector, -1, 1)
        hits = [
            Hit(song.track.id, float(score))
            for song, score in zip(self._songs, scores, strict=True)
            if song.track.id not in query.exclude and song.meets(query.filters)
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.id))[: query.limit]


@dataclass
class MemoryRadio:
    """The store of radio sessions; the first `rivals` calls to `advance` fail, as if other processes were faster."""

    states: dict[str, SessionState] = field(default_factory=dict)
    calls: dict[tuple[str, str], CallRecord] = field(default_factory=dict)
    rivals: int = 0

    def create(self, state: SessionState) -> None:
        self.states[state.session.id] = state

    def load(self, session_id: str) -> SessionState:
        if session_id not in self.states:
            raise RadioNotFound(session_id)
        return self.states[session_id]

    def answered(self, session_id: str, key: str, digest: str) -> CallRecord | Mismatch | None:
        call = self.calls.get((session_id, key))
        return call if call is None or call.digest == digest else Mismatch()

    def advance(
        self,
        session: RadioSession,
        tracks: Iterable[SessionTrack],
        events: Sequence[SessionEvent],
        call: CallRecord | None,
    ) -> bool:
        state = self.load(session.id)
        if self.rivals:
            self.rivals -= 1
            return False
        kept = {**state.tracks, **{track.track_id: track for track in tracks}}
        advanced = replace(session, revision=session.revision + 1, terms=state.session.terms)
        self.states[session.id] = SessionState(advanced, kept, (*state.events, *events))
        if call is not None:
            self.calls[session.id, call.key] = call
        return True

    def end(self, session_id: str) -> None:
        self.load(session_id)
        del self.states[session_id]


@dataclass
class MemoryTastes:
    """The store of tastes."""

    kept: dict[str, tuple[StoredTaste, ...]] = field(default_factory=dict)
    shown: dict[tuple[str, str], StoredTaste] = field(default_factory=dict)

    def all(self, listener: str) -> tuple[StoredTaste, ...]:
        return (*self.dismissed(listener), *(taste for (name, _), taste in self.shown.items() if name == listener))

    def show(self, listener: str, tastes: Iterable[StoredTaste]) -> None:
        self.shown |= {(listener, taste.id): taste for taste in tastes}

    def dismissed(self, listener: str) -> tuple[StoredTaste, ...]:
        return self.kept.get(listener, ())


@dataclass
class MemoryListens:
    """The store of listens."""

    kept: dict[str, list[NewListen]] = field(default_factory=dict)
    starts: dict[str, Start] = field(default_factory=dict)
    tastes: MemoryTastes = field(default_factory=MemoryTastes)

    def add(self, listener: str, listens: Sequence[NewListen]) -> None:
        self.kept.setdefault(listener, []).extend(listens)

    def rejected(self, listener: str) -> frozenset[str]:
        last = {listen.names[0]: listen.kind for listen in self.kept.get(listener, []) if listen.kind != EventKind.PLAY}
        return frozenset(name for name, kind in last.items() if kind in REJECTIONS)

    def start(self, listener: str) -> Start | None:
        return self.starts.get(listener)

    def remembered(self, listener: str, *, repeat_after: timedelta | None) -> Remembered:
        listens = self.kept.get(listener, [])
        events = tuple(ListenEvent(each.names[0], each.kind, each.at, each.played_ms) for each in listens)
        return Remembered(
            events=events,
            rejected=self.rejected(listener),
            may_return=repeat_after is not None,
            start=self.start(listener),
            dismissed=self.tastes.dismissed(listener),
        )


def catalogue_of(songs: Sequence[Song]) -> SimpleNamespace:
    """Return a catalogue of these songs, without listens and radio sessions."""
    listens = MemoryListens()
    return SimpleNamespace(tracks=MemoryTracks(songs), listens=listens, tastes=listens.tastes, radio=MemoryRadio())


def random_songs(count: int, *, kinds: int = 6, seed: int = 11) -> list[Song]:
    """Return songs of several kinds; songs with the same number modulo `kinds` are similar and share a genre."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(kinds, EMBEDDING_DIM))
    return [_random_song(number, number % kinds, centres[number % kinds], random) for number in range(count)]


def _random_song(number: int, kind: int, centre: np.ndarray, random: np.random.Generator) -> Song:
    vector = centre + random.uniform(0.4, 1.2) * random.normal(size=EMBEDDING_DIM)
    measured: Mapping[str, float] = {name: float(random.uniform()) for name in ATTRIBUTES} | {
        "tempo": float(random.uniform(60, 180)),
        "year": float(random.integers(1960, 2025)),
    }
    track = embedded(
        f"{(number * 7919) % 100_003:06}",
        (vector / np.linalg.norm(vector)).astype(np.float32),
        f"Title {number}",
        artist=None if number % 17 == 0 else f"Artist {kind}.{number % 5}",
        album=None if number % 13 == 0 else f"Album {kind}.{number % 9}",
        duration_ms=int(random.integers(120_000, 300_000)),
        measured={} if number % 23 == 0 else measured,
    )
    return Song(track, f"Genre {kind}", ("calm",) if kind % 2 else ("bright", "loud"))


NOON = datetime.fromisoformat("2026-03-01T12:00:00+00:00")
