"""The library by tracks, albums, artists and genres, on each database."""

from itertools import pairwise, permutations
from uuid import NAMESPACE_OID, uuid5

import numpy as np
import pytest
from alembic import command
from alembic.config import Config

from services.catalog.browsing import EVERYTHING
from services.catalog.database import MIGRATIONS
from services.catalog.library import FileStamp
from services.domain.filters import ATTRIBUTES, RANGE_FIELDS, Filters, Range, music_only
from services.domain.library import AlbumSelection, ArtistSelection, Selection, TrackSort
from services.domain.names import text_key
from services.domain.track import Analysis, NamedArtist, Tags, TrackStatus

FRAGMENT_KINDS = ("intro", "speech", "silence")
UNIT = np.eye(128, dtype=np.float32)
READY = (TrackStatus.READY,)


def identifier(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def add(catalogue, number, tags, path=None, **measured):
    """Add an analysed track; `heard` are its tags, the other values its attributes and descriptors."""
    stamp = FileStamp(path or f"/music/{number}.mp3", "/music", number, 1)
    catalogue.library.register(identifier(number), tags, stamp)
    heard = measured.pop("heard", {})
    attributes = {name: value for name, value in measured.items() if name in ATTRIBUTES}
    descriptors = {name: value for name, value in measured.items() if name not in ATTRIBUTES}
    catalogue.analyses.record(
        identifier(number), Analysis(UNIT[number % 128], 0.1, attributes, descriptors, heard, "m1")
    )


def titles(catalogue, selection, **page):
    return [track.title for track in catalogue.browsing.page(selection, **page).tracks]


@pytest.fixture
def songs(catalogue):
    """Five songs, one of them not analysed."""
    add(
        catalogue,
        1,
        Tags("Beta", ("Zoe",), "One", year=1990, genres=("Rock",)),
        energy=0.9,
        tempo=120.0,
        key=-1,
        mode=1,
    )
    add(
        catalogue,
        2,
        Tags("alpha", ("Ann",), "Two", year=2000, genres=("Jazz",)),
        energy=0.1,
        key=5,
        mode=0,
        heard={"msd:rock": 0.4},
    )
    add(catalogue, 3, Tags("Émile", ("Ann",), "Two"), energy=0.5, tempo=90.0, key=0, mode=1)
    add(
        catalogue,
        4,
        Tags("Delta", ("Bob",), None, year=1980, genres=("rock",)),
        tempo=100.0,
        heard={"mtt:Piano": 0.9, "mtt:slow": 0.1},
    )
    stamp = FileStamp("/music/5.mp3", "/music", 5, 1)
    catalogue.library.register(identifier(5), Tags("Gamma", ("Ann",), "Two"), stamp)
    return catalogue


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("artist", ["alpha", "Émile", "Gamma", "Delta", "Beta"]),
        ("title", ["alpha", "Beta", "Delta", "Émile", "Gamma"]),
        ("album", ["Beta", "alpha", "Émile", "Gamma", "Delta"]),
        ("added", ["Beta", "alpha", "Émile", "Delta", "Gamma"]),
        ("year", ["Delta", "Beta", "alpha", "Émile", "Gamma"]),
        ("energy", ["alpha", "Émile", "Beta", "Delta", "Gamma"]),
        ("tempo", ["Émile", "Delta", "Beta", "alpha", "Gamma"]),
    ],
)
def test_tracks_are_sorted_with_unknown_values_last(songs, sort, expected):
    """Names ignore case and accents; tracks with equal values are sorted by id."""
    assert titles(songs, Selection(sort=sort)) == expected


def test_a_descending_order_has_unknown_values_last(songs):
    """The tracks with the largest values come first."""
    assert titles(songs, Selection(sort="energy", descending=True))[:3] == ["Beta", "Émile", "alpha"]
    assert titles(songs, Selection(sort="artist", descending=True))[0] == "Beta"


