"""What Segue asks linked servers, against a server in memory. No real Jellyfin or Emby was tried."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from services.domain.errors import InvalidRequest, LinkedServerRefused, LinkedServerUnavailable
from services.links.http import checked_url
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
