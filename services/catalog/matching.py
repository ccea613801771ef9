"""Which track a listen was of: by an id, else by artist and title; and what to do while there is none."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Row, and_, delete, or_, select, text, tuple_, update
from sqlalchemy.orm import Session

from services.catalog.tables import ExternalIdRow, ListenRow, TrackRow, WaitingNameRow
from services.catalog.tracks import canonical_id, resolve_names
from services.domain.listening import Description, EventKind, NewListen
from services.domain.track import TrackStatus

FIELD_SEPARATOR = "\x1f"
"""Separates artist, album and title in a track's sort key; sorts before every printable character."""

BEHIND_SEPARATOR = "\x20"
"""The character after it: where the tracks of an artist end."""

NAMESPACE_MAX, VALUE_MAX = 32, 255
"""Characters of an external id: none that is longer can ever come."""

ARTISTS_PER_STATEMENT = 100
"""Ranges joined by OR, each answered from the index; more would only make a statement that is slow to parse."""

ROWS_PER_STATEMENT = 1000

# Any number that nothing else locks: listens share it, whoever brings a track in takes it alone.
MATCHING_LOCK = 736568


@dataclass(frozen=True, slots=True)
class Match:
    """The track of a listen, if there is one, and the names under which it waits otherwise."""

    track_id: str | None
    waiting: tuple[str, ...]
    identity: str


