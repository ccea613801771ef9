"""What an OpenSubsonic player loads: covers, audio, conversions and lyrics, and what it shows about artists."""

import io
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
import xmlschema
from sqlalchemy import update

from models.containers.lengths import declared_seconds
from models.containers.recognise import recognise
from models.ffmpeg import find_ffmpeg
from services.api.transcoding import EXTENSION
from services.catalog.library import FileStamp
from services.catalog.tables import TrackRow
from services.domain.access import Scope
from services.domain.track import Tags
from services.ingest.tags import read_tags
from tests.conftest import missing
from tests.fakes.library import track_id
from tests.fakes.tagged import frame, id3

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "contract" / "subsonic.xsd")
PNG_START = b"\x89PNG\r\n\x1a\n"
RELEASE = "66666666-6666-8666-9666-666666666666"
SUNG = "44444444-4444-8444-9444-444444444444"
TIMED = "55555555-5555-8555-9555-555555555555"
LRC = "[ar:Choir]\n[00:02.50][00:01]Second and first\n[01:00.005]Last"
"""A line that is sung twice, and what LRC says about the song."""


def call(api, method, **parameters):
    SCHEMA.validate(api.get(f"/rest/{method}", query_string=parameters).get_data(as_text=True))
    envelope = api.get(f"/rest/{method}", query_string={"f": "json", **parameters}).json["subsonic-response"]
    assert envelope["status"] == "ok", envelope
    return envelope


def error(answer):
    assert answer.status_code == 200
    return answer.json["subsonic-response"]["error"]["code"]


def get(api, method, headers=None, **parameters):
    """Return a complete response, which ends a conversion."""
    return api.get(f"/rest/{method}", query_string={"f": "json", **parameters}, headers=headers, buffered=True)


@pytest.mark.parametrize(
    ("asked", "side"), [({}, 640), ({"size": 50}, 96), ({"size": 300}, 320), ({"size": 2000}, 640)]
)
def test_a_cover_that_is_drawn_is_a_png(api, asked, side):
    """In the next larger of three sizes: few players show SVG."""
    cover = get(api, "getCoverArt", id=track_id(1), **asked)

    assert cover.content_type == "image/png"
    assert cover.data.startswith(PNG_START)
    assert struct.unpack(">II", cover.data[16:24]) == (side, side)


def test_songs_albums_artists_and_playlists_have_covers(api, services):
    """By the ids of each; those of an album and of an artist with the same songs are the same music."""
    track = services.catalogue.tracks.get(track_id(1))
    playlist = services.catalogue.playlists.create("Covers", [track_id(1), track_id(2)])

    for item in (track.id, track.album_id, track.artist_id, playlist.id, "test:1"):
        assert get(api, "getCoverArt", id=item).data.startswith(PNG_START), item
    assert error(get(api, "getCoverArt", id="al-0000000000000000")) == 70


