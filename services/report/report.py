"""The report of a library: everything that its page shows."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.reports import FailureContent
from services.domain.failure import NO_FAULT, WHAT_TO_DO, FailureKind
from services.report import figures
from services.report.contents import Contents, read
from services.report.duplicates import Duplicates, copies, recordings
from services.report.figures import Count, Distribution, Format, Missing, Totals
from services.report.map_picture import MapPicture, draw
from services.report.oddities import Oddity, odd_ones_out

FILES_SHOWN = 10
"""Files of each kind of failure that are listed."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The files that fail in one way."""

    kind: str
    is_fault: bool
    what_to_do: str
    files: int
    shown: Sequence[FailureContent]


@dataclass(frozen=True, slots=True)
class Report:
    """A report."""

    made_at: datetime
    model_version: str | None
    totals: Totals
    formats: Sequence[Format]
    genres: Sequence[Count]
    genre_names: dict[str, str]
    decades: Sequence[Count]
    distributions: Sequence[Distribution]
    map: MapPicture | None
    odd_tracks: int
    oddities: Sequence[Oddity]
    copies: Sequence[Duplicates]
    recordings: Sequence[Duplicates]
    failures: Sequence[Failed]
    missing: Sequence[Missing]

    def to_json(self) -> dict[str, Any]:
        """Return the figures without the lists of tracks."""
        return {
            "made_at": self.made_at.isoformat(),
            "model_version": self.model_version,
            "totals": asdict(self.totals),
            "formats": [asdict(each) for each in self.formats],
            "genres": [asdict(each) for each in self.genres],
            "decades": [asdict(each) for each in self.decades],
            "distributions": [asdict(each) for each in self.distributions],
            "odd_tracks": self.odd_tracks,
            "copies": _spare(self.copies),
            "recordings": _spare(self.recordings),
            "failures": [{"kind": each.kind, "files": each.files} for each in self.failures],
            "missing": [asdict(each) for each in self.missing],
        }


def report_on(catalogue: Catalogue) -> Report:
    """Return the report of the library as it is now.

    Raises:
        CatalogueUnavailable: the database does not respond.
    """
    contents = read(catalogue)
    names = figures.genre_names(contents)
    odd_tracks, oddities = odd_ones_out(contents)
    return Report(
        made_at=now(),
        model_version=catalogue.spaces.view().served,
        totals=figures.totals(contents),
        formats=figures.formats(contents),
        genres=figures.genres(contents, names),
        genre_names=names,
        decades=figures.decades(contents),
        distributions=figures.distributions(contents),
        map=draw(contents, catalogue.map.state(), names),
        odd_tracks=odd_tracks,
        oddities=oddities,
        copies=copies(contents),
        recordings=recordings(contents),
        failures=_failures(contents),
        missing=figures.missing_tags(contents),
    )


def _failures(contents: Contents) -> list[Failed]:
    kinds = defaultdict[str, list[FailureContent]](list)
    for each in contents.failures:
        kinds[each.kind].append(each)
    found = [
        Failed(kind, kind not in NO_FAULT, WHAT_TO_DO[FailureKind(kind)], len(files), files[:FILES_SHOWN])
        for kind, files in kinds.items()
    ]
    return sorted(found, key=lambda each: (not each.is_fault, -each.files, each.kind))


def _spare(found: Sequence[Duplicates]) -> dict[str, int]:
    return {"groups": len(found), "spare_bytes": sum(each.spare_bytes for each in found)}
