"""Requests and responses about imported listens, and about listens of tracks that are not in the library."""

from datetime import datetime
from typing import Self

from pydantic import Field

from services.api.request_limits import OFFSET_MAX, PAGE_DEFAULT, PAGE_MAX
from services.api.schemas.tracks import Request, Response
from services.domain import listening
from services.imports.importing import Imported


class ListensImported(Response):
    """The result of an import. All listens are on disk."""

    recorded: int = Field(description="Number of new listens.")
    duplicates: int = Field(description="Number of listens that were stored before. They are unchanged.")
    unknown: int = Field(
        description="Number of listens of tracks that are not in the library. They are stored, and count as soon as "
        "their track is added."
    )
    left_out: dict[str, int] = Field(
        description="Number of entries that are no listens of a track, by the reason: `podcast_or_audiobook`, "
        "`private_session`, `interrupted` (ended by itself within 30 seconds), `nameless`, `still_playing`, `invalid`."
    )
    invalid: list[str] = Field(description="The first entries that could not be read, and why.")

    @classmethod
    def of(cls, imported: Imported) -> Self:
        """Return the response for an import."""
        counts, tally = imported.counts, imported.tally
        return cls(
            recorded=counts.recorded,
            duplicates=counts.duplicates,
            unknown=counts.unknown,
            left_out={why.value: number for why, number in tally.left_out.items()},
            invalid=tally.invalid,
        )


class UnmatchedQuery(Request):
    """The recordings to list."""

    limit: int = Field(default=PAGE_DEFAULT, ge=1, le=PAGE_MAX, description="Maximum number of recordings on a page.")
    offset: int = Field(default=0, ge=0, le=OFFSET_MAX, description="Number of recordings to skip.")


class UnmatchedRecording(Response):
    """A recording that is not in the library."""

    artist: str | None = Field(description="As it was sent. Null if only ids are known.")
    title: str | None
    album: str | None
    names: list[str] = Field(description="The ids that were sent, if there is no artist and title.")
    listens: int = Field(description="Number of listens. Plays without a time count one by one.")
    last_at: datetime | None = Field(description="Time of the last one. Null if no time is known.")

    @classmethod
    def of(cls, found: listening.Unmatched) -> Self:
        """Return the response for a recording."""
        return cls(
            artist=found.artist,
            title=found.title,
            album=found.album,
            names=list(found.names),
            listens=found.listens,
            last_at=found.last_at,
        )


class UnmatchedRecordings(Response):
    """Recordings that are not in the library, most often heard first."""

    recordings: list[UnmatchedRecording]
    total: int = Field(description="Number of all such recordings.")
    listens: int = Field(description="Number of listens of all of them.")

    @classmethod
    def of(cls, page: listening.UnmatchedPage) -> Self:
        """Return the response for a page."""
        return cls(
            recordings=[UnmatchedRecording.of(each) for each in page.recordings], total=page.total, listens=page.listens
        )
