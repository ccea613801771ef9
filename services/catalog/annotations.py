"""Stars and ratings that listeners give to tracks, albums and artists.

A star and a rating of a track are verdicts too, so that recommendations use them: a star is a like, a rating of four or
five is a like, and a rating of one is a dislike. The rows here hold what a verdict cannot express. Stars and ratings of
albums and artists are stored here only.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, case, delete, func, select
from sqlalchemy.orm import Session

from services.catalog.database import IDS, Database, now, rows_of
from services.catalog.listens import ListenStore
from services.catalog.successors import followed, predecessors_of
from services.catalog.tables import AnnotationRow, ListenRow
from services.domain.annotations import DISLIKED_RATING, LIKED_RATING, Annotation, ItemKind, StoredAnnotation
from services.domain.listening import VERDICTS, EventKind, NewListen

_ROW = AnnotationRow.__table__.c
_LISTEN = ListenRow.__table__.c


class AnnotationStore:
    """Stores and reads stars and ratings."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listens = ListenStore(database)

    def of_tracks(self, listener: str, track_ids: Collection[str]) -> dict[str, Annotation]:
        """Return what is known of a listener and these tracks, by id; tracks without anything are absent."""
        with self._database.read() as session:
            return _of_tracks(session, listener, set(track_ids))

    def of_groups(self, listener: str, kind: ItemKind) -> dict[str, Annotation]:
        """Return the stars and ratings of all albums, or of all artists, by id."""
        rows = select(_ROW.item, _ROW.starred_at, _ROW.rating).where(_ROW.listener == listener, _ROW.kind == kind)
        with self._database.read() as session:
            return {item: Annotation(starred, rating) for item, starred, rating in session.execute(rows)}

    def starred(self, listener: str, kind: ItemKind) -> dict[str, datetime]:
        """Return everything of a kind that a listener has starred, and since when, latest first."""
        if kind == ItemKind.SONG:
            with self._database.read() as session:
                known = _stars(session, listener, _names(session, _liked(session, listener)))
        else:
            known = {item: each.starred for item, each in self.of_groups(listener, kind).items()}
        stars = [(at, item) for item, at in known.items() if at is not None]
        return {item: at for at, item in sorted(stars, reverse=True)}

    def star(self, listener: str, kind: ItemKind, items: Collection[str]) -> None:
        """Star items; what is starred already stays as it is."""
        at = now()
        for item in items:
            before = self._of(listener, kind, item)
            if before.starred is None:
                self._write(listener, kind, item, at, before.rating)
            if kind == ItemKind.SONG:
                self._judge(listener, item, EventKind.LIKE, at)

    def unstar(self, listener: str, kind: ItemKind, items: Collection[str]) -> None:
        """Remove stars; a track keeps the verdict of its rating."""
        for item in items:
            before = self._of(listener, kind, item)
            if before.starred is not None:
                self._write(listener, kind, item, None, before.rating)
                if kind == ItemKind.SONG:
                    self._judge(listener, item, _verdict(None, before.rating), now())

    def rate(self, listener: str, kind: ItemKind, item: str, rating: int | None) -> None:
        """Replace a rating, or remove it with None; two and three stars are no verdict."""
        before = self._of(listener, kind, item)
        self._write(listener, kind, item, before.starred, rating)
        if kind == ItemKind.SONG:
            self._judge(listener, item, _verdict(before.starred, rating), now())

    def adopt(self, listener: str, track_id: str, starred: datetime | None, rating: int | None) -> None:
        """Replace the star and the rating of a track by those that another server has."""
        self._write(listener, ItemKind.SONG, track_id, starred, rating)
        self._judge(listener, track_id, _verdict(starred, rating), starred or now())

    def stored(self, listener: str, *, limit: int) -> list[StoredAnnotation]:
        """Return what is stored of a listener here, for an export; the verdicts that belong to it are listens."""
        rows = select(_ROW.kind, _ROW.item, _ROW.starred_at, _ROW.rating).where(_ROW.listener == listener)
        ordered = rows.order_by(_ROW.kind, _ROW.item).limit(limit)
        with self._database.read() as session:
            found = session.execute(ordered).all()
        return [StoredAnnotation(ItemKind(kind), item, starred, rating) for kind, item, starred, rating in found]

    def restore(self, listener: str, annotations: Iterable[StoredAnnotation]) -> None:
        """Store what an export contains."""
        for each in annotations:
            self._write(listener, each.kind, each.item, each.starred, each.rating)

    def _of(self, listener: str, kind: ItemKind, item: str) -> Annotation:
        found = self.of_tracks(listener, [item]) if kind == ItemKind.SONG else self.of_groups(listener, kind)
        return found.get(item, Annotation())

    def _write(self, listener: str, kind: ItemKind, item: str, starred: datetime | None, rating: int | None) -> None:
        values = {"starred_at": starred, "rating": rating}
        inserting = self._database.insert(AnnotationRow).values(listener=listener, kind=kind, item=item, **values)
        own = AnnotationRow.listener == listener, AnnotationRow.kind == kind
        with self._database.write() as session:
            # Rows of tracks from which this one took over count no more.
            left = predecessors_of(session, [item]).get(item, []) if kind == ItemKind.SONG else []
            if starred is None and rating is None:
                left = [item, *left]
            else:
                session.execute(
                    inserting.on_conflict_do_update(index_elements=["listener", "kind", "item"], set_=values)
                )
            session.execute(delete(AnnotationRow).where(*own, AnnotationRow.item.in_(left)))

    def _judge(self, listener: str, track_id: str, kind: EventKind | None, at: datetime) -> None:
        of = NewListen(names=(track_id,), at=at)
        self._listens.judge(listener, None if kind is None else NewListen(names=(track_id,), kind=kind, at=at), of)


