"""Linked servers in the catalogue, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.catalog import Catalogue, links
from services.catalog.library import FileStamp
from services.domain.errors import AlreadyRunning, InvalidRequest, LinkedServerRefused, LinkNotFound, SongsGone
from services.domain.links import Link, LinkKind, MatchRule
from services.domain.listening import NewListen
from services.domain.track import Tags
from services.links import syncing
from services.links.opening import server_of
from services.links.syncing import Synced, sync
from tests.fakes.media_server import PASSWORD, USER, MediaServer, media_server

MBID = "aaaaaaaa-2222-4333-8444-555555555511"
LINK = Link(name="nas", kind=LinkKind.SUBSONIC, url="http://127.0.0.1:1", user=USER, listener="ada")


def track_id(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def register(catalogue: Catalogue, number: int, **tags: object) -> str:
    given = {"title": f"Song {number}", "artists": ("Ada",), "album": "Album", "duration_ms": 200_000} | tags
    stamp = FileStamp(f"/music/Ada/Album/{number}.mp3", "/music", 1000 + number, 1)
    catalogue.library.register(track_id(number), Tags(**given), stamp)
    return track_id(number)


def song(number: int, **others: object) -> dict[str, object]:
    common = {"title": f"Song {number}", "artist": "Ada", "album": "Album", "duration": 200}
    return {"id": f"s{number}", **common, **others}


def run(catalogue: Catalogue, media: MediaServer) -> Synced:
    link = replace(LINK, url=media.url)
    if not catalogue.links.all():
        catalogue.links.add(link)
    return sync(catalogue, link, server_of(link, PASSWORD))


def test_songs_become_ids_of_tracks_and_are_counted_by_rule(catalogue: Catalogue) -> None:
    by_names, by_id = register(catalogue, 1), register(catalogue, 2, ids={"mbid": (MBID,)})
    by_path = register(catalogue, 3)
    songs = [song(1), song(2, title="Other", musicBrainzId=MBID), song(9, title="None")]
    with media_server([*songs, song(3, title="?", path="Ada/Album/3.mp3", size=1003)]) as media:
        synced = run(catalogue, media)

    one = MatchRule.NAMES, MatchRule.RECORDING, MatchRule.PATH
    assert synced.counts.matched == dict.fromkeys(one, 1)
    assert (synced.counts.unmatched, synced.gone) == (1, 0)
    found = catalogue.tracks.resolve(["nas:s1", "nas:s2", "nas:s3", "nas:s9"])
    assert found == {"nas:s1": by_names, "nas:s2": by_id, "nas:s3": by_path}
    assert catalogue.links.song_ids("nas", [by_names, by_id]) == {by_names: "s1", by_id: "s2"}
    assert catalogue.links.track_ids("nas", ["s1", "s9"]) == {"s1": by_names}
    assert [each.id for each in catalogue.links.unmatched("nas")] == ["s9"]


def test_a_song_that_goes_loses_its_id(catalogue: Catalogue) -> None:
    register(catalogue, 1)
    kept = register(catalogue, 2)
    with media_server([song(1), song(2)]) as media:
        run(catalogue, media)
        del media.songs[0]
        synced = run(catalogue, media)

    assert (synced.gone, synced.counts.songs) == (1, 1)
    assert catalogue.tracks.resolve(["nas:s1", "nas:s2"]) == {"nas:s2": kept}


def test_a_song_follows_its_names(catalogue: Catalogue) -> None:
    """A song that is another track now gives its id to that one; one that is none any more loses it."""
    register(catalogue, 1)
    other = register(catalogue, 2)
    with media_server([song(1), song(7, title="Song 1")]) as media:
        run(catalogue, media)
        media.songs[:] = [song(1, title="Song 2"), song(7, title="None")]
        run(catalogue, media)

    assert catalogue.tracks.resolve(["nas:s1", "nas:s7"]) == {"nas:s1": other}


def test_an_id_that_somebody_registered_is_kept(catalogue: Catalogue) -> None:
    by_hand = register(catalogue, 1)
    register(catalogue, 2)
    with media_server([song(2), song(5)]) as media:
        run(catalogue, media)
        catalogue.external_ids.change(by_hand, {"nas": "s2"})
        synced = run(catalogue, media)

    assert synced.counts.matched == {MatchRule.REGISTERED: 1}
    assert catalogue.tracks.resolve(["nas:s2"]) == {"nas:s2": by_hand}


def test_a_scan_does_not_take_the_ids_away(catalogue: Catalogue) -> None:
    found = register(catalogue, 1)
    with media_server([song(1)]) as media:
        run(catalogue, media)
    register(catalogue, 1, title="Renamed")

    assert catalogue.tracks.resolve(["nas:s1"]) == {"nas:s1": found}


def test_listens_that_wait_for_a_song_are_attached(catalogue: Catalogue) -> None:
    found = register(catalogue, 1)
    catalogue.listens.add("ada", [NewListen(names=("nas:s1",), at=datetime(2026, 1, 1, tzinfo=UTC))])
    with media_server([song(1)]) as media:
        run(catalogue, media)

    [listen] = catalogue.listens.page("ada", limit=5).listens
    assert listen.track_id == found


def test_a_failed_sync_keeps_the_songs_and_says_why(catalogue: Catalogue) -> None:
    found = register(catalogue, 1)
    with media_server([song(1)]) as media:
        run(catalogue, media)
        link = replace(LINK, url=media.url)
        with pytest.raises(LinkedServerRefused):
            sync(catalogue, link, server_of(link, "wrong"))

    assert "Wrong username or password" in str(catalogue.links.get("nas").failure)
    assert catalogue.tracks.resolve(["nas:s1"]) == {"nas:s1": found}


def test_one_process_syncs_a_link_at_a_time(catalogue: Catalogue) -> None:
    catalogue.links.add(LINK)
    assert catalogue.links.begin_sync("nas")

    with media_server([]) as media, pytest.raises(AlreadyRunning):
        run(catalogue, media)


def test_a_sync_that_lost_its_claim_ends_no_other_one(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue.links.add(LINK)
    monkeypatch.setattr(links, "SYNC_LEASE", timedelta(0))
    expired = catalogue.links.begin_sync("nas")
    monkeypatch.undo()
    second = catalogue.links.begin_sync("nas")
    assert expired is not None
    assert second is not None

    catalogue.links.end_sync("nas", expired, None, listed=True)
    assert catalogue.links.renew_sync("nas", expired) is None
    assert catalogue.links.begin_sync("nas") is None
    assert catalogue.links.renew_sync("nas", second) is not None


def test_the_claim_is_renewed_in_the_first_and_in_the_second_list(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A claim that expires at once is lost to another process between two songs, in either list."""
    with media_server([song(1), song(2), song(3)]) as media:
        run(catalogue, media)
        del media.songs[0]
        monkeypatch.setattr(syncing, "RENEW_SECONDS", 0.0)
        renewed: list[datetime] = []
        renew = catalogue.links.renew_sync
        monkeypatch.setattr(
            catalogue.links, "renew_sync", lambda name, claim: renewed.append(claim) or renew(name, claim)
        )
        run(catalogue, media)

    assert len(renewed) == 1 + 2 + 2 + 1  # before the lists, for each song of both, and before songs are forgotten


