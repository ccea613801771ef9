"""The catalogue: a database, SQLite or PostgreSQL, and the stores that use it. It is the source of truth."""

from typing import Self

from services.catalog.accounts import AccountStore
from services.catalog.albums import AlbumStore
from services.catalog.analyses import AnalysisStore
from services.catalog.annotations import AnnotationStore
from services.catalog.browsing import BrowseStore
from services.catalog.comparisons import ComparisonStore
from services.catalog.covers import CoverStore
from services.catalog.database import Database
from services.catalog.exports import ExportStore
from services.catalog.failures import FailureStore
from services.catalog.files import FileStore
from services.catalog.folders import FolderStore
from services.catalog.heard_albums import HeardAlbumStore
from services.catalog.idempotency import IdempotencyStore
from services.catalog.index_builds import IndexBuildStore
from services.catalog.indexing import IndexQueue, PicturePoints, TrackPoints
from services.catalog.jobs import JobStore
from services.catalog.keys import InstallationStore, KeyStore
from services.catalog.libraries import NamedLibraryStore
from services.catalog.library import ExternalIdStore, LibraryStore
from services.catalog.link_downloads import LinkDownloadStore
from services.catalog.link_opinions import LinkOpinionStore
from services.catalog.link_runs import LinkRunStore
from services.catalog.links import LinkStore
from services.catalog.listeners import ListenerStore
from services.catalog.listens import ListenStore
from services.catalog.map import MapStore
from services.catalog.mix_playlists import MixPlaylistStore
from services.catalog.own_features import OwnFeatureStore
from services.catalog.pause import PauseStore
from services.catalog.people import PeopleStore
from services.catalog.pictures import PictureStore
from services.catalog.play_counts import PlayCountStore
from services.catalog.play_queues import PlayQueueStore
from services.catalog.playlists import PlaylistStore
from services.catalog.progress import ProgressStore
from services.catalog.quotas import QuotaStore
from services.catalog.radio import RadioStore
from services.catalog.ratings import RatingStore
from services.catalog.recommendation_log import RecommendationLog
from services.catalog.reports import ReportStore
from services.catalog.space_analyses import SpaceAnalysisStore
from services.catalog.space_mappings import SpaceMappingStore
from services.catalog.space_store import SpaceStore
from services.catalog.spaces import SpaceViews
from services.catalog.tables import PictureRow, TrackRow
from services.catalog.tastes import TasteStore
from services.catalog.tracks import TrackStore
from services.catalog.turns import TurnStore
from services.catalog.webhooks import WebhookStore
from services.domain.track import DEFAULT_RULES, TagRules
from services.domain.vector_index import PICTURES, TRACKS, Collection

__all__ = ["Catalogue"]


class Catalogue:
    """The catalogue of this process. Open it once; its stores are thread-safe."""

    def __init__(self, database: Database, rules: TagRules = DEFAULT_RULES) -> None:  # noqa: PLR0915  a line for each store
        self.database = database
        self.spaces = SpaceViews(database)
        self.space_analyses = SpaceAnalysisStore(database)
        self.space_mappings = SpaceMappingStore(database, self.spaces)
        self.tracks = TrackStore(database, self.spaces)
        self.files = FileStore(database)
        self.folders = FolderStore(database)
        self.browsing = BrowseStore(database)
        self.albums = AlbumStore(database, self.spaces)
        self.heard_albums = HeardAlbumStore(database)
        self.library = LibraryStore(database, rules)
        self.libraries = NamedLibraryStore(database)
        self.quotas = QuotaStore(database)
        self.ratings = RatingStore(database)
        self.analyses = AnalysisStore(database)
        self.turns = TurnStore(database)
        self.own_features = OwnFeatureStore(database)
        self.covers = CoverStore(database, self.spaces)
        self.indexing = self.queue_of(TRACKS)
        self.pictures = PictureStore(database)
        self.picture_indexing = self.queue_of(PICTURES)
        self.index_builds = IndexBuildStore(database)
        self.space_store = SpaceStore(database, self.spaces, self.space_analyses, self.index_builds)
        self.map = MapStore(database, self.spaces)
        self.jobs = JobStore(database)
        self.failures = FailureStore(database)
        self.exports = ExportStore(database, self.spaces)
        self.reports = ReportStore(database, self.spaces)
        self.webhooks = WebhookStore(database)
        self.pause = PauseStore(database)
        self.progress = ProgressStore(database)
        self.radio = RadioStore(database)
        self.playlists = PlaylistStore(database)
        self.external_ids = ExternalIdStore(database)
        self.links = LinkStore(database)
        self.link_downloads = LinkDownloadStore(database)
        self.link_runs = LinkRunStore(database)
        self.link_opinions = LinkOpinionStore(database)
        self.mix_playlists = MixPlaylistStore(database)
        self.listens = ListenStore(database)
        self.listeners = ListenerStore(database)
        self.recommendation_log = RecommendationLog(database)
        self.play_counts = PlayCountStore(database)
        self.tastes = TasteStore(database)
        self.annotations = AnnotationStore(database)
        self.play_queues = PlayQueueStore(database)
        self.comparisons = ComparisonStore(database)
        self.keys = KeyStore(database)
        self.accounts = AccountStore(database)
        self.people = PeopleStore(database)
        self.idempotency = IdempotencyStore(database)
        self.installation = InstallationStore(database)

    def queue_of(self, collection: Collection, space: str | None = None) -> IndexQueue:
        """Return the queue of a collection's index in a space, or in the served one."""
        if collection == TRACKS:
            return IndexQueue(self.database, TrackRow, TrackPoints(), self.spaces, space)
        return IndexQueue(self.database, PictureRow, PicturePoints(), self.spaces, space)

    @classmethod
    def open(cls, url: str, timeout: float | None = None, rules: TagRules = DEFAULT_RULES) -> Self:
        """Open the catalogue at an SQLAlchemy URL; call `migrate` before use if it may be new.

        `timeout` is the timeout of a statement in seconds; None is the timeout of background work. `rules` matter to
        those who register files.
        """
        return cls(Database(url, timeout), rules)

    def migrate(self) -> None:
        """Migrate the schema to the latest revision."""
        self.database.migrate()

    def close(self) -> None:
        """Close all connections."""
        self.database.close()
