"""Which track a song of a linked server is."""

import pytest

from services.domain.errors import InvalidRequest
from services.domain.links import Candidate, CandidateFile, MatchRule, check_link_name
from services.domain.names import keys_of_credit, text_key, title_key
from services.links.matching import Matcher, Wanted
from services.links.server import RemoteSong

MBID, OTHER = "aaaaaaaa-2222-4333-8444-555555555511", "bbbbbbbb-2222-4333-8444-555555555511"


def track(name: str = "t1", **given: object) -> Candidate:
    values = {"title": "Song", "artist": "Ada", "album": "Album", "duration_ms": 200_000, "ready": True} | given
    return Candidate(
        id=name,
        title_key=title_key(str(values["title"])),
        artist_keys=frozenset(keys_of_credit([str(values["artist"])]) if values["artist"] else ()),
        album_key=text_key(str(values["album"])) if values["album"] else None,
        duration_ms=values["duration_ms"],
        is_ready=bool(values["ready"]),
        files=[CandidateFile(path, size) for path, size in values.get("files", ())],
        ids=set(values.get("ids", ())),
    )


def song(**given: object) -> RemoteSong:
    artists = {"artists": ("Ada",)} if "artists" not in given else {}
    return RemoteSong(**{"id": "s1", "title": "Song", "album": "Album", "duration_ms": 200_000, **artists, **given})


def match(wanted: RemoteSong, *tracks: Candidate) -> tuple[str, MatchRule] | None:
    return Matcher(tracks).match(Wanted(wanted))


def test_a_musicbrainz_id_decides_before_all_else() -> None:
    by_id = track("t1", title="Other", ids=[("mbid", MBID)])

    assert match(song(recording_mbids=(MBID.upper(),)), by_id, track("t2")) == ("t1", MatchRule.RECORDING)


def test_an_isrc_decides_before_path_and_names() -> None:
    by_id = track("t1", title="Other", ids=[("isrc", "USRC17607809")])

    assert match(song(isrcs=("US-RC1-76-07809",)), by_id, track("t2")) == ("t1", MatchRule.ISRC)


def test_an_id_of_a_recording_of_another_length_is_wrong() -> None:
    assert match(song(recording_mbids=(MBID,)), track(title="Other", duration_ms=211_000, ids=[("mbid", MBID)])) is None


def test_of_the_releases_of_a_recording_the_one_of_the_album_is_chosen() -> None:
    releases = [track(name, album=name, ids=[("mbid", MBID)]) for name in ("Best of", "Live", "Album")]

    assert match(song(recording_mbids=(MBID,)), *releases) == ("Album", MatchRule.RECORDING)


@pytest.mark.parametrize(
    ("remote", "local"),
    [
        ("Ada/Album/01.flac", "Ada/Album/01.flac"),
        ("/data/music/Ada/Album/01.flac", "Ada/Album/01.flac"),
        ("Ada/Album/01.flac", "music/Ada/Album/01.flac"),
        ("M:\\Ada\\Album\\01.flac", "ada/album/01.flac"),
    ],
)
def test_the_same_path_below_any_root_matches(remote: str, local: str) -> None:
    found = match(song(title="Other", path=remote, size=100), track(files=[(local, 100)]))

    assert found == ("t1", MatchRule.PATH)


@pytest.mark.parametrize(
    "changed",
    [{"size": 101}, {"duration_ms": 203_000}, {"duration_ms": None}, {"size": None}, {"path": "Ada/Live/01.flac"}],
)
def test_a_path_matches_only_if_size_and_length_agree(changed: dict[str, object]) -> None:
    wanted = song(**{"title": "Other", "path": "Ada/Album/01.flac", "size": 100} | changed)

    assert match(wanted, track(files=[("Ada/Album/01.flac", 100)])) is None


def test_names_match_in_their_normal_form() -> None:
    wanted = song(title="Söng (feat. Bob)", artists=("ADA",), album="The   Album!", duration_ms=201_500)

    assert match(wanted, track(title="Song", album="the album")) == ("t1", MatchRule.NAMES)


@pytest.mark.parametrize(
    "other",
    [{"title": "Song (Live)"}, {"artists": ("Bob",)}, {"album": "Live"}, {"duration_ms": 203_000}, {"album": None}],
)
def test_each_of_the_names_and_the_length_must_agree(other: dict[str, object]) -> None:
    assert match(song(**other), track()) is None


def test_a_song_without_artist_is_a_track_without_artist() -> None:
    assert match(song(artists=()), track("t1"), track("t2", artist=None)) == ("t2", MatchRule.NAMES)


def test_of_two_encodings_the_one_with_the_size_is_chosen() -> None:
    encodings = track("t1", files=[("a.mp3", 50)]), track("t2", files=[("a.flac", 100)])

    assert match(song(size=100), *encodings) == ("t2", MatchRule.NAMES)


def test_a_song_that_no_rule_finds_is_no_track() -> None:
    assert match(song(title="", recording_mbids=(OTHER,)), track(title="", ids=[("mbid", MBID)])) is None


@pytest.mark.parametrize("name", ["", "Navidrome", "a b", "a:b", "isrc", "mbid", "spotify", "x" * 33])
def test_a_link_is_named_as_a_namespace_of_its_own(name: str) -> None:
    with pytest.raises(InvalidRequest):
        check_link_name(name)