@pytest.mark.parametrize(("before", "after"), [(2, 0), (30, 14)])
def test_most_songs_do_not_go_unless_it_is_confirmed(catalogue: Catalogue, before: int, after: int) -> None:
    found = register(catalogue, 1)
    with media_server([song(number) for number in range(1, before + 1)]) as media:
        run(catalogue, media)
        listed_at = catalogue.links.get("nas").synced_at
        media.songs[:] = media.songs[before - after :] if after else []
        with pytest.raises(SongsGone, match=f"{before - after} of the {before} songs of 'nas' are gone"):
            run(catalogue, media)
        assert catalogue.tracks.resolve(["nas:s1"]) == {"nas:s1": found}
        kept = catalogue.links.get("nas")
        assert "segue link sync nas" in str(kept.failure)
        assert kept.synced_at > listed_at  # so it is listed again after an hour

        sync(catalogue, LINK, server_of(replace(LINK, url=media.url), PASSWORD), may_empty=True)
        assert (catalogue.tracks.resolve(["nas:s1"]), catalogue.links.get("nas").failure) == ({}, None)


def test_an_id_that_was_registered_for_no_song_is_kept(catalogue: Catalogue) -> None:
    by_hand = register(catalogue, 1)
    catalogue.external_ids.change(by_hand, {"nas": "old"})
    with media_server([song(2), song(3)]) as media:
        run(catalogue, media)
        del media.songs[0]
        run(catalogue, media)

    assert catalogue.tracks.resolve(["nas:old"]) == {"nas:old": by_hand}


def test_removing_a_link_takes_its_ids_away(catalogue: Catalogue) -> None:
    by_hand = register(catalogue, 1)
    register(catalogue, 2)
    catalogue.external_ids.change(by_hand, {"nas": "s1"})
    with media_server([song(1), song(2)]) as media:
        run(catalogue, media)
    catalogue.links.remove("nas")

    assert catalogue.tracks.resolve(["nas:s1", "nas:s2"]) == {"nas:s1": by_hand}
    with pytest.raises(LinkNotFound):
        catalogue.links.get("nas")


def test_a_name_is_used_once(catalogue: Catalogue) -> None:
    catalogue.links.add(LINK)

    with pytest.raises(InvalidRequest, match="There is a link named 'nas'"):
        catalogue.links.add(LINK)
    assert catalogue.links.get("nas") == LINK
