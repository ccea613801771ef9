"""Requests and responses of AudioMuse-AI's clients, with their field names."""

from pydantic import BaseModel, ConfigDict, Field, RootModel

from services.api.request_limits import ID_MAX, NAMED_MAX, STEPS_DEFAULT, TEXT_MAX
from services.api.schemas.tracks import Response
from services.domain.question import RESULTS_MAX

COUNT_DEFAULT = 10
COUNT = f"Maximum number of results; more than {RESULTS_MAX} count as {RESULTS_MAX}."
SERVER = "The name of the linked server whose ids are meant; without it, all are tried."


class _Query(BaseModel):
    """Query parameters; unknown ones are ignored, because clients send options of AudioMuse-AI."""

    model_config = ConfigDict(extra="ignore")


class _ServerQuery(_Query):
    """Names a linked server."""

    server: str = Field(default="", max_length=TEXT_MAX, description=SERVER)


class MuseSimilarQuery(_ServerQuery):
    """Selects a track by its id, or by title and artist."""

    item_id: str | None = Field(
        default=None, max_length=ID_MAX, description="An id of a linked server, or any track id."
    )
    title: str = Field(default="", max_length=NAMED_MAX, description="The title, if there is no `item_id`.")
    artist: str = Field(default="", max_length=NAMED_MAX, description="The artist, if there is no `item_id`.")
    n: int = Field(default=COUNT_DEFAULT, ge=1, description=COUNT)


class MusePathQuery(_ServerQuery):
    """The ends of a path."""

    start_song_id: str = Field(max_length=ID_MAX, description="The id of the first track.")
    end_song_id: str = Field(max_length=ID_MAX, description="The id of the last track.")
    max_steps: int = Field(
        default=STEPS_DEFAULT, ge=2, description=f"Number of tracks; more than {RESULTS_MAX} count as {RESULTS_MAX}."
    )


class MuseArtistsQuery(_Query):
    """Selects an artist."""

    artist: str = Field(min_length=1, max_length=NAMED_MAX, description="The name; case is ignored.")
    n: int = Field(default=COUNT_DEFAULT, ge=1, description=COUNT)


class MuseSearchQuery(_ServerQuery):
    """Words of titles and artists."""

    title: str = Field(default="", max_length=NAMED_MAX, description="Words of the title.")
    artist: str = Field(default="", max_length=NAMED_MAX, description="Words of the artist.")

    @property
    def words(self) -> str:
        """All words, each of which the names of a track must have."""
        return " ".join([*self.title.split(), *self.artist.split()])


class MuseTrack(Response):
    """A track."""

    item_id: str = Field(description="The id in the linked server of the request, or else the Segue id.")
    title: str
    author: str = Field(description="The artist; empty if it is unknown.")
    album: str = Field(description="Empty if it is unknown.")


class MuseTracks(RootModel[list[MuseTrack]]):
    """The tracks that a search found, the best matches first."""


class MuseNeighbour(MuseTrack):
    """A track that is similar to the requested one."""

    distance: float = Field(description="1 − cosine similarity in the vibe space: 0 is identical, 2 is opposite.")


class MuseNeighbours(RootModel[list[MuseNeighbour]]):
    """Similar tracks, the most similar first."""


class MusePath(Response):
    """A path, both ends included."""

    path: list[MuseTrack]
    total_distance: float = Field(description="Sum of 1 − cosine similarity of each track to the previous one.")


class MuseArtist(Response):
    """An artist."""

    artist: str = Field(description="The name.")


class MuseArtists(RootModel[list[MuseArtist]]):
    """Similar artists, the most similar first."""


class MuseHealth(Response):
    """That the service responds."""

    status: str = "ok"


class MuseError(Response):
    """An error."""

    error: str = Field(description="What is wrong, for people.")
