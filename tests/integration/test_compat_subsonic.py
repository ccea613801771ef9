"""OpenSubsonic's similar songs and the sonicSimilarity extension, over HTTP."""

import json
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.library import register, track_id, write_tone
from tests.fakes.named import retag
from tests.fakes.serving import LIBRARY_SIZE

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "contract" / "subsonic.xsd")
NAMED = 12
FEELS = 4


@pytest.fixture(scope="module", autouse=True)
def _names(services, library_dir):
    """Give the first tracks ids of a media server, and one track a title that XML cannot contain."""
    for number in range(NAMED):
        retag(services, library_dir, number, ids={"navidrome": f"nd{number}"})
    retag(services, library_dir, 13, ids={"subsonic": "13", "isrc": "GBAYE0601498"}, title="<&\"' \x01\x0b ]]> \u266b")


def call(api, method, *, form="json", verb="get", **parameters):
    answer = getattr(api, verb)(
        f"/rest/{method}", **{"query_string" if verb == "get" else "data": {"f": form, **parameters}}
    )
    assert answer.status_code == 200
    return answer


def found(api, method, **parameters):
    envelope = call(api, method, **parameters).json["subsonic-response"]
    assert envelope["status"] == "ok", envelope
    return envelope


def code(api, method, **parameters):
    envelope = call(api, method, **parameters).json["subsonic-response"]
    assert envelope["status"] == "failed"
    assert envelope["error"]["message"]
    return envelope["error"]["code"]


@pytest.mark.parametrize("suffix", ["", ".view"])
@pytest.mark.parametrize("verb", ["get", "post"])
def test_methods_accept_both_names_and_both_verbs(api, suffix, verb):
    """`ping` and `ping.view`, by GET and by POST with a form."""
    envelope = call(api, f"ping{suffix}", verb=verb, u="x", p="y", v="1.16.1", c="test").json["subsonic-response"]

    assert (envelope["status"], envelope["version"], envelope["type"]) == ("ok", "1.16.1", "segue")
    assert envelope["openSubsonic"] is True
    assert envelope["serverVersion"]


CALLS = [
    ("ping", {}),
    ("getLicense", {}),
    ("getOpenSubsonicExtensions", {}),
    ("getUser", {"username": "ada"}),
    ("getSimilarSongs", {"id": "test:13", "count": "100"}),
    ("getSimilarSongs2", {"id": "nd1", "count": "100"}),
    ("getSonicSimilarTracks", {"id": track_id(1), "count": "100"}),
    ("findSonicPath", {"startSongId": "nd1", "endSongId": "test:14", "count": "100"}),
    ("tokenInfo", {}),
    ("getSimilarSongs", {"id": "<&\x01"}),
    ("getSimilarSongs", {"id": "test:1", "count": "many"}),
]


@pytest.mark.parametrize(("method", "parameters"), CALLS)
def test_xml_is_valid_and_equals_json(api, method, parameters):
    """XML is the default format; it is valid and has the same values as JSON."""
    answer = api.get(f"/rest/{method}", query_string=parameters)
    as_json = call(api, method, **parameters).json["subsonic-response"]
    root = ET.fromstring(answer.data)

    assert answer.content_type == "text/xml; charset=utf-8"
    SCHEMA.validate(answer.get_data(as_text=True))
    assert root.tag == "{http://subsonic.org/restapi}subsonic-response"
    assert root.get("status") == as_json["status"]
    titles = [song["title"] for song in _songs(as_json)]
    in_xml = [each.get("title") for each in root.iter() if each.get("title") is not None]
    assert in_xml == [title.replace("\x01", "\ufffd").replace("\x0b", "\ufffd") for title in titles]


def _songs(envelope):
    for name in ("similarSongs", "similarSongs2"):
        yield from envelope.get(name, {}).get("song", [])
    yield from (match["entry"] for match in envelope.get("sonicMatch", []))