def _verdict(starred: datetime | None, rating: int | None) -> EventKind | None:
    """Return the verdict on a track with this star and this rating."""
    if rating == DISLIKED_RATING:
        return EventKind.DISLIKE
    return EventKind.LIKE if starred is not None or (rating or 0) >= LIKED_RATING else None


def _liked(session: Session, listener: str) -> set[str]:
    """Return the tracks that a listener likes, liked or starred."""
    stars = select(followed(_ROW.item)).where(
        _ROW.listener == listener, _ROW.kind == ItemKind.SONG, _ROW.starred_at.is_not(None)
    )
    likes = select(followed(_LISTEN.track_id)).where(
        _LISTEN.listener == listener, _LISTEN.kind == EventKind.LIKE, _LISTEN.track_id.is_not(None)
    )
    return {*session.scalars(likes), *session.scalars(stars)}


def _names(session: Session, track_ids: set[str]) -> dict[str, str]:
    """Return the tracks by their ids, and by the ids of tracks from which they took over."""
    names = {track_id: track_id for track_id in track_ids}
    for track_id, earlier in predecessors_of(session, track_ids).items():
        names |= dict.fromkeys(earlier, track_id)
    return names


def _of_tracks(session: Session, listener: str, track_ids: set[str]) -> dict[str, Annotation]:
    names = _names(session, track_ids)
    stars, heard = _stars(session, listener, names), _plays(session, listener, names)
    ratings = {track_id: rating for track_id, (_, rating) in _rows_of_tracks(session, listener, names).items()}
    found = {
        track_id: Annotation(stars.get(track_id), ratings.get(track_id), *heard.get(track_id, (0, None)))
        for track_id in track_ids
    }
    return {track_id: each for track_id, each in found.items() if each != Annotation()}


def _stars(session: Session, listener: str, names: dict[str, str]) -> dict[str, datetime | None]:
    """Return since when tracks are starred, None for those that are liked because of their rating alone.

    A star stays beside a rating that is a dislike. Other dislikes end it.
    """
    rows = _rows_of_tracks(session, listener, names)
    likes = _latest_likes(session, listener, names)
    kept = {track_id: starred for track_id, (starred, rating) in rows.items() if rating == DISLIKED_RATING}
    return kept | {track_id: _starred(liked, *rows.get(track_id, (None, None))) for track_id, liked in likes.items()}


def _starred(liked: datetime, starred: datetime | None, rating: int | None) -> datetime | None:
    """Return since when a track is starred, given the time of the like that is its latest verdict."""
    return starred if starred is not None or (rating or 0) >= LIKED_RATING else liked


def _rows_of_tracks(
    session: Session, listener: str, names: dict[str, str]
) -> dict[str, tuple[datetime | None, int | None]]:
    """Return the star and the rating of tracks; those of a track come before those of one from which it took over."""
    query = select(_ROW.item, _ROW.starred_at, _ROW.rating).where(
        _ROW.listener == listener, _ROW.kind == ItemKind.SONG, _ROW.item.in_(IDS)
    )
    found = {item: (starred, rating) for item, starred, rating in rows_of(session, query, names)}
    earlier = {names[item]: row for item, row in found.items()}
    return earlier | {item: row for item, row in found.items() if names[item] == item}


def _latest_likes(session: Session, listener: str, names: dict[str, str]) -> dict[str, datetime]:
    """Return the times of likes that are the latest verdict on their track."""
    query = select(_LISTEN.track_id, _LISTEN.kind, _LISTEN.at, _LISTEN.id).where(
        _LISTEN.listener == listener, _LISTEN.kind.in_(VERDICTS), _LISTEN.track_id.in_(IDS)
    )
    verdicts: Iterable[Any] = sorted(rows_of(session, query, names), key=lambda row: (row.at, row.id))
    last = {names[row.track_id]: row for row in verdicts}
    return {track_id: row.at for track_id, row in last.items() if row.kind == EventKind.LIKE}


def _plays(session: Session, listener: str, names: dict[str, str]) -> dict[str, tuple[int, datetime | None]]:
    """Return the number of plays of tracks, and when the last one was; None if no time is known."""
    number = func.sum(func.coalesce(_LISTEN.undated_plays, 1), type_=Integer())
    latest = func.max(case((_LISTEN.undated_plays.is_(None), _LISTEN.at)), type_=_LISTEN.at.type)
    query = (
        select(_LISTEN.track_id, number, latest)
        .where(_LISTEN.listener == listener, _LISTEN.kind == EventKind.PLAY, _LISTEN.track_id.in_(IDS))
        .group_by(_LISTEN.track_id)
    )
    found: dict[str, tuple[int, datetime | None]] = {}
    for item, count, at in rows_of(session, query, names):
        before, last = found.get(names[item], (0, None))
        found[names[item]] = (before + count, max(filter(None, (last, at)), default=None))
    return found
