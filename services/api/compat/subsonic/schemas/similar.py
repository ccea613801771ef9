"""Similar songs, and paths between songs."""

from pydantic import Field

from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.schemas.songs import SONG, SubsonicChild
from services.api.schemas.tracks import Response
from services.domain.question import RESULTS_MAX, SEED_MAX


class SimilarSongsQuery(SubsonicQuery):
    """Selects a song, an album or an artist, and the number of similar songs."""

    id: str = Field(description=f"{SONG} Or an `artistId` or `albumId` from a response of this service.")
    count: int = Field(default=50, ge=0, description=f"Maximum number of songs; at most {RESULTS_MAX} are returned.")


class SonicSimilarQuery(SubsonicQuery):
    """Selects a song, and the number of similar songs."""

    id: str = Field(description=SONG)
    count: int = Field(default=10, ge=0, description=f"Maximum number of songs; at most {RESULTS_MAX} are returned.")


class SonicPathQuery(SubsonicQuery):
    """Selects both ends of a path, and its length."""

    startSongId: str = Field(description=SONG)
    endSongId: str = Field(description=SONG)
    count: int = Field(
        default=25,
        ge=0,
        description=f"Maximum number of songs of the path; at most {RESULTS_MAX} are returned. The path is shorter if "
        "more songs would make a hop much weaker than the others.",
    )
    onePerArtist: bool = Field(default=False, description="Segue's own: at most one song of each artist.")
    variety: float = Field(default=0.0, ge=0, le=1, description="Segue's own: random variation between paths, 0 to 1.")
    seed: int = Field(default=0, ge=0, le=SEED_MAX, description="Segue's own: seed of the random variation.")


class SubsonicSonicMatch(Response):
    """A song and its similarity."""

    entry: SubsonicChild
    similarity: float = Field(
        ge=0,
        le=1,
        description="Cosine similarity to the requested song or to the start of the path; negative values become 0.",
    )
