"""Import of listens over HTTP, and the list of what is not in the library."""

import io
import itertools
import json
import zipfile

import pytest

from tests.fakes.library import track_id

names = (f"importer {number}" for number in itertools.count())
PLAYED = {"track_id": "test:1", "at": "2024-01-01T00:00:00Z"}


@pytest.fixture
def user():
    return next(names)


def upload(api, user, content, name="export", **fields):
    data = {"file": (io.BytesIO(content if isinstance(content, bytes) else content.encode()), name), **fields}
    return api.post(f"/v1/users/{user}/listens/import", data=data, content_type="multipart/form-data")


def scrobbles(*titles):
    return "artist,track,date\n" + "".join(
        f"Somebody,{title},2024-01-01 00:{minute:02}\n" for minute, title in enumerate(titles)
    )


def heard(api, user):
    return api.get(f"/v1/users/{user}/listens").json["listens"]


def test_a_file_is_imported_once(api, user):
    """A second import of the same file changes nothing."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        members.writestr("a.csv", scrobbles("One", "Two"))
        members.writestr("b.jsonl", json.dumps(PLAYED))

    first, again = (upload(api, user, archive.getvalue(), "export.zip") for _ in range(2))
    assert first.json == {"recorded": 3, "duplicates": 0, "unknown": 2, "left_out": {}, "invalid": []}
    assert again.json == {"recorded": 0, "duplicates": 3, "unknown": 2, "left_out": {}, "invalid": []}
    assert {each["track_id"] for each in heard(api, user)} == {None, track_id(1)}


def test_a_large_table_is_imported_twice(api, user):
    """A file that does not fit into memory is on disk while it is read."""
    table = scrobbles(*map(str, range(60)))
    table += "".join(f"Somebody,{number} {'x' * 400},2024-03-01\n" for number in range(2000))

    assert upload(api, user, table).json["recorded"] == 2060
    assert upload(api, user, table).json["duplicates"] == 2060


def test_nothing_of_a_wrong_file_is_imported(api, user):
    """The answer names the file and the line; invalid lines can be left out."""
    table = scrobbles("One", "Two") + "Somebody,,2024-01-01\n"
    refused = upload(api, user, table, "scrobbles.csv")

    assert refused.status_code == 422
    assert refused.json["detail"] == "scrobbles.csv, line 4: the track is missing."
    assert heard(api, user) == []
    assert upload(api, user, table, "scrobbles.csv", skip_invalid="true").json == {
        "recorded": 2,
        "duplicates": 0,
        "unknown": 2,
        "left_out": {"invalid": 1},
        "invalid": ["scrobbles.csv, line 4: the track is missing."],
    }


def test_an_export_of_segue_brings_all_of_a_listener(api, user):
    """Another listener gets the listens, the start and the removed tracks."""
    api.post(f"/v1/users/{user}/listens", json={"listens": [PLAYED]})
    api.post(f"/v1/users/{user}/start", json={"tracks": ["test:2"]})
    api.post(f"/v1/users/{user}/corrections", json={"removed": ["test:3"]})
    exported = api.get(f"/v1/users/{user}/export").data

    assert upload(api, f"{user}-2", exported).json["recorded"] == 1
    assert api.get(f"/v1/users/{user}-2/export").data == exported


def test_an_archive_that_is_too_large_when_unpacked_is_refused(api, user, monkeypatch):
    """A small archive can hold gigabytes."""
    monkeypatch.setattr("services.api.v1.own_data.IMPORT_UNPACKED_MAX", 1000)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as members:
        members.writestr("a.csv", scrobbles(*map(str, range(60))))

    answer = upload(api, user, archive.getvalue(), "export.zip")
    assert (answer.status_code, "more than 1,000 bytes" in answer.json["detail"]) == (422, True)


def test_what_is_not_in_the_library_is_listed_with_counts(api, user):
    """Most often heard first; a recording that is known by an id only is listed by it."""
    upload(api, user, scrobbles("Rare", "Often", "Often", "Often"))
    listens = [{"track_id": "mbid:x", "at": f"2024-05-0{day}T00:00:00Z"} for day in (1, 2)]
    undated = {"artist": "Somebody", "title": "Undated", "undated_plays": 12}
    api.post(f"/v1/users/{user}/listens", json={"listens": [*listens, undated, PLAYED]})

    page = api.get(f"/v1/users/{user}/listens/unmatched", query_string={"limit": 3}).json
    found = [(each["title"], each["names"], each["listens"], each["last_at"]) for each in page["recordings"]]
    assert found == [
        ("Undated", [], 12, None),
        ("Often", [], 3, "2024-01-01T00:03:00Z"),
        (None, ["mbid:x"], 2, "2024-05-02T00:00:00Z"),
    ]
    assert (page["total"], page["listens"]) == (4, 18)
    rest = api.get(f"/v1/users/{user}/listens/unmatched", query_string={"offset": 3}).json
    assert [each["title"] for each in rest["recordings"]] == ["Rare"]
    assert api.get(f"/v1/users/{user}-2/listens/unmatched").json == {"recordings": [], "total": 0, "listens": 0}


@pytest.mark.parametrize("name", ["../../etc/passwd", "C:\\x.csv", ""])
def test_the_name_of_a_file_is_only_shown(api, user, name):
    """It is no path on the server."""
    assert upload(api, user, "colour,number\n", name or "x").status_code == 422
