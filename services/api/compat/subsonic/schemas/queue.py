"""The saved play queue."""

from datetime import datetime

from pydantic import Field

from services.api.compat.subsonic.schemas.browsing import INT_MAX
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.schemas.songs import SONG, SubsonicChild
from services.api.schemas.tracks import Response
from services.domain.playlist import TRACKS_MAX

POSITION = "Position in the current song, in ms."


class QueueSongsQuery(SubsonicQuery):
    """The songs of a queue, and the position."""

    id: list[str] = Field(default=[], max_length=TRACKS_MAX, description=SONG)
    position: int = Field(default=0, ge=0, le=INT_MAX, description=POSITION)


class SaveQueueQuery(QueueSongsQuery):
    """A queue whose current song is given by its id."""

    current: str | None = Field(default=None, description="The current song. Default: the first.")


class SaveQueueByIndexQuery(QueueSongsQuery):
    """A queue whose current song is given by its place."""

    currentIndex: int | None = Field(default=None, ge=0, description="Place of the current song, from 0.")


class SubsonicQueueState(Response):
    """A saved queue without its current song."""

    position: int = Field(description=POSITION)
    username: str
    changed: datetime
    changedBy: str = Field(description="The client that saved it.")
    entry: list[SubsonicChild]


class SubsonicPlayQueue(SubsonicQueueState):
    """A saved queue; the current song is given by its id."""

    current: str | None = None


class SubsonicPlayQueueByIndex(SubsonicQueueState):
    """A saved queue; the current song is given by its place."""

    currentIndex: int | None = None
