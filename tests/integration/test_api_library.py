"""Tracks over HTTP: pages, single tracks, similar tracks, audio, analyses."""

import base64
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import delete, event

from services.catalog.library import FileStamp
from services.catalog.tables import TrackRow
from services.domain.track import Analysis, Tags
from tests.fakes.library import GENRES, MODEL, register, track_id, unit_vector, write_tone
from tests.fakes.serving import LIBRARY_SIZE, wait_until_indexed

SHAPE = {
    "id",
    "title",
    "artist",
    "artist_id",
    "album",
    "album_id",
    "album_artist",
    "disc_number",
    "track_number",
    "year",
    "genre",
    "tags",
    "duration_ms",
    "added_at",
    "has_cover",
    "path",
    "status",
    "attributes",
    "descriptors",
    "ids",
    "own_features",
    *(
        "artists",
        "album_artists",
        "compilation",
        "release_mbid",
        "disc_total",
        "track_total",
        "original_year",
        "genres",
    ),
    *("composer", "comment", "tag_bpm", "tag_key", "replay_gain", "has_lyrics", "rating", "fragment"),
}


@pytest.fixture(autouse=True)
def _unchanged_library(services):
    """Delete the tracks that a test adds, because all tests of this file share one library."""
    yield
    own = [track_id(number) for number in range(LIBRARY_SIZE)]
    with services.catalogue.database.write() as session:
        session.execute(delete(TrackRow).where(TrackRow.id.not_in(own)))


def test_pages_cover_the_library_once(api):
    """Following `next_cursor` lists every track exactly once, ordered by artist, album and title."""
    seen, cursor = [], ""
    while cursor is not None:
        answer = api.get("/v1/tracks", query_string={"limit": 7, **({"cursor": cursor} if cursor else {})})
        assert answer.status_code == 200
        seen += answer.json["tracks"]
        cursor = answer.json["next_cursor"]

    assert sorted(track["id"] for track in seen) == sorted(track_id(number) for number in range(LIBRARY_SIZE))
    assert seen == sorted(seen, key=lambda track: (track["artist"], track["album"], track["title"]))


def test_a_track_has_the_documented_shape(api):
    """A ready track has exactly the documented fields; its path is relative to its library root."""
    track = api.get(f"/v1/tracks/{track_id(3)}").json

    assert set(track) == SHAPE
    assert track["path"] == "003.wav"
    assert track["ids"] == {"test": "3"}
    assert track["descriptors"]["key"] == 3


def test_search_needs_every_word(api):
    """A search finds tracks with all its words in title, artist or album."""
    answer = api.get("/v1/tracks", query_string={"q": "artist 005"})

    assert [track["title"] for track in answer.json["tracks"]] == ["Title 005"]


def test_status_filters_the_page(api):
    """A status that no track has gives an empty page."""
    assert api.get("/v1/tracks?status=missing").json == {"tracks": [], "total": 0, "next_cursor": None}


def test_tracks_are_filtered_sorted_and_counted(api):
    """Filters are those of recommendations, and any page can be requested by its offset."""
    asked = {"genre": ["folk", "Ambient"], "min_tempo": 90, "sort": "tempo", "order": "desc", "limit": 3}
    first = api.get("/v1/tracks", query_string=asked).json
    second = api.get("/v1/tracks", query_string={**asked, "offset": 3}).json
    numbers = [number for number in reversed(range(10, LIBRARY_SIZE)) if number % 4 in (0, 1)]

    assert [track["id"] for page in (first, second) for track in page["tracks"]] == [
        track_id(number) for number in numbers[:6]
    ]
    assert first["total"] == second["total"] == len(numbers)


def test_a_heard_tag_is_found_as_a_genre_everywhere(api):
    """The tracks have the heard tag "calm", which no file names as its genre."""
    listed = api.get("/v1/tracks", query_string={"genre": "Calm"}).json
    similar = api.get(f"/v1/tracks/{track_id(2)}/similar", query_string={"genre": "Calm"}).json
    found = api.post(
        "/v1/recommendations", json={"history": [{"track_id": track_id(2)}], "filters": {"genre": ["calm"]}}
    )
    searched = api.get("/v1/search", query_string={"text": "Title 003", "genre": "calm"}).json

    assert listed["total"] == LIBRARY_SIZE
    assert similar["tracks"]
    assert found.json["tracks"]
    assert [track["id"] for track in searched["tracks"]][:1] == [track_id(3)]


