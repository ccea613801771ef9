"""Downloads of songs of linked servers that match no track: which are due, and what became of them.

The track of a downloaded song has a file that is no path of this machine (`services.domain.links.place_of`).
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select, tuple_, update
from sqlalchemy.orm import Session

from services.catalog.database import Database, now
from services.catalog.links import give_ids
from services.catalog.tables import DeletedTrackRow, LinkRow, LinkSongRow, TrackRow
from services.domain.links import LinkedSong, MatchRule
from services.domain.track import TrackStatus

# As of analyses: one or two crashes may have another cause than the song.
MAX_ATTEMPTS = 3

PAUSE_MIN, PAUSE_MAX = timedelta(minutes=1), timedelta(hours=1)
"""A pause is as long as downloads have been failing, so each is about twice as long as the one before."""

RETRY_AFTER_MAX = timedelta(days=1)
"""Limit of a pause that a server asks for."""

UNFINISHED = f"Its download or analysis was started {MAX_ATTEMPTS} times and each time crashed or timed out."

_SONG = LinkSongRow


def reason_of_deletion(track_id: Any) -> Any:  # noqa: ANN401  a text, or a column of texts
    """Return why the song of a deleted track is not downloaded."""
    return "Its track " + track_id + " was deleted from the library."


class LinkDownloadStore:
    """Moves songs from unmatched to downloaded."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def due(self, lost_after: timedelta, limit: int) -> list[tuple[str, str]]:
        """Return links and songs to download that were not sent for this long, and mark them as sent."""
        waits = or_(_SONG.rule.is_(None), and_(_SONG.rule == MatchRule.DOWNLOAD, _is_pending()))
        unsent = or_(_SONG.sent_at.is_(None), _SONG.sent_at < now() - lost_after)
        query = (
            select(_SONG.link, _SONG.song_id)
            .join(LinkRow, LinkRow.name == _SONG.link)
            .where(LinkRow.download, ~_is_paused(), _SONG.attempts < MAX_ATTEMPTS, waits, unsent)
            .order_by(_SONG.sent_at.asc().nulls_first(), _SONG.link, _SONG.song_id)
            .limit(limit)
        )
        with self._database.write() as session:
            found = [(link, song) for link, song in session.execute(query)]
            chosen = tuple_(_SONG.link, _SONG.song_id).in_(found)
            if found:
                session.execute(update(LinkSongRow).where(chosen).values(sent_at=now()))
            return found

    def not_sent(self, songs: list[tuple[str, str]]) -> None:
        """Mark songs as not sent, because the broker did not accept them."""
        with self._database.write() as session:
            chosen = tuple_(_SONG.link, _SONG.song_id).in_(songs)
            session.execute(update(LinkSongRow).where(chosen).values(sent_at=None))

    def begin(self, link: str, song_id: str) -> bool:
        """Count an attempt; return whether the song is still to be downloaded."""
        with self._database.write() as session:
            row = session.get(LinkSongRow, (link, song_id), with_for_update=True)
            if row is None or row.attempts >= MAX_ATTEMPTS or not _is_wanted(session, row):
                return False
            if session.scalar(select(LinkRow.name).where(LinkRow.name == link, _is_paused())) is not None:
                row.sent_at = None  # due when the pause ends
                return False
            row.attempts += 1
            row.sent_at = now()
            if row.attempts == MAX_ATTEMPTS:
                row.reason = UNFINISHED  # unless it ends
            return True

    def postpone(self, link: str, song_id: str, reason: str) -> None:
        """Uncount an attempt that failed for a reason unrelated to the song."""
        self._change(link, song_id, attempts=_SONG.attempts - 1, reason=reason)

    def pause(self, link: str, retry_after: timedelta | None = None) -> None:
        """Pause the downloads of a link whose server refuses all of them: as long as it asks for, or growing."""
        with self._database.write() as session:
            row, moment = session.get(LinkRow, link, with_for_update=True), now()
            if row is None:  # removed during the download
                return
            row.failing_since = row.failing_since or moment
            pause = max(PAUSE_MIN, min(moment - row.failing_since, PAUSE_MAX))
            row.paused_until = moment + (pause if retry_after is None else min(retry_after, RETRY_AFTER_MAX))

    def resume(self, link: str) -> None:
        """End the pause of a link: its server sends songs."""
        with self._database.write() as session:
            _resume(session, link)

    def retry(self, link: str) -> None:
        """End the pause of a link, and make the songs due again whose downloads failed, except for deleted tracks."""
        deleted = select(reason_of_deletion(DeletedTrackRow.track_id))
        with self._database.write() as session:
            failed = _SONG.link == link, _SONG.reason.is_not(None), _SONG.reason.not_in(deleted)
            session.execute(update(LinkSongRow).where(*failed).values(attempts=0, sent_at=None, reason=None))
            _resume(session, link)

    def refuse(self, link: str, song_id: str, reason: str) -> None:
        """Record why a song cannot be analysed. It is downloaded again after `retry` only."""
        self._change(link, song_id, attempts=MAX_ATTEMPTS, reason=reason)

    def complete(self, link: str, song_id: str, track_id: str) -> bool:
        """Record the track of a downloaded song, and give it the song's id; return whether the link has the song."""
        with self._database.write() as session:
            row = session.get(LinkSongRow, (link, song_id), with_for_update=True)
            if row is None:
                return False
            row.track_id, row.rule = track_id, MatchRule.DOWNLOAD
            session.flush()
            give_ids(self._database, session, link, [LinkedSong(id=song_id, title=row.title, track_id=track_id)])
            return True

    def end(self, link: str, song_id: str) -> None:
        """Record that the analysis of a downloaded song has ended, whatever its outcome."""
        self._change(link, song_id, attempts=0, sent_at=None, reason=None)

    def _change(self, link: str, song_id: str, **values: Any) -> None:  # noqa: ANN401  values of columns
        with self._database.write() as session:
            here = _SONG.link == link, _SONG.song_id == song_id
            session.execute(update(LinkSongRow).where(*here).values(**values))


def _resume(session: Session, link: str) -> None:
    paused = LinkRow.name == link, LinkRow.failing_since.is_not(None)
    session.execute(update(LinkRow).where(*paused).values(failing_since=None, paused_until=None))


def _is_paused() -> ColumnElement[bool]:
    return and_(LinkRow.paused_until.is_not(None), LinkRow.paused_until > now())


def _is_wanted(session: Session, row: LinkSongRow) -> bool:
    """Whether a song has no track, or one that waits for its analysis."""
    link = session.get_one(LinkRow, row.link)
    if not link.download or row.rule not in (None, MatchRule.DOWNLOAD):
        return False
    track = None if row.track_id is None else session.get(TrackRow, row.track_id)
    return track is None or track.status == TrackStatus.PENDING


def _is_pending() -> Any:  # noqa: ANN401  a condition
    unclaimed = or_(TrackRow.claimed_until.is_(None), TrackRow.claimed_until < now())
    return (
        select(TrackRow.id)
        .where(TrackRow.id == _SONG.track_id, TrackRow.status == TrackStatus.PENDING, unclaimed)
        .exists()
    )
