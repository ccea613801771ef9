"""What an OpenSubsonic player calls to show a library: artists, albums, songs, lists and searches."""

from pathlib import Path

import pytest
import xmlschema

from services.catalog.library import FileStamp
from services.domain.access import Scope
from services.domain.annotations import ItemKind
from services.domain.listening import EventKind, NewListen
from services.domain.track import Tags
from tests.fakes.library import track_id, write_tone
from tests.fakes.serving import LIBRARY_SIZE

SCHEMA = xmlschema.XMLSchema(Path(__file__).parents[1] / "contract" / "subsonic.xsd")
LOOSE = "11111111-1111-8111-9111-111111111111"
DUET = "22222222-2222-8222-9222-222222222222"


@pytest.fixture(scope="module", autouse=True)
def _more(services, library_dir):
    """A song without an album, and one by two artists on an album with discs."""
    _add(services, library_dir / "music" / "loose.wav", LOOSE, Tags("Loose", ("Artist 1",), duration_ms=2_000))
    duet = Tags(
        title="Duet",
        artists=("The Ärzte", "Zoë"),
        single_artists=("The Ärzte", "Zoë"),
        album="Two discs",
        genres=("Folk", "Punk"),
        year=1998,
        disc_number=2,
        track_number=7,
        replay_gain=-6.5,
        comment="live",
        duration_ms=2_000,
    )
    _add(services, library_dir / "music" / "duet.wav", DUET, duet)


def _add(services, file, track, tags):
    found = write_tone(file, 900).stat()
    services.catalogue.library.register(
        track, tags, FileStamp(str(file), str(file.parent), found.st_size, found.st_mtime_ns)
    )


def call(api, method, **parameters):
    """Return the result of a method, which must be valid XML and have as many elements as the JSON."""
    as_xml = api.get(f"/rest/{method}", query_string=parameters)
    SCHEMA.validate(as_xml.get_data(as_text=True))
    envelope = api.get(f"/rest/{method}", query_string={"f": "json", **parameters}).json["subsonic-response"]
    assert envelope["status"] == "ok", envelope
    return envelope


def error(api, method, **parameters):
    envelope = api.get(f"/rest/{method}", query_string={"f": "json", **parameters}).json["subsonic-response"]
    assert envelope["status"] == "failed", envelope
    return envelope["error"]["code"]


def artists(api, **parameters):
    return {
        artist["name"]: artist
        for index in call(api, "getArtists", **parameters)["artists"]["index"]
        for artist in index["artist"]
    }


def albums(api, kind, **parameters):
    return [album["name"] for album in call(api, "getAlbumList2", type=kind, **parameters)["albumList2"]["album"]]


def test_artists_are_listed_by_initial_letter(api):
    """Articles and accents do not count; each artist of a duet is one by itself."""
    listed = call(api, "getArtists")["artists"]

    assert "The" in listed["ignoredArticles"].split()
    assert {index["name"]: [artist["name"] for artist in index["artist"]] for index in listed["index"]} == {
        "A": ["Artist 0", "Artist 1", "Artist 2", "Artist 3", "The Ärzte"],
        "Z": ["Zoë"],
    }


def test_folders_lead_from_the_artists_to_the_songs(api):
    """As players that browse by folder go: indexes, an artist's albums, an album's songs."""
    indexes = call(api, "getIndexes")["indexes"]
    [artist] = [each for index in indexes["index"] for each in index["artist"] if each["name"] == "Artist 1"]
    inside = call(api, "getMusicDirectory", id=artist["id"])["directory"]
    album, loose = inside["child"]
    songs = call(api, "getMusicDirectory", id=album["id"])["directory"]

    assert indexes["lastModified"] > 0
    assert (album["isDir"], album["title"], album["parent"]) == (True, "Album 1", artist["id"])
    assert (loose["isDir"], loose["title"], loose["parent"]) == (False, "Loose", artist["id"])
    assert songs["name"] == "Album 1"
    assert {song["parent"] for song in songs["child"]} == {album["id"]}
    assert len(songs["child"]) == LIBRARY_SIZE // 4
    assert call(api, "getMusicDirectory", id=0)["directory"]["child"][0]["isDir"] is True