def test_albums_and_artists_lead_to_their_tracks(api):
    """Each entry of a list has an address of its own, and an unknown one is a 404 that says where to look."""
    albums = api.get("/v1/albums", query_string={"sort": "title"}).json
    album = api.get(f"/v1/albums/{albums['albums'][0]['id']}").json
    artist = api.get(f"/v1/artists/{album['artist_id']}").json

    assert (albums["total"], album["title"], album["tracks"]) == (4, "Album 0", len(album["items"]))
    assert {track["album_id"] for track in album["items"]} == {album["id"]}
    assert (artist["name"], [each["id"] for each in artist["discography"]]) == ("Artist 0", [album["id"]])
    assert {track["artist_id"] for track in artist["items"]} == {artist["id"]}
    assert "GET /v1/albums" in api.get("/v1/albums/al-none").json["detail"]
    assert api.get("/v1/artists/ar-none").status_code == 404
    assert len(api.get("/v1/artists?q=artist").json["artists"]) == 4


def test_genres_and_histograms_describe_the_library(api):
    """Genres of files and heard tags have counts; every histogram has 24 bins."""
    genres = {(each["name"], each["source"]): each["tracks"] for each in api.get("/v1/genres").json["genres"]}
    attributes = {each["name"]: each for each in api.get("/v1/attributes").json["attributes"]}

    assert set(genres) == {(name, "file") for name in GENRES} | {("calm", "heard")}
    assert genres["calm", "heard"] == attributes["tempo"]["ready"] == LIBRARY_SIZE
    assert {len(each["bins"]) for each in attributes.values()} == {24}
    assert (attributes["tempo"]["unit"], attributes["energy"]["unit"]) == ("bpm", None)


def test_an_external_id_names_a_track(api):
    """`namespace:value` is accepted wherever a track id is."""
    for path in ("/v1/tracks/test:5", "/v1/audio-features/test:5"):
        assert api.get(path).json["id"] == track_id(5)
    assert api.get("/v1/tracks/test:5/audio").status_code == 200


@pytest.mark.parametrize("name", ["nobody", track_id(999), "test:999", "a%00b", "x:%00"])
@pytest.mark.parametrize(
    "path",
    [
        "/v1/tracks/{}",
        "/v1/tracks/{}/similar",
        "/v1/tracks/{}/audio",
        "/v1/tracks/{}/highlight",
        "/v1/audio-features/{}",
    ],
)
def test_an_unknown_track_is_a_problem(api, path, name):
    """An unknown id gets 404 on every route about one track."""
    answer = api.get(path.format(name))

    assert answer.status_code == 404
    assert answer.content_type == "application/problem+json"
    assert answer.json["type"] == "urn:segue:problem:track-not-found"


def test_similar_tracks_are_nearest_first(api):
    """The neighbours of a track are from its own cluster, best first, without the track itself."""
    answer = api.get(f"/v1/tracks/{track_id(2)}/similar?limit=5").json

    assert len(answer["tracks"]) == 5
    assert {track["genre"] for track in answer["tracks"]} == {"Industrial"}
    assert track_id(2) not in [track["id"] for track in answer["tracks"]]
    scores = [track["score"] for track in answer["tracks"]]
    assert scores == sorted(scores, reverse=True)
    assert all(track["because_of"] == [track_id(2)] for track in answer["tracks"])
    assert set(answer["tracks"][0]) == SHAPE | {"score", "because_of"}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("min_tempo=90&max_tempo=93", {10, 11, 12, 13}),
        ("min_energy=0.7", {3, 7, 11, 15, 19, 23}),
        ("genre=folk&genre=AMBIENT&max_year=2006", {0, 1, 4, 5}),
        ("artist=Artist%201&min_year=2020", {21}),
        ("min_liveness=0", set()),
    ],
)
def test_filters_apply_to_every_neighbour(api, query, expected):
    """Ranges include both ends, keywords ignore case and may be repeated, null meets no condition."""
    answer = api.get(f"/v1/tracks/test:2/similar?limit=100&{query}").json

    assert {track["id"] for track in answer["tracks"]} == {track_id(number) for number in expected}


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        ("/v1/tracks?limit=0", "limit"),
        ("/v1/tracks?limit=101", "limit"),
        ("/v1/tracks?limit=1&limit=2", "limit"),
        ("/v1/tracks?status=asleep", "status.0"),
        ("/v1/tracks?sort=colour", "sort"),
        ("/v1/tracks?min_energy=0.9&max_energy=0.1", "min_energy"),
        ("/v1/albums?sort=energy", "sort"),
        ("/v1/artists?offset=-1", "offset"),
        ("/v1/tracks?colour=red", "colour"),
        ("/v1/tracks?q=%00", "q"),
        ("/v1/tracks/test:1/similar?limit=ten", "limit"),
        ("/v1/tracks/test:1/similar?min_energy=1.5", "min_energy"),
        ("/v1/tracks/test:1/similar?min_tempo=nan", "min_tempo"),
        ("/v1/tracks/test:1/similar?min_tempo=100&max_tempo=90", "min_tempo"),
        ("/v1/tracks/test:1/similar?genre=", "genre.0"),
    ],
)
def test_a_wrong_parameter_is_named(api, path, wrong):
    """A parameter that is out of range, unknown or repeated gets 422, and `errors` names it."""
    answer = api.get(path)

    assert answer.status_code == 422
    assert [error["parameter"] for error in answer.json["errors"]] == [wrong]


