"""Files of other services: which listens they contain, and what is said about files and entries that are wrong."""

import json
import zipfile
from datetime import UTC, datetime

import pytest

from services.domain.errors import InvalidRequest
from services.domain.listening import EventKind
from services.imports.importing import Counts, import_listens
from services.imports.reading import ENTRY_MAX_BYTES, Reader
from services.imports.sources import sources_of

MBID = "da5d357e-8807-479c-a69c-e839117e812a"
AT = datetime(2024, 1, 1, tzinfo=UTC)
SECONDS = int(AT.timestamp())
STREAM = {
    "ts": "2024-01-01T00:00:00Z",
    "ms_played": 108_019,
    "master_metadata_track_name": "Nebula",
    "master_metadata_album_artist_name": "Maxstack",
    "master_metadata_album_album_name": "Space",
    "spotify_track_uri": "spotify:track:47BBI51FKFwOMlIiX6m8ya",
    "episode_name": None,
    "reason_start": "trackdone",
    "reason_end": "trackdone",
    "skipped": False,
    "incognito_mode": False,
}
NO_TRACK = {
    "master_metadata_track_name": None,
    "master_metadata_album_artist_name": None,
    "spotify_track_uri": None,
}


def scrobble(after=0, msid="m1", **info):
    metadata = {"artist_name": "Maxstack", "track_name": "Nebula", "recording_msid": msid, "additional_info": info}
    return {"listened_at": SECONDS + after, "inserted_at": SECONDS, "track_metadata": metadata}


def lines(*entries):
    return "".join(json.dumps(each) + "\n" for each in entries)


@pytest.fixture
def written(tmp_path):
    """Write a file and return its path."""

    def write(content, name="export"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.fixture
def zipped(tmp_path):
    """Write a ZIP file with these members and return its path."""

    def write(**members):
        path = tmp_path / "export.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(name, content)
        return path

    return write


def read(path, *, skip_invalid=False):
    """Return the listens of a path and the reader, which knows what else is there."""
    reader = Reader(sources_of(path), skip_invalid=skip_invalid)
    return list(reader.listens()), reader


def refusal(path):
    """Return why a path cannot be imported."""
    with pytest.raises(InvalidRequest) as found:
        read(path)
    return found.value.detail


def test_an_export_of_listenbrainz_is_read(zipped):
    """Listens have their ids, the mapped one last, and the numbers of the files give their order."""
    mapped = scrobble(2, duration_ms=200_000, recording_mbid=MBID)
    mapped["track_metadata"]["mbid_mapping"] = {"recording_mbid": MBID.replace("d", "a")}
    path = zipped(
        **{
            "user.json": "{}",
            "listens/2024/10.jsonl": lines(scrobble(3)),
            "listens/2024/2.jsonl": lines(scrobble(1), mapped),
            "pinned_recording.jsonl": lines({"blurb_content": None}),
        }
    )

    listens, _ = read(path)
    assert [int(each.at.timestamp()) - SECONDS for each in listens] == [1, 2, 3]
    assert [(each.artist, each.title, each.event) for each in listens] == [("Maxstack", "Nebula", EventKind.PLAY)] * 3
    assert listens[1].duration_ms == 200_000
    assert listens[1].other_ids == [f"mbid:{MBID}", f"mbid:{MBID.replace('d', 'a')}"]


def test_feedback_of_listenbrainz_gets_a_name_from_listens(zipped):
    """A love is a like at its time; without a listen it needs an MBID, and is counted if it has none."""
    love = {"recording_msid": "m1", "recording_mbid": None, "score": 1, "created": SECONDS + 9}
    hate = {"recording_msid": "m2", "recording_mbid": MBID, "score": -1, "created": SECONDS + 9}
    unknown = {
        "recording_msid": "m3",
        "recording_mbid": None,
        "score": 1,
        "created": SECONDS + 9,
        "track_metadata": None,
    }
    listens, reader = read(
        zipped(
            **{
                "listens/2024/1.jsonl": lines(scrobble(1), scrobble(2)),
                "feedback.jsonl": lines(love, hate, unknown),
            }
        )
    )

    verdicts = [each for each in listens if each.event != EventKind.PLAY]
    assert [(each.event, each.title, each.other_ids) for each in verdicts] == [
        (EventKind.LIKE, "Nebula", []),
        (EventKind.DISLIKE, None, [f"mbid:{MBID}"]),
    ]
    assert {int(each.at.timestamp()) - SECONDS for each in verdicts} == {9}
    assert len(listens) == 4
    assert reader.tally.left_out == {"nameless": 1}


def test_an_old_export_of_listenbrainz_is_an_array(written):
    """Before 2025 it was one array of JSON."""
    [listen], _ = read(written(json.dumps([scrobble()])))

    assert (listen.title, listen.at) == ("Nebula", AT)


@pytest.mark.parametrize("ts", ["2024-01-01T00:00:00Z", "2024-01-01 00:00:00", "2024-01-01 00:00:00 UTC"])
def test_a_stream_of_spotify_is_read(written, ts):
    """It has the time of its end, in each of the ways that Spotify wrote it."""
    [listen], _ = read(written(json.dumps([STREAM | {"ts": ts}])))

    assert (listen.artist, listen.title, listen.album) == ("Maxstack", "Nebula", "Space")
    assert (listen.at, listen.played_ms, listen.event) == (AT, 108_019, EventKind.PLAY)
    assert listen.other_ids == ["spotify:47BBI51FKFwOMlIiX6m8ya"]


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"skipped": True}, "skip"),
        ({"reason_end": "fwdbtn", "skipped": None}, "skip"),
        ({"reason_end": "fwdbtn", "ms_played": 900}, "skip"),
        ({"reason_end": "trackdone", "ms_played": 9_000}, "play"),
        ({"reason_end": "endplay"}, "play"),
        ({"reason_end": "unexpected-exit", "ms_played": 29_999}, "interrupted"),
        ({"incognito_mode": True}, "private_session"),
        (NO_TRACK | {"episode_name": "One"}, "podcast_or_audiobook"),
        (NO_TRACK | {"audiobook_uri": "spotify:show:1"}, "podcast_or_audiobook"),
        (NO_TRACK, "nameless"),
        (NO_TRACK | {"spotify_track_uri": STREAM["spotify_track_uri"]}, "play"),
    ],
)
def test_a_stream_of_spotify_is_a_play_a_skip_or_left_out(written, fields, kind):
    """What is no listen of a track is counted by its reason."""
    listens, reader = read(written(json.dumps([STREAM | fields])))

    assert [*(each.event.value for each in listens), *reader.tally.left_out] == [kind]