@pytest.mark.parametrize("sort", ["artist", "title", "energy"])
@pytest.mark.parametrize("descending", [False, True])
def test_pages_by_offset_and_by_cursor_are_the_same(songs, sort, descending):
    """Each gives every track once, in the same order."""
    selection = Selection(sort=sort, descending=descending)
    whole = titles(songs, selection)
    by_offset = [title for offset in range(0, 6, 2) for title in titles(songs, selection, offset=offset, limit=2)]
    by_cursor, cursor = [], None
    while True:
        page = songs.browsing.page(selection, cursor=cursor, limit=2)
        by_cursor += [track.title for track in page.tracks]
        if (cursor := page.next_cursor) is None:
            break

    assert by_offset == by_cursor == whole
    assert songs.browsing.count(selection) == len(set(whole)) == 5


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (Filters(ranges={"energy": Range(0.5, 1.0)}), {"Beta", "Émile"}),
        (
            Filters(ranges={"energy": Range(max=0.5)}, or_unknown=frozenset({"energy"})),
            {"alpha", "Émile", "Delta", "Gamma"},
        ),
        (Filters(ranges={"year": Range(min=1990)}), {"Beta", "alpha"}),
        (Filters(ranges={"key": Range(max=11)}), {"alpha", "Émile"}),
        (Filters(ranges={"mode": Range(1, 1)}), {"Émile"}),
        (Filters(any_of={"genre": ("ROCK",)}), {"Beta", "alpha", "Delta"}),
        (Filters(any_of={"genre": ("piano", "jazz")}), {"alpha", "Delta"}),
        (Filters(any_of={"tags": ("rock",)}), {"alpha"}),
        (Filters(any_of={"tags": ("slow",)}), set()),
        (Filters(any_of={"artist": ("ANN",)}), {"alpha", "Émile", "Gamma"}),
        (Filters(any_of={"album": ("two",), "genre": ("rock",)}), {"alpha"}),
        (Filters(none_of={"genre": ("rock",)}), {"alpha", "Émile", "Gamma"}),
        (Filters(none_of={"genre": ("piano",)}), {"Beta", "alpha", "Émile", "Delta", "Gamma"}),
        (Filters(none_of={"album": ("two",)}), {"Beta", "Delta"}),
        (music_only(Filters()), {"Beta", "alpha", "Émile", "Delta", "Gamma"}),
    ],
)
def test_filters_select_tracks(songs, filters, expected):
    """They mean the same as in the vector index: a genre is the file's, or a tag that is heard.

    A genre that is unwanted is the file's, and one that is heard only if the file names none.
    """
    assert set(titles(songs, Selection(filters=filters))) == expected
    assert songs.browsing.count(Selection(filters=filters)) == len(expected)


def test_fragments_are_in_the_library_and_not_in_its_music(catalogue):
    """By their titles, lengths and genres, when tags or analyses are stored, and no more when the tags change."""
    add(catalogue, 1, Tags("Intro", ("Ann",)), heard={"mtt:Piano": 0.9}, duration=45.0)
    add(catalogue, 2, Tags("Chapter 1", ("Bob",), genres=("Audiobook",)), duration=1200.0)
    add(catalogue, 3, Tags("Song", ("Ann",)), heard={"mtt:Piano": 0.9}, duration=200.0)
    add(catalogue, 4, Tags("Noise", ("Ann",)), duration=200.0, loudness=-64.0)

    assert len(titles(catalogue, Selection())) == 4
    assert titles(catalogue, Selection(filters=music_only(Filters()))) == ["Song"]
    assert {track.fragment for track in catalogue.browsing.page(Selection()).tracks} == {None, *FRAGMENT_KINDS}
    assert titles(catalogue, Selection(filters=Filters(none_of={"genre": ("piano",)}))) == ["Noise", "Chapter 1"]
    payloads = {change.id: change.point.payload.get("fragment") for change in catalogue.indexing.pending(10)}
    assert payloads == {
        identifier(1): ["intro"],
        identifier(2): ["speech"],
        identifier(3): None,
        identifier(4): ["silence"],
    }

    catalogue.indexing.clear(catalogue.indexing.pending(10))
    stamp = FileStamp("/music/1.mp3", "/music", 7, 7)
    catalogue.library.register(identifier(1), Tags("A Short Song", ("Ann",)), stamp)
    [change] = catalogue.indexing.pending(10)
    assert (change.id, change.point.payload.get("fragment")) == (identifier(1), None)


