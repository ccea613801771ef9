"""The catalogue's tables. The migrations in `services/catalog/migrations` create exactly these."""

from services.catalog.tables.columns import FIRST, LAST, Moment, PathBytes, SortText, Table
from services.catalog.tables.library import (
    ExternalIdRow,
    HeardTagRow,
    IndexedRow,
    LocationRow,
    PictureRow,
    TrackRow,
)
from services.catalog.tables.listening import (
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
    "ApiKeyRow",
    "ExternalIdRow",
    "FailedFileRow",
    "HeardTagRow",
    "IdempotencyRow",
    "IndexedRow",
    "JobItemRow",
    "JobRow",
    "ListenRow",
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
    "TrackRow",
    "WaitingNameRow",
]
