"""Requests for tables."""

from pydantic import Field

from services.api.schemas.tracks import Moment, Request


class TableQuery(Request):
    """Which rows of a table to get."""

    since: Moment | None = Field(
        default=None, description="Only what was added, analysed, heard or changed at this time or later."
    )
    pseudonymise: bool = Field(
        default=False,
        description="Whether the names of listeners and of playlists are replaced with codes that stay the same.",
    )
