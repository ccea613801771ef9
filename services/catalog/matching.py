"""Match listens to tracks, by id or by artist and title, now or when the track comes into the library."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, Self

from sqlalchemy import Row, Select, delete, or_, select, text, tuple_, update
from sqlalchemy.orm import Session

from services.catalog.database import IDS, ROWS_PER_STATEMENT, batched, rows_of
from services.catalog.libraries import libraries_of
from services.catalog.names import split_keys
from services.catalog.successors import successors_of
from services.catalog.tables import ExternalIdRow, ListenRow, TrackRow, WaitingNameRow
from services.catalog.track_names import canonical_id, resolve_names
from services.domain.external_ids import canonical_name
from services.domain.listening import Description, EventKind, NewListen
from services.domain.names import credit_key, keys_of_credit, text_key, title_key
from services.domain.track import TrackStatus

# An arbitrary number for an advisory lock. New listens share the lock; a new track takes it exclusively.
MATCHING_LOCK = 736568


_TITLED: Select[*tuple[Any, ...]] = select(
    *(TrackRow.id, TrackRow.artist_keys, TrackRow.title_key, TrackRow.album_key, TrackRow.duration_ms, TrackRow.status)
).where(TrackRow.title_key.in_(IDS))


@dataclass(frozen=True, slots=True)
class Match:
    """The track of a listen, or else the names under which the listen waits for one."""

    track_id: str | None
    waiting: tuple[str, ...]
    identity: str


def lock_matching(session: Session, *, alone: bool) -> None:
    """Prevent a new listen and a new track from being committed at once without finding each other.

    Take this lock last, so that its holder waits for no other lock. SQLite needs none: it has one writer at a time.
    """
    if session.get_bind().dialect.name == "postgresql":
        call = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        session.execute(text(f"SELECT {call}({MATCHING_LOCK})"))


def match(session: Session, listens: Sequence[NewListen]) -> list[Match]:
    """Return the match of each listen; call `lock_matching` first if you store the result."""
    by_name = resolve_names(session, (name for listen in listens for name in listen.names))
    unnamed = [listen for listen in listens if not any(name in by_name for name in listen.names)]
    by_description = _by_description(session, {listen.described for listen in unnamed if listen.described is not None})
    successors = successors_of(session, set(by_description.values()))
    matches = []
    for listen in listens:
        named = next((by_name[name] for name in listen.names if name in by_name), None)
        described = by_description.get(listen.described) if listen.described else None
        track_id = named or (described and successors.get(described, described))
        waiting = () if track_id else tuple(dict.fromkeys(waiting_names(listen)))
        matches.append(Match(track_id, waiting, identity_of(listen, track_id)))
    return matches


def attach_waiting_listens(session: Session, track_id: str) -> int:
    """Attach the listens that wait for a track, after it was added or its tags or ids changed; return their number."""
    row = session.get_one(TrackRow, track_id)
    names = [track_id, *(_name(key, row.title_key or "") for key in split_keys(row.artist_keys))]
    ids = select(ExternalIdRow.namespace, ExternalIdRow.value).where(ExternalIdRow.track_id == track_id)
    names += [f"{namespace}:{value}" for namespace, value in session.execute(ids) if value]
    lock_matching(session, alone=True)
    waiting = select(WaitingNameRow.listen_id).where(WaitingNameRow.name.in_(names))
    held = libraries_of(session, [track_id]).get(track_id, [])
    # A listen of a library waits for a track of the library.
    may_have = or_(ListenRow.library_id.is_(None), ListenRow.library_id.in_(held))
    listens = select(ListenRow).where(ListenRow.id.in_(waiting), may_have)
    found = session.scalars(listens.order_by(ListenRow.id)).all()
    for batch in batched(found, ROWS_PER_STATEMENT):
        _attach(session, track_id, batch)
    return len(found)


def identity_of(listen: NewListen, track_id: str | None) -> str:
    """Return a hash of the sender's key, or else of track, kind and time; equal hashes are the same listen."""
    if listen.key is not None:
        return _digest("key", listen.key)
    subject = track_id or next(waiting_names(listen), None) or listen.names[0]
    return _content_identity(subject, listen.kind, listen.at)


