"""Playlists over HTTP, with a real index."""

import io
import itertools
import json
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import delete

from services.catalog.library import FileStamp
from services.catalog.tables import LocationRow
from services.domain.access import Scope
from services.domain.errors import IndexUnavailable
from services.domain.track import Tags
from services.playlists.formats import XSPF_NAMESPACE
from services.playlists.rules import SmartPlaylists
from services.recommend import Recommender
from tests.fakes.library import record, track_id
from tests.fakes.serving import LIBRARY_SIZE

PATH = "/v1/playlists"
FEELS = 4
names = (f"owner {number}" for number in itertools.count())


class ClosedIndex:
    """An index that does not respond."""

    def query(self, queries):
        del queries
        raise IndexUnavailable("The index is closed.")


@pytest.fixture
def owner():
    return next(names)


def create(api, status=201, headers=None, **body):
    answer = api.post(PATH, json={"name": "Mix", **body}, headers=headers or {})
    assert answer.status_code == status, answer.json
    return answer.json


def get(api, playlist):
    return api.get(f"{PATH}/{playlist['id']}").json


def change(api, playlist, status=200, **body):
    answer = api.put(f"{PATH}/{playlist['id']}", json={"revision": playlist["revision"], **body})
    assert answer.status_code == status, answer.json
    return answer.json


def ids(playlist):
    return [item["track"]["id"] for item in playlist["items"]]


def external(*numbers):
    return [f"test:{number}" for number in numbers]


def imported(api, content, status=201, **fields):
    data = {"file": (io.BytesIO(content), "party.m3u8"), **fields}
    answer = api.post(f"{PATH}/import", data=data, content_type="multipart/form-data")
    assert answer.status_code == status, answer.json
    return answer.json


def register(services, number, path, root="/music", **tags):
    stamp = FileStamp(path=path, root=root, size=1, mtime_ns=1)
    services.catalogue.library.register(track_id(number), Tags(**{"title": "Title"} | tags), stamp)
    record(services.catalogue, track_id(number), number)
    return track_id(number)


def test_a_playlist_is_created_changed_and_deleted(api, owner):
    """Entries keep their ids when they are reordered; one of two equal tracks can be removed."""
    made = create(api, owner=owner, description="for rain", tracks=external(1, 2, 1))
    moved = change(api, made, items=[{"id": 3}, {"id": 2}], name="Rain")
    added = api.post(f"{PATH}/{made['id']}/tracks", json={"tracks": external(5)}).json
    listed = api.get(PATH, query_string={"owner": owner}).json["playlists"]

    assert (made["tracks"], made["revision"], made["smart"], made["description"]) == (3, 0, False, "for rain")
    assert [item["id"] for item in moved["items"]] == [3, 2]
    assert ids(added) == [track_id(1), track_id(2), track_id(5)]
    assert [(each["name"], each["tracks"], each["missing"]) for each in listed] == [("Rain", 3, 0)]
    assert listed[0]["duration_ms"] == sum(item["track"]["duration_ms"] for item in added["items"])
    assert api.delete(f"{PATH}/{made['id']}").status_code == 204
    assert api.get(f"{PATH}/{made['id']}").status_code == 404
    assert api.get(PATH, query_string={"owner": owner}).json["playlists"] == []


def test_two_tabs_lose_nothing(api, owner):
    """A change from an older state is refused with 409; additions need no state."""
    made = create(api, owner=owner, tracks=external(1))
    api.post(f"{PATH}/{made['id']}/tracks", json={"tracks": external(2)})
    refused = change(api, made, status=409, items=[])

    assert refused["title"] == "Playlist changed"
    assert ids(get(api, made)) == [track_id(1), track_id(2)]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"name": ""}, 422),
        ({"name": "x" * 201}, 422),
        ({"tracks": ["nobody"]}, 404),
        ({"tracks": external(1), "rules": {}}, 422),
        ({"rules": {"sort": "colour"}}, 422),
        ({"rules": {"mood": "none"}}, 422),
        ({"rules": {"limit": 501}}, 422),
        ({"rules": {"text": ["!!!"]}}, 422),
        ({"owner": "a/b"}, 422),
    ],
)
def test_impossible_playlists_are_refused(api, body, status):
    """Nothing is stored, and the message says what is wrong."""
    before = len(api.get(PATH).json["playlists"])
    create(api, status, **body)

    assert len(api.get(PATH).json["playlists"]) == before


def test_an_idempotency_key_creates_one_playlist(api, owner):
    """A repeated request with the same key gets the stored response, until the listener is deleted."""
    first = create(api, owner=owner, headers={"Idempotency-Key": f"create {owner}".replace(" ", "-")})
    again = create(api, owner=owner, headers={"Idempotency-Key": f"create {owner}".replace(" ", "-")})

    assert again == first
    assert len(api.get(PATH, query_string={"owner": owner}).json["playlists"]) == 1