def test_artists_have_albums_and_albums_have_songs(api):
    """The ids of each response are those that the next method takes; the counts are right."""
    artist = call(api, "getArtist", id=artists(api)["Artist 2"]["id"])["artist"]
    [listed] = artist["album"]
    album = call(api, "getAlbum", id=listed["id"])["album"]
    first = album["song"][0]

    assert (artist["name"], artist["albumCount"]) == ("Artist 2", 1)
    assert (album["songCount"], album["duration"], album["artistId"]) == (6, 12, artist["id"])
    assert len(album["song"]) == album["songCount"]
    assert (first["albumId"], first["artistId"]) == (album["id"], artist["id"])
    assert call(api, "getSong", id=first["id"])["song"] == first


def test_a_song_has_what_players_show(api, library_dir):
    """Numbers, genres, artists, the size and bit rate of the file, and the gain."""
    song = call(api, "getSong", id=DUET)["song"]
    size = (library_dir / "music" / "duet.wav").stat().st_size

    assert (song["track"], song["discNumber"], song["year"], song["genre"]) == (7, 2, 1998, "Folk")
    assert (song["size"], song["bitRate"]) == (size, round(8 * size / 2_000))
    assert (song["suffix"], song["contentType"], song["path"]) == ("wav", "audio/wav", "duet.wav")
    assert [artist["name"] for artist in song["artists"]] == ["The Ärzte", "Zoë"]
    assert [genre["name"] for genre in song["genres"]] == ["Folk", "Punk"]
    assert (song["replayGain"], song["comment"]) == ({"trackGain": -6.5}, "live")
    assert song["coverArt"] == song["albumId"]
    assert song["created"].endswith("Z")


def test_genres_are_counted_and_list_their_songs(api):
    """With the numbers of songs and albums; a page of songs starts where the offset says."""
    listed = {genre["value"]: genre for genre in call(api, "getGenres")["genres"]["genre"]}
    everything = call(api, "getSongsByGenre", genre="folk", count=100)["songsByGenre"]["song"]
    page = call(api, "getSongsByGenre", genre="folk", count=2, offset=1)["songsByGenre"]["song"]

    assert (listed["Folk"]["songCount"], listed["Folk"]["albumCount"]) == (7, 2)
    assert (listed["Punk"]["songCount"], listed["Punk"]["albumCount"]) == (1, 1)
    assert len(everything) == 7
    assert page == everything[1:3]
    assert call(api, "getSongsByGenre", genre="Polka")["songsByGenre"]["song"] == []


def test_albums_are_listed_in_every_order(api):
    """By name, artist, time, year and genre; a page starts where the offset says."""
    named = ["Album 0", "Album 1", "Album 2", "Album 3", "Two discs"]

    assert albums(api, "alphabeticalByName") == named
    assert albums(api, "alphabeticalByName", size=2, offset=3) == named[3:]
    assert sorted(albums(api, "alphabeticalByArtist")) == named
    assert albums(api, "newest")[0] == "Two discs"
    assert sorted(albums(api, "random", size=500)) == named
    assert len(albums(api, "random", size=2)) == 2
    assert albums(api, "byGenre", genre="Folk") == ["Album 1", "Two discs"]
    assert albums(api, "byYear", fromYear=1990, toYear=1999) == ["Two discs"]
    assert albums(api, "byYear", fromYear=1990, toYear=2100)[0] == "Two discs"
    assert albums(api, "byYear", fromYear=2100, toYear=1990)[-1] == "Two discs"
    assert albums(api, "newest", size=0) == []