def test_filters_select_the_same_tracks_as_the_rule(songs):
    """`Filters.admit` decides the same for every track."""
    tracks = songs.browsing.page(Selection(statuses=READY)).tracks
    described = songs.tracks.descriptions([track.id for track in tracks])
    for genre in ("rock", "jazz", "piano", "none"):
        filters = Filters(ranges={"tempo": Range(95, 130)}, any_of={"genre": (genre,)})
        admitted = {
            track.title
            for track in tracks
            if filters.admit(
                described[track.id].measured,
                {"genre": {text_key(name) for name in track.genres}, "tags": set(track.tags)},
            )
        }
        assert set(titles(songs, Selection(statuses=READY, filters=filters))) == admitted


def test_statuses_and_words_select_tracks(songs):
    """Statuses are alternatives; all words must occur."""
    assert set(titles(songs, Selection(statuses=(TrackStatus.PENDING,)))) == {"Gamma"}
    one = songs.browsing.page().tracks[0]
    assert titles(songs, Selection(id_prefix=one.id)) == [one.title]
    assert len(titles(songs, Selection(id_prefix=one.id[:8]))) == len(titles(songs, Selection()))
    assert len(titles(songs, Selection(statuses=(TrackStatus.PENDING, TrackStatus.READY)))) == 5
    assert titles(songs, Selection("two ÉMILE", sort="title", filters=Filters(ranges={"energy": Range(0.2)}))) == [
        "Émile"
    ]


def test_tracks_can_be_sorted_by_every_filterable_value():
    """The order of pages covers every field of filters."""
    assert set(RANGE_FIELDS) <= set(TrackSort.__args__)


def test_a_track_shows_its_clearest_tags(songs):
    """The strongest clear tags, without the prefix of their data set."""
    add(songs, 6, Tags("T"), heard={"msd:a": 0.3, "mtt:b": 0.9, "mtt:a": 0.8, "c": 0.5, "d": 0.4, "e": 0.1})

    assert songs.tracks.get(identifier(6)).tags == ("b", "a", "c")
    assert songs.tracks.get(identifier(4)).tags == ("piano",)


def test_albums_are_one_title_of_an_album_artist_or_of_a_folder(catalogue):
    """Files without an album artist belong together if they lie in one folder; folders of discs count as one."""
    add(catalogue, 1, Tags("a", ("X",), "Hits", album_artists=("X",)), "/m/x/1.mp3")
    add(catalogue, 2, Tags("b", ("X feat. Y",), "hits", album_artists=("x",)), "/m/other/2.mp3")
    add(catalogue, 3, Tags("c", ("Y",), "Hits"), "/m/y/CD 1/1.mp3")
    add(catalogue, 4, Tags("d", ("Z",), "Hits"), "/m/y/CD 2/1.mp3")
    add(catalogue, 5, Tags("e", ("Z",), "Hits"), "/m/z/1.mp3")
    add(catalogue, 6, Tags("f", ("Z",)), "/m/z/2.mp3")
    albums, total = catalogue.albums.albums(AlbumSelection())

    assert sorted((album.artist, album.tracks) for album in albums) == [("Various artists", 2), ("X", 2), ("Z", 1)]
    assert total == 3
    assert catalogue.tracks.get(identifier(6)).album_id is None