def test_a_deleted_listener_leaves_no_playlists(api, owner):
    """`DELETE /v1/users/{user}` deletes the playlists of the listener and no others."""
    mine, other = create(api, owner=owner), create(api, owner=next(names))
    api.delete(f"/v1/users/{owner}")

    assert api.get(f"{PATH}/{mine['id']}").status_code == 404
    assert api.get(f"{PATH}/{other['id']}").status_code == 200


def test_a_key_sees_the_playlists_of_its_listeners_only(api, services, owner):
    """A key that is bound to a listener neither sees nor changes what others have, and owns what it creates."""
    keys = services.catalogue.keys
    other = create(api, owner=next(names), tracks=external(1))
    nobody = create(api, tracks=external(1))
    headers = {"X-API-Key": keys.create("phone", [Scope.READ, Scope.LISTEN], [owner]).text}
    mine = create(api, headers=headers)

    assert mine["owner"] == owner
    assert [each["id"] for each in api.get(PATH, headers=headers).json["playlists"]] == [mine["id"]]
    for playlist in (other, nobody):
        path = f"{PATH}/{playlist['id']}"
        answers = (
            api.get(path, headers=headers),
            api.put(path, json={"revision": 0, "name": "x"}, headers=headers),
            api.post(f"{path}/tracks", json={"tracks": external(1)}, headers=headers),
            api.post(f"{path}/extend", json={}, headers=headers),
            api.post(f"{path}/refresh", headers=headers),
            api.get(f"{path}/export", headers=headers),
            api.delete(path, headers=headers),
        )
        assert {answer.status_code for answer in answers} == {404}
    assert api.get(PATH, query_string={"owner": other["owner"]}, headers=headers).status_code == 403
    create(api, 403, headers, owner=other["owner"])
    both = {"X-API-Key": keys.create("family", [Scope.LISTEN], [owner, "someone"]).text}
    assert create(api, 422, both)["title"] == "Owner required"
    assert create(api, 201, both, owner="someone")["owner"] == "someone"


def test_rules_choose_the_tracks(api, owner):
    """Filters and words choose; the order is by the field; a manual change of the tracks is refused."""
    rules = {"filters": {"genre": ["Folk"]}, "sort": "tempo", "descending": True, "limit": 4}
    made = create(api, owner=owner, rules=rules)
    tempos = [item["track"]["descriptors"]["tempo"] for item in made["items"]]
    words = create(api, owner=owner, rules={"text": ["Orchestral"], "limit": 2})

    assert made["smart"]
    assert made["refreshed_at"] is not None
    assert {item["track"]["genre"] for item in made["items"]} == {"Folk"}
    assert tempos == sorted(tempos, reverse=True)
    assert len(tempos) == 4
    assert {item["track"]["genre"] for item in words["items"]} == {"Orchestral"}
    assert made["rules"]["filters"] == {"genre": ["Folk"]}
    assert change(api, made, status=422, items=[])["title"] == "Rules choose tracks"
    assert api.post(f"{PATH}/{made['id']}/tracks", json={"tracks": external(1)}).status_code == 422
    ordinary = change(api, made, rules=None)
    assert not ordinary["smart"]
    assert ids(ordinary) == ids(made)
    assert change(api, ordinary, items=[])["items"] == []
    assert api.post(f"{PATH}/{made['id']}/refresh").status_code == 422


@pytest.mark.parametrize(
    ("rules", "titles"),
    [
        ({"sort": "tempo", "descending": True, "limit": 3}, [23, 22, 21]),
        ({"sort": "title", "limit": 2}, [0, 1]),
        ({"sort": "album", "filters": {"year": {"min": 2017}}, "limit": 3}, [20, 17, 21]),
        ({"sort": "added", "descending": True, "limit": 2}, [23, 22]),
        ({"sort": "year", "filters": {"genre": ["folk"], "tempo": {"max": 90}}}, [1, 5, 9]),
    ],
)
def test_without_words_the_order_chooses(api, owner, rules, titles):
    """The first tracks of the whole library that meet the filters are chosen; rejected ones are left out."""
    bans = {"listens": [{"track_id": "test:18", "event": "ban"}]}
    api.post(f"/v1/users/{owner}/listens", json=bans)
    made = create(api, owner=owner, rules={"filters": {"tempo": {"max": 103}}} | rules)

    assert [item["track"]["title"] for item in made["items"]] == [f"Title {number:03}" for number in titles]