def test_the_extensions_are_listed(api):
    """With `sonicSimilarity` in its first version."""
    listed = found(api, "getOpenSubsonicExtensions")["openSubsonicExtensions"]

    assert {"name": "sonicSimilarity", "versions": [1]} in listed
    assert [each["name"] for each in listed] == sorted(
        ["sonicSimilarity", "formPost", "apiKeyAuthentication", "songLyrics", "transcodeOffset", "indexBasedQueue"]
    )


def test_sonic_similar_tracks_are_the_nearest(api):
    """Most similar first, without the song itself, ten by default, with the scores of the v1 API."""
    matches = found(api, "getSonicSimilarTracks", id=track_id(14))["sonicMatch"]
    native = api.get(f"/v1/tracks/{track_id(14)}/similar?limit=10").json["tracks"]
    similarities = [match["similarity"] for match in matches]

    assert [match["entry"]["id"] for match in matches] == [track["id"] for track in native]
    assert similarities == pytest.approx([max(0.0, track["score"]) for track in native])
    assert similarities == sorted(similarities, reverse=True)
    assert len(matches) == 10


def test_a_song_has_the_fields_of_a_child(api):
    """The metadata is in the fields that clients read."""
    [match] = found(api, "getSonicSimilarTracks", id=track_id(14), count=1)["sonicMatch"]
    song = match["entry"]
    number = int(song["title"].removeprefix("Title "))

    assert {name: song[name] for name in ("isDir", "isVideo", "type", "mediaType")} == {
        "isDir": False,
        "isVideo": False,
        "type": "music",
        "mediaType": "song",
    }
    assert (song["artist"], song["album"], song["genre"]) == ("Artist 2", "Album 2", "Industrial")
    assert song["genres"] == [{"name": "Industrial"}]
    assert (song["year"], song["duration"], song["bpm"]) == (2000 + number, 2, 80 + number)
    assert (song["suffix"], song["contentType"], song["path"]) == ("wav", "audio/wav", f"{number:03}.wav")


def test_a_path_begins_and_ends_with_its_songs(api):
    """Similarities are relative to the first song; there are at most `count` songs, and no duplicates."""
    matches = found(api, "findSonicPath", startSongId=track_id(12), endSongId=track_id(15), count=6)["sonicMatch"]
    ids = [match["entry"]["id"] for match in matches]
    to_start = {
        track["id"]: track["score"] for track in api.get(f"/v1/tracks/{track_id(12)}/similar?limit=100").json["tracks"]
    }
    called = {f"nd{number}": track_id(number) for number in range(NAMED)}

    assert (ids[0], ids[-1]) == (track_id(12), track_id(15))
    assert len(set(ids)) == len(ids) <= 6
    assert matches[0]["similarity"] == 1.0
    for match in matches[1:]:
        name = match["entry"]["id"]
        assert match["similarity"] == pytest.approx(max(0.0, to_start[called.get(name, name)]), abs=1e-5)


def test_songs_have_ids_of_the_requested_namespace(api):
    """A song without an id in it has its Segue id."""
    every = {track_id(number): number for number in range(LIBRARY_SIZE)}
    by_server = [song["id"] for song in _songs(found(api, "getSonicSimilarTracks", id="nd1", count=100))]
    by_segue = [song["id"] for song in _songs(found(api, "getSonicSimilarTracks", id=track_id(1), count=100))]
    written = [song["id"] for song in _songs(found(api, "getSonicSimilarTracks", id="navidrome:nd1", count=100))]

    assert [every[name] for name in by_segue] == [
        every[name] if name in every else int(name.removeprefix("nd")) for name in by_server
    ]
    assert {name for name in by_server if name.startswith("nd")} == {f"nd{n}" for n in range(NAMED)} - {"nd1"}
    assert [name.removeprefix("navidrome:") for name in written] == by_server
    assert code(api, "getSonicSimilarTracks", id="nd99") == 70
    assert found(api, "getSonicSimilarTracks", id="13")["sonicMatch"]