def test_albums_of_the_user_are_listed(api, services):
    """Those played most, played last, with liked songs, and starred; another user has none."""
    moments = [services.catalogue.tracks.get(track_id(n)).added_at for n in range(3)]
    plays = [(1, EventKind.PLAY), (5, EventKind.PLAY), (2, EventKind.PLAY), (3, EventKind.LIKE)]
    services.catalogue.listens.add(
        "ada",
        [
            NewListen(names=(track_id(number),), kind=kind, at=replace_second(moments[0], place))
            for place, (number, kind) in enumerate(plays)
        ],
    )
    starred = [services.catalogue.tracks.get(track_id(number)).album_id for number in (0, 2)]
    for album in starred:
        services.catalogue.annotations.star("ada", ItemKind.ALBUM, [album])

    assert albums(api, "frequent", u="ada") == ["Album 1", "Album 2"]
    assert albums(api, "recent", u="ada") == ["Album 2", "Album 1"]
    assert albums(api, "starred", u="ada") == ["Album 2", "Album 0"]
    assert albums(api, "starred", u="ada", size=1, offset=1) == ["Album 0"]
    assert albums(api, "highest", u="ada") == ["Album 3"]
    assert albums(api, "frequent", u="bob") == []


def replace_second(moment, place):
    return moment.replace(second=place, microsecond=0)


def test_album_folders_are_the_same_albums(api):
    """`getAlbumList` has the ids of `getAlbumList2`."""
    folders = call(api, "getAlbumList", type="alphabeticalByName")["albumList"]["album"]
    by_tags = call(api, "getAlbumList2", type="alphabeticalByName")["albumList2"]["album"]

    assert [folder["id"] for folder in folders] == [album["id"] for album in by_tags]
    assert all(folder["isDir"] for folder in folders)


@pytest.mark.parametrize(
    ("method", "parameters", "expected"),
    [
        ("getAlbumList2", {"type": "best"}, 0),
        ("getAlbumList2", {}, 10),
        ("getAlbumList2", {"type": "byYear", "fromYear": 1990}, 10),
        ("getAlbumList2", {"type": "byGenre"}, 10),
        ("getAlbumList2", {"type": "newest", "musicFolderId": 12}, 70),
        ("getArtist", {"id": "ar-0000000000000000"}, 70),
        ("getAlbum", {"id": "\0"}, 70),
        ("getMusicDirectory", {"id": "nothing"}, 70),
        ("getMusicDirectory", {"id": "99"}, 70),
        ("getSong", {"id": "nobody"}, 70),
        ("getSongsByGenre", {}, 10),
        ("search3", {}, 10),
    ],
)
def test_errors_have_their_codes(api, method, parameters, expected):
    """Unknown ids are not found, and missing parameters are named."""
    assert error(api, method, **parameters) == expected


def test_random_songs_meet_the_conditions(api):
    """Of a genre, of some years, and at most `size`."""
    folk = call(api, "getRandomSongs", size=100, genre="Folk")["randomSongs"]["song"]
    old = call(api, "getRandomSongs", size=100, toYear=1999)["randomSongs"]["song"]
    some = call(api, "getRandomSongs", size=5)["randomSongs"]["song"]

    assert {"Folk"} == {song["genre"] for song in folk}
    assert [song["title"] for song in old] == ["Duet"]
    assert len({song["id"] for song in some}) == 5


@pytest.mark.parametrize("words", ["", '""', "*"])
def test_an_empty_search_lists_everything_in_pages(api, words):
    """As players do that copy the whole library: each page follows the one before."""
    pages = [
        call(api, "search3", query=words, songCount=10, songOffset=start, albumCount=2, albumOffset=start)
        for start in range(0, LIBRARY_SIZE + 12, 10)
    ]
    songs = [song["id"] for page in pages for song in page["searchResult3"]["song"]]

    assert len(songs) == len(set(songs)) == LIBRARY_SIZE + 2
    assert [album["name"] for album in pages[0]["searchResult3"]["album"]] == ["Album 0", "Album 1"]
    assert len(pages[0]["searchResult3"]["artist"]) == 6


def test_a_search_finds_names(api):
    """Artists, albums and songs; the older method has folders."""
    found = call(api, "search3", query="zoe")["searchResult3"]
    older = call(api, "search2", query="Two disc")["searchResult2"]
    only_songs = call(api, "search3", query="title 003", artistCount=0, albumCount=0)["searchResult3"]

    assert [artist["name"] for artist in found["artist"]] == ["Zoë"]
    assert [song["title"] for song in found["song"]] == ["Duet"]
    assert [(album["title"], album["isDir"]) for album in older["album"]] == [("Two discs", True)]
    assert [song["title"] for song in only_songs["song"]] == ["Title 003"]
    assert only_songs["artist"] == only_songs["album"] == []


