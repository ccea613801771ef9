"""An unmodified client of OpenSubsonic with a real API process."""

import libopensonic
import pytest
from libopensonic.errors import DataNotFoundError, SonicError

from services.composition import compose
from services.settings import Settings
from tests.fakes.library import track_id
from tests.fakes.named import retag
from tests.fakes.serving import api_process, free_port, wait_until_indexed

PASSWORD = "c19b2d"  # noqa: S105  the test's own


@pytest.fixture(scope="module")
def port(library_dir, broker_url):
    """The port of an API process with an account; tracks 1 and 2 have a media server's ids."""
    made = compose(Settings(data_dir=library_dir, redis_url=broker_url))
    wait_until_indexed(made)
    for number in (1, 2):
        retag(made, library_dir, number, ids={"navidrome": f"nd{number}"})
    made.catalogue.accounts.add("ada", PASSWORD)
    made.close()
    found = free_port()
    with api_process(library_dir, broker_url, found):
        yield found


@pytest.fixture(params=[{}, {"use_get": True}, {"use_views": False}, {"legacy_auth": True}], ids=str)
def sonic(port, request):
    """py-opensonic with POST and GET, with and without `.view`, with a token and with a password."""
    client = libopensonic.Connection("http://127.0.0.1", "ada", PASSWORD, port=port, **request.param)
    yield client
    client.cleanup()


def test_an_opensubsonic_client_signs_in(sonic):
    """The methods that a client calls when it connects succeed: ping, license, extensions, user."""
    assert sonic.ping() is True
    assert sonic.get_license()["license"] == {"valid": True}
    assert "sonicSimilarity" in {extension.name for extension in sonic.get_open_subsonic_extensions()}
    assert sonic.get_user("ada").username == "ada"


def test_an_opensubsonic_client_gets_similar_songs_and_paths(sonic):
    """As the client's own objects, with ids of the requested namespace."""
    matches = sonic.get_sonic_similar_tracks("nd1", count=100)
    path = sonic.find_sonic_path("nd1", "nd2", count=5)
    songs = sonic.get_similar_songs("nd1", count=3)
    radio = sonic.get_similar_songs2(sonic.get_similar_songs(track_id(5), count=1)[0].artist_id, count=2)

    assert matches[0].similarity >= matches[-1].similarity
    assert "nd2" in {match.entry.id for match in matches}
    assert (path[0].entry.id, path[0].similarity, path[-1].entry.id) == ("nd1", 1.0, "nd2")
    assert (len(songs), len(radio)) == (3, 2)


def test_an_opensubsonic_client_understands_errors(sonic, port):
    """An unknown song and a wrong password raise the client's exceptions for them."""
    stranger = libopensonic.Connection("http://127.0.0.1", "ada", "wrong", port=port)

    with pytest.raises(DataNotFoundError):
        sonic.get_sonic_similar_tracks("nd99")
    with pytest.raises(SonicError, match="Wrong username or password"):
        stranger.ping()
    stranger.cleanup()
