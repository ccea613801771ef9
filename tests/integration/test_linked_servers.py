"""What Segue asks linked servers, against a server in memory. No real Jellyfin or Emby was tried."""

import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from services.domain.errors import InvalidRequest, LinkedServerRefused, LinkedServerUnavailable
from services.links import answers
from services.links.http import ANSWER_BYTES_MAX, checked_url
from services.links.jellyfin import JellyfinServer
from services.links.server import Server
from services.links.subsonic import SubsonicServer
from tests.fakes.media_server import PASSWORD, USER, media_server

KINDS = pytest.mark.parametrize("kind", [SubsonicServer, JellyfinServer])
Kind = Callable[[str, str, str], Server]
MBID = "aaaaaaaa-2222-4333-8444-555555555511"


def song(number: int, **others: object) -> dict[str, object]:
    return {"id": f"s{number}", "title": f"Song {number}", "artist": "Ada", "album": f"Album {number % 7}"} | others


@KINDS
def test_all_songs_are_listed_page_by_page(kind: Kind) -> None:
    with media_server([song(number) for number in range(1201)]) as media:
        ids = [each.id for each in kind(media.url, USER, PASSWORD).songs()]

    assert ids == [f"s{number}" for number in range(1201)]


def test_a_server_that_sends_short_pages_is_listed_as_a_whole() -> None:
    with media_server([song(number) for number in range(250)], page_max=100) as media:
        assert len(list(SubsonicServer(media.url, USER, PASSWORD).songs())) == 250


def test_a_server_without_empty_searches_is_listed_by_albums() -> None:
    with media_server([song(number) for number in range(50)], searches=False) as media:
        ids = {each.id for each in SubsonicServer(media.url, USER, PASSWORD).songs()}

    assert ids == {f"s{number}" for number in range(50)}


@KINDS
def test_a_song_has_what_it_is_matched_by(kind: Kind) -> None:
    stored = song(1, duration=215, path="Ada/Album 1/01.flac", size=123, musicBrainzId=MBID, playCount=3)
    with media_server([stored | {"played": "2026-03-01T10:00:00Z", "starred": "2026-03-02T10:00:00Z"}]) as media:
        [found] = kind(media.url, USER, PASSWORD).starred()

    assert (found.title, found.artists, found.album) == ("Song 1", ("Ada",), "Album 1")
    assert (found.duration_ms, found.path, found.size) == (215_000, "Ada/Album 1/01.flac", 123)
    assert (found.recording_mbids, found.play_count) == ((MBID,), 3)
    assert found.played_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert found.starred_at is not None


def test_subsonic_tells_ratings_and_isrcs_and_single_artists() -> None:
    stored = song(1, userRating=4, isrc=["USRC17607809"], artists=[{"name": "Ada"}, {"name": "Bob"}])
    with media_server([stored]) as media:
        [found] = SubsonicServer(media.url, USER, PASSWORD).songs()

    assert (found.rating, found.isrcs, found.artists) == (4, ("USRC17607809",), ("Ada", "Bob"))


@KINDS
def test_a_wrong_password_is_refused(kind: Kind) -> None:
    with media_server([]) as media, pytest.raises(LinkedServerRefused):
        kind(media.url, USER, "wrong").check()


@KINDS
def test_another_host_is_never_asked(kind: Kind) -> None:
    with media_server([]) as other, media_server([], redirect=other.url) as media:
        with pytest.raises(LinkedServerRefused, match="redirects to another address"):
            kind(media.url, USER, PASSWORD).check()

        assert (len(media.asked), other.asked) == (1, [])


@KINDS
def test_a_server_that_is_away_is_unavailable(kind: Kind) -> None:
    with media_server([]) as media:
        url = media.url

    with pytest.raises(LinkedServerUnavailable, match="does not respond"):
        kind(url, USER, PASSWORD).check()


@pytest.mark.parametrize("code", [10, 41, 42])
def test_a_server_without_tokens_gets_the_password(code: int) -> None:
    with media_server([song(1)], token_refusal=code) as media:
        assert len(list(SubsonicServer(media.url, USER, PASSWORD).songs())) == 1


@KINDS
@pytest.mark.parametrize("downloads", [True, False])
def test_a_file_is_downloaded_or_else_streamed(kind: Kind, *, downloads: bool) -> None:
    content = bytes(range(256)) * 1000
    with media_server([song(1)], files={"s1": content}, downloads=downloads) as media:
        server = kind(media.url, USER, PASSWORD)
        with server.open_song("s1") as chunks:
            received = b"".join(chunks)

    assert received == content


@KINDS
def test_a_playlist_is_created_and_replaced(kind: Kind) -> None:
    many = [f"s{number}" for number in range(250)]
    with media_server([song(number) for number in range(250)]) as media:
        server = kind(media.url, USER, PASSWORD)
        created = server.create_playlist("Daily mix", many)
        server.comment_playlist(created, "by Segue")
        server.replace_playlist(created, many)
        first = list(media.playlists[created]["songs"])
        server.replace_playlist(created, many[:120:-1])

        assert first == many
        assert server.playlist_songs(created) == many[:120:-1]
        assert media.playlists[created]["songs"] == many[:120:-1]
        assert [(each.id, each.name) for each in server.playlists()] == [(created, "Daily mix")]