def test_the_last_year_of_spotify_is_read(zipped):
    """Its entries have minutes and no album; an archive has other files too."""
    played = {"endTime": "2024-01-01 00:00", "artistName": "Maxstack", "trackName": "Nebula", "msPlayed": 60_000}
    episode = {"endTime": "2024-01-01 00:00", "podcastName": "P", "episodeName": "E", "msPlayed": 60_000}
    path = zipped(
        **{
            "Spotify Account Data/StreamingHistory_music_0.json": json.dumps([played, played | {"msPlayed": 5}]),
            "Spotify Account Data/StreamingHistory_podcast_0.json": json.dumps([episode]),
            "Spotify Account Data/Userdata.json": "{}",
            "__MACOSX/._StreamingHistory_music_0.json": "?",
        }
    )

    [listen], reader = read(path)
    assert (listen.title, listen.at, listen.played_ms) == ("Nebula", AT, 60_000)
    assert reader.tally.left_out == {"interrupted": 1, "podcast_or_audiobook": 1}


@pytest.mark.parametrize(
    "table",
    [
        (
            "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
            f'"{SECONDS}","01 Jan 2024, 00:00","Künstler","","Ö","","Straße","{MBID}"\n'
        ),
        f"Artist;Album;AlbumId;Track;Date#somebody\r\nKünstler;Ö;;Straße;{SECONDS * 1000}\r\n",
        "Künstler,Ö,Straße,01 Jan 2024 00:00\n",
        'Künstler,Ö,Straße,"01 Jan 2024, 00:00"\n',
        "Künstler,Ö,Laufend,\nKünstler,Ö,Straße,01 Jan 2024 00:00\n",
        "2024-01-01,00:00:00,Künstler,Straße\n",
        "Date\tArtist Name\tTrack Name\tAlbum\n2024-01-01 00:00:00\tKünstler\tStraße\tÖ\n",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "latin-1", "utf-16"])