def test_folders_side_by_side_are_one_album_of_an_artist(catalogue):
    """Title and artist are the same; a compilation, another artist's album and a distant folder stay apart."""
    add(catalogue, 1, Tags("a", ("X",), "Score"), "/m/game/win/1.ogg")
    add(catalogue, 2, Tags("b", ("X",), "Score"), "/m/game/lose/1.ogg")
    add(catalogue, 3, Tags("c", ("X",), "Score"), "/m/game/1.ogg")
    add(catalogue, 4, Tags("d", ("Y",), "Score"), "/m/other/1.ogg")
    add(catalogue, 5, Tags("e", ("X",), "Score"), "/m/far/away/1.ogg")
    add(catalogue, 6, Tags("f", ("Y",), "Mix"), "/m/mix/1.ogg")
    add(catalogue, 7, Tags("g", ("Z",), "Mix"), "/m/mix/2.ogg")
    add(catalogue, 8, Tags("h", ("Z",), "Mix"), "/m/mixed/1.ogg")
    add(catalogue, 1, Tags("a", ("X",), "Score"), "/m/game/win/1.ogg")
    albums, _ = catalogue.albums.albums(AlbumSelection())

    assert sorted((album.title, album.artist, album.tracks) for album in albums) == [
        ("Mix", "Various artists", 2),
        ("Mix", "Z", 1),
        ("Score", "X", 1),
        ("Score", "X", 3),
        ("Score", "Y", 1),
    ]


def test_albums_do_not_depend_on_the_order_of_files(catalogue):
    """Whatever file is found last, also one that joins two folders, the albums are the same; deletions count too."""
    files = [
        (1, Tags("a", ("X",), "Score"), "/m/game/win/1.ogg"),
        (2, Tags("b", ("X",), "Score"), "/m/game/lose/1.ogg"),
        (3, Tags("c", ("X",), "Score"), "/m/game/1.ogg"),
        (4, Tags("d", ("Y",), "Score"), "/m/game/lose/2.ogg"),
    ]
    found = set()
    for order in permutations(files):
        for number, tags, path in order:
            catalogue.library.register(identifier(number), tags, FileStamp(path, "/m", 1, 1))
        ids = catalogue.tracks.get_many([identifier(number) for number in range(1, 5)])
        found.add(tuple(ids[identifier(number)].album_id for number in range(1, 5)))
        catalogue.library.forget_files([path for *_, path in order])

    [[win, lose, above, other]] = found
    assert win == above != lose == other
    for number, tags, path in files:
        catalogue.library.register(identifier(number), tags, FileStamp(path, "/m", 1, 1))
    catalogue.library.forget_files(["/m/game/lose/2.ogg"])
    assert len({catalogue.tracks.get(identifier(number)).album_id for number in (1, 2, 3)}) == 1


def test_an_album_of_two_releases_is_two_albums(catalogue):
    """MusicBrainz releases of one title and album artist are apart; files without one belong to the only release."""
    for number, release in enumerate(("r1", "r1", None)):
        tags = Tags(str(number), ("X",), "Hits", album_artists=("X",), release_mbid=release)
        add(catalogue, number, tags, f"/m/x/{number}.mp3")
    assert [album.tracks for album in catalogue.albums.albums(AlbumSelection()).albums] == [3]

    add(catalogue, 3, Tags("3", ("X",), "Hits", album_artists=("X",), release_mbid="r2"), "/m/x2/3.mp3")
    assert sorted(album.tracks for album in catalogue.albums.albums(AlbumSelection()).albums) == [1, 1, 2]


def test_a_compilation_is_one_album_wherever_its_files_are(catalogue):
    """Its tracks keep their artists; the album is by various artists, also if only one of them is there."""
    add(catalogue, 1, Tags("a", ("X",), "Now 1", compilation=True), "/m/X/1.mp3")
    [alone] = catalogue.albums.albums(AlbumSelection()).albums
    add(catalogue, 2, Tags("b", ("Y",), "Now 1", compilation=True), "/m/Y/1.mp3")
    [album] = catalogue.albums.albums(AlbumSelection()).albums

    assert (alone.artist, album.artist, album.tracks) == ("Various artists", "Various artists", 2)
    assert (album.artist_id, album.artists) == (None, ())


