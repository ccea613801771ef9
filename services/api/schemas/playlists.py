"""Requests and responses about playlists."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, model_validator

from services.api.request_limits import EXCLUDE_MAX, TEXTS_MAX
from services.api.schemas.answers import PRIVATE
from services.api.schemas.filters import FilterBody, filter_body_of
from services.api.schemas.listens import ListenerName
from services.api.schemas.tracks import NO_NUL, Request, Response, Track, TrackName
from services.api.schemas.words import MOOD, MoodId, Text
from services.domain import playlist as domain
from services.domain import track
from services.domain.filters import Filters
from services.domain.playlist import (
    DESCRIPTION_MAX,
    NAME_MAX,
    RULE_TRACKS_DEFAULT,
    RULE_TRACKS_MAX,
    TRACKS_MAX,
    RuleSort,
)
from services.domain.question import RESULTS_DEFAULT, RESULTS_MAX
from services.playlists.formats import PlaylistFormat

Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_MAX, pattern=NO_NUL)]
Description = Annotated[str, StringConstraints(max_length=DESCRIPTION_MAX, pattern=NO_NUL)]
Tracks = Annotated[list[TrackName], Field(max_length=TRACKS_MAX)]


OWNER = (
    "The listener whose playlist it is. Default: the listener that the key is bound to, or nobody. Keys that are bound "
    "to listeners cannot use a playlist of nobody."
)


class PlaylistRules(Request):
    """How a smart playlist chooses its tracks. It does so once a day, and when you ask for it."""

    filters: FilterBody | None = Field(default=None, description="Conditions that every track must meet.")
    text: list[Text] = Field(
        default_factory=list, max_length=TEXTS_MAX, description="Descriptions of the music, as in recommendations."
    )
    mood: MoodId | None = Field(default=None, description=MOOD)
    taste: bool = Field(default=False, description="Whether the stored listens of the owner count.")
    sort: RuleSort = Field(
        default="match",
        description="The order: `match` is best first; the others are the names of fields. Tracks without a value come "
        "last. Without `text`, `mood` and `taste`, the order also decides which tracks are chosen: `match` chooses "
        "others at every refresh, and the fields choose the first tracks of the whole library.",
    )
    descending: bool = Field(default=False, description="Whether `sort` begins with the largest value, or with Z.")
    limit: int = Field(default=RULE_TRACKS_DEFAULT, ge=1, le=RULE_TRACKS_MAX, description="Maximum number of tracks.")

    def to_domain(self) -> domain.Rules:
        """Return the rules."""
        return domain.Rules(
            filters=Filters() if self.filters is None else self.filters.to_domain(),
            text=tuple(self.text),
            mood=self.mood,
            taste=self.taste,
            sort=self.sort,
            descending=self.descending,
            limit=self.limit,
        )

    @classmethod
    def of(cls, rules: domain.Rules) -> Self:
        """Return the response for rules."""
        values: dict[str, Any] = {name: getattr(rules, name) for name in cls.model_fields}
        return cls(**values | {"filters": filter_body_of(rules.filters), "text": list(rules.text)})


class PlaylistRequest(Request):
    """A new playlist: an ordinary one with tracks, or a smart one with rules."""

    name: Name = Field(description="The name. Several playlists may have the same.")
    description: Description = Field(default="", description="A text about the playlist.")
    owner: ListenerName | None = Field(default=None, description=OWNER)
    tracks: Tracks = Field(
        default_factory=list, description="Ids of its tracks, in their order. A track may occur more than once."
    )
    rules: PlaylistRules | None = Field(default=None, description="How a smart playlist chooses its tracks.")

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.tracks and self.rules is not None:
            raise ValueError("Give `tracks` or `rules`, not both: rules choose the tracks.")
        return self


class ChangedItem(Request):
    """An entry of a changed playlist: a present one or a new one."""

    id: int | None = Field(default=None, ge=1, le=2**31 - 1, description="The id of a present entry.")
    track_id: TrackName | None = Field(default=None, description="The track of a new entry.")

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.id is None) == (self.track_id is None):
            raise ValueError("Give `id` or `track_id`.")
        return self


class PlaylistUpdate(Request):
    """Changes of a playlist. Fields that are absent stay as they are."""

    revision: int = Field(
        ge=0,
        le=2**31 - 1,
        description="The `revision` that you have seen. If the playlist was changed since, the status is 409.",
    )
    name: Name | None = Field(default=None, description="The new name.")
    description: Description | None = Field(default=None, description="The new text about the playlist.")
    items: list[ChangedItem] | None = Field(
        default=None,
        max_length=TRACKS_MAX,
        description="All entries in their new order. Entries that are absent are removed. Not for smart playlists.",
    )
    rules: PlaylistRules | None = Field(
        default=None, description="New rules. Null makes a smart playlist an ordinary one that keeps its tracks."
    )

    @property
    def changes_rules(self) -> bool:
        """Whether the request contains rules, or null instead of them."""
        return "rules" in self.model_fields_set


class PlaylistTracks(Request):
    """Tracks to add."""

    tracks: Tracks = Field(min_length=1, description="Ids of tracks. They are added to the end in this order.")


class ExtendRequest(Request):
    """How many tracks to recommend, and which not."""

    private: bool = Field(default=False, description=PRIVATE)

    limit: int = Field(default=RESULTS_DEFAULT, ge=1, le=RESULTS_MAX, description="Maximum number of tracks to return.")
    exclude: list[TrackName] = Field(
        default_factory=list, max_length=EXCLUDE_MAX, description="Ids of tracks to leave out, such as declined ones."
    )


class PlaylistListQuery(Request):
    """Which playlists to list."""

    owner: ListenerName | None = Field(default=None, description="Only playlists of this listener.")


class ExportPaths(StrEnum):
    """How a file names the files of tracks."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