def test_songs_of_another_system_have_no_artist_and_album_ids(api):
    """Only songs with a Segue id have them."""
    songs = list(_songs(found(api, "getSonicSimilarTracks", id="nd1", count=100)))

    assert {song["id"].startswith("nd") for song in songs} == {True, False}
    assert all(("artistId" in song) != song["id"].startswith("nd") for song in songs)


def test_similar_songs_accept_artist_and_album_ids(api):
    """An artist's own songs are included, and an album's songs are left out."""
    [match] = found(api, "getSonicSimilarTracks", id=track_id(14), count=1)["sonicMatch"]
    by_artist = found(api, "getSimilarSongs2", id=match["entry"]["artistId"], count=2)["similarSongs2"]["song"]
    by_album = found(api, "getSimilarSongs", id=match["entry"]["albumId"], count=100)["similarSongs"]["song"]

    assert {song["artist"] for song in by_artist} == {"Artist 2"}
    assert {song["album"] for song in by_album} == {"Album 0", "Album 1", "Album 3"}
    assert len(by_album) == LIBRARY_SIZE * 3 // 4


def test_similar_songs_leave_the_song_out_and_mix_albums(api):
    """The first songs include at most two of an album."""
    songs = found(api, "getSimilarSongs", id=track_id(14), count=3)["similarSongs"]["song"]
    everything = found(api, "getSimilarSongs", id=track_id(14))["similarSongs"]["song"]

    assert [song["album"] for song in songs].count("Album 2") == 2
    assert len(everything) == LIBRARY_SIZE - 1


def test_jsonp_calls_the_callback(api):
    """The script is a call of the function with the JSON."""
    script = call(api, "ping", form="jsonp", callback="app_1$")

    assert script.content_type == "text/javascript; charset=utf-8"
    start, end = "/**/app_1$(", ");"
    assert script.text.startswith(start)
    assert script.text.endswith(end)
    assert json.loads(script.text[len(start) : -len(end)])["subsonic-response"]["status"] == "ok"


@pytest.mark.parametrize("name", ["a.b", "alert(1)", "1a", "", "a b", "a\n", "ä", "</script>", "a" * 101, "a;b"])
def test_other_callbacks_are_refused(api, name):
    """A callback that is not an identifier gets an error in plain JSON without it."""
    answer = call(api, "ping", form="jsonp", callback=name)

    assert answer.content_type == "application/json"
    assert answer.json["subsonic-response"]["error"]["code"] == 0


@pytest.mark.parametrize(
    ("method", "parameters", "expected"),
    [
        ("getSimilarSongs", {}, 10),
        ("findSonicPath", {"startSongId": "nd1"}, 10),
        ("getUser", {}, 10),
        ("tokenInfo", {}, 10),
        ("ping", {"f": "jsonp"}, 10),
        ("getSimilarSongs", {"id": ""}, 70),
        ("getSimilarSongs", {"id": "\0"}, 70),
        ("getSimilarSongs", {"id": "ar-"}, 70),
        ("getSimilarSongs", {"id": "al-zzzz"}, 70),
        ("getSimilarSongs", {"id": "ar-00"}, 70),
        ("getSimilarSongs", {"id": "x" * 5000}, 70),
        ("findSonicPath", {"startSongId": "nd1", "endSongId": "nobody"}, 70),
        ("getSonicSimilarTracks", {"id": "nd1", "count": "-5"}, 0),
        ("getSonicSimilarTracks", {"id": "nd1", "count": "NaN"}, 0),
        ("getSonicSimilarTracks", {"id": "nd1", "count": "1e99"}, 0),
        ("findSonicPath", {"startSongId": "nd1", "endSongId": "nd2", "count": "-1"}, 0),
        ("ping", {"apiKey": "x", "u": "y"}, 43),
    ],
)
def test_errors_have_their_codes(api, method, parameters, expected):
    """An invalid request gets a failed response with status 200 and the code of its error."""
    assert code(api, method, **{"form": parameters.pop("f", "json"), **parameters}) == expected


def test_an_unknown_format_is_an_error(api):
    """The error is in XML, the default format."""
    answer = call(api, "ping", form="yaml")

    SCHEMA.validate(answer.text)
    assert 'code="0"' in answer.text


