"""The catalogue's tables. The migrations in `services/catalog/migrations` create exactly these."""

from services.catalog.tables.columns import FIRST, LAST, NAME_MAX, Moment, PathBytes, SortText, Table
from services.catalog.tables.library import (
    ExternalIdRow,
    HeardTagRow,
    IndexedRow,
    LibraryRootRow,
    LibraryRow,
    LocationRow,
    PictureRow,
    TrackArtistRow,
    TrackGenreRow,
    TrackRow,
)
from services.catalog.tables.listening import (
    ListenerLibraryRow,
    ListenRow,
    RadioEventRow,
    RadioRow,
    RadioTrackRow,
    RemovedTrackRow,
    StartRow,
    TasteRow,
    WaitingNameRow,
)
from services.catalog.tables.map import MapPointRow, MapRow
from services.catalog.tables.playlists import PlaylistEntryRow, PlaylistRow
from services.catalog.tables.service import ApiKeyRow, FailedFileRow, IdempotencyRow, JobItemRow, JobRow, MetaRow

__all__ = [
    "FIRST",
    "LAST",
    "NAME_MAX",
    "ApiKeyRow",
    "ExternalIdRow",
    "FailedFileRow",
    "HeardTagRow",
    "IdempotencyRow",
    "IndexedRow",
    "JobItemRow",
    "JobRow",
    "LibraryRootRow",
    "LibraryRow",
    "ListenRow",
    "ListenerLibraryRow",
    "LocationRow",
    "MapPointRow",
    "MapRow",
    "MetaRow",
    "Moment",
    "PathBytes",
    "PictureRow",
    "PlaylistEntryRow",
    "PlaylistRow",
    "RadioEventRow",
    "RadioRow",
    "RadioTrackRow",
    "RemovedTrackRow",
    "SortText",
    "StartRow",
    "Table",
    "TasteRow",
    "TrackArtistRow",
    "TrackGenreRow",
    "TrackRow",
    "WaitingNameRow",
]