class ExportQuery(Request):
    """The format of a file."""

    format: PlaylistFormat = Field(default=PlaylistFormat.M3U8, description="`m3u8`, `xspf` or `jspf`.")
    paths: ExportPaths = Field(
        default=ExportPaths.RELATIVE,
        description="`relative`: to the library root of each track; save the file there. `absolute`: paths of the "
        "service's machine, which needs the scope `admin`.",
    )


class ExportRequest(ExportQuery):
    """Tracks to write to a file, and its format."""

    name: Name = Field(default="Segue", description="Name of the playlist in the file.")
    tracks: Tracks = Field(description="Ids of the tracks, in their order.")


class PlaylistSummary(Response):
    """A playlist without its tracks."""

    id: str
    name: str
    description: str
    owner: str | None = Field(description="The listener whose playlist it is. Null if it belongs to nobody.")
    smart: bool = Field(description="Whether rules choose its tracks.")
    tracks: int = Field(description="Number of entries, including missing ones.")
    missing: int = Field(description="Number of entries whose files are gone. They return with the files.")
    duration_ms: int = Field(description="Total length of the entries that have files.")
    cover_tracks: list[str] = Field(description="Ids of up to four tracks of different albums, for a picture.")
    revision: int = Field(description="Number of changes. Send it with the next change.")
    created_at: datetime
    updated_at: datetime
    refreshed_at: datetime | None = Field(description="When the rules chose the tracks. Null for ordinary playlists.")
    failure: str | None = Field(description="Why the last refresh failed. Null if it did not.")

    @classmethod
    def of(cls, found: domain.Playlist, contents: domain.Contents, **more: object) -> Self:
        """Return the response for a playlist."""
        fields = {name: getattr(found, name) for name in PlaylistSummary.model_fields if hasattr(found, name)}
        fields |= {name: getattr(contents, name) for name in ("tracks", "missing", "duration_ms")}
        covers = list(contents.cover_tracks)
        return cls.model_validate(fields | {"smart": found.rules is not None, "cover_tracks": covers} | more)


class Playlists(Response):
    """All playlists that the key may use, sorted by name."""

    playlists: list[PlaylistSummary]


class PlaylistItem(Response):
    """An entry of a playlist."""

    id: int = Field(description="Stable, and unique in the playlist, also if the track occurs twice.")
    missing: bool = Field(description="Whether no file holds the track any more. The entry returns with the file.")
    added_at: datetime
    track: Track


class Playlist(PlaylistSummary):
    """A playlist with its tracks."""

    rules: PlaylistRules | None = Field(description="How a smart playlist chooses its tracks. Null for ordinary ones.")
    items: list[PlaylistItem]

    @classmethod
    def with_items(
        cls,
        found: domain.Playlist,
        contents: domain.Contents,
        entries: Sequence[domain.Entry],
        tracks: Mapping[str, track.Track],
    ) -> Self:
        """Return the response for a playlist and the tracks of its entries."""
        items = [
            PlaylistItem(
                id=entry.id,
                missing=tracks[entry.track_id].path is None,
                added_at=entry.added_at,
                track=Track.of(tracks[entry.track_id]),
            )
            for entry in entries
            if entry.track_id in tracks
        ]
        rules = None if found.rules is None else PlaylistRules.of(found.rules)
        return cls.of(found, contents, rules=rules, items=items)


class UnmatchedLine(Response):
    """A line of an imported file that matches no track of the library."""

    line: int = Field(description="Number of the line, from 1.")
    text: str = Field(description="The line.")
    names: str | None = Field(description="What the file says about it, usually artist and title.")


class ImportedPlaylist(Response):
    """A playlist that was made from a file."""

    playlist: Playlist
    unmatched: list[UnmatchedLine] = Field(description="Lines that match no track. The playlist does not contain them.")