def test_an_invalid_cursor_is_refused(api):
    """With 422."""
    answer = api.get("/v1/tracks?cursor=abc")

    assert (answer.status_code, answer.json["type"]) == (422, "urn:segue:problem:invalid-cursor")


@pytest.mark.parametrize(
    "content",
    ["[" * 2900, r'["\ud800", "x"]', r'["x", "\udfff"]', r'["a\u0000", "x"]', r'["x", "\u0000"]', "[1, 2]", "{}"],
)
def test_a_forged_cursor_is_refused(api, content):
    """Deep nesting and characters that no database accepts get 422."""
    cursor = base64.urlsafe_b64encode(content.encode()).decode()
    answer = api.get("/v1/tracks", query_string={"cursor": cursor})

    assert (answer.status_code, answer.json["type"]) == (422, "urn:segue:problem:invalid-cursor")


def test_audio_is_streamed_in_ranges(api, library_dir):
    """A range request gets that part of the file, and a repeated request 304."""
    file = (library_dir / "music" / "004.wav").read_bytes()
    part = api.get("/v1/tracks/test:4/audio", headers={"Range": "bytes=10-19"})
    whole = api.get("/v1/tracks/test:4/audio")
    again = api.get("/v1/tracks/test:4/audio", headers={"If-None-Match": whole.headers["ETag"]})

    assert (part.status_code, part.data) == (206, file[10:20])
    assert part.headers["Content-Range"] == f"bytes 10-19/{len(file)}"
    assert (whole.data, whole.mimetype) == (file, "audio/wav")
    assert whole.headers["Content-Disposition"].startswith("inline")
    assert again.status_code == 304


def test_a_range_beyond_the_file_is_a_problem(api):
    """An unsatisfiable range gets 416, and a header with the length of the file."""
    answer = api.get("/v1/tracks/test:4/audio", headers={"Range": "bytes=99999999-"})

    assert (answer.status_code, answer.content_type) == (416, "application/problem+json")
    assert answer.headers["Content-Range"].startswith("bytes */")


def test_the_highlight_is_measured_or_the_middle(api, services, tmp_path):
    """The URL of its audio plays this part. A track without files has a highlight and no URL."""
    for number, start in ((301, 150.25), (302, None)):
        track = register(services.catalogue, write_tone(tmp_path / f"{number}.wav", number), number)
        analysis = Analysis(unit_vector(number), 0.1, {}, {"duration": 200.0}, {}, MODEL, start)
        services.catalogue.analyses.record(track, analysis)
    found = {number: api.get(f"/v1/tracks/test:{number}/highlight").json for number in (301, 302)}
    services.catalogue.library.forget_files([str(tmp_path / "301.wav")])

    address = f"http://localhost/v1/tracks/{track_id(301)}/audio"
    assert found[301] == {"start": 150.25, "end": 180.25, "measured": True, "audio_url": f"{address}#t=150.250,180.250"}
    assert (found[302]["start"], found[302]["end"], found[302]["measured"]) == (85.0, 115.0, False)
    assert api.get("/v1/tracks/test:301/highlight").json == {**found[301], "audio_url": None}


def test_audio_whose_file_is_gone_is_a_problem(api, services, tmp_path):
    """A track whose file was deleted since the last scan gets 404."""
    file = write_tone(tmp_path / "gone.wav", 500)
    register(services.catalogue, file, 300)
    file.unlink()
    answer = api.get("/v1/tracks/test:300/audio")

    assert (answer.status_code, answer.json["type"]) == (404, "urn:segue:problem:audio-not-found")


@pytest.fixture
def swapped(services, tmp_path):
    """A track whose file was deleted after the scan; the test replaces it."""
    (tmp_path / "music").mkdir()
    file = write_tone(tmp_path / "music" / "a.wav", 510)
    register(services.catalogue, file, 310)
    file.unlink()
    yield file
    services.catalogue.library.forget_files([str(file)])


