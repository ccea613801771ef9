"""What is known about artists and albums, and the progress of scans."""

from pydantic import Field

from services.api.compat.subsonic.schemas.browsing import INT_MAX
from services.api.compat.subsonic.schemas.groups import SubsonicArtist, SubsonicArtistFolder
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.schemas.tracks import Response
from services.domain.question import RESULTS_MAX

ANY = "The id of an artist, an album or a song."


class AboutQuery(SubsonicQuery):
    """Selects an album by its id or that of one of its songs."""

    id: str = Field(description="The id of an album or a song.")


class ArtistInfoQuery(SubsonicQuery):
    """Selects an artist, and the number of similar artists."""

    id: str = Field(description=ANY)
    count: int = Field(
        default=20, ge=0, le=INT_MAX, description=f"Maximum number of similar artists; at most {RESULTS_MAX}."
    )
    includeNotPresent: bool = Field(default=False, description="Ignored: Segue knows the artists of the library only.")


class TopSongsQuery(SubsonicQuery):
    """Selects an artist by name, and the number of songs."""

    artist: str = Field(description="The name of an artist.")
    count: int = Field(default=50, ge=0, le=INT_MAX, description="Maximum number of songs.")


class SubsonicFolderArtistInfo(Response):
    """Artists that are similar to an artist, as folders. Segue has no biographies."""

    similarArtist: list[SubsonicArtistFolder]


class SubsonicArtistInfo(Response):
    """Artists that are similar to an artist. Segue has no biographies."""

    similarArtist: list[SubsonicArtist]


class SubsonicAlbumInfo(Response):
    """What is known about an album. Segue has no notes."""

    musicBrainzId: str | None = Field(default=None, description="The MusicBrainz release in the tags.")


class SubsonicScanStatus(Response):
    """Whether a scan runs, and the number of songs."""

    scanning: bool
    count: int