@pytest.mark.parametrize("sort", ["artist", "title", "album", "added", "year", "energy", "key", "liveness"])
def test_chosen_tracks_are_sorted(api, owner, sort):
    """With words every order works, also by values that tracks do not have."""
    made = create(api, owner=owner, rules={"text": ["Folk"], "sort": sort, "descending": True, "limit": 20})
    names = {
        "added": "added_at",
        "energy": ("attributes", "energy"),
        "liveness": ("attributes", "liveness"),
        "key": ("descriptors", "key"),
    }

    def value(track):
        found = names.get(sort, sort)
        return track[found] if isinstance(found, str) else track[found[0]][found[1]]

    values = [value(item["track"]) for item in made["items"]]
    assert len(values) == 20
    assert sort == "liveness" or values == sorted(values, reverse=True)


def test_a_refresh_that_fails_keeps_the_tracks(api, services, owner):
    """Tracks and time of the last refresh stay, and the reason is shown until a refresh succeeds."""
    made = create(api, owner=owner, rules={"text": ["Folk"], "limit": 3})
    recommender = Recommender(services.catalogue.tracks, ClosedIndex(), half_life_days=30)
    without_index = SmartPlaylists(services.catalogue, recommender, services.words)
    with pytest.raises(IndexUnavailable):
        without_index.refresh(services.catalogue.playlists.get(made["id"]))
    failed = get(api, made)

    assert ids(failed) == ids(made)
    assert failed["refreshed_at"] == made["refreshed_at"]
    assert failed["failure"] == "The index is closed."
    assert api.post(f"{PATH}/{made['id']}/refresh").json["failure"] is None


def test_the_taste_of_the_owner_counts(api, owner):
    """With `taste` the plays of the owner choose, and rejected tracks are never chosen."""
    listens = [{"track_id": f"test:{number}", "event": "like"} for number in (3, 7, 11)]
    api.post(f"/v1/users/{owner}/listens", json={"listens": [*listens, {"track_id": "test:15", "event": "ban"}]})
    made = create(api, owner=owner, rules={"taste": True, "limit": 2})

    assert {item["track"]["genre"] for item in made["items"]} == {"Orchestral"}
    assert track_id(15) not in ids(made)


def test_a_playlist_is_extended_with_reasons(api, owner):
    """Recommended tracks resemble those of the playlist; its own, declined and rejected tracks are left out."""
    made = create(api, owner=owner, tracks=external(2, 6))
    api.post(f"/v1/users/{owner}/listens", json={"listens": [{"track_id": "test:14", "event": "dislike"}]})
    answer = api.post(f"{PATH}/{made['id']}/extend", json={"limit": 2, "exclude": ["test:18"]}).json

    assert [track["genre"] for track in answer["tracks"]] == ["Industrial"] * 2
    assert all(track["because_of"] and set(track["because_of"]) <= set(ids(made)) for track in answer["tracks"])
    assert not {track["id"] for track in answer["tracks"]} & {*ids(made), track_id(14), track_id(18)}
    assert ids(get(api, made)) == ids(made)


def test_missing_tracks_stay_and_return(api, services, owner):
    """A track without a file is marked; it is exported without a path."""
    gone = register(services, 900, "/music/gone.mp3", title="Gone", artists=("A",))
    made = create(api, owner=owner, tracks=["test:1", gone])
    with services.catalogue.database.write() as session:
        session.execute(delete(LocationRow).where(LocationRow.track_id == gone))
    missing = get(api, made)
    lines = api.get(f"{PATH}/{made['id']}/export").text.splitlines()
    register(services, 900, "/music/back.mp3", title="Gone", artists=("A",))

    assert [item["missing"] for item in missing["items"]] == [False, True]
    assert missing["missing"] == 1
    assert lines[-1] == "# No file: A - Gone"
    assert get(api, made)["missing"] == 0


def test_exports_can_be_read_again(api, library_dir, owner):
    """M3U8, XSPF and JSPF name the same files; the import finds the same tracks."""
    made = create(api, owner=owner, name="Été: 1/2", tracks=external(1, 2, 1))
    export = f"{PATH}/{made['id']}/export"
    files = {
        kind: api.get(export, query_string={"format": kind, "paths": "absolute"}) for kind in ("m3u8", "xspf", "jspf")
    }
    locations = [each.text for each in ET.fromstring(files["xspf"].data).iter(f"{{{XSPF_NAMESPACE}}}location")]
    relative = api.get(export)

    assert [answer.mimetype for answer in files.values()] == [
        "audio/x-mpegurl",
        "application/xspf+xml",
        "application/jspf+json",
    ]
    assert relative.headers["Content-Disposition"] == "attachment; filename*=UTF-8''%C3%89t%C3%A9_%201_2.m3u8"
    assert locations[0] == f"file://{library_dir}/music/001.wav"
    assert [each["location"][0] for each in json.loads(files["jspf"].data)["playlist"]["track"]] == locations
    assert str(library_dir) not in relative.text
    assert relative.text.splitlines()[-1] == "001.wav"
    for content in (files["m3u8"].data, relative.data):
        answer = imported(api, content, owner=owner)
        assert ids(answer["playlist"]) == ids(made)
        assert (answer["playlist"]["name"], answer["unmatched"]) == ("Été: 1/2", [])