@pytest.mark.parametrize(
    "target", ["../secret.wav", "secret.txt", "folder.wav", "pipe.wav", "a.wav", "../music-2/b.wav"]
)
def test_a_file_that_was_swapped_is_not_served(api, swapped, target):
    """A link out of the library, or to something that is not an audio file, gets 404."""
    music = swapped.parent
    (music.parent / "music-2").mkdir()
    for file in ("../secret.wav", "secret.txt", "../music-2/b.wav"):
        (music / file).write_text("secret")
    (music / "folder.wav").mkdir()
    os.mkfifo(music / "pipe.wav")
    swapped.symlink_to(target)
    answer = api.get("/v1/tracks/test:310/audio")

    assert (answer.status_code, answer.json["type"]) == (404, "urn:segue:problem:audio-not-found")


def test_a_link_within_the_library_is_served(api, swapped):
    """The file that it points to."""
    other = write_tone(swapped.parent / "b.wav", 520)
    swapped.symlink_to("b.wav")

    assert api.get("/v1/tracks/test:310/audio").data == other.read_bytes()


def test_similar_tracks_take_five_catalogue_queries(api, services):
    """The successor, the seed, the vectors and names of candidates, their rows, and their lists with own features."""
    statements = []
    this_thread = threading.get_ident()

    def note(*execution) -> None:
        if threading.get_ident() == this_thread:  # the indexer's thread reads from the same engine
            statements.append(execution[2])

    event.listen(services.catalogue.database.engine, "before_cursor_execute", note)
    try:
        assert api.get(f"/v1/tracks/{track_id(2)}/similar").status_code == 200
    finally:
        event.remove(services.catalogue.database.engine, "before_cursor_execute", note)

    assert sum(statement.startswith("SELECT") and "FROM meta" not in statement for statement in statements) == 5


@pytest.mark.parametrize("name", [b"caf\xe9.wav", b"two\nlines.wav", "日本.wav".encode()])
def test_file_names_may_have_any_bytes(api, services, tmp_path, name):
    """Names that are not UTF-8, or have line breaks, are served like any other."""
    folder = Path(tmp_path / "named")
    folder.mkdir()
    file = folder / name.decode(errors="surrogateescape")
    write_tone(tmp_path / "plain.wav", 600).rename(file)
    own_id = track_id(400 + len(name))
    services.catalogue.library.register(own_id, Tags("T"), FileStamp(str(file), str(folder), 1, 1))

    assert api.get(f"/v1/tracks/{own_id}/audio").data == file.read_bytes()


def test_audio_features_are_flat(api):
    """Attributes, descriptors with their confidence, and tags are in one object."""
    found = api.get("/v1/audio-features/test:6").json

    expected = {"energy": 0.5, "liveness": None, "tempo": 86.0, "tempo_confidence": 0.8, "key": 6, "loudness": None}
    assert {name: found[name] for name in expected} == expected
    assert found["tags"] == {"calm": 0.7}
    assert found["model_version"] == "test-1"
    assert np.linalg.norm(found["embedding"]) == pytest.approx(1)
    assert len(found["embedding"]) == 128


def test_a_pending_track_has_no_analysis_and_no_neighbours(api, services, tmp_path):
    """Both requests get 422, and the problem names the status."""
    register(services.catalogue, write_tone(tmp_path / "pending.wav", 700), 301)
    wait_until_indexed(services)

    for path in ("/v1/tracks/test:301/similar", "/v1/audio-features/test:301"):
        answer = api.get(path)
        assert answer.status_code == 422
        assert "pending" in answer.json["detail"]


def test_a_failed_track_has_a_reason(api, services, tmp_path):
    """A failed track carries its reason."""
    own_id = register(services.catalogue, write_tone(tmp_path / "refused.wav", 800), 302)
    services.catalogue.analyses.refuse(own_id, "The file is silent.")
    [track] = api.get("/v1/tracks?status=failed").json["tracks"]

    assert (track["id"], track["reason"]) == (own_id, "The file is silent.")


def test_ids_may_be_separated_by_commas(api):
    """Or repeated."""
    asked = {f"ids={track_id(1)},{track_id(2)}", f"ids={track_id(1)}&ids={track_id(2)}"}
    found = [{track["id"] for track in api.get(f"/v1/tracks?{ids}").json["tracks"]} for ids in asked]

    assert found == [{track_id(1), track_id(2)}] * 2


@pytest.mark.parametrize("path", ["tracks?sort=-added", "albums?sort=-added", "artists?sort=-added"])
def test_an_order_with_a_minus_is_explained(api, path):
    """The message names the parameter that reverses an order."""
    answer = api.get(f"/v1/{path}")

    assert answer.status_code == 422
    assert answer.json["detail"] == "`sort` must be `added` with `order=desc` for the reverse order."
