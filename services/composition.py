"""Composition root: opens catalogue, broker and index as the settings say and connects the services to them."""

from contextlib import ExitStack
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Literal

from services.catalog import Catalogue
from services.catalog.engines import REQUEST_SECONDS
from services.domain.errors import NotConfigured
from services.domain.spaces import View
from services.domain.track import EMBEDDING_DIM
from services.domain.vector_index import PICTURES, TRACKS, Collection
from services.domain.words import TextEmbedder
from services.experiments.assignment import Experiments
from services.experiments.file import read_experiments
from services.index import VectorIndex, VectorSearch
from services.index.generations import Generations, delete_indexes
from services.index.indexer_thread import IndexerThread
from services.index.limited import LimitedIndex, LimitedSearch
from services.index.spaced import SpacedIndex
from services.mixes.choose import Mixes
from services.playlists.rules import SmartPlaylists
from services.quotas.meter import Meter
from services.radio.sessions import Radio
from services.recommend import Recommender
from services.recommend.answer_log import AnswerLog
from services.recommend.carrying import CarriedTexts, Carrying
from services.recommend.comparisons import Comparer
from services.recommend.finder import Finder
from services.recommend.path import Paths
from services.recommend.pictures import Pictures
from services.recommend.starts import Starter
from services.recommend.tastes import Tastes
from services.recommend.words import LazyEmbedder, WordReader
from services.settings import Settings
from services.sign_in import SignIn, open_sign_in
from services.storage.locks import shared_catalogue_lock
from services.tasks.now_playing import NowPlaying
from services.tasks.presence import Workers
from services.tasks.questions import Questions
from services.tasks.queue import TaskQueue, open_queue
from services.words.understand import understand

if TYPE_CHECKING:
    from services.index.qdrant_server import ServerIndex


@dataclass(frozen=True, slots=True)
class EmbeddedIndex:
    """The embedded indexes of a collection, one for each space: the indexer thread keeps and closes them."""

    indexer: IndexerThread

    def close(self) -> None:
        """Stop the indexer and close the indexes."""
        self.indexer.close()


@dataclass(frozen=True, slots=True)
class Services:
    """The services that views use; all of them are thread-safe."""

    settings: Settings
    catalogue: Catalogue
    queue: TaskQueue
    questions: Questions
    workers: Workers
    now_playing: NowPlaying
    index: VectorIndex
    recommender: Recommender
    answer_log: AnswerLog
    words: WordReader
    finder: Finder
    paths: Paths
    radio: Radio
    starter: Starter
    tastes: Tastes
    mixes: Mixes
    comparer: Comparer
    pictures: Pictures
    smart_playlists: SmartPlaylists
    experiments: Experiments
    meter: Meter
    """Counts the requests of libraries."""
    sign_in: SignIn | None
    """None if no provider is set at which people can sign in."""
    embedded: EmbeddedIndex | None
    """None if a Qdrant server holds the index; workers then update it."""
    embedded_pictures: EmbeddedIndex | None
    """The same for pictures."""
    resources: ExitStack
    """Closed last: the indexes, the connections to the catalogue and its lock."""

    @property
    def index_kind(self) -> Literal["embedded", "server"]:
        """The kind of the vector index: the embedded index or a Qdrant server."""
        return "server" if self.embedded is None else "embedded"

    def close(self) -> None:
        """Stop the indexer and close everything; the next start continues with unfinished work."""
        self.resources.close()