def test_absolute_paths_need_the_scope_admin(api, services, owner):
    """A key without it gets relative paths only."""
    made = create(api, owner=owner, tracks=external(1))
    headers = {"X-API-Key": services.catalogue.keys.create("phone", [Scope.LISTEN], [owner]).text}
    path = f"{PATH}/{made['id']}/export"

    assert api.get(path, query_string={"paths": "absolute"}, headers=headers).status_code == 403
    assert api.get(path, headers=headers).text.splitlines()[-1] == "001.wav"


def test_an_import_finds_tracks_by_path_or_names_and_lists_the_rest(api, services, owner):
    """Paths of other computers match by their last folders, unclear ones by artist and title."""
    song = register(services, 901, "/srv/Maxstack/Endgame/Nebula.ogg", "/srv", title="Nebula", artists=("Maxstack",))
    register(services, 902, "/srv/Other/Endgame/Nebula.ogg", "/srv", title="Another", artists=("Other",))
    odd = register(services, 903, "/srv/Bj\udcf6rk/Joga.mp3", "/srv", title="Jóga", artists=("Björk",))
    lines = (
        "#EXTM3U",
        "#EXTINF:1,Maxstack - Nebula",
        r"D:\Musik\Maxstack\Endgame\Nebula.ogg",
        r"D:\Musik\Maxstack\Endgame\Nebula.ogg",
        "file:///home/ada/Maxstack/Endgame/Nebula.ogg",
        "#EXTINF:1,MAXSTACK – nebula",
        "https://example.org/stream",
        "#EXTINF:1,Nobody - Nothing",
        "/elsewhere/Endgame/Nebula.ogg",
        "../Maxstack/Endgame/nebula.OGG",
        "Nebula.ogg",
        "Björk/Joga.mp3",
        "#EXTINF:1,Bjork - Joga",
        "nowhere.mp3",
    )
    answer = imported(api, "\r\n".join(lines).encode("latin-1", errors="replace"), owner=owner, name="From disk")

    assert ids(answer["playlist"]) == [song, song, song, song, odd, odd]
    assert [(each["line"], each["names"]) for each in answer["unmatched"]] == [
        (7, "MAXSTACK ? nebula"),
        (9, "Nobody - Nothing"),
        (11, None),
    ]
    assert answer["playlist"]["name"] == "From disk"


def test_files_that_are_no_playlists_are_refused(api):
    """A file without entries, one that is too long, and a request without a file."""
    assert "no tracks" in imported(api, b"#EXTM3U\n\n", 422)["detail"]
    imported(api, b"a.mp3\n" * 800_000, 413)
    assert api.post(f"{PATH}/import", data={}, content_type="multipart/form-data").status_code == 422
    assert "5,000" in imported(api, b"001.wav\n" * 5_001, 422)["detail"]


def test_a_long_playlist_can_be_changed(api, owner):
    """A playlist of the maximum length is created and reordered in one request."""
    made = create(api, owner=owner, tracks=external(*(number % LIBRARY_SIZE for number in range(5_000))))
    order = [{"id": item["id"]} for item in reversed(made["items"])]
    moved = change(api, made, items=order)

    assert [item["id"] for item in moved["items"]] == list(range(5_000, 0, -1))
    assert api.post(f"{PATH}/{made['id']}/tracks", json={"tracks": external(1)}).status_code == 422


def test_tracks_are_exported_without_a_playlist(api, app, owner):
    """Any tracks, also by external ids; nothing is stored. Absolute paths need the scope `admin`."""
    before = len(api.get(PATH).json["playlists"])
    asked = {"tracks": ["test:5", track_id(3)], "name": "Next"}
    relative = api.post(f"{PATH}/export", json=asked)
    absolute = api.post(f"{PATH}/export", json=asked | {"paths": "absolute"})
    lines = relative.text.splitlines()

    assert lines[:2] == ["#EXTM3U", "#PLAYLIST:Next"]
    assert [line for line in lines if not line.startswith("#")] == ["005.wav", "003.wav"]
    assert absolute.text.splitlines()[3].endswith("/music/005.wav")
    assert absolute.text.splitlines()[3].startswith("/")
    assert api.post(f"{PATH}/export", json={"tracks": ["nobody:1"]}).status_code == 404
    assert len(api.get(PATH).json["playlists"]) == before
