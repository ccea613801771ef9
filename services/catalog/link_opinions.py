"""What the users of linked servers were last seen to think of songs, so that only changes are taken over."""

from collections.abc import Collection, Mapping

from sqlalchemy import delete, select

from services.catalog.database import IDS, ROWS_PER_STATEMENT, Database, batched, rows_of
from services.catalog.tables import LinkOpinionRow
from services.domain.links import Opinion

_OPINION = LinkOpinionRow.__table__.c


class LinkOpinionStore:
    """Reads and writes the opinions that were seen last."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_songs(self, link: str, song_ids: Collection[str]) -> dict[str, Opinion]:
        """Return the opinions of these songs, by song; songs without a star and a rating are absent."""
        query = select(_OPINION.song_id, _OPINION.starred, _OPINION.rating)
        with self._database.columns() as connection:
            rows = rows_of(connection, query.where(_OPINION.link == link, _OPINION.song_id.in_(IDS)), song_ids)
        return {song_id: Opinion(starred, rating) for song_id, starred, rating in rows}

    def starred(self, link: str) -> set[str]:
        """Return the songs that have a star."""
        query = select(_OPINION.song_id).where(_OPINION.link == link, _OPINION.starred)
        with self._database.columns() as connection:
            return set(connection.execute(query).scalars())

    def put(self, link: str, opinions: Mapping[str, Opinion]) -> None:
        """Store opinions by song; one without a star and a rating deletes that of the song."""
        gone = [song_id for song_id, opinion in opinions.items() if opinion == Opinion()]
        rows = [
            {"link": link, "song_id": song_id, "starred": opinion.starred, "rating": opinion.rating}
            for song_id, opinion in opinions.items()
            if opinion != Opinion()
        ]
        inserting = self._database.insert(LinkOpinionRow)
        changed = {name: inserting.excluded[name] for name in ("starred", "rating")}
        storing = inserting.on_conflict_do_update(index_elements=["link", "song_id"], set_=changed)
        with self._database.write() as session:
            for batch in batched(gone, ROWS_PER_STATEMENT):
                session.execute(
                    delete(LinkOpinionRow).where(LinkOpinionRow.link == link, LinkOpinionRow.song_id.in_(batch))
                )
            for rows_at_once in batched(rows, ROWS_PER_STATEMENT):
                session.execute(storing, rows_at_once)
