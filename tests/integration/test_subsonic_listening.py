"""What listeners tell through OpenSubsonic: stars, ratings, plays, playlists and play queues, over HTTP."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import xmlschema
from sqlalchemy import delete, update

from services.catalog.tables import LocationRow, TrackRow
from services.domain.listening import EventKind, ListenFilter
from services.domain.playlist import Rules
from services.domain.track import TrackStatus
from tests.fakes.library import register, track_id, write_tone
from tests.fakes.named import retag

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "contract" / "subsonic.xsd")
MISSING_PARAMETER, NOT_ALLOWED, NOT_FOUND = 10, 50, 70
OTHER_SITE = {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
OTHER_PORT = {"Sec-Fetch-Site": "same-site"}
OTHER_PORT_IN_PLAIN_HTTP = {"Referer": "http://localhost:3000/"}


@pytest.fixture(scope="module", autouse=True)
def _names(services, library_dir):
    """Give one track the id of a media server."""
    retag(services, library_dir, 1, ids={"navidrome": "nd1"})


@pytest.fixture
def name():
    """A new listener."""
    return f"ada {uuid.uuid4()}"


@pytest.fixture
def ask(api, name):
    """Call a method as the listener; return the envelope, whose XML fits the schema."""

    def call(method, verb="get", **parameters):
        where = "query_string" if verb == "get" else "data"
        answer = getattr(api, verb)(f"/rest/{method}", **{where: {"u": name, "f": "json", **parameters}})
        assert answer.status_code == 200
        if method.startswith("get"):
            SCHEMA.validate(api.get(f"/rest/{method}", query_string={"u": name, **parameters}).get_data(as_text=True))
        return answer.json["subsonic-response"]

    return call


class Volatile:
    """A track whose file comes and goes."""

    id = track_id(950)

    def __init__(self, services, file):
        self._catalogue, self._file = services.catalogue, write_tone(file, 950)

    def come(self):
        register(self._catalogue, self._file, 950)

    def leave(self):
        with self._catalogue.database.write() as session:
            session.execute(delete(LocationRow).where(LocationRow.track_id == self.id))
            session.execute(update(TrackRow).where(TrackRow.id == self.id).values(status=TrackStatus.MISSING))


@pytest.fixture
def volatile(services, library_dir):
    track = Volatile(services, library_dir / "music" / "volatile.wav")
    track.come()
    yield track
    track.leave()


def error(envelope):
    """Return the code of a failed response."""
    assert envelope["status"] == "failed"
    return envelope["error"]["code"]


def songs(listed):
    return [song["id"] for song in listed]


def verdicts(services, name):
    kinds = ListenFilter(kinds=(EventKind.LIKE, EventKind.DISLIKE))
    return {each.track_id: each.kind for each in services.catalogue.listens.page(name, kinds).listens}


def test_stars_are_likes_and_come_back(ask, services, name):
    """Songs by any id, albums and artists; the latest first; in every list that has the song."""
    song = ask("getSong", id=track_id(1))["song"]
    album, artist = song["albumId"], song["artistId"]
    assert ask("star", id="nd1")["status"] == "ok"
    ask("star", id=[track_id(2), album], artistId=artist)
    starred, folders = ask("getStarred2")["starred2"], ask("getStarred")["starred"]

    assert songs(starred["song"]) == songs(folders["song"]) == [track_id(2), track_id(1)]
    assert songs(starred["album"]) == songs(folders["album"]) == [album]
    assert songs(starred["artist"]) == songs(folders["artist"]) == [artist]
    assert verdicts(services, name) == dict.fromkeys([track_id(1), track_id(2)], EventKind.LIKE)
    for entry in (
        ask("getSong", id=track_id(1))["song"],
        ask("getAlbum", id=album)["album"],
        ask("getArtist", id=artist)["artist"],
    ):
        assert datetime.fromisoformat(entry["starred"]) <= datetime.now(UTC)

    ask("unstar", id=[track_id(1), track_id(2)], albumId=album, artistId=artist)
    assert ask("getStarred2")["starred2"] == {"artist": [], "album": [], "song": []}
    assert verdicts(services, name) == {}


def test_a_like_elsewhere_is_a_star(ask, api, name):
    """A like of the page or of a scrobbler is in the list of starred songs."""
    like = {"track_id": track_id(3), "event": "like", "at": "2026-03-01T20:15:00Z"}
    api.post(f"/v1/users/{name}/listens", json={"listens": [like]})

    [song] = ask("getStarred2")["starred2"]["song"]
    assert (song["id"], song["starred"]) == (track_id(3), "2026-03-01T20:15:00Z")


def test_ratings_come_back(ask, services, name):
    """As `userRating`, of songs, albums and artists; of songs they are verdicts."""
    song = ask("getSong", id=track_id(1))["song"]
    for item, rating in ((track_id(1), 5), (track_id(2), 1), (song["albumId"], 3), (song["artistId"], 2)):
        assert ask("setRating", id=item, rating=rating)["status"] == "ok"

    assert ask("getSong", id=track_id(1))["song"]["userRating"] == 5
    assert ask("getAlbum", id=song["albumId"])["album"]["userRating"] == 3
    assert ask("getArtist", id=song["artistId"])["artist"]["userRating"] == 2
    assert verdicts(services, name) == {track_id(1): EventKind.LIKE, track_id(2): EventKind.DISLIKE}
    ask("setRating", id=track_id(1), rating=0)
    assert "userRating" not in ask("getSong", id=track_id(1))["song"]


def test_a_dislike_keeps_a_song_out_of_similar_songs(ask):
    """One star is enough."""
    first = ask("getSimilarSongs", id=track_id(5), count=10)["similarSongs"]["song"][0]["id"]
    ask("setRating", id=first, rating=1)

    assert first not in songs(ask("getSimilarSongs", id=track_id(5), count=10)["similarSongs"]["song"])


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("star", {}), MISSING_PARAMETER),
        (("star", {"id": "nobody"}), NOT_FOUND),
        (("star", {"albumId": "al-nothing"}), NOT_FOUND),
        (("star", {"id": [track_id(1), "ar-nobody"]}), NOT_FOUND),
        (("setRating", {"id": track_id(1), "rating": 6}), 0),
        (("setRating", {"id": "al-nothing", "rating": 5}), NOT_FOUND),
        (("scrobble", {"id": "nobody"}), NOT_FOUND),
        (("scrobble", {"id": track_id(1), "time": 253_402_300_799_999}), 0),
        (("getPlaylist", {"id": "nothing"}), NOT_FOUND),
        (("createPlaylist", {}), MISSING_PARAMETER),
        (("createPlaylist", {"name": "x", "songId": "nobody"}), NOT_FOUND),
        (("savePlayQueue", {"id": track_id(1), "current": track_id(2)}), 0),
        (("savePlayQueueByIndex", {"id": track_id(1), "currentIndex": 1}), 0),
        (("getPlaylists", {"username": "somebody else"}), NOT_ALLOWED),
    ],
)
def test_invalid_requests_change_nothing(ask, services, name, call, code):
    """Each error has its code."""
    method, parameters = call

    assert error(ask(method, **parameters)) == code
    assert services.catalogue.listens.count(name) == 0


def test_a_method_about_a_listener_needs_one(ask, api):
    """Without a user name, and with one that no listener can have."""
    for user in ("", "a/b"):
        assert error(ask("star", u=user, id=track_id(1))) == MISSING_PARAMETER
    assert api.get(f"/rest/getSong?f=json&id={track_id(1)}").json["subsonic-response"]["status"] == "ok"


def test_plays_are_listens_of_the_user(ask, services, name):
    """Each has its time, and a repeated report is stored once; unknown songs among known ones are left out."""
    hour = datetime(2026, 3, 1, 12, tzinfo=UTC)
    times = [int((hour + timedelta(minutes=5 * place)).timestamp() * 1000) for place in range(3)]
    for verb in ("get", "post"):
        assert ask("scrobble", verb, id=[track_id(1), "nobody", "nd1"], time=times)["status"] == "ok"
    listens = services.catalogue.listens.page(name).listens

    assert [(each.track_id, each.kind, each.at) for each in listens] == [
        (track_id(1), EventKind.PLAY, hour + timedelta(minutes=10)),
        (track_id(1), EventKind.PLAY, hour),
    ]
    song = ask("getSong", id="nd1")["song"]
    assert (song["playCount"], song["played"]) == (2, "2026-03-01T12:10:00Z")
    assert songs(ask("getAlbumList2", type="recent")["albumList2"]["album"]) == [
        ask("getSong", id=track_id(1))["song"]["albumId"]
    ]


def test_a_song_that_starts_is_shown_and_not_stored(ask, services, name):
    """It is in getNowPlaying, with the user and the player."""
    ask("scrobble", id="nd1", submission="false", c="Tempo")
    [entry] = ask("getNowPlaying")["nowPlaying"]["entry"]

    assert (entry["username"], entry["playerName"], entry["minutesAgo"]) == (name, "Tempo", 0)
    assert entry["id"] == track_id(1)
    assert services.catalogue.listens.count(name) == 0


def test_a_playlist_is_created_changed_and_deleted(ask, services, name):
    """Songs are added at the end, removed by their places, and replaced; the page has the same playlist."""
    made = ask("createPlaylist", "post", name="Rainy", songId=[track_id(1), track_id(2), track_id(1)])["playlist"]
    ask(
        "updatePlaylist", playlistId=made["id"], name="Rain", comment="Wet", songIndexToRemove=[0], songIdToAdd="test:4"
    )
    changed = ask("getPlaylist", id=made["id"])["playlist"]

    assert songs(changed["entry"]) == [track_id(2), track_id(1), track_id(4)]
    assert (changed["name"], changed["comment"], changed["owner"]) == ("Rain", "Wet", name)
    assert (changed["songCount"], changed["readonly"], changed["public"]) == (3, False, False)
    assert changed["duration"] == round(
        sum(services.catalogue.tracks.get(each).duration_ms for each in songs(changed["entry"])) / 1000
    )
    assert [each["name"] for each in ask("getPlaylists", username=name)["playlists"]["playlist"]] == ["Rain"]
    ask("createPlaylist", playlistId=made["id"], songId=[track_id(5)])
    assert songs(ask("getPlaylist", id=made["id"])["playlist"]["entry"]) == [track_id(5)]
    assert error(ask("updatePlaylist", playlistId=made["id"], songIndexToRemove=1)) == 0

    ask("deletePlaylist", id=made["id"])
    assert ask("getPlaylists")["playlists"]["playlist"] == []
    assert error(ask("getPlaylist", id=made["id"])) == NOT_FOUND


def test_songs_without_files_are_hidden_and_stay(ask, volatile):
    """Places count the songs that the player sees; songs whose files are gone survive its changes."""
    made = ask("createPlaylist", name="Gone", songId=[volatile.id, track_id(7), track_id(8)])["playlist"]
    volatile.leave()
    assert songs(ask("getPlaylist", id=made["id"])["playlist"]["entry"]) == [track_id(7), track_id(8)]
    ask("updatePlaylist", playlistId=made["id"], songIndexToRemove=0)
    [playlist] = ask("getPlaylists")["playlists"]["playlist"]
    assert playlist["songCount"] == 1
    ask("createPlaylist", playlistId=made["id"], songId=[track_id(9)])
    volatile.come()

    assert songs(ask("getPlaylist", id=made["id"])["playlist"]["entry"]) == [track_id(9), volatile.id]


def test_smart_playlists_cannot_be_changed(ask, services, name):
    """They are listed as read-only; their name can change."""
    made = services.catalogue.playlists.create("Calm", [track_id(1)], owner=name, rules=Rules(text=("calm",)))

    assert ask("getPlaylist", id=made.id)["playlist"]["readonly"] is True
    assert error(ask("updatePlaylist", playlistId=made.id, songIdToAdd=track_id(2))) == NOT_ALLOWED
    assert error(ask("createPlaylist", playlistId=made.id, songId=track_id(2))) == NOT_ALLOWED
    assert ask("updatePlaylist", playlistId=made.id, name="Calmer")["status"] == "ok"
    assert songs(ask("getPlaylist", id=made.id)["playlist"]["entry"]) == [track_id(1)]


def test_playlists_of_others_are_not_found(ask, services):
    """A listener reaches only their own."""
    made = services.catalogue.playlists.create("Private", [track_id(1)], owner="bob")

    for method, field in (("getPlaylist", "id"), ("updatePlaylist", "playlistId"), ("deletePlaylist", "id")):
        assert error(ask(method, **{field: made.id})) == NOT_FOUND
    assert ask("getPlaylists")["playlists"]["playlist"] == []
    services.catalogue.playlists.remove(made.id)


def test_a_play_queue_is_saved_and_continued(ask, name):
    """By the id of the current song, or by its place, which tells two occurrences apart."""
    assert "playQueue" not in ask("getPlayQueue")
    ask("savePlayQueue", id=["nd1", track_id(2)], current=track_id(2), position=61_000, c="Tempo")
    queue = ask("getPlayQueue")["playQueue"]
    assert songs(queue["entry"]) == [track_id(1), track_id(2)]
    assert (queue["current"], queue["position"]) == (track_id(2), 61_000)
    assert (queue["username"], queue["changedBy"]) == (name, "Tempo")

    ask("savePlayQueueByIndex", "post", id=[track_id(2)] * 3, currentIndex=1, position=5)
    by_place = ask("getPlayQueueByIndex")["playQueueByIndex"]
    assert (by_place["currentIndex"], by_place["position"], len(by_place["entry"])) == (1, 5, 3)
    ask("savePlayQueue")
    assert ask("getPlayQueue")["playQueue"]["entry"] == []


def test_the_queue_continues_after_a_song_that_is_gone(ask, volatile):
    """The next song is the current one."""
    ask("savePlayQueue", id=[track_id(4), volatile.id, track_id(7)], current=volatile.id)
    volatile.leave()
    queue, by_place = ask("getPlayQueue")["playQueue"], ask("getPlayQueueByIndex")["playQueueByIndex"]

    assert (songs(queue["entry"]), queue["current"]) == ([track_id(4), track_id(7)], track_id(7))
    assert by_place["currentIndex"] == 1


def test_a_forgotten_listener_has_nothing_left(ask, api, name):
    """Stars, ratings and the queue are deleted with the listens."""
    ask("star", albumId=ask("getSong", id=track_id(1))["song"]["albumId"], id=track_id(1))
    ask("savePlayQueue", id=track_id(1))
    api.delete(f"/v1/users/{name}")

    assert ask("getStarred2")["starred2"] == {"artist": [], "album": [], "song": []}
    assert "playQueue" not in ask("getPlayQueue")


@pytest.mark.parametrize("origin", [OTHER_SITE, OTHER_PORT, OTHER_PORT_IN_PLAIN_HTTP])
@pytest.mark.parametrize(
    ("method", "parameters"),
    [
        ("star", {"id": track_id(1)}),
        ("deletePlaylist", {"id": "x"}),
        ("scrobble", {"id": track_id(1)}),
        ("startScan", {}),
    ],
)
def test_pages_of_other_sites_change_nothing(api, services, method, parameters, origin):
    """Subsonic changes data by GET, which any page can send: browsers say where it comes from."""
    query = {"u": "nobody", "f": "json", **parameters}
    refused = api.get(f"/rest/{method}", query_string=query, headers=origin).json["subsonic-response"]

    assert error(refused) == NOT_ALLOWED
    assert services.catalogue.listens.count("nobody") == 0
    assert api.get("/rest/ping?f=json", headers=origin).json["subsonic-response"]["status"] == "ok"


def test_the_user_has_roles(ask, name):
    """A player shows what the roles allow."""
    user = ask("getUser", username=name)["user"]

    assert {role for role, has in user.items() if has is True} == {
        *("scrobblingEnabled", "adminRole", "downloadRole", "playlistRole", "streamRole")
    }
    assert user["folder"] == [0]