def test_each_artist_and_genre_of_a_track_is_one(catalogue):
    """They are listed and counted by themselves; what is shown stays as the tags have it."""
    add(catalogue, 1, Tags("One", ("Anna", "Bertil"), "A", genres=("Rock; Pop", "pop")), heard={"msd:hip-hop": 0.9})
    add(catalogue, 2, Tags("Two (feat. Guest)", ("Boss ft. Anna",), "B", album_artists=("Boss",), genres=("POP",)))
    add(catalogue, 3, Tags("Three", ("Simon & Garfunkel",)))
    one, two = catalogue.tracks.get(identifier(1)), catalogue.tracks.get(identifier(2))

    def named(artists):
        return [artist.name for artist in artists]

    assert (one.artist, named(one.artists), one.genre, one.genres) == (
        *("Anna, Bertil", ["Anna", "Bertil"], "Rock; Pop, pop", ("Rock", "Pop")),
    )
    assert (two.artist, named(two.artists), named(two.album_artists)) == (
        "Boss ft. Anna",
        ["Boss", "Anna", "Guest"],
        ["Boss"],
    )
    assert [(each.name, each.tracks) for each in catalogue.browsing.file_genres()] == [("POP", 2), ("Rock", 1)]
    artists, total = catalogue.albums.artists(ArtistSelection())
    assert [(each.name, each.tracks) for each in artists] == [
        *(("Anna", 2), ("Bertil", 1), ("Boss", 1), ("Guest", 1), ("Simon & Garfunkel", 1)),
    ]
    assert total == 5
    [anna] = catalogue.albums.artists(ArtistSelection("anna")).artists
    assert {album.title for album in catalogue.albums.artist(anna.id)[1]} == {"A", "B"}
    assert {track.title for track in catalogue.albums.typical(anna.id)} == {"One", "Two (feat. Guest)"}
    albums = {album.title: album for album in catalogue.albums.albums(AlbumSelection()).albums}
    assert (albums["A"].artist, named(albums["A"].artists), albums["A"].artist_id) == (
        *("Anna, Bertil", ["Anna", "Bertil"], anna.id),
    )
    assert albums["B"].artists == two.artists[:1] == (NamedArtist(two.artist_id, "Boss"),)
    assert {album.title for album in catalogue.albums.albums(AlbumSelection("bertil")).albums} == {"A"}


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"artist": ("bertil",)}, {"One"}),
        ({"artist": ("Anna & Bertil",)}, {"One"}),
        ({"artist": ("Anna; Bertil",)}, {"One"}),
        ({"artist": ("Anna",)}, {"One", "Two (feat. Guest)"}),
        ({"artist": ("Boss feat. Anna & Guest",)}, {"Two (feat. Guest)"}),
        ({"artist": ("guest",)}, {"Two (feat. Guest)"}),
        ({"artist": ("Simon",)}, set()),
        ({"artist": ("Simon and Garfunkel",)}, {"Three"}),
        ({"genre": ("pop",)}, {"One", "Two (feat. Guest)"}),
        ({"genre": ("Rock",)}, {"One"}),
        ({"tags": ("hip\u2010hop",)}, {"One"}),
        ({"album": ("Don\u2019t\u200b  stop",)}, {"Three"}),
    ],
)
def test_filters_see_each_artist_and_genre_in_every_spelling(catalogue, filters, expected):
    """The catalogue and the payload of the index select the same tracks."""
    add(catalogue, 1, Tags("One", ("Anna", "Bertil"), genres=("Rock; Pop",)), heard={"msd:hip-hop": 0.9})
    add(catalogue, 2, Tags("Two (feat. Guest)", ("Boss ft. Anna",), genres=("POP",)))
    add(catalogue, 3, Tags("Three", ("Simon & Garfunkel",), "Don't Stop"))
    wanted = Filters(any_of=filters)
    points = {change.id: change.point.payload for change in catalogue.indexing.pending(10)}

    assert set(titles(catalogue, Selection(filters=wanted))) == expected
    assert set(titles(catalogue, Selection(filters=Filters(none_of=filters)))) == {
        *({"One", "Two (feat. Guest)", "Three"} - expected),
    }
    admitted = [
        track_id
        for track_id, payload in points.items()
        if wanted.admit({}, {name: value for name, value in payload.items() if isinstance(value, list)})
    ]
    assert {catalogue.tracks.get(track_id).title for track_id in admitted} == expected
    assert catalogue.browsing.meeting(list(points), wanted) == set(admitted)


