"""The catalogue: a database and the stores that work on it, in SQLite or PostgreSQL. The source of truth."""

from typing import Self

from services.catalog.analyses import AnalysisStore
from services.catalog.database import Database
from services.catalog.idempotency import IdempotencyStore
from services.catalog.indexing import IndexQueue
from services.catalog.jobs import JobStore
from services.catalog.keys import InstallationStore, KeyStore
from services.catalog.library import ExternalIdStore, LibraryStore
from services.catalog.listens import ListenStore
from services.catalog.radio import RadioStore
from services.catalog.tracks import TrackStore

__all__ = ["Catalogue"]


class Catalogue:
    """Opened once in a process; its stores may be used from several threads."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.tracks = TrackStore(database)
        self.library = LibraryStore(database)
        self.analyses = AnalysisStore(database)
        self.indexing = IndexQueue(database)
        self.jobs = JobStore(database)
        self.radio = RadioStore(database)
        self.external_ids = ExternalIdStore(database)
        self.listens = ListenStore(database)
        self.keys = KeyStore(database)
        self.idempotency = IdempotencyStore(database)
        self.installation = InstallationStore(database)

    @classmethod
    def open(cls, url: str, patience: float | None = None) -> Self:
        """Open the catalogue at an SQLAlchemy URL; `migrate` it first where it may be new.

        `patience` is how many seconds a statement may take where someone waits for the answer.
        """
        return cls(Database(url, patience))

    def migrate(self) -> None:
        """Create or update the tables."""
        self.database.migrate()

    def close(self) -> None:
        """Give all connections back."""
        self.database.close()
