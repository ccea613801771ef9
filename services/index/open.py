"""The one place that decides which vector index this process uses."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.catalog import Catalogue
from services.domain.errors import IndexUnavailable, NotConfigured
from services.index.vector_index import VectorIndex
from services.settings import Settings

if TYPE_CHECKING:
    from services.index.generations import Generations
    from services.index.indexer_thread import IndexerThread
    from services.index.qdrant_server import ServerIndex


@dataclass(frozen=True, slots=True)
class ServerSide:
    """An index on a Qdrant server, kept up to date by workers."""

    index: "ServerIndex"

    def start(self) -> None:
        """Nothing runs in this process."""

    @property
    def problem(self) -> str | None:
        """Why the index does not answer; None when it does."""
        try:
            self.index.count()
        except IndexUnavailable as error:
            return error.detail
        return None

    def close(self) -> None:
        """Close the connections."""
        self.index.close()


@dataclass(frozen=True, slots=True)
class Embedded:
    """An index inside this process, kept up to date by a thread of it."""

    generations: "Generations"
    indexer: "IndexerThread"

    @property
    def index(self) -> VectorIndex:
        """What answers queries."""
        return self.generations.index

    def start(self) -> None:
        """Start the indexer."""
        self.indexer.start()

    @property
    def problem(self) -> str | None:
        """Why the index is not what it should be; None when all is well."""
        return self.indexer.problem

    def close(self) -> None:
        """Stop the indexer and give the directory back."""
        self.indexer.stop()
        self.generations.close()


def open_index(settings: Settings, catalogue: Catalogue) -> Embedded | ServerSide:
    """Open the index that the settings name; `start` it in the process that serves.

    Raises:
        AlreadyRunning: another process has the embedded index open.
        NotConfigured: there is neither a server nor Qdrant Edge.
    """
    if settings.qdrant_url is not None:
        return ServerSide(open_server(settings))
    try:
        from services.index.generations import Generations  # noqa: PLC0415  an optional package
        from services.index.indexer_thread import IndexerThread  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise NotConfigured(
            "No vector index: set SEGUE_QDRANT_URL, or install segue[local], which brings Qdrant Edge."
        ) from error
    generations = Generations(settings.index_path)
    return Embedded(generations, IndexerThread(catalogue, generations))


def open_server(settings: Settings) -> "ServerIndex":
    """The index on the Qdrant server that the settings name; workers write to it.

    Raises:
        NotConfigured: they name none.
    """
    if settings.qdrant_url is None:
        raise NotConfigured("SEGUE_QDRANT_URL is not set: the index lives in the API process, which fills it itself.")
    from services.index.qdrant_server import ServerIndex  # noqa: PLC0415  tens of MB that Edge does without

    key = settings.qdrant_api_key
    return ServerIndex.connect(settings.qdrant_url, key.get_secret_value() if key else None, settings.qdrant_collection)