def compose(settings: Settings, embedder: TextEmbedder | None = None) -> Services:
    """Open catalogue, broker and index, migrate the catalogue and start the indexer. Call it after a fork.

    Without an `embedder`, the text tower is loaded at the first text.

    Raises:
        NotConfigured: no broker is set, the file of groups or of experiments is wrong, or several processes would share
            the embedded index.
        AlreadyRunning: another process uses the index directory, or the catalogue is being restored.
        CatalogueUnavailable, IndexUnavailable: the catalogue or the index cannot be opened.
    """
    _check_processes(settings)
    sign_in, experiments = open_sign_in(settings), Experiments(read_experiments(settings.experiments))
    queue = open_queue(settings)
    with ExitStack() as opened:
        catalogue = _open_catalogue(settings, opened)
        index, embedded = _open_index(settings, catalogue, opened, TRACKS)
        picture_index, embedded_pictures = _open_index(settings, catalogue, opened, PICTURES)
        meter = Meter(catalogue.quotas)
        opened.callback(meter.close)
        answer_log = AnswerLog(catalogue, settings.recommendation_log, experiments, exploration=settings.exploration)
        opened.callback(answer_log.close)
        resources = opened.pop_all()
    recommender = Recommender(catalogue.tracks, index, half_life_days=settings.half_life_days)
    words = word_reader(catalogue, embedder)
    tastes, paths = Tastes(catalogue, recommender), Paths(catalogue.tracks, index)
    return Services(
        settings=settings,
        catalogue=catalogue,
        queue=queue,
        # The other threads stay free for requests that need no worker.
        questions=Questions(queue, at_once=max(1, settings.api_threads // 2), choose=Carrying(catalogue).choose),
        workers=Workers(queue),
        now_playing=NowPlaying(queue),
        index=index,
        recommender=recommender,
        answer_log=answer_log,
        words=words,
        finder=Finder(catalogue.tracks, catalogue.browsing, recommender, words),
        paths=paths,
        radio=Radio(catalogue, index, recommender, words=words),
        starter=Starter(catalogue.tracks, index, recommender, words),
        tastes=tastes,
        mixes=Mixes(catalogue, recommender, tastes, words, paths),
        comparer=Comparer(catalogue, recommender),
        pictures=Pictures(catalogue, picture_index, words),
        smart_playlists=SmartPlaylists(catalogue, recommender, words),
        experiments=experiments,
        meter=meter,
        sign_in=sign_in,
        embedded=embedded,
        embedded_pictures=embedded_pictures,
        resources=resources,
    )


def _check_processes(settings: Settings) -> None:
    if settings.qdrant_url is None and settings.api_processes > 1:
        raise NotConfigured(
            f"SEGUE_API_PROCESSES is {settings.api_processes}, but only one process can use the embedded index. "
            "Set it to 1, or set SEGUE_QDRANT_URL to a Qdrant server."
        )


def _open_catalogue(settings: Settings, opened: ExitStack) -> Catalogue:
    """Lock, open and migrate the catalogue; `opened` closes it."""
    opened.enter_context(shared_catalogue_lock(settings))
    catalogue = Catalogue.open(settings.catalogue_url, REQUEST_SECONDS, settings.tag_rules)
    opened.callback(catalogue.close)
    catalogue.migrate()
    return catalogue


def compose_smart_playlists(settings: Settings, catalogue: Catalogue, index: VectorSearch) -> SmartPlaylists:
    """Return what refreshes smart playlists, for a worker."""
    recommender = Recommender(catalogue.tracks, LimitedSearch(index), half_life_days=settings.half_life_days)
    return SmartPlaylists(catalogue, recommender, word_reader(catalogue))


def compose_mixes(settings: Settings, catalogue: Catalogue, index: VectorSearch) -> Mixes:
    """Return what chooses mixes, for a worker or a command."""
    recommender = Recommender(catalogue.tracks, index, half_life_days=settings.half_life_days)
    words = word_reader(catalogue)
    tastes = Tastes(catalogue, recommender)
    return Mixes(catalogue, recommender, tastes, words, Paths(catalogue.tracks, index))


def word_reader(catalogue: Catalogue, embedder: TextEmbedder | None = None) -> WordReader:
    """Return what reads texts; without an `embedder`, the text tower is loaded at the first one."""
    tower = embedder or LazyEmbedder(_load_tower)
    return WordReader(catalogue.tracks, CarriedTexts(tower, Carrying(catalogue)), understand)


def _load_tower() -> TextEmbedder:
    # Imported here because its sentence encoder takes memory that an API without texts does not need.
    from models.text.tower import TextTower  # noqa: PLC0415

    return TextTower.load()


def open_server_index(
    settings: Settings,
    collection: Collection = TRACKS,
    *,
    for_requests: bool,
    suffix: str = "",
    dimension: int = EMBEDDING_DIM,
) -> "ServerIndex":
    """Connect to an index on the Qdrant server; `for_requests` chooses a timeout shorter than that of HTTP clients.

    `suffix` is `View.suffix` of the space, and `dimension` the length of its vectors.

    Raises:
        NotConfigured: `SEGUE_QDRANT_URL` is not set.
    """
    if settings.qdrant_url is None:
        raise NotConfigured("SEGUE_QDRANT_URL is not set. Without it only the API process can open the index.")
    # Imported here because qdrant-client needs as much memory as the rest of the API process.
    from services.index.qdrant_collections import CollectionSettings  # noqa: PLC0415
    from services.index.qdrant_server import (  # noqa: PLC0415
        BACKGROUND_SECONDS,
        ServerIndex,
    )
    from services.index.qdrant_server import REQUEST_SECONDS as INDEX_SECONDS  # noqa: PLC0415

    key = settings.qdrant_api_key
    secret = None if key is None else key.get_secret_value()
    timeout = INDEX_SECONDS if for_requests else BACKGROUND_SECONDS
    alias = settings.qdrant_collection if collection == TRACKS else f"{settings.qdrant_collection}-{collection.name}"
    wanted = CollectionSettings(
        settings.qdrant_shards,
        settings.qdrant_replication,
        settings.qdrant_write_consistency,
        settings.qdrant_on_disk,
        settings.qdrant_quantisation,
        dimension,
    )
    return ServerIndex.connect(
        settings.qdrant_urls, secret, alias + suffix, timeout, collection=collection, settings=wanted
    )


def drop_space(settings: Settings, catalogue: Catalogue, version: str) -> None:
    """Delete a space with its indexes; the API process deletes embedded ones.

    Raises:
        InvalidRequest: it does not exist, is served, or was served a moment ago.
    """
    view = catalogue.spaces.refresh()
    catalogue.space_store.drop(version)
    if settings.qdrant_url is not None:
        for collection in (TRACKS, PICTURES):
            open_server_index(settings, collection, for_requests=False, suffix=view.suffix(version)).remove()


class ServerIndexes:
    """The indexes of a collection on the Qdrant server, one for each space; each is opened at its first use."""

    def __init__(self, settings: Settings, catalogue: Catalogue, collection: Collection) -> None:
        self._settings = settings
        self._spaces = catalogue.spaces
        self._collection = collection
        self._opened: dict[str, ServerIndex] = {}
        self._lock = Lock()
        self._open(self._spaces.refresh())

    def index(self) -> "ServerIndex":
        """Return the index of the space that this request reads."""
        return self._open(self._spaces.view())

    def close(self) -> None:
        """Close the connections."""
        for index in self._opened.values():
            index.close()

    def _open(self, view: View) -> "ServerIndex":
        suffix = view.suffix(view.served)
        with self._lock:
            if suffix not in self._opened:
                self._opened[suffix] = open_server_index(
                    self._settings,
                    self._collection,
                    for_requests=True,
                    suffix=suffix,
                    dimension=view.dimension(view.served),
                )
            return self._opened[suffix]


def _open_index(
    settings: Settings, catalogue: Catalogue, opened: ExitStack, collection: Collection
) -> tuple[VectorIndex, EmbeddedIndex | None]:
    """Open the index of a collection, and start its indexer; `opened` closes both."""
    if settings.qdrant_url is not None:
        indexes = ServerIndexes(settings, catalogue, collection)
        opened.callback(indexes.close)
        return LimitedIndex(SpacedIndex(indexes.index)), None
    path = settings.index_path if collection == TRACKS else settings.picture_index_path
    view = catalogue.spaces.refresh()
    generations = Generations(path.with_name(path.name + view.suffix(view.served)), collection)
    delete_indexes(path, {path.name + view.suffix(space) for space in (view.served, *view.filled)})
    indexer = IndexerThread(catalogue, generations, view.served)
    indexer.start()
    embedded = EmbeddedIndex(indexer)
    opened.callback(embedded.close)
    return LimitedIndex(SpacedIndex(indexer.index)), embedded
