"""Tastes and removed tracks, on SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta

import pytest

from services.catalog.tastes import SHOWN_MAX
from services.domain.listening import (
    TASTE_PLAYS_MAX,
    EventKind,
    ListenerSummary,
    NewListen,
    Start,
    StartPlay,
    StoredTaste,
)
from tests.fakes.library import track_id, write_library

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def taste(name, *plays, at=None):
    return StoredTaste(id=name, label=f"label {name}", plays=plays, dismissed_at=at)


def listen(number, kind=EventKind.PLAY, **ago):
    return NewListen(names=(track_id(number),), kind=kind, at=NOON - timedelta(**ago))


def remembered(catalogue, listener="ada"):
    return catalogue.listens.remembered(listener, repeat_after=timedelta(days=36_500))


@pytest.fixture(autouse=True)
def library(catalogue, tmp_path):
    write_library(catalogue, tmp_path / "music", 4)


def test_a_taste_is_stored_dismissed_and_counts_again(catalogue):
    """Only a stored taste of the listener can be dismissed; recommendations read the dismissed ones."""
    catalogue.tastes.show("ada", [taste("one", "a", "b"), taste("two", "c")])

    assert catalogue.tastes.dismiss("ada", "one", NOON)
    assert not catalogue.tastes.dismiss("ada", "three", NOON)
    assert not catalogue.tastes.dismiss("bob", "one", NOON)
    assert catalogue.tastes.dismissed("ada") == (taste("one", "a", "b", at=NOON),)
    assert remembered(catalogue).dismissed == (taste("one", "a", "b", at=NOON),)
    assert set(catalogue.tastes.all("ada")) == {taste("one", "a", "b", at=NOON), taste("two", "c")}
    assert catalogue.tastes.dismiss("ada", "one", None)
    assert remembered(catalogue).dismissed == ()


def test_the_latest_shown_tastes_are_kept_and_every_dismissed_one(catalogue):
    """Tastes that were shown long ago are deleted, so that their number is limited; so is the number of plays."""
    catalogue.tastes.show("ada", [taste("first", *map(str, range(TASTE_PLAYS_MAX + 1)))])
    catalogue.tastes.dismiss("ada", "first", NOON)
    for number in range(SHOWN_MAX + 2):
        catalogue.tastes.show("ada", [taste(f"later {number}")])
    kept = catalogue.tastes.all("ada")

    assert len(kept) == SHOWN_MAX + 1
    assert {each.id for each in kept} == {"first", *(f"later {number}" for number in range(2, SHOWN_MAX + 2))}
    assert [len(each.plays) for each in kept if each.id == "first"] == [TASTE_PLAYS_MAX]


def test_a_removed_track_counts_no_more_until_it_is_restored(catalogue):
    """Plays, likes and skips of it are left out, earlier and later ones; a ban and the time it was heard stay."""
    catalogue.listens.add("ada", [listen(0), listen(0, EventKind.LIKE, hours=1), listen(1), listen(2, EventKind.BAN)])
    for number in (0, 2, 2):
        catalogue.tastes.remove_tracks("ada", [track_id(number)])
    catalogue.listens.add("ada", [listen(0, EventKind.SKIP, minutes=1)])
    removed = remembered(catalogue)

    assert {(event.track_id, event.kind) for event in removed.events} == {
        (track_id(1), EventKind.PLAY),
        (track_id(2), EventKind.BAN),
    }
    assert removed.rejected == {track_id(2)}
    assert removed.heard.keys() == {track_id(0), track_id(1)}
    assert [each.track_id for each in catalogue.tastes.removed_tracks("ada")] == [track_id(2), track_id(0)]
    catalogue.tastes.restore_track("ada", track_id(0))
    assert [event.kind for event in remembered(catalogue).events if event.track_id == track_id(0)] == [
        EventKind.PLAY,
        EventKind.SKIP,
        EventKind.LIKE,
    ]


def test_a_removed_track_leaves_the_start(catalogue):
    """The stored start does not change, so that the removal can be undone."""
    plays = (StartPlay(track_id(0), 0.5, "mood:focus"), StartPlay(track_id(1), 0.5, "mood:focus"))
    catalogue.listens.begin("ada", Start(moods=("focus",), plays=plays, at=NOON))
    catalogue.tastes.remove_tracks("ada", [track_id(0), track_id(0)])

    assert remembered(catalogue).start.plays == plays[1:]
    assert catalogue.listens.start("ada").plays == plays


def test_nothing_of_a_forgotten_listener_is_kept(catalogue):
    """Tastes and removed tracks are deleted with the listens; those of others stay."""
    for name in ("ada", "bob"):
        catalogue.tastes.show(name, [taste("one", "a")])
        catalogue.tastes.dismiss(name, "one", NOON)
        catalogue.tastes.remove_tracks(name, [track_id(0)])
    catalogue.listeners.forget_history("ada")

    assert (catalogue.tastes.all("ada"), catalogue.tastes.removed_tracks("ada")) == ((), ())
    assert len(catalogue.tastes.all("bob")) == len(catalogue.tastes.removed_tracks("bob")) == 1


def test_listeners_are_listed_by_name(catalogue):
    """A listener has a listen or a start; a list of names restricts the result."""
    catalogue.listens.add("ada", [listen(0), listen(1, hours=1)])
    catalogue.listens.add("Zoe", [listen(1, hours=2)])
    catalogue.listens.begin("bob", Start(moods=("focus",), at=NOON))
    ada, zoe = ListenerSummary("ada", 2, NOON), ListenerSummary("Zoe", 1, NOON - timedelta(hours=2))

    assert catalogue.listens.listeners() == [ada, ListenerSummary("bob", 0, None), zoe]
    assert catalogue.listens.listeners(["Zoe", "nobody"]) == [zoe]
