"""The playlists that Segue made on linked servers."""

from sqlalchemy import select

from services.catalog.database import Database
from services.catalog.tables import MixPlaylistRow
from services.domain.links import MixPlaylist


class MixPlaylistStore:
    """Stores which playlist of a linked server is which mix."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, link: str) -> dict[str, MixPlaylist]:
        """Return the playlists on a linked server by the keys of their mixes."""
        with self._database.read() as session:
            rows = session.scalars(select(MixPlaylistRow).where(MixPlaylistRow.link == link))
            return {row.key: MixPlaylist(row.name, row.marker, row.playlist_id, row.songs) for row in rows}

    def put(self, link: str, key: str, playlist: MixPlaylist) -> None:
        """Store the playlist of a mix; it replaces an earlier one."""
        values = {"name": playlist.name, "marker": playlist.marker, "playlist_id": playlist.id} | {
            "songs": list(playlist.songs)
        }
        inserting = self._database.insert(MixPlaylistRow).values(link=link, key=key, **values)
        with self._database.write() as session:
            session.execute(inserting.on_conflict_do_update(index_elements=["link", "key"], set_=values))