def test_an_unchanged_cover_is_not_sent_again(api):
    """Players keep covers, and ask with the tag of their copy."""
    first = get(api, "getCoverArt", id=track_id(1))

    assert get(api, "getCoverArt", id=track_id(1), headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("asked", [{}, {"format": "raw"}, {"format": "wav"}, {"format": "tape"}, {"maxBitRate": 0}])
def test_a_song_is_sent_as_it_is(api, library_dir, asked):
    """Whole, or the range that a player asks for."""
    content = (library_dir / "music" / "001.wav").read_bytes()
    whole = get(api, "stream", id=track_id(1), **asked)
    part = get(api, "stream", id=track_id(1), headers={"Range": "bytes=100-199"}, **asked)

    assert (whole.content_type, whole.data) == ("audio/wav", content)
    assert (part.status_code, part.data) == (206, content[100:200])


def test_a_download_is_a_file(api, library_dir):
    """With its name, so that a browser saves it."""
    answer = get(api, "download", id=track_id(1))

    assert answer.data == (library_dir / "music" / "001.wav").read_bytes()
    assert answer.headers["Content-Disposition"] == "attachment; filename=001.wav"


def test_unknown_songs_are_not_found(api):
    """As a Subsonic error, which players read by its media type."""
    for method in ("stream", "download", "getLyricsBySongId"):
        assert error(get(api, method, id="nobody")) == 70


def test_a_bound_key_gets_no_media_of_other_libraries(api, services):
    """Neither audio nor covers."""
    key = services.catalogue.keys.create("other", [Scope.READ], libraries=["other"]).text
    track = services.catalogue.tracks.get(track_id(1))

    assert error(get(api, "stream", id=track.id, apiKey=key)) == 70
    for item in (track.id, track.album_id, track.artist_id):
        assert error(get(api, "getCoverArt", id=item, apiKey=key)) == 70


@pytest.fixture
def _ffmpeg():
    if find_ffmpeg() is None:
        missing("ffmpeg")


def heard(answer):
    """Return the format and the seconds of audio."""
    stream = io.BytesIO(answer.data)
    container = recognise(stream)
    return container.name, declared_seconds(stream, container)


@pytest.mark.usefixtures("_ffmpeg")
@pytest.mark.parametrize(
    ("form", "media_type", "name"),
    [
        ("mp3", "audio/mpeg", "MP3"),
        ("opus", "audio/ogg", "Ogg"),
        ("ogg", "audio/ogg", "Ogg"),
        ("aac", "audio/aac", "AAC"),
        ("flac", "audio/flac", "FLAC"),
    ],
)
def test_a_song_is_converted(api, form, media_type, name):
    """To every format that players ask for."""
    answer = get(api, "stream", id=track_id(1), format=form)

    assert answer.content_type == media_type
    assert heard(answer)[0].startswith(name)


@pytest.mark.usefixtures("_ffmpeg")
def test_a_bit_rate_that_is_too_high_is_lowered(api):
    """To MP3, unless the player wants another format. The file has 128 kbit/s."""
    lower = get(api, "stream", id=track_id(1), maxBitRate=64)
    opus = get(api, "stream", id=track_id(1), maxBitRate=64, format="opus")
    lossless = get(api, "stream", id=track_id(1), maxBitRate=64, format="flac")
    enough = get(api, "stream", id=track_id(1), maxBitRate=500)

    assert (lower.content_type, opus.content_type) == ("audio/mpeg", "audio/ogg")
    assert len(lower.data) == pytest.approx(2 * 64_000 / 8, rel=0.1)
    assert lossless.content_type == "audio/mpeg"
    assert enough.content_type == "audio/wav"


@pytest.mark.usefixtures("_ffmpeg")
def test_a_conversion_may_begin_later(api):
    """Where the player says, in seconds; after the end there is nothing to convert."""
    whole = get(api, "stream", id=track_id(1), format="mp3")
    rest = get(api, "stream", id=track_id(1), format="mp3", timeOffset=1)

    assert len(rest.data) / len(whole.data) == pytest.approx(0.5, abs=0.1)
    assert error(get(api, "stream", id=track_id(1), format="mp3", timeOffset=1000)) == 0


@pytest.mark.usefixtures("_ffmpeg")
def test_the_length_of_a_conversion_can_be_announced(api):
    """For players that need it to show a position; the response is as long as announced."""
    answer = get(api, "stream", id=track_id(1), format="mp3", maxBitRate=64, estimateContentLength="true")

    assert answer.content_length == len(answer.data) == 2 * 64_000 // 8
    assert get(api, "stream", id=track_id(1), format="mp3").content_length is None


@pytest.mark.usefixtures("_ffmpeg")
def test_only_some_songs_are_converted_at_a_time(api, app):
    """Half of the threads stay free, so another conversion is refused until one ends."""
    running = app.extensions[EXTENSION]
    taken = 0
    while running.acquire(blocking=False):
        taken += 1
    refused = error(get(api, "stream", id=track_id(1), format="mp3"))
    for _ in range(taken):
        running.release()

    assert (taken, refused) == (app.extensions["segue"].settings.api_threads // 2, 0)
    assert get(api, "stream", id=track_id(1), format="mp3").content_type == "audio/mpeg"
    assert running.acquire(blocking=False)
    running.release()


@pytest.mark.usefixtures("_ffmpeg")
def test_a_converter_that_does_not_end_keeps_no_place(api, app, monkeypatch):
    """Its place is free again, although ffmpeg is not."""
    wait, converters = subprocess.Popen.wait, []

    def never(converter, timeout=None):
        converters.append(converter)
        raise subprocess.TimeoutExpired(converter.args, timeout)

    with monkeypatch.context() as hanging:
        hanging.setattr(subprocess.Popen, "wait", never)
        with pytest.raises(subprocess.TimeoutExpired):
            get(api, "stream", id=track_id(1), format="mp3")
    wait(converters[0])

    running, places = app.extensions[EXTENSION], app.extensions["segue"].settings.api_threads // 2
    assert [running.acquire(blocking=False) for _ in range(places)] == [True] * places
    running.release(places)


@pytest.fixture(scope="module", autouse=True)
def _sung(services, library_dir):
    """Songs with lyrics: plain with times in the text, and with times in frames of their own."""
    plain = frame("USLT", b"\x03eng\0" + LRC.encode())
    lines = b"".join(
        text.encode("utf-16-le") + b"\0\0" + at.to_bytes(4, "big") for text, at in (("Ä", 500), ("b", 61_250))
    )
    timed = frame("SYLT", b"\x01eng\x02\x01" + b"\xff\xfe\0\0" + lines)
    for track, title, tag in ((SUNG, "Sung", plain), (TIMED, "Timed", timed)):
        file = library_dir / "music" / f"{title}.mp3"
        soundfile.write(file, 0.1 * np.sin(np.arange(44_100) / 20), 22_050, format="MP3")
        file.write_bytes(id3(tag) + file.read_bytes())
        with file.open("rb") as stream:
            assert read_tags(stream, fallback_title=title).has_lyrics
        found = file.stat()
        tags = Tags(title, ("Choir",), has_lyrics=True, duration_ms=2_000)
        services.catalogue.library.register(
            track, tags, FileStamp(str(file), str(file.parent), found.st_size, found.st_mtime_ns)
        )


def test_lyrics_have_times_where_the_file_has_them(api):
    """In the order of time, whether they are in the text or in frames."""
    [sung] = call(api, "getLyricsBySongId", id=SUNG)["lyricsList"]["structuredLyrics"]
    [timed] = call(api, "getLyricsBySongId", id=TIMED)["lyricsList"]["structuredLyrics"]

    assert (sung["displayArtist"], sung["displayTitle"], sung["synced"]) == ("Choir", "Sung", True)
    assert sung["line"] == [
        {"start": 1_000, "value": "Second and first"},
        {"start": 2_500, "value": "Second and first"},
        {"start": 60_005, "value": "Last"},
    ]
    assert timed["line"] == [{"start": 500, "value": "Ä"}, {"start": 61_250, "value": "b"}]


def test_lyrics_are_empty_where_the_file_has_none(api):
    """Not an error: players ask for every song."""
    assert call(api, "getLyricsBySongId", id=track_id(1))["lyricsList"] == {"structuredLyrics": []}
    assert call(api, "getLyrics", artist="Artist 1", title="Title 001")["lyrics"]["value"] == ""
    assert call(api, "getLyrics")["lyrics"]["value"] == ""


def test_similar_artists_are_those_of_similar_songs(api, services):
    """By the id of an artist, an album or a song; without asking another service."""
    track = services.catalogue.tracks.get(track_id(1))
    for item in (track.artist_id, track.album_id, track.id):
        found = call(api, "getArtistInfo2", id=item, count=2)["artistInfo2"]["similarArtist"]
        folders = call(api, "getArtistInfo", id=item, count=2)["artistInfo"]["similarArtist"]
        assert len(found) == 2
        assert "Artist 1" not in {artist["name"] for artist in found}
        assert [artist["id"] for artist in folders] == [artist["id"] for artist in found]
    assert call(api, "getArtistInfo2", id=track.artist_id, count=0)["artistInfo2"]["similarArtist"] == []
    assert error(get(api, "getArtistInfo2", id="ar-0000000000000000")) == 70


def test_top_songs_are_the_artists(api):
    """At most `count`; an unknown artist has none."""
    songs = call(api, "getTopSongs", artist="artist 1", count=3)["topSongs"]["song"]

    assert [song["artist"] for song in songs] == ["Artist 1"] * 3
    assert call(api, "getTopSongs", artist="Nobody")["topSongs"]["song"] == []


def test_an_album_has_the_release_of_its_tags(api, services):
    """As its MusicBrainz id; an album without one has an empty answer."""
    track, found = services.catalogue.tracks.get(track_id(1)), []
    for release in (RELEASE, None):
        with services.catalogue.database.write() as session:
            session.execute(update(TrackRow).where(TrackRow.album_id == track.album_id).values(release_mbid=release))
        found.append(call(api, "getAlbumInfo2", id=track.album_id)["albumInfo"])

    assert found == [{"musicBrainzId": RELEASE}, {}]
    assert error(get(api, "getAlbumInfo", id="al-0")) == 70


def test_a_scan_needs_the_scope_ingest(api, services):
    """The number of songs is that of the library; a key without `ingest` may not start one."""
    key = services.catalogue.keys.create("reader", [Scope.READ]).text
    before = call(api, "getScanStatus")["scanStatus"]

    assert before["count"] == sum(services.catalogue.tracks.count_by_status().values())
    assert error(get(api, "startScan", apiKey=key)) == 50


def test_the_error_about_an_unknown_cover_names_no_other_kind(api):
    """It may be the id of anything."""
    answer = api.get("/rest/getCoverArt", query_string={"id": "nope", "f": "json"}).json["subsonic-response"]

    assert answer["error"]["code"] == 70
    assert "playlist" not in answer["error"]["message"]