@pytest.mark.parametrize(
    "text",
    ["cafe\u0301", "CAFÉ", "rock\u2019n\u2019roll", "Rock'n'Roll", "ac/dc", "東京", "\u200bcaf\u00e9  ac\u2010dc"],
)
def test_a_search_finds_words_in_every_spelling(catalogue, text):
    """Case, accents in both forms, apostrophes, hyphens, spaces and invisible marks do not matter."""
    add(catalogue, 1, Tags("Café Rock'n'Roll 東京", ("AC/DC",)))
    add(catalogue, 2, Tags("京都から東へ", ("ACDC",)))

    assert titles(catalogue, Selection(text)) == ["Café Rock'n'Roll 東京"]


def test_an_album_has_its_tracks_by_disc_and_number(catalogue):
    """Files without a number follow, by name; an album that no track belongs to does not exist."""
    for number, (disc, track, name) in enumerate(
        [(2, 1, "c"), (1, 2, "b"), (None, 1, "a"), (2, None, "e"), (2, 2, "d")]
    ):
        tags = Tags(
            name,
            ("X",),
            "Album",
            year=2000 + number,
            genres=("Rock",),
            duration_ms=1000,
            album_artists=("X",),
            disc_number=disc,
            track_number=track,
        )
        add(catalogue, number, tags, f"/m/x/{name}.mp3")
    [found] = catalogue.albums.albums(AlbumSelection()).albums
    album, tracks = catalogue.albums.album(found.id)

    assert [track.title for track in tracks] == ["a", "b", "c", "d", "e"]
    assert (album.year, album.genre, album.duration_ms, album.tracks) == (2004, "Rock", 5000, 5)
    assert album == found
    assert catalogue.albums.album("al-none") is None


def test_albums_are_sorted_searched_and_filtered(songs):
    """By title, artist, year or time; by words of title and artist, by an artist's tracks and by genre."""
    add(songs, 6, Tags("Six", ("Cid",), "Été", year=2010, album_artists=("Ann",)), heard={"msd:metal": 0.5})

    def found(**how):
        return [album.title for album in songs.albums.albums(AlbumSelection(**how)).albums]

    assert found() == ["Two", "Été", "One"]
    assert found(sort="title") == ["Été", "One", "Two"]
    assert found(sort="year", descending=True) == ["Été", "Two", "One"]
    assert found(sort="tracks", descending=True)[0] == "Two"
    assert found(search="ete ann") == ["Été"]
    assert found(artist_id=songs.tracks.get(identifier(6)).artist_id) == ["Été"]
    assert found(genres=("metal",)) == ["Été"]
    assert found(genres=("Rock",)) == ["Two", "One"]
    page = songs.albums.albums(AlbumSelection(), offset=1, limit=1)
    assert ([album.title for album in page.albums], page.total) == (["Été"], 3)


def test_artists_have_albums_and_typical_tracks(songs):
    """Spellings that differ in case or accents are one artist; the typical tracks are ready."""
    add(songs, 6, Tags("Six", ("ÁNN",), "Three", year=2010))
    artists, total = songs.albums.artists(ArtistSelection(sort="tracks", descending=True))
    artist, albums = songs.albums.artist(artists[0].id)

    assert [(each.name, each.tracks, each.albums) for each in artists] == [("Ann", 4, 2), ("Bob", 1, 0), ("Zoe", 1, 1)]
    assert total == 3
    assert artist == artists[0]
    assert [album.title for album in albums] == ["Three", "Two"]
    assert {track.title for track in songs.albums.typical(artist.id)} == {"alpha", "Émile", "Six"}
    assert [each.name for each in songs.albums.artists(ArtistSelection("zo")).artists] == ["Zoe"]
    assert songs.albums.artist("ar-none") is None
    assert songs.albums.typical("ar-none") == []


