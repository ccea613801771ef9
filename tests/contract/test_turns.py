"""The turns of the libraries in the queue of analyses; SQLite and PostgreSQL."""

from datetime import UTC, datetime, timedelta

from services.catalog.library import FileStamp
from services.domain.listening import NewListen
from services.domain.track import Tags


def track_id(number):
    return f"00000000-0000-8000-8000-{number:012}"


def register(catalogue, number, folder="/music", mtime=1):
    stamp = FileStamp(f"{folder}/{number}.mp3", "/music", 1, mtime)
    return catalogue.library.register(track_id(number), Tags("Title"), stamp)


def fill(catalogue, **counts):
    """Give each library this many tracks, numbered 1000 and more, 2000 and more and so on."""
    for place, (name, count) in enumerate(counts.items(), 1):
        catalogue.libraries.put(name, [f"/music/{name}"], [])
        for number in range(count):
            register(catalogue, 1000 * place + number, f"/music/{name}")


def libraries_of(tracks):
    return [int(each[-4:]) // 1000 for each in tracks]


def test_a_large_library_holds_up_no_small_one(catalogue):
    """Each library has one track after the other; what is left belongs to the large one."""
    fill(catalogue, anna=30, ben=3, cleo=2)

    assert libraries_of(catalogue.turns.take(9)) == [1, 2, 3, 1, 2, 3, 1, 2, 1]
    assert libraries_of(catalogue.turns.take(2)) == [1, 1]
    assert len(catalogue.turns.take(100)) == 24
    assert catalogue.turns.take(100) == []


def test_the_turns_go_on_where_they_ended(catalogue):
    """With more libraries than a pass sends, each has its turn; tracks of no library have theirs too."""
    fill(catalogue, anna=9, ben=9, cleo=9)
    register(catalogue, 1)

    assert libraries_of(catalogue.turns.take(2)) == [1, 2]
    assert libraries_of(catalogue.turns.take(3)) == [3, 0, 1]
    assert libraries_of(catalogue.turns.take(3)) == [2, 3, 1]


def test_a_library_can_be_skipped(catalogue):
    """Its tracks wait, and are taken when it is not skipped."""
    fill(catalogue, anna=2, ben=1)

    assert libraries_of(catalogue.turns.take(10, skipped={"anna"})) == [2]
    assert libraries_of(catalogue.turns.take(10)) == [1, 1]


def test_played_tracks_come_first_and_then_the_newest_files(catalogue):
    """Also if the listens come while the track waits."""
    for number, mtime in {1: 5, 2: 9, 3: 1}.items():
        register(catalogue, number, mtime=mtime)
    catalogue.listens.add("Anna", [NewListen(names=(track_id(3),), at=datetime.now(UTC))])

    assert catalogue.turns.take(10) == [track_id(3), track_id(2), track_id(1)]
    assert register(catalogue, 3, "/music/copies").library == ""


def test_a_track_waits_in_the_turns_of_the_library_that_has_its_file(catalogue):
    """A library that is named later, or a file that moves, changes whose turn it is."""
    register(catalogue, 1, "/music/anna")
    fill(catalogue, anna=0)
    assert catalogue.turns.take(10, skipped={"anna"}) == []

    register(catalogue, 1, "/music/elsewhere")
    catalogue.library.forget_files(["/music/anna/1.mp3"])
    assert catalogue.turns.take(10, skipped={"anna"}) == [track_id(1)]


def test_a_song_of_a_linked_server_has_no_turn(catalogue):
    """Its download is sent instead, until a file of the track comes."""
    catalogue.library.register(track_id(1), Tags("Title"), FileStamp("link:/home/s1", "link:/home", 1, 0))
    assert catalogue.turns.take(10) == []

    register(catalogue, 1)
    assert catalogue.turns.take(10) == [track_id(1)]


def test_a_track_whose_message_was_lost_waits_again(catalogue):
    """Its time tells that it was lost."""
    register(catalogue, 1)
    catalogue.turns.sent([track_id(1)])

    assert (catalogue.turns.take_back(timedelta(hours=1)), catalogue.turns.take(10)) == (0, [])
    assert (catalogue.turns.take_back(timedelta(0)), catalogue.turns.take(10)) == (1, [track_id(1)])