def test_a_table_of_scrobbles_is_read(written, table, encoding):
    """The columns of the common exporters are known, with and without titles, in each usual encoding."""
    [listen], _ = read(written(table.encode(encoding)))

    assert (listen.artist, listen.title, listen.at) == ("Künstler", "Straße", AT)
    assert listen.other_ids == ([f"mbid:{MBID}"] if MBID in table else [])
    assert listen.album == ("Ö" if "Ö" in table else None)


def test_a_scrobble_without_a_time_is_still_playing(written):
    """Exporters write the track that plays as well; it is counted and is no listen."""
    listens, reader = read(written("artist,track,date\nMaxstack,Nebula,\n"))

    assert listens == []
    assert reader.tally.left_out == {"still_playing": 1}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("artist,track,date\nA,B,01 Jan 2024 00:00\nA,B\n", "line 3: it has 2 columns instead of 3"),
        ('artist,track,date\nA,B,01 Jan 2024 00:00\nA,"B', "line 3: it is no CSV (unexpected end of data)"),
        ("artist,track,date\nA,,01 Jan 2024 00:00\n", "line 2: the track is missing"),
        ("artist,track,date\nA,B,30 Feb 2024 00:00\n", "line 2: the time cannot be read: '30 Feb 2024 00:00'"),
        ("artist,track,date\nA,B,01 Jan 1970 00:00\n", "line 2: the time is before 2002: '01 Jan 1970 00:00'"),
        ("artist,track,date\nA,B,2924-01-01\n", "line 2: the time is in the future: '2924-01-01'"),
        ("colour,number\nred,1\n", "line 1: columns such as artist, track and date are missing: 'colour,number'"),
        (json.dumps([STREAM, STREAM])[:-90], "entry 2: the JSON ends or is wrong here: the file may be cut off"),
        (json.dumps([STREAM | {"ts": "yesterday"}]), "entry 1: the time cannot be read: 'yesterday'"),
        (json.dumps([STREAM | {"ts": None}]), "entry 1: the time is missing"),
        (json.dumps([STREAM | {"ts": 1e300}]), "entry 1: the time cannot be read: 1e+300"),
        (json.dumps([STREAM | {"ms_played": "x"}]), "entry 1: ms_played is not a number of milliseconds: 'x'"),
        (json.dumps([STREAM, 5]), "entry 2: it is no object of JSON"),
        (json.dumps([{"a": 1}]), "entry 1: it is not a listen of Segue, ListenBrainz, Spotify or Last.fm"),
        (lines(scrobble()) + lines(scrobble())[:-9], "line 2: it is no object of JSON (EOF"),
        (lines(scrobble(), {"track_metadata": {}, "listened_at": SECONDS}), "line 2: no artist_name"),
        (lines(scrobble() | {"listened_at": True}), "line 1: the time cannot be read: True"),
        (lines(scrobble() | {"track_metadata": None}), "line 1: track_metadata is not an object"),
        (json.dumps([STREAM | {"ms_played": float("nan")}]), "entry 1: the JSON ends or is wrong here"),
        (json.dumps([STREAM]).replace("108019", "1e999"), "entry 1: ms_played is not a number of milliseconds: inf"),
        (json.dumps([STREAM | {"ts": [1]}]), "entry 1: the time cannot be read: a list or an object"),
        (json.dumps([STREAM]).replace("108019", "[" * 100_000 + "]" * 100_000), "entry 1: it is nested too deeply"),
        (json.dumps([STREAM]) + "[", "entry 2: text follows the end of the list"),
        (b'["\xe9"]', "entry 1: it is not encoded in UTF-8"),
        ("[" + " " * 2 * ENTRY_MAX_BYTES, "entry 1: it has more than 1,048,576 characters"),
        (lines(scrobble(ms_played=float("inf"))), "line 1: ms_played is not a number of milliseconds: inf"),
        (lines({"score": [1], "recording_msid": "m", "created": SECONDS}), "line 1: score is neither 1 nor -1"),
        ("artist,track,date," + "x" * 140_000, "line 1: it is no CSV (field larger than field limit"),
        ("artist,track,date\n".encode("utf-16")[:-1], "line 1: it is not encoded in utf-16-le: the file may be cut"),
        ("[" + "1" * 2 * ENTRY_MAX_BYTES, "entry 1: it has more than 1,048,576 characters"),
        ("{" + "1" * 2 * ENTRY_MAX_BYTES, "line 1: it has more than 1,048,576 bytes"),
        ("x" * 2 * ENTRY_MAX_BYTES, "line 1: it has more than 1,048,576 characters"),
    ],
)
def test_a_wrong_entry_is_named(written, content, message):
    """The message has the file, the line or entry, and what is wrong."""
    path = written(content)

    assert refusal(path).startswith(f"{path}, {message}")