def test_genres_of_files_and_heard_tags_are_counted(songs):
    """Case does not matter; a missing file does not count."""
    assert [(each.name, each.tracks) for each in songs.browsing.file_genres()] == [("Rock", 2), ("Jazz", 1)]
    assert [(each.name, each.tracks) for each in songs.browsing.heard_tags()] == [("piano", 1), ("rock", 1)]
    songs.library.forget_files(["/music/1.mp3", "/music/2.mp3"])
    assert [(each.name.casefold(), each.tracks) for each in songs.browsing.file_genres()] == [("rock", 1)]
    assert [(each.name, each.tracks) for each in songs.browsing.heard_tags()] == [("piano", 1)]


def test_histograms_count_every_known_value(songs):
    """Attributes range from 0 to 1, other values over those of the library; new tracks count at once."""
    found = {each.name: each for each in songs.browsing.histograms()}

    assert set(found) == set(RANGE_FIELDS)
    assert (found["energy"].low, found["energy"].high) == (0.0, 1.0)
    assert [place for place, count in enumerate(found["energy"].bins) if count] == [2, 12, 21]
    assert (found["tempo"].low, found["tempo"].high, sum(found["tempo"].bins)) == (90.0, 120.0, 3)
    assert sum(found["key"].bins) == 2
    assert sum(found["liveness"].bins) == 0
    add(songs, 6, Tags("T"), tempo=100.0)
    assert sum({each.name: each for each in songs.browsing.histograms()}["tempo"].bins) == 4


def test_a_histogram_is_not_stretched_by_a_few_values(catalogue):
    """One track of an hour among two hundred short ones counts in the last bin."""
    for number in range(200):
        add(catalogue, number, Tags("T"), duration=200.0 + number % 20)
    add(catalogue, 200, Tags("T"), duration=3600.0)
    [lengths] = [each for each in catalogue.browsing.histograms() if each.name == "duration_ms"]

    assert lengths.high < 300_000
    assert sum(lengths.bins) == 201
    assert all(low <= high for low, high in pairwise([lengths.low, lengths.high]))


def test_the_migration_keeps_measured_values_and_fills_the_new_columns(songs):
    """A catalogue of an earlier version has the same tracks, albums and genres after it is migrated."""
    before = songs.browsing.page().tracks
    generation = songs.indexing.generation()
    albums = songs.albums.albums(AlbumSelection()).albums
    genres, artists = songs.browsing.file_genres(), songs.albums.artists(ArtistSelection())
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    with songs.database.engine.connect().execution_options(writes=True) as connection:
        config.attributes["connection"] = connection
        command.downgrade(config, "0010")
        connection.commit()
    songs.migrate()

    assert songs.browsing.page().tracks == before
    assert songs.albums.albums(AlbumSelection()).albums == albums
    assert set(titles(songs, Selection(filters=Filters(any_of={"genre": ("rock",)})))) == {"Beta", "alpha", "Delta"}
    assert {each.tags_version for each in songs.library.known_files("/music").values()} == {0}
    assert songs.indexing.generation() == generation + 1  # the payloads are other ones
    assert songs.browsing.file_genres() == genres
    assert songs.albums.artists(ArtistSelection()) == artists


def test_random_tracks_are_any_of_the_selected_ones_in_any_order(songs):
    folk = Selection(filters=Filters(any_of={"genre": ("Folk",)}))
    known = [track.id for track in songs.browsing.page(EVERYTHING, limit=100).tracks]
    orders = {tuple(track.id for track in songs.browsing.random(EVERYTHING, 100)) for _ in range(100)}
    turned = {tuple(known[place:] + known[:place]) for place in range(len(known))}

    assert {frozenset(order) for order in orders} == {frozenset(known)}
    assert not orders <= turned
    assert songs.browsing.random(EVERYTHING, 0) == []
    assert {track.id for track in songs.browsing.random(folk, 100)} == {
        track.id for track in songs.browsing.page(folk, limit=100).tracks
    }


def test_random_tracks_of_a_large_library_change(catalogue):
    for number in range(200):
        stamp = FileStamp(f"/music/{number}.mp3", "/music", number, 1)
        catalogue.library.register(str(uuid5(NAMESPACE_OID, str(number))), Tags("Song"), stamp)
    drawn = {track.id for _ in range(300) for track in catalogue.browsing.random(EVERYTHING, 1)}

    assert len(drawn) > 100