@pytest.fixture
def kids(services, library_dir):
    """A named library with the album “Album 0” of another folder, and a key that is bound to it."""
    folder = library_dir / "kids"
    folder.mkdir(exist_ok=True)
    own = "33333333-3333-8333-9333-333333333333"
    tags = Tags("Lullaby", ("Artist 0",), "Album 0", genres=("Sleep",), duration_ms=2_000)
    _add(services, folder / "lullaby.wav", own, tags)
    services.catalogue.libraries.put("Kids", [str(folder)], ["kid"])
    yield services.catalogue.keys.create("kids", [Scope.READ], libraries=["kids"]).text
    services.catalogue.libraries.remove("Kids")


def test_a_named_library_is_a_music_folder(api, kids):
    """Players that choose the folder see its artists, albums and songs only."""
    [folder] = call(api, "getMusicFolders")["musicFolders"]["musicFolder"]
    chosen = {"musicFolderId": folder["id"]}

    assert folder["name"] == "Kids"
    assert set(artists(api, **chosen)) == {"Artist 0"}
    assert albums(api, "alphabeticalByName", **chosen) == ["Album 0"]
    assert [song["title"] for song in call(api, "getRandomSongs", **chosen)["randomSongs"]["song"]] == ["Lullaby"]
    assert len(artists(api)) == 6


@pytest.mark.parametrize("bound", ["key", "listener"])
def test_a_bound_key_or_listener_sees_its_library_only(api, kids, bound):
    """Also by the ids of albums and songs outside it."""
    sign_in = {"apiKey": kids} if bound == "key" else {"u": "kid"}
    [album] = call(api, "getAlbumList2", type="newest", **sign_in)["albumList2"]["album"]
    [song] = call(api, "getAlbum", id=album["id"], **sign_in)["album"]["song"]
    outside = artists(api)["Artist 2"]["id"]

    assert set(artists(api, **sign_in)) == {"Artist 0"}
    assert (album["songCount"], song["title"]) == (1, "Lullaby")
    assert call(api, "getScanStatus", **sign_in)["scanStatus"]["count"] == 1
    assert [each["value"] for each in call(api, "getGenres", **sign_in)["genres"]["genre"]] == ["Sleep"]
    assert [each["title"] for each in call(api, "search3", query="", **sign_in)["searchResult3"]["song"]] == ["Lullaby"]
    assert error(api, "getArtist", id=outside, **sign_in) == 70
    assert error(api, "getSong", id=track_id(2), **sign_in) == 70
    assert error(api, "getSonicSimilarTracks", id=track_id(2), **sign_in) == 70
    assert call(api, "getMusicFolders", **sign_in)["musicFolders"]["musicFolder"][0]["name"] == "Kids"


@pytest.mark.parametrize(
    ("method", "asked"),
    [
        ("getRandomSongs", {"fromYear": 10**30}),
        ("getRandomSongs", {"toYear": -(10**30)}),
        ("getAlbumList2", {"type": "byYear", "fromYear": 2**70, "toYear": 2**71}),
        ("getAlbumList", {"type": "byYear", "fromYear": 1990, "toYear": 2**63}),
        ("getMusicDirectory", {"id": "9" * 5000}),
    ],
)
def test_numbers_that_are_too_large_are_refused(api, method, asked):
    """As a parameter, before the catalogue reads them."""
    assert error(api, method, **asked) == 0


def test_genres_of_an_album_are_single(api):
    """Those of its songs, not one text with all."""
    [found] = [
        album
        for album in call(api, "getAlbumList2", type="newest")["albumList2"]["album"]
        if album["name"] == "Two discs"
    ]
    assert found["genre"] == "Folk"
    assert found["genres"] == [{"name": "Folk"}, {"name": "Punk"}]