def lock_matching(session: Session, *, alone: bool) -> None:
    """Keep listens that find no track, and tracks that look for such listens, from missing each other.

    Taken last of all locks: whoever holds it waits for nobody. SQLite has one writer at a time anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        call = "pg_advisory_xact_lock" if alone else "pg_advisory_xact_lock_shared"
        session.execute(text(f"SELECT {call}({MATCHING_LOCK})"))


def match(session: Session, listens: Sequence[NewListen]) -> list[Match]:
    """Find the track of each listen; `lock_matching` first where the result is stored."""
    by_name = resolve_names(session, (name for listen in listens for name in listen.names))
    unnamed = [listen for listen in listens if not any(name in by_name for name in listen.names)]
    by_words = _by_words(session, {listen.described for listen in unnamed if listen.described is not None})
    matches = []
    for listen in listens:
        named = next((by_name[name] for name in listen.names if name in by_name), None)
        track_id = named or (by_words.get(listen.described) if listen.described else None)
        waiting = () if track_id else tuple(dict.fromkeys(_waiting_names(listen)))
        matches.append(Match(track_id, waiting, identity_of(listen, track_id)))
    return matches


def attach_waiting_listens(session: Session, track_id: str) -> None:
    """Give a track that came into the library, or got another name, the listens that waited for it."""
    row = session.get_one(TrackRow, track_id)
    names = [track_id, _words_of(row.sort_key)]
    ids = select(ExternalIdRow.namespace, ExternalIdRow.value).where(ExternalIdRow.track_id == track_id)
    names += [f"{namespace}:{value}" for namespace, value in session.execute(ids) if value]
    lock_matching(session, alone=True)
    waiting = select(WaitingNameRow.listen_id).where(WaitingNameRow.name.in_(names))
    found = session.scalars(select(ListenRow).where(ListenRow.id.in_(waiting)).order_by(ListenRow.id)).all()
    for start in range(0, len(found), ROWS_PER_STATEMENT):
        _attach(session, track_id, found[start : start + ROWS_PER_STATEMENT])


def identity_of(listen: NewListen, track_id: str | None) -> str:
    """What makes a listen the same as another of its listener's: the sender's key, else track, kind and time."""
    if listen.key is not None:
        return _digest("key", listen.key)
    subject = track_id or next(_waiting_names(listen), None) or listen.names[0]
    return _natural(subject, listen.kind, listen.at)


def _natural(subject: str, kind: EventKind, at: datetime) -> str:
    return _digest("natural", subject, kind.value, f"{at.timestamp():.6f}")


def _digest(*parts: str) -> str:
    return blake2b("\0".join(parts).encode(), digest_size=16).hexdigest()


def _attach(session: Session, track_id: str, rows: Sequence[ListenRow]) -> None:
    """Set the track of waiting listens; one that turns out to be there already is dropped."""
    ids = [row.id for row in rows]
    session.execute(delete(WaitingNameRow).where(WaitingNameRow.listen_id.in_(ids)))
    identities = {
        row.id: row.identity if row.key is not None else _natural(track_id, EventKind(row.kind), row.at) for row in rows
    }
    pairs = [(row.listener, identities[row.id]) for row in rows]
    there = select(ListenRow.listener, ListenRow.identity).where(
        tuple_(ListenRow.listener, ListenRow.identity).in_(pairs), ListenRow.id.not_in(ids)
    )
    taken = {(listener, identity) for listener, identity in session.execute(there)}
    twice: list[int] = []
    attached: list[int] = []
    for row, pair in zip(rows, pairs, strict=True):
        (twice if pair in taken else attached).append(row.id)
        taken.add(pair)
    session.execute(delete(ListenRow).where(ListenRow.id.in_(twice)))
    if attached:
        changes = [{"id": row_id, "track_id": track_id, "identity": identities[row_id]} for row_id in attached]
        session.execute(update(ListenRow), changes)
    session.expire_all()


def _waiting_names(listen: NewListen) -> Iterator[str]:
    """Names by which a track of the library may one day be found."""
    for name in listen.names:
        namespace, colon, value = name.partition(":")
        if (canonical := canonical_id(name)) is not None:
            yield canonical
        elif colon and value and len(namespace) <= NAMESPACE_MAX and len(value) <= VALUE_MAX:
            yield f"{namespace.casefold()}:{value}"
    if listen.described is not None:
        yield _words(listen.described)


def _words(described: Description) -> str:
    return _words_key(_folded(described.artist), _folded(described.title))


def _words_of(sort_key: str) -> str:
    return _words_key(*_artist_and_title(sort_key))


def _words_key(artist: str, title: str) -> str:
    # No external id begins with an equals sign.
    return "=" + _digest(artist, title)


def _artist_and_title(sort_key: str) -> tuple[str, str]:
    return sort_key.partition(FIELD_SEPARATOR)[0], sort_key.rpartition(FIELD_SEPARATOR)[2]


def _folded(words: str) -> str:
    return words.strip().casefold()


def _by_words(session: Session, wanted: Iterable[Description]) -> Mapping[Description, str]:
    """Tracks whose artist and title are these, without regard to case; of several the nearest in album and length."""
    descriptions = list(wanted)
    artists = sorted({_folded(described.artist) for described in descriptions})
    candidates: dict[tuple[str, str], list[Row[str, str, int | None, str]]] = {}
    for start in range(0, len(artists), ARTISTS_PER_STATEMENT):
        theirs = [
            and_(TrackRow.sort_key >= artist + FIELD_SEPARATOR, TrackRow.sort_key < artist + BEHIND_SEPARATOR)
            for artist in artists[start : start + ARTISTS_PER_STATEMENT]
        ]
        columns = select(TrackRow.id, TrackRow.sort_key, TrackRow.duration_ms, TrackRow.status)
        for row in session.execute(columns.where(or_(*theirs))):
            candidates.setdefault(_artist_and_title(row.sort_key), []).append(row)
    found = {}
    for described in descriptions:
        same = candidates.get((_folded(described.artist), _folded(described.title)))
        if same:
            found[described] = min(same, key=lambda row: _misfit(row, described)).id
    return found


def _misfit(row: Row[str, str, int | None, str], described: Description) -> tuple[bool, float, bool, str]:
    album = row.sort_key.split(FIELD_SEPARATOR)[1]
    other_album = described.album is not None and _folded(described.album) != album
    apart = abs(row.duration_ms - described.duration_ms) if row.duration_ms and described.duration_ms else 0.0
    return other_album, apart, row.status != TrackStatus.READY, row.id