@KINDS
def test_what_is_playing_is_told(kind: Kind) -> None:
    with media_server([song(1)]) as media:
        [playing] = kind(media.url, USER, PASSWORD).now_playing()

    assert (playing.song_id, playing.user) == ("s1", USER)
    assert playing.started_at <= datetime.now(UTC)


def test_jellyfin_reports_plays_with_their_times() -> None:
    rows = [["2026-03-01 10:00:00.1234567", "s1", "180"], ["2026-03-01 10:05:00", "s2", 12]]
    with media_server([song(1)], reports=rows) as media:
        reports = list(JellyfinServer(media.url, USER, PASSWORD).playback_reports(datetime(2026, 1, 1, tzinfo=UTC)))

    assert [(each.song_id, each.played_ms) for each in reports] == [("s1", 180_000), ("s2", 12_000)]
    assert reports[0].at == datetime(2026, 3, 1, 10, 0, 0, 123456).astimezone()


@pytest.mark.parametrize("url", ["music", "ftp://music.example", "http://", "http://ada:secret@music.example"])
def test_an_address_is_checked(url: str) -> None:
    with pytest.raises(InvalidRequest):
        checked_url(url)


def answer(**given: object) -> bytes:
    return json.dumps({"subsonic-response": {"status": "ok", **given}}).encode()


@pytest.mark.parametrize(
    "item",
    [
        "1",
        '{"id": "s", "artists": 5}',
        "Infinity",
        '{"id": "\\ud800"}',
        '{"id": "a\\u0000b"}',
        "[" * 200_000,
        "9" * 5000,
    ],
)
@KINDS
def test_a_malformed_answer_is_refused(kind: Kind, item: str) -> None:
    in_subsonic = f'{{"subsonic-response": {{"status": "ok", "searchResult3": {{"song": [{item}]}}}}}}'
    in_jellyfin = '{{"Items": [{}]}}'.format(item.replace('"id"', '"Id"').replace('"artists"', '"ProviderIds"'))
    with (
        media_server([], raw={"search3": in_subsonic.encode(), "Items": in_jellyfin.encode()}) as media,
        pytest.raises(LinkedServerRefused),
    ):
        list(kind(media.url, USER, PASSWORD).songs())


def test_a_number_beyond_the_catalogues_counts_as_none() -> None:
    with media_server([song(1, size=10**30, playCount=10**30, duration=10**15, userRating=9)]) as media:
        [found] = SubsonicServer(media.url, USER, PASSWORD).songs()

    assert (found.size, found.play_count, found.duration_ms, found.rating) == (None, 0, None, None)


@KINDS
def test_an_answer_without_the_expected_object_is_refused(kind: Kind) -> None:
    with (
        media_server([], raw={"getStarred2": answer(), "Items": b"{}"}) as media,
        pytest.raises(LinkedServerRefused, match="answered without"),
    ):
        list(kind(media.url, USER, PASSWORD).starred())


@KINDS
def test_pages_without_a_new_song_end_the_list(kind: Kind) -> None:
    same = [{"id": "s1", "Id": "s1", "title": "x"}, {"id": "s2", "Id": "s2", "title": "y"}]
    raw = {"search3": answer(searchResult3={"song": same}), "Items": json.dumps({"Items": same}).encode()}
    with media_server([], raw=raw) as media, pytest.raises(LinkedServerRefused, match="again and again"):
        list(kind(media.url, USER, PASSWORD).songs())


@KINDS
def test_a_list_without_an_end_is_refused(kind: Kind, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "SONGS_MAX", 1000)
    with (
        media_server([song(number) for number in range(1201)]) as media,
        pytest.raises(LinkedServerRefused, match="more than 1,000 songs"),
    ):
        list(kind(media.url, USER, PASSWORD).songs())


@KINDS
def test_an_answer_that_unpacks_to_too_much_is_refused(kind: Kind) -> None:
    bomb = gzip.compress(b" " * (ANSWER_BYTES_MAX + 1), 1)
    with (
        media_server([], raw={"search3": bomb, "Items": bomb}) as media,
        pytest.raises(LinkedServerRefused, match="more than 64 MiB"),
    ):
        list(kind(media.url, USER, PASSWORD).songs())


@pytest.mark.parametrize(("told", "minutes"), [(-5_000_000, 0), (10**12, 24 * 60), (3, 3)])
def test_a_song_plays_since_a_time_that_can_be(told: int, minutes: int) -> None:
    entry = {"id": "s1", "username": USER, "minutesAgo": told}
    before = datetime.now(UTC)
    with media_server([], raw={"getNowPlaying": answer(nowPlaying={"entry": entry})}) as media:
        [playing] = SubsonicServer(media.url, USER, PASSWORD).now_playing()

    assert before <= playing.started_at + timedelta(minutes=minutes) <= datetime.now(UTC)
