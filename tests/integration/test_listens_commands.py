"""`segue export-listens`, `import-listens` and `unmatched`, against a real service."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from segue_client import Segue
from segue_client.models import AnnotationIn, Annotations, Corrections, DismissedTasteIn, ListenIn

from tests.fakes.library import track_id
from tests.fakes.serving import ROOT, api_process, free_port

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
TOLD = [
    ListenIn(track_id="test:1", other_ids=["navidrome:a1"], at=NOON, played_ms=1500, key="k"),
    ListenIn(track_id="mbid:m", other_ids=["isrc:X1"], event="ban", at=NOON.replace(microsecond=5)),
    ListenIn(track_id="test:2", undated_plays=12),
    ListenIn(artist="Ünï", title="Two\u2028lines\n", album="A", duration_ms=7, at=NOON),
]


@pytest.fixture(scope="module")
def url(library_dir, broker_url):
    port = free_port()
    with api_process(library_dir, broker_url, port):
        yield f"http://127.0.0.1:{port}"


def segue(url, *arguments, given=""):
    environment = {**os.environ, "SEGUE_URL": url, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-m", "services.cli.main", *arguments]
    return subprocess.run(
        command, env=environment, cwd=ROOT, input=given, capture_output=True, text=True, check=False, timeout=300
    )


def test_exported_listens_can_be_imported(url, tmp_path):
    """Another listener gets everything; a second import, or one for the same listener, adds no listen."""
    file = tmp_path / "ada.jsonl"
    with Segue(url) as client:
        client.listen("ada", TOLD)
        client.start("ada", moods=["focus"], artists=["Artist 1"], tracks=["test:1"])
        taken_out = DismissedTasteIn(id="0d6b7712c3aa", label="rock", plays=[track_id(2)], at=NOON)
        client.correct("ada", Corrections(removed=["test:3"], dismissed=[taken_out]))
        noted = [
            AnnotationIn(kind="song", id="test:1", starred_at=NOON, rating=4),
            AnnotationIn(kind="album", id="al-somewhere", rating=2),
        ]
        client.annotate("ada", Annotations(annotations=noted))
        exported = segue(url, "export-listens", "ada").stdout
        file.write_text(exported, encoding="utf-8")
        first = segue(url, "import-listens", str(file), "--user", "bob", "--json")
        again = segue(url, "import-listens", "-", "--user", "bob", given=exported)
        same = segue(url, "import-listens", str(file), "--user", "ada", "--json")
        ada, bob = (
            [listen.model_dump(exclude={"id", "names"}) for listen in client.listens(name)] for name in ("ada", "bob")
        )
        starts = [client.started(name) for name in ("ada", "bob")]
        names = [listen.names for listen in client.listens("bob")]
        notes = [json.loads(client.export(name).split("\n")[0])["annotations"] for name in ("ada", "bob")]
        tastes = [client.taste(name) for name in ("ada", "bob")]

    assert json.loads(first.stdout) == {
        "recorded": 4,
        "duplicates": 0,
        "unknown": 2,
        "left_out": {},
        "invalid": [],
    }
    assert "Imported 0 listens and skipped 4 that were already recorded" in again.stderr
    assert json.loads(same.stdout)["duplicates"] == 4
    assert sorted(map(str, ada)) == sorted(map(str, bob))
    assert starts[0] == starts[1] is not None
    assert notes[0] == notes[1]
    assert [(each["id"], each["rating"]) for each in notes[0]] == [("al-somewhere", 2), (track_id(1), 4)]
    assert tastes[0].dismissed == tastes[1].dismissed
    assert [taste.label for taste in tastes[1].dismissed] == ["rock"]
    assert [removed.track.id for removed in tastes[1].removed] == [track_id(3)]
    assert sorted(names) == [
        *([], [track_id(2), "test:2"], [track_id(1), "test:1", "navidrome:a1"], ["mbid:m", "isrc:X1"])
    ]
    assert sum(each["undated_plays"] or 0 for each in ada) == 12


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{", "line 2: it is no object of JSON"),
        ("{}", "line 2: it is not a listen"),
        ('{"track_id": "test:1"}', "line 2: it has no time"),
        ('{"track_id": "test:1", "at": "2026-01-01"}', "line 2: at: "),
    ],
)
def test_an_invalid_line_is_reported_and_nothing_is_sent(url, line, message):
    """The error has the number of the line and the problem."""
    good = '{"track_id": "test:1", "at": "2026-01-01T00:00:00Z"}'
    done = segue(url, "import-listens", "-", "--user", "eve", given=f"{good}\n{line}\n")

    assert done.returncode == 1
    assert message in done.stderr
    assert segue(url, "export-listens", "eve").stdout == ""
    assert "cannot be read" in segue(url, "import-listens", "/nonexistent", "--user", "eve").stderr


def test_a_start_without_a_match_does_not_stop_an_import(url):
    """If the library has none of the tracks of the start, the listens are imported all the same."""
    start = '{"start": {"artists": ["Nobody"]}}'
    done = segue(
        url,
        "import-listens",
        "-",
        "--user",
        "kim",
        given=f'{start}\n{{"track_id": "x", "at": "2026-01-01T00:00:00Z"}}\n',
    )

    assert done.returncode == 0
    assert "The start was not imported" in done.stderr
    assert "Imported 1 listens" in done.stderr


def test_a_spotify_export_can_be_imported_twice(url, tmp_path):
    """Streams of tracks of the library count at once, the others are listed, and a second import changes nothing."""
    streams = [
        {"ts": "2024-01-01T00:00:00Z", "master_metadata_track_name": title, "ms_played": 100_000}
        | {"master_metadata_album_artist_name": artist, "reason_end": "trackdone"}
        for artist, title in (("Artist 1", "Title 001"), ("Nobody", "Nothing"), ("Nobody", "Nothing"))
    ]
    streams[2]["ts"] = "2024-01-02T00:00:00Z"
    file = tmp_path / "Streaming_History_Audio_2024.json"
    file.write_text(json.dumps([*streams, streams[0] | {"reason_end": "logout", "ms_played": 7}]))

    first = segue(url, "import-listens", str(tmp_path), "--user", "una", "--json")
    again = segue(url, "import-listens", str(file), "--user", "una")
    listed = segue(url, "unmatched", "una", "--json")
    shown = segue(url, "unmatched", "una")
    with Segue(url) as client:
        heard = [listen.track_id for listen in client.listens("una")]

    assert json.loads(first.stdout) == {
        "recorded": 3,
        "duplicates": 0,
        "unknown": 2,
        "left_out": {"interrupted": 1},
        "invalid": [],
    }
    assert "Imported 0 listens and skipped 3 that were already recorded" in again.stderr
    assert "Left out 1 streams that ended by themselves within 30 seconds" in again.stderr
    assert heard == [None, None, track_id(1)]
    [recording] = json.loads(listed.stdout)["recordings"]
    assert (recording["artist"], recording["title"], recording["listens"]) == ("Nobody", "Nothing", 2)
    assert recording["last_at"] == "2024-01-02T00:00:00Z"
    assert "Nothing" in shown.stdout
    assert "There are no listens of tracks that the library does not have" in segue(url, "unmatched", "nobody").stderr


def test_invalid_entries_can_be_left_out(url):
    """With --skip-invalid the others are imported, and what is wrong is listed."""
    table = "artist,track,date\nArtist 2,Title 2,2024-01-01\nArtist 2,,2024-01-02\n"
    refused = segue(url, "import-listens", "-", "--user", "vera", given=table)
    done = segue(url, "import-listens", "-", "--user", "vera", "--skip-invalid", given=table)

    assert (refused.returncode, done.returncode) == (1, 0)
    assert "line 3: the track is missing" in refused.stderr
    assert "Imported 1 listens" in done.stderr
    assert "Left out 1 invalid entries" in done.stderr
    assert "line 3: the track is missing" in done.stderr