def _content_identity(subject: str, kind: EventKind, at: datetime) -> str:
    return _digest("natural", subject, kind.value, f"{at.timestamp():.6f}")


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _attach(session: Session, track_id: str, rows: Sequence[ListenRow]) -> None:
    """Set the track of waiting listens, and delete those that duplicate another listen."""
    ids = [row.id for row in rows]
    session.execute(delete(WaitingNameRow).where(WaitingNameRow.listen_id.in_(ids)))
    identities = {
        row.id: row.identity if row.key is not None else _content_identity(track_id, EventKind(row.kind), row.at)
        for row in rows
    }
    pairs = [(row.listener, identities[row.id]) for row in rows]
    existing = select(ListenRow.listener, ListenRow.identity).where(
        tuple_(ListenRow.listener, ListenRow.identity).in_(pairs), ListenRow.id.not_in(ids)
    )
    taken = {(listener, identity) for listener, identity in session.execute(existing)}
    duplicates: list[int] = []
    attached: list[int] = []
    for row, pair in zip(rows, pairs, strict=True):
        (duplicates if pair in taken else attached).append(row.id)
        taken.add(pair)
    session.execute(delete(ListenRow).where(ListenRow.id.in_(duplicates)))
    if attached:
        changes = [{"id": row_id, "track_id": track_id, "identity": identities[row_id]} for row_id in attached]
        session.execute(update(ListenRow), changes)
    session.expire_all()


def waiting_names(listen: NewListen) -> Iterator[str]:
    """Yield the names by which the track may be found when it comes into the library."""
    for name in listen.names:
        canonical = canonical_id(name) or canonical_name(name)
        if canonical is not None:
            yield canonical
    if listen.described is not None:
        yield from _Wanted.of(listen.described).names()


def _name(artist_key: str, title: str) -> str:
    # The equals sign distinguishes it from external ids.
    return "=" + _digest(artist_key, title)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """The keys of a description: those of the whole credit, of the artist credited first, of title and album."""

    credit: str
    first: str
    title: str
    album: str | None

    @classmethod
    def of(cls, described: Description) -> Self:
        """Return the keys of a description."""
        return cls(
            credit=credit_key([described.artist], described.title),
            first=next(iter(keys_of_credit([described.artist])), ""),
            title=title_key(described.title),
            album=None if described.album is None else text_key(described.album),
        )

    def names(self) -> tuple[str, ...]:
        """Return the names under which a listen waits for a track: the whole credit is the first."""
        return tuple(dict.fromkeys(_name(key, self.title) for key in (self.credit, self.first)))


def _by_description(session: Session, wanted: Iterable[Description]) -> Mapping[Description, str]:
    """Return tracks with the same title and one of the artists, preferring the same album and a similar length."""
    keys = {described: _Wanted.of(described) for described in wanted}
    titled: dict[str, list[Any]] = defaultdict(list)
    for row in rows_of(session, _TITLED, {each.title for each in keys.values()}):
        titled[row.title_key].append(row)
    found = {}
    for described, each in keys.items():
        same = [
            row for row in titled[each.title] if not {each.credit, each.first}.isdisjoint(split_keys(row.artist_keys))
        ]
        if same:
            found[described] = min(same, key=lambda row: _misfit(row, each, described.duration_ms)).id
    return found


def _misfit(
    row: Row[*tuple[Any, ...]], wanted: _Wanted, duration_ms: int | None
) -> tuple[bool, bool, float, bool, str]:
    other_album = wanted.album is not None and wanted.album != (row.album_key or "")
    other_credit = split_keys(row.artist_keys)[-1] != wanted.credit
    apart = abs(row.duration_ms - duration_ms) if row.duration_ms and duration_ms else 0.0
    return other_album, other_credit, apart, row.status != TrackStatus.READY, row.id
