"""Attach the columns of a file to tracks, all or none."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from services.catalog import Catalogue
from services.catalog.database import batched
from services.domain.errors import InvalidRequest
from services.domain.own_features import NAMESPACE, own_name
from services.own_features.reading import BATCH_ROWS, Row, open_source, refuse


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported.

    Attributes:
        features: The names of the features.
        tracks: The number of tracks with a row.
        unknown: The number of rows that were left out, because the library has no such track.
    """

    features: list[str]
    tracks: int
    unknown: int


def import_features(
    catalogue: Catalogue,
    path: Path,
    namespace: str = NAMESPACE,
    *,
    skip_unknown: bool = False,
    tell: Callable[[int], None] = lambda _rows: None,
) -> Imported:
    """Import the columns of a CSV or Parquet file as own features; each replaces the feature of the same name.

    Args:
        catalogue: The catalogue.
        path: A file with a column `track_id` of track ids or external ids.
        namespace: The first part of the names of the features.
        skip_unknown: Leave out rows of unknown tracks instead of refusing the file.
        tell: Called with the number of rows so far.

    Raises:
        InvalidRequest: the file cannot be imported as a whole; then nothing is.
        NotConfigured: Parquet needs a package that is not installed.
        CatalogueUnavailable: the database does not respond.
    """
    own_name(namespace, "x")  # checks the namespace
    source = open_source(path, namespace, catalogue.own_features.types())
    tracks = unknown = 0
    with catalogue.own_features.replacing(source.types) as staged:
        for batch in batched(source.rows(), BATCH_ROWS):
            ids = catalogue.tracks.resolve(row.track for row in batch)
            known = [row for row in batch if row.track in ids]
            if len(known) < len(batch) and not skip_unknown:
                missing = next(row for row in batch if row.track not in ids)
                refuse(path, missing.number, f"no track has the id '{missing.track}'.")
            _check_unique(path, known, ids, staged.taken(ids.values()))
            staged.add([(ids[row.track], row.values) for row in known])
            tracks, unknown = tracks + len(known), unknown + len(batch) - len(known)
            tell(tracks + unknown)
        if not tracks:
            raise InvalidRequest(f"'{path.name}' has no row of a track of this library. Nothing was imported.")
    return Imported(sorted(source.types), tracks, unknown)


def _check_unique(path: Path, rows: Sequence[Row], ids: dict[str, str], taken: set[str]) -> None:
    """Check that no track has two rows; `taken` are the tracks of earlier batches."""
    seen = set(taken)
    for row in rows:
        if (track := ids[row.track]) in seen:
            refuse(path, row.number, f"the track '{row.track}' has a row already.")
        seen.add(track)