def test_a_large_count_gives_all_songs(api):
    """`count` is a maximum, so a huge number is no error."""
    assert len(found(api, "getSonicSimilarTracks", id="nd1", count=10**30)["sonicMatch"]) == LIBRARY_SIZE - 1


def test_a_count_is_a_maximum(api):
    """None are asked for, or the start of a path alone; a path has one song of each artist if asked."""
    ends = {"startSongId": "nd0", "endSongId": "nd3"}
    once = found(api, "findSonicPath", **ends, onePerArtist="true")["sonicMatch"]

    assert found(api, "getSonicSimilarTracks", id="nd1", count=0)["sonicMatch"] == []
    assert found(api, "getSimilarSongs", id="nd1", count=0)["similarSongs"]["song"] == []
    assert found(api, "findSonicPath", **ends, count=0)["sonicMatch"] == []
    assert [match["entry"]["id"] for match in found(api, "findSonicPath", **ends, count=1)["sonicMatch"]] == ["nd0"]
    assert len(once) == len({match["entry"]["artist"] for match in once}) == 4


def test_http_errors_have_subsonics_format(api):
    """An unsupported verb keeps its status and has a failed response as body."""
    wrong = api.delete("/rest/ping?f=json")

    assert (wrong.status_code, wrong.json["subsonic-response"]["status"]) == (405, "failed")


@pytest.mark.parametrize("verb", ["get", "post"])
@pytest.mark.parametrize("method", ["getPodcasts", "getPodcasts.view", "a/b"])
def test_an_unknown_method_is_a_subsonic_error(api, verb, method):
    """With the status 200, so that clients read it; the message names the method."""
    error = call(api, method, verb=verb).json["subsonic-response"]["error"]

    assert error == {"code": 0, "message": f"Segue has no method '{method.removesuffix('.view')}'."}


def test_a_form_that_is_too_large_gets_subsonics_format(api):
    """The format in the query is used; a format in the form itself cannot be read."""
    beside = api.post("/rest/ping?f=json", data={"x": "y" * 300_000})
    inside = api.post("/rest/ping", data={"f": "json", "x": "y" * 300_000})

    assert (beside.status_code, beside.json["subsonic-response"]["error"]["code"]) == (413, 0)
    assert inside.status_code == 413
    SCHEMA.validate(inside.text)


def test_a_song_without_an_analysis_is_an_error(api, services, library_dir):
    """The message names the status of the track."""
    register(services.catalogue, write_tone(library_dir / "music" / "waiting.wav", 999), 99)

    for method in ("getSimilarSongs", "getSonicSimilarTracks"):
        error = call(api, method, id="test:99").json["subsonic-response"]["error"]
        assert error["code"] == 0
        assert "pending" in error["message"]


texts = st.text(max_size=12)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    method=st.sampled_from(["getSimilarSongs", "getSonicSimilarTracks", "findSonicPath", "getUser", "tokenInfo"]),
    parameters=st.dictionaries(
        st.sampled_from(["id", "count", "startSongId", "endSongId", "username", "apiKey", "u", "p", "t", "s", "c"]),
        st.one_of(texts, st.sampled_from(["nd1", "test:2", "ar-0", "3", "-1", "enc:zz"])),
    ),
)
def test_every_response_is_valid_xml(api, method, parameters):
    """Any parameters get status 200 and a document that fits the schema."""
    answer = api.get(f"/rest/{method}.view", query_string=parameters)

    assert answer.status_code == 200
    SCHEMA.validate(answer.get_data(as_text=True))


def test_similarities_are_between_0_and_1(api):
    """In descending order, for the whole library."""
    for number in (0, 5, 14):
        values = [
            match["similarity"]
            for match in found(api, "getSonicSimilarTracks", id=track_id(number), count=100)["sonicMatch"]
        ]
        assert all(0 <= value <= 1 for value in values)
        assert all(one >= other for one, other in pairwise(values))