def test_a_table_that_is_only_partly_utf_8_is_refused(written):
    """Read in another encoding, all of its names would be wrong."""
    table = "artist,track,date\nKünstler,Straße,01 Jan 2024 00:00\n".encode()

    assert "not all of it is UTF-8" in refusal(written(table + b"K\xfcnstler,B,01 Jan 2024 00:00\n"))
    assert "not all of it is UTF-8" in refusal(written(table + b"A,B,01 Jan 2024 00:00,\xc3"))


def test_nothing_is_stored_if_the_last_entry_is_wrong(written):
    """All files are checked before the first listen is stored."""
    good, bad = written(lines(*map(scrobble, range(3000))), "1"), written(lines(scrobble(), {"at": 1}), "2")
    stored = []
    with pytest.raises(InvalidRequest, match="line 2"):
        import_listens([*sources_of(good), *sources_of(bad)], lambda batch: stored.extend(batch) or Counts())

    assert stored == []


def test_wrong_entries_can_be_left_out(written):
    """They are counted, and the first ones are listed with their places."""
    path = written("artist,track,date\nA,,01 Jan 2024 00:00\n" * 1 + "A,B,01 Jan 2024 00:00\n" + "A,B\n" * 50)

    [listen], reader = read(path, skip_invalid=True)
    assert listen.title == "B"
    assert reader.tally.left_out == {"invalid": 51}
    assert reader.tally.invalid[:2] == [
        f"{path}, line 2: the track is missing.",
        f"{path}, line 4: it has 2 columns instead of 3.",
    ]
    assert len(reader.tally.invalid) == 20


def test_an_export_of_segue_is_read(written):
    """Its first line is what an export has besides listens."""
    listen = {"track_id": "test:1", "at": "2024-01-01T00:00:00Z", "event": "ban", "key": "k"}
    [found], reader = read(written(lines({"removed": ["test:3"]}, listen)))

    assert (found.track_id, found.event, found.at, found.key) == ("test:1", EventKind.BAN, AT, "k")
    assert reader.head.removed == ["test:3"]


def test_a_folder_is_read(tmp_path):
    """Of the files of an unpacked export, those with listens are read."""
    folder = tmp_path / "Spotify Extended Streaming History"
    folder.mkdir()
    (folder / "Streaming_History_Audio_2024_0.json").write_text(json.dumps([STREAM]))
    (folder / "ReadMeFirst.pdf").write_text("?")

    assert len(read(tmp_path)[0]) == 1


def test_a_damaged_archive_is_refused(zipped, written):
    """A cut one, one with a wrong byte, and one without listens."""
    whole = zipped(**{"listens/2024/1.jsonl": lines(*map(scrobble, range(100)))}).read_bytes()
    middle = len(whole) // 2
    wrong = whole[:middle] + bytes([whole[middle] ^ 0xFF]) + whole[middle + 1 :]

    assert "is not a complete ZIP archive" in refusal(written(whole[:-40], "cut.zip"))
    assert "cannot be unpacked" in refusal(written(wrong, "wrong.zip"))
    assert "has no listens" in refusal(zipped(**{"Userdata.json": "{}"}))


def test_an_array_is_read_in_parts(written):
    """Entries, letters and white space may lie where two parts meet; the memory holds one part."""
    streams = [
        STREAM | {"master_metadata_track_name": f"Ünï {number} {'é' * (number % 97 + 1)}"} for number in range(2000)
    ]
    text = " [\n" + ",\r\n  ".join(json.dumps(each, ensure_ascii=False) for each in streams) + " ]\n "

    listens, _ = read(written(text))
    assert [each.title for each in listens] == [each["master_metadata_track_name"] for each in streams]
    assert read(written("[ ]"))[0] == []


def test_an_unusual_archive_is_refused(tmp_path):
    """Some methods of compression need much memory, and a list of very many files much time."""
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("1.jsonl", lines(scrobble()))
    assert "compressed by an unusual method" in refusal(path)

    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2001):
            archive.writestr(f"{number}.jsonl", "")
    assert "has more than 2,000 files" in refusal(path)
