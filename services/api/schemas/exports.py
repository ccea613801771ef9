"""A listener's data in a file of JSON lines: the first line has everything but the listens, the others are listens."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints

from services.api.request_limits import ANNOTATIONS_MAX, REMOVED_MAX, TASTES_MAX, TEXT_MAX
from services.api.schemas.listens import Listen, ListenIn
from services.api.schemas.moods import StartRequest
from services.api.schemas.tracks import NO_NUL, Moment, Request, TrackName
from services.domain import annotations, listening
from services.domain.listening import TASTE_PLAYS_MAX

TasteId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{12}$")]


class DismissedTasteIn(Request):
    """A dismissed taste of an export."""

    id: TasteId = Field(description="The same id again is the same taste.")
    label: Annotated[str, StringConstraints(min_length=1, max_length=TEXT_MAX, pattern=NO_NUL)] = Field(
        description="The taste in words."
    )
    plays: list[TrackName] = Field(
        min_length=1, max_length=TASTE_PLAYS_MAX, description="Ids of its plays, heaviest first."
    )
    at: Moment = Field(description="When it was dismissed, with a time zone.")

    def to_domain(self) -> listening.StoredTaste:
        """Return the taste for the catalogue."""
        return listening.StoredTaste(id=self.id, label=self.label, plays=tuple(self.plays), dismissed_at=self.at)


class AnnotationIn(Request):
    """The star and the rating of a track, an album or an artist."""

    kind: annotations.ItemKind
    id: TrackName = Field(description="Id of the track, the album or the artist.")
    starred_at: Moment | None = Field(default=None, description="Since when it is starred, with a time zone.")
    rating: int | None = Field(default=None, ge=1, le=annotations.RATING_MAX, description="1 to 5 stars.")

    @classmethod
    def of(cls, stored: annotations.StoredAnnotation) -> Self:
        """Return a stored star and rating."""
        return cls(kind=stored.kind, id=stored.item, starred_at=stored.starred, rating=stored.rating)

    def to_domain(self, item: str) -> annotations.StoredAnnotation:
        """Return them for the catalogue, given the id there."""
        return annotations.StoredAnnotation(self.kind, item, self.starred_at, self.rating)


class Annotations(Request):
    """Stars and ratings of a listener."""

    annotations: list[AnnotationIn] = Field(default_factory=list, max_length=ANNOTATIONS_MAX)


class Corrections(Request):
    """What a listener took out of the tastes."""

    removed: list[TrackName] = Field(
        default_factory=list, max_length=REMOVED_MAX, description="Ids of tracks that do not count."
    )
    dismissed: list[DismissedTasteIn] = Field(
        default_factory=list, max_length=TASTES_MAX, description="Tastes that the listener does not want."
    )

    @classmethod
    def of(cls, removed: tuple[listening.RemovedTrack, ...], dismissed: tuple[listening.StoredTaste, ...]) -> Self:
        """Return the corrections of a listener."""
        return cls(
            removed=[track.track_id for track in removed[:REMOVED_MAX]],
            dismissed=[
                DismissedTasteIn(id=taste.id, label=taste.label, plays=list(taste.plays), at=taste.dismissed_at)
                for taste in dismissed[:TASTES_MAX]
                if taste.dismissed_at is not None
            ],
        )


class ExportHead(Corrections, Annotations):
    """The first line of an export."""

    start: StartRequest | None = Field(default=None, description="What the listener started from.")


def start_line(start: listening.Start | None) -> StartRequest | None:
    """Return a stored start as a request that stores it again."""
    if start is None:
        return None
    return StartRequest(moods=list(start.moods), artists=list(start.artists), tracks=list(start.tracks), at=start.at)


def listen_line(listen: listening.Listen) -> ListenIn:
    """Return a stored listen as one that can be sent again; the same audio has the same id everywhere."""
    shown = Listen.of(listen)
    ids = list(dict.fromkeys([*([] if shown.track_id is None else [shown.track_id]), *shown.names]))
    fields = shown.model_dump(
        include={"artist", "title", "album", "duration_ms", "event", "at", "played_ms", "key", "undated_plays"}
    )
    return ListenIn.model_validate({"track_id": ids[0] if ids else None, "other_ids": ids[1:], **fields})
