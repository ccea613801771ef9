"""The one place where settings become the objects that the API process works with."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from services.catalog import Catalogue
from services.catalog.database import REQUEST_SECONDS
from services.domain.errors import NotConfigured
from services.index import VectorIndex
from services.radio.sessions import Radio
from services.recommend import Recommender
from services.recommend.path import Paths
from services.settings import Settings
from services.storage.locks import shared_catalogue_lock
from services.tasks.queue import TaskQueue, open_queue

if TYPE_CHECKING:
    from services.index.generations import Generations
    from services.index.indexer_thread import IndexerThread
    from services.index.qdrant_server import ServerIndex


@dataclass(frozen=True, slots=True)
class EmbeddedIndex:
    """What has to be ended with the process when it owns the index: its directory and its indexer."""

    generations: "Generations"
    indexer: "IndexerThread"


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a request may need; all of it may be used from several threads."""

    settings: Settings
    catalogue: Catalogue
    queue: TaskQueue
    index: VectorIndex
    recommender: Recommender
    paths: Paths
    radio: Radio
    embedded: EmbeddedIndex | None
    """None where a Qdrant server holds the index and workers fill it."""
    held: ExitStack
    """What is given back last: the catalogue and its place."""

    @property
    def index_kind(self) -> Literal["edge", "server"]:
        """Where the vector index is."""
        return "server" if self.embedded is None else "edge"

    def close(self) -> None:
        """End the indexer and give everything back; what is unfinished stays marked in the catalogue."""
        if self.embedded is None:
            self.index.close()
        else:
            self.embedded.indexer.stop()
            self.embedded.generations.close()
        self.held.close()


def compose(settings: Settings) -> Services:
    """Open catalogue, broker and index as the settings say and start the indexer; call it after any fork.

    Raises:
        NotConfigured: no broker is set, Qdrant Edge is not installed, or several processes are to share it.
        AlreadyRunning: another process uses the embedded index, or the catalogue is being restored.
        CatalogueUnavailable, IndexUnavailable: a part does not open.
    """
    if settings.qdrant_url is None and settings.api_processes > 1:
        raise NotConfigured(
            f"SEGUE_API_PROCESSES is {settings.api_processes}, but only one process can own Qdrant Edge: "
            "set it to 1, or set SEGUE_QDRANT_URL to a Qdrant server."
        )
    queue = open_queue(settings)
    with ExitStack() as undone:
        undone.enter_context(shared_catalogue_lock(settings))
        catalogue = Catalogue.open(settings.catalogue_url, REQUEST_SECONDS)
        undone.callback(catalogue.close)
        catalogue.migrate()
        index, embedded = _open_index(settings, catalogue)
        held = undone.pop_all()
    recommender = Recommender(catalogue.tracks, index, half_life_days=settings.half_life_days)
    return Services(
        settings=settings,
        catalogue=catalogue,
        queue=queue,
        index=index,
        recommender=recommender,
        paths=Paths(catalogue.tracks, index),
        radio=Radio(catalogue, index, recommender, half_life_days=settings.half_life_days),
        embedded=embedded,
        held=held,
    )


def open_server_index(settings: Settings, *, for_requests: bool) -> "ServerIndex":
    """The index on the Qdrant server that the settings name; for requests, it gives up before their clients do.

    Raises:
        NotConfigured: they name none.
    """
    if settings.qdrant_url is None:
        raise NotConfigured("SEGUE_QDRANT_URL is not set: the API process owns the index, no worker can fill it.")
    # Imported where it is used: qdrant-client alone would take half of the API process's memory.
    from services.index.qdrant_server import (  # noqa: PLC0415
        BACKGROUND_SECONDS,
        ServerIndex,
    )
    from services.index.qdrant_server import REQUEST_SECONDS as INDEX_SECONDS  # noqa: PLC0415

    key = settings.qdrant_api_key
    secret = None if key is None else key.get_secret_value()
    timeout = INDEX_SECONDS if for_requests else BACKGROUND_SECONDS
    return ServerIndex.connect(settings.qdrant_url, secret, settings.qdrant_collection, timeout)


def _open_index(settings: Settings, catalogue: Catalogue) -> tuple[VectorIndex, EmbeddedIndex | None]:
    if settings.qdrant_url is not None:
        return open_server_index(settings, for_requests=True), None
    try:
        from services.index.generations import Generations  # noqa: PLC0415  an optional package
        from services.index.indexer_thread import IndexerThread  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise NotConfigured(
            f"{error.name} is not installed: install segue[local], or set SEGUE_QDRANT_URL to a Qdrant server."
        ) from error
    generations = Generations(settings.index_path)
    indexer = IndexerThread(catalogue, generations)
    indexer.start()
    return generations.index, EmbeddedIndex(generations, indexer)
