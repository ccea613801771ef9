"""The albums of the library: which files belong to one, whatever the order in which they were found."""

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from services.catalog.database import Database
from services.catalog.names import digest
from services.catalog.tables import LocationRow, TrackRow
from services.domain.library import ALBUM_PREFIX

# The folder of one disc of an album, such as "CD 2".
_DISC = re.compile(r"(cd|dis[ck]|dvd|vinyl)[\s_-]*\d+\b.*", re.IGNORECASE)

_TRACK, _FILE = TrackRow.__table__.c, LocationRow.__table__.c


class Member(NamedTuple):
    """A track that has a title of an album, and what decides which album that is."""

    track_id: str
    album_artist_key: str | None
    artist_key: str | None
    release_mbid: str | None
    path: str


def album_ids(album_key: str, members: Iterable[Member]) -> dict[str, str]:
    """Return the id of the album of each track; all tracks have the same title of an album.

    An album is a title of an album artist. Files without an album artist belong to one album if they are in the same
    folder; the folders of its discs count as one. So do folders beside and below each other if all files are by one
    artist: some soundtracks have a folder for each part. If the files of an album belong to several MusicBrainz
    releases, each release is an album.
    """
    tagged: dict[str, list[Member]] = defaultdict(list)
    folders: dict[PurePath, list[Member]] = defaultdict(list)
    for member in members:
        if member.album_artist_key is None:
            folders[album_folder(member.path)].append(member)
        else:
            tagged[member.album_artist_key].append(member)
    found: dict[str, str] = {}
    for artist, of_artist in tagged.items():
        found |= _by_release(digest("artist", artist, album_key), of_artist)
    for part in _parts(folders):
        first = min(part, key=lambda folder: (len(folder.parts), str(folder)))
        # Two names of the path: the id stays the same if the library is moved.
        own = digest("folder", *first.parts[-2:], album_key)
        found |= _by_release(own, [member for folder in part for member in folders[folder]])
    return found


def _by_release(album: str, members: Sequence[Member]) -> dict[str, str]:
    releases = {member.release_mbid for member in members if member.release_mbid}
    several = len(releases) > 1
    return {
        member.track_id: ALBUM_PREFIX
        + (digest("release", album, member.release_mbid) if several and member.release_mbid else album)
        for member in members
    }


def album_folder(path: str) -> PurePath:
    """Return the folder of the album of a file, which contains the folders of its discs."""
    folder = PurePath(path).parent
    return folder.parent if _DISC.fullmatch(folder.name) else folder


def _parts(folders: Mapping[PurePath, Sequence[Member]]) -> list[list[PurePath]]:
    """Return the folders in groups of one album each."""
    artists = {folder: {member.artist_key for member in members} for folder, members in folders.items()}
    by_one = {folder: artist for folder, [artist, *others] in artists.items() if artist is not None and not others}
    parents = {(folder.parent, artist) for folder, artist in by_one.items()}
    joined: dict[Hashable, list[PurePath]] = defaultdict(list)
    for folder in folders:
        artist = by_one.get(folder)
        if artist is None:
            joined[folder].append(folder)
        else:
            joined[folder.parent, artist].append(folder)
            if (folder, artist) in parents:  # it is the folder above some
                joined[folder, artist].append(folder)
    return _connected(joined.values())


def _connected(groups: Iterable[Sequence[PurePath]]) -> list[list[PurePath]]:
    """Return the groups, those that share a member as one."""
    group_of: dict[PurePath, list[PurePath]] = {}
    for group in groups:
        parts = {id(group_of[each]): group_of[each] for each in group if each in group_of}
        whole = list(dict.fromkeys([each for part in (*parts.values(), group) for each in part]))
        group_of |= dict.fromkeys(whole, whole)
    return list({id(group): group for group in group_of.values()}.values())


AlbumNames = tuple[str | None, str | None]
"""The keys of the title and of the album artist of some tracks."""


def regroup(session: Session, albums: Iterable[AlbumNames], only: Collection[str] | None = None) -> None:
    """Give the tracks with these names the ids of their albums; with `only`, change no other tracks than these."""
    for album_key, album_artist_key in albums:
        if album_key is not None:
            changes = _changes(session, album_key, album_artist_key)
            values = [
                {"id": track, "album_id": album} for track, album in changes.items() if only is None or track in only
            ]
            if values:
                session.execute(update(TrackRow), values)


def regroup_apart(database: Database, albums: Iterable[AlbumNames]) -> None:
    """Do the same in a transaction for each track: locking several at once could cause a deadlock with a worker."""
    for album_key, album_artist_key in albums:
        if album_key is None:
            continue
        with database.read() as session:
            changes = _changes(session, album_key, album_artist_key)
        for track_id, album in changes.items():
            with database.write() as session:
                here = (TrackRow.id == track_id, TrackRow.album_key == album_key)
                session.execute(update(TrackRow).where(*here).values(album_id=album))


def _changes(session: Session, album_key: str, album_artist_key: str | None) -> dict[str, str]:
    """Return the album of each track that belongs to another one so far."""
    query = (
        select(
            *(_TRACK.id, _TRACK.album_artist_key, _TRACK.artist_key, _TRACK.release_mbid), _FILE.path, _TRACK.album_id
        )
        .join_from(TrackRow.__table__, LocationRow.__table__, _FILE.track_id == _TRACK.id)
        .where(_TRACK.album_key == album_key, _TRACK.album_artist_key.is_not_distinct_from(album_artist_key))
    )
    members: dict[str, Member] = {}
    known: dict[str, str | None] = {}
    for *facts, album in session.execute(query):
        member = Member(*facts)
        members[member.track_id] = min(member, members.get(member.track_id, member), key=lambda each: each.path)
        known[member.track_id] = album
    found = album_ids(album_key, members.values())
    return {track_id: album for track_id, album in found.items() if known[track_id] != album}
