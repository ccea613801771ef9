"""Words of titles and artists in a search, with words that also describe music."""

import pytest

from services.api.app import create_app
from services.catalog import Catalogue
from services.catalog.library import FileStamp
from services.composition import compose
from services.domain.track import Tags
from services.settings import Settings
from tests.fakes.library import record, tower, track_id, write_library
from tests.fakes.serving import wait_until_indexed

LIBRARY_SIZE = 24
NAMED = [
    ("Deep Folk", "Nina"),
    ("Some Folk", "Nina"),
    ("Folk River", "Nina"),
    ("Folk Song", "Nina"),
    ("Folklore", "Nina"),
    ("One", "Folk Tacvba"),
    ("Two", "Folk Tacvba"),
    ("Three", "Folk Tacvba"),
    ("Opus One", "Mona"),
    ("Magnum Opus", "Mona"),
    ("Opus", "Mona"),
    ("Boy\u2019s Hymn", "Mona"),
]


@pytest.fixture(scope="module")
def api(tmp_path_factory, broker_url):
    """The API of a library with a few more names."""
    folder = tmp_path_factory.mktemp("names")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    write_library(catalogue, folder / "music", LIBRARY_SIZE)
    for number, (title, artist) in enumerate(NAMED, LIBRARY_SIZE):
        catalogue.library.register(
            track_id(number), Tags(title, (artist,)), FileStamp(f"/music/{number}.mp3", "/music", number, 1)
        )
        record(catalogue, track_id(number), number)
    catalogue.close()
    services = compose(Settings(data_dir=folder, redis_url=broker_url), tower())
    wait_until_indexed(services)
    yield create_app(services).test_client()
    services.close()


def found(api, text):
    answer = api.get("/v1/search", query_string={"text": text, "limit": 20}).json
    return [
        (track["title"] if track["match"] == "title" else track["artist"], track["match"]) for track in answer["tracks"]
    ]


def test_a_word_that_describes_music_finds_few_names(api):
    """Names that begin with it come first; names that only contain its letters do not count."""
    answer = found(api, "folk")
    named = [each for each in answer if each[1] != "vibe"]

    assert answer[: len(named)] == named
    assert len(answer) > len(named)
    assert {each for each in named if each[1] == "artist"} == {("Folk Tacvba", "artist")}
    assert sorted(named[:4]) == sorted(
        [("Folk River", "title"), ("Folk Song", "title")] + [("Folk Tacvba", "artist")] * 2
    )
    assert named[4:] in ([("Deep Folk", "title")], [("Some Folk", "title")])


@pytest.mark.parametrize("text", ["opus", "OPUS", "opus "])
def test_the_whole_title_comes_before_longer_ones(api, text):
    """Then the names that begin with the word, then those that contain it."""
    assert found(api, text) == [("Opus", "title"), ("Opus One", "title"), ("Magnum Opus", "title")]


def test_several_words_are_found_in_any_name(api):
    """All of them must occur; the last one may be incomplete."""
    assert found(api, "mona mag") == [("Magnum Opus", "title")]
    assert found(api, "boys hy") == [("Boy\u2019s Hymn", "title")]
    assert found(api, "folk tacvba")[:3] == [("Folk Tacvba", "artist")] * 3
    assert all(match == "vibe" for _, match in found(api, "slow folk for the evening"))
