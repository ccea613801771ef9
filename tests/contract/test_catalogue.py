"""One contract, two databases: what the catalogue promises holds on SQLite and on PostgreSQL."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

import numpy as np
import pytest
from sqlalchemy import MetaData

from services.catalog import Catalogue
from services.catalog.analyses import Claimant
from services.catalog.library import FileStamp
from services.catalog.tables import Table, TrackRow
from services.catalog.tracks import TrackFile
from services.domain.errors import CatalogueUnavailable, InvalidCursor, JobNotFound, TrackNotFound
from services.domain.job import JobKind, JobState
from services.domain.track import Analysis, Tags, TrackStatus

UNIT = np.eye(128, dtype=np.float32)


def track_id(number: int) -> str:
    return f"00000000-0000-5000-8000-{number:012d}"


def stamp(name: str, size: int = 1000) -> FileStamp:
    return FileStamp(path=f"/music/{name}", root="/music", size=size, mtime_ns=2**60)


def analysis(axis: int = 0, **changes: object) -> Analysis:
    values = {
        "embedding": UNIT[axis],
        "dispersion": 0.1,
        "attributes": {"energy": 0.5, "liveness": None},
        "descriptors": {"tempo": 120.0, "key": 9, "duration": 200.5},
        "tags": {"rock": 0.9},
        "model_version": "m1",
    }
    return Analysis(**(values | changes))


def claim(catalogue, track, task="task", *, lease=timedelta(minutes=3), **who):
    return catalogue.analyses.claim(track, Claimant(**{"worker": "worker", "task": task} | who), lease)


@pytest.fixture
def ready(catalogue: Catalogue) -> str:
    """A track that is analysed and indexed."""
    catalogue.library.register(track_id(1), Tags("Title", "Artist", "Album", 2001, "Rock"), stamp("a.mp3"))
    catalogue.analyses.record(track_id(1), analysis())
    catalogue.indexing.clear(catalogue.indexing.pending(10))
    return track_id(1)


def test_migrations_build_exactly_the_declared_tables(catalogue):
    """Migrating twice is harmless, and the schema has every declared column and index."""
    catalogue.migrate()
    found = MetaData()
    found.reflect(catalogue.database.engine)

    declared = {name: set(table.columns.keys()) for name, table in Table.metadata.tables.items()}
    built = {name: set(table.columns.keys()) for name, table in found.tables.items() if name != "alembic_version"}

    assert declared == built
    for name, table in Table.metadata.tables.items():
        assert {index.name for index in table.indexes} <= {index.name for index in found.tables[name].indexes}


def test_an_analysis_makes_a_track_ready_and_marks_it_for_the_index_at_once(catalogue):
    """Embedding, status and mark appear together and come back as they were recorded."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))

    assert claim(catalogue, track_id(1)).files == [TrackFile("/music/a.mp3", "/music")]
    catalogue.analyses.record(track_id(1), analysis(axis=3))

    track = catalogue.tracks.get(track_id(1))
    assert (track.status, track.duration_ms, track.path) == (TrackStatus.READY, 200_500, "a.mp3")
    assert track.attributes == {"energy": 0.5, "liveness": None}
    assert np.array_equal(catalogue.tracks.embedded([track_id(1)])[track_id(1)].vector, UNIT[3])
    [change] = catalogue.indexing.pending(10)
    assert change.point.payload == {"energy": 0.5, "tempo": 120.0, "key": 9, "duration_ms": 200_500, "tags": ["rock"]}


@pytest.mark.parametrize(
    "embedding", [np.zeros(128), np.full(128, np.nan), np.full(128, np.inf), np.ones(128), np.ones(5)]
)
def test_only_a_finite_unit_vector_is_recorded(catalogue, embedding):
    """A broken embedding is refused and the track stays as it was."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))

    with pytest.raises(ValueError, match="has a vector of"):
        catalogue.analyses.record(track_id(1), analysis(embedding=embedding))

    assert catalogue.tracks.get(track_id(1)).status == TrackStatus.PENDING


def test_a_mark_survives_a_change_during_indexing(catalogue, ready):
    """A track that changes after it was read for the index is read again."""
    catalogue.library.register(ready, Tags("New title"), stamp("a.mp3"))
    [change] = catalogue.indexing.pending(10)
    catalogue.library.register(ready, Tags("Newer title"), stamp("a.mp3"))
    catalogue.indexing.clear([change])

    assert [change.track_id for change in catalogue.indexing.pending(10)] == [ready]
    assert catalogue.indexing.count_pending() == 1


def test_registering_the_same_tags_again_asks_nothing_of_the_index(catalogue, ready):
    """A rescan of an untouched library leaves no mark."""
    registered = catalogue.library.register(
        ready, Tags("Title", "Artist", "Album", 2001, "Rock"), stamp("a.mp3", size=1001)
    )

    assert not registered.is_new
    assert catalogue.indexing.pending(10) == []


def test_a_moved_file_keeps_its_track_and_analysis(catalogue, ready):
    """Found at a new path and gone from the old one, it is the same ready track."""
    catalogue.library.register(ready, Tags("Title"), stamp("moved/a.mp3"))
    catalogue.library.forget_files(["/music/a.mp3"])

    assert catalogue.tracks.get(ready).path == "moved/a.mp3"
    assert catalogue.tracks.get(ready).status == TrackStatus.READY


def test_a_track_without_files_is_missing_until_one_comes_back(catalogue, ready):
    """It leaves the index with its last file and returns with its old analysis."""
    catalogue.library.forget_files(["/music/a.mp3"])
    assert catalogue.tracks.get(ready).status == TrackStatus.MISSING
    assert [change.point for change in catalogue.indexing.pending(10)] == [None]

    registered = catalogue.library.register(ready, Tags("Title"), stamp("b.mp3"))
    assert registered.status == TrackStatus.READY
    assert catalogue.indexing.pending(10)[0].point is not None


def test_a_file_that_now_holds_other_audio_leaves_its_old_track_missing(catalogue, ready):
    """The path follows the audio that is in it now."""
    catalogue.library.register(track_id(2), Tags("Other"), stamp("a.mp3", size=5))

    assert catalogue.tracks.get(ready).status == TrackStatus.MISSING
    assert catalogue.tracks.files(track_id(2)) == [TrackFile("/music/a.mp3", "/music")]


def test_paths_that_are_not_utf8_are_kept_to_the_byte(catalogue):
    """The file opens again by the stored path, and the answer has readable text."""
    name = b"caf\xe9\n.mp3".decode("utf-8", "surrogateescape")
    catalogue.library.register(track_id(1), Tags("Title"), stamp(name))

    assert catalogue.tracks.files(track_id(1)) == [TrackFile(f"/music/{name}", "/music")]
    assert catalogue.tracks.get(track_id(1)).path == "caf\ufffd\n.mp3"


def test_the_same_audio_registered_at_once_is_one_track(catalogue):
    """Twenty threads that meet twenty copies make one track with twenty files."""
    barrier = threading.Barrier(20)

    def register(number: int) -> None:
        barrier.wait()
        catalogue.library.register(track_id(1), Tags("Title"), stamp(f"{number}.mp3"))

    threads = [threading.Thread(target=register, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert catalogue.tracks.count_by_status()[TrackStatus.PENDING] == 1
    assert len(catalogue.tracks.files(track_id(1))) == 20


def test_attempts_are_counted_before_work_and_ended_work_is_not_claimed(catalogue):
    """Each claim is one more attempt; a track that is done is claimed by nobody."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))

    assert [claim(catalogue, track_id(1)).attempt for _ in range(2)] == [1, 2]
    catalogue.analyses.refuse(track_id(1), "The audio is silent.")
    assert claim(catalogue, track_id(1)) is None
    assert claim(catalogue, track_id(99)) is None
    assert catalogue.tracks.get(track_id(1)).reason == "The audio is silent."


def test_a_claim_keeps_others_out_until_its_lease_is_over(catalogue):
    """Of two messages for one track one is worked on; when its worker cannot be at it any more, another may be."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))

    assert claim(catalogue, track_id(1), "one", lease=timedelta(0)).attempt == 1
    assert claim(catalogue, track_id(1), "two").attempt == 2
    assert claim(catalogue, track_id(1), "three") is None
    assert claim(catalogue, track_id(1), "two", worker="another") is None
    assert catalogue.analyses.stale(timedelta(0)) == []


def test_claims_made_at_once_have_one_winner(catalogue):
    """Twenty messages for one track, handed out at the same moment, begin one analysis."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    with ThreadPoolExecutor(20) as pool:
        claims = list(pool.map(lambda number: claim(catalogue, track_id(1), str(number)), range(20)))

    assert [found.attempt for found in claims if found is not None] == [1]


def test_the_task_that_replaces_a_dead_one_takes_over_its_claim(catalogue):
    """The message that is sent because a child died need not wait until the child's lease is over."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    claim(catalogue, track_id(1), "dead")

    assert claim(catalogue, track_id(1), "next", replaces_task="another") is None
    assert claim(catalogue, track_id(1), "next", worker="foreign", replaces_task="dead") is None
    assert claim(catalogue, track_id(1), "next", replaces_task="dead").attempt == 2


def test_a_claim_given_back_was_no_attempt(catalogue):
    """A worker that is told to stop gives back what it has begun, and nothing of another worker's."""
    for number in (1, 2, 3):
        catalogue.library.register(track_id(number), Tags("Title"), stamp(f"{number}.mp3"))
    claim(catalogue, track_id(1), worker="stopped")
    claim(catalogue, track_id(2), worker="running")
    claim(catalogue, track_id(3), worker="stopped")
    catalogue.analyses.record(track_id(3), analysis())

    assert catalogue.analyses.release_worker("stopped") == 1
    assert claim(catalogue, track_id(1), "again").attempt == 1
    assert claim(catalogue, track_id(2), "again") is None


def test_an_attempt_that_has_ended_is_not_given_back(catalogue):
    """What ran out of time, or whose child died, was tried, however its worker ends."""
    for number in (1, 2, 3, 4):
        catalogue.library.register(track_id(number), Tags("Title"), stamp(f"{number}.mp3"))
    claim(catalogue, track_id(1), "late", worker="stopped")
    catalogue.analyses.release(track_id(1), "stopped/late")
    claim(catalogue, track_id(2), "dead", worker="stopped")
    claim(catalogue, track_id(3), worker="stopped", lease=timedelta(0))
    claim(catalogue, track_id(4), worker="stopped")
    catalogue.analyses.release(track_id(4), "another/task")

    assert catalogue.analyses.release_worker("stopped", died={"dead"}) == 1
    assert claim(catalogue, track_id(1), "again").attempt == 2
    assert claim(catalogue, track_id(2), "heir", worker="stopped", replaces_task="dead").attempt == 2
    assert claim(catalogue, track_id(3), "again").attempt == 2
    assert claim(catalogue, track_id(4), "again").attempt == 1


def test_what_is_no_fault_of_the_track_is_no_attempt(catalogue):
    """An attempt that is undone, or that another goes on with, counts once; a foreign one is neither."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    claim(catalogue, track_id(1), "one")
    catalogue.analyses.release_uncounted(track_id(1), "another/task")
    assert claim(catalogue, track_id(1), "two") is None
    catalogue.analyses.release_uncounted(track_id(1), "worker/one")

    assert claim(catalogue, track_id(1), "two").attempt == 1
    assert claim(catalogue, track_id(1), "three", continues_attempt="worker/one") is None
    assert claim(catalogue, track_id(1), "three", worker="foreign", continues_attempt="worker/two").attempt == 1
    assert claim(catalogue, track_id(1), "four", replaces_task="three", worker="foreign").attempt == 2


def test_ending_all_leases_keeps_the_attempts(catalogue):
    """Where no worker is left alive, what was at work is free at once, and what killed them is still counted."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    claim(catalogue, track_id(1))

    assert catalogue.analyses.release_all() == 1
    assert catalogue.analyses.stale(timedelta(hours=1)) == [track_id(1)]
    assert claim(catalogue, track_id(1), "again").attempt == 2


def test_what_the_broker_did_not_take_is_found_by_the_next_look(catalogue):
    """A track that was to be sent and was not is not taken for sent."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    catalogue.analyses.not_sent(catalogue.analyses.stale(timedelta(0)))

    assert catalogue.analyses.stale(timedelta(hours=1)) == [track_id(1)]


def test_a_file_that_came_during_the_analysis_keeps_a_track_from_being_missing(catalogue):
    """Moved while it was read, a track is not called missing for its old path's sake."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("old.mp3"))
    begun = claim(catalogue, track_id(1))
    catalogue.library.register(track_id(1), Tags("Title"), stamp("new.mp3"))
    catalogue.library.forget_files(["/music/old.mp3"])

    new = TrackFile("/music/new.mp3", "/music")
    assert catalogue.analyses.refuse(track_id(1), "Gone.", TrackStatus.MISSING, tried=begun.files) == [new]
    assert catalogue.tracks.get(track_id(1)).status == TrackStatus.PENDING
    assert catalogue.analyses.refuse(track_id(1), "Gone.", TrackStatus.MISSING, tried=[*begun.files, new]) == []
    assert catalogue.tracks.get(track_id(1)).status == TrackStatus.MISSING


def test_stale_names_lost_tracks_once(catalogue):
    """A pending track is asked for again after a while, not at every look."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))

    assert catalogue.analyses.stale(timedelta(hours=1)) == []
    assert catalogue.analyses.stale(timedelta(0)) == [track_id(1)]
    assert catalogue.analyses.stale(timedelta(hours=1)) == []


def test_retry_sets_refused_tracks_back(catalogue):
    """After a retry a failed track can be claimed again, as a first attempt."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    catalogue.analyses.refuse(track_id(1), "Damaged.")

    assert catalogue.analyses.retry() == 1
    assert claim(catalogue, track_id(1)).attempt == 1
    assert catalogue.tracks.get(track_id(1)).reason is None


def test_another_model_version_takes_tracks_back_to_pending(catalogue, ready):
    """Vectors of two models never stand in the index together."""
    assert catalogue.library.adopt_model("m1") == 0
    assert catalogue.library.adopt_model("m2") == 1

    assert catalogue.tracks.get(ready).status == TrackStatus.PENDING
    assert [change.point for change in catalogue.indexing.pending(10)] == [None]


def test_a_track_comes_back_ready_only_with_the_adopted_models_vector(catalogue, ready):
    """One that was missing while the model changed is analysed again, as a first attempt."""
    catalogue.library.forget_files(["/music/a.mp3"])
    catalogue.library.adopt_model("m2")

    assert catalogue.library.register(ready, Tags("Title"), stamp("b.mp3")).status == TrackStatus.PENDING
    assert claim(catalogue, ready).attempt == 1


def test_a_quarantined_track_that_went_and_came_back_starts_afresh(catalogue):
    """Neither its attempts nor its reason stick to it."""
    catalogue.library.register(track_id(1), Tags("T"), stamp("a.mp3"))
    claim(catalogue, track_id(1))
    catalogue.analyses.refuse(track_id(1), "It died.", TrackStatus.QUARANTINED)
    catalogue.library.forget_files(["/music/a.mp3"])
    registered = catalogue.library.register(track_id(1), Tags("T"), stamp("b.mp3"))

    assert (registered.status, registered.reason) == (TrackStatus.PENDING, None)
    assert claim(catalogue, track_id(1)).attempt == 1


def test_known_files_are_those_inside_a_folder(catalogue):
    """A folder whose name begins alike is another folder."""
    for name in ("a/1.mp3", "a/b/2.mp3", "a0/3.mp3", "a.mp3", "ab/4.mp3"):
        catalogue.library.register(track_id(1), Tags("T"), stamp(name))

    assert set(catalogue.library.known_files("/music/a")) == {"/music/a/1.mp3", "/music/a/b/2.mp3"}
    assert set(catalogue.library.known_files("/music/a.mp3")) == {"/music/a.mp3"}
    assert len(catalogue.library.known_files("/music")) == 5


def test_a_track_without_key_matches_no_filter_on_key_or_mode(catalogue):
    """-1 means that no key was found, and then the mode says nothing either."""
    catalogue.library.register(track_id(1), Tags("T"), stamp("a.mp3"))
    catalogue.analyses.record(track_id(1), analysis(descriptors={"key": -1, "mode": 1, "tempo": 90.0}))

    assert catalogue.indexing.pending(1)[0].point.payload == {"energy": 0.5, "tempo": 90.0, "tags": ["rock"]}


def test_pages_walk_the_library_once_in_order(catalogue):
    """Cursors neither skip nor repeat, whatever the page size."""
    names = [("b", "x"), ("A", "y"), ("a", "z"), ("é", "q"), ("a", "a")]
    for number, (artist, title) in enumerate(names):
        catalogue.library.register(track_id(number), Tags(title, artist), stamp(f"{number}.mp3"))
    walked, cursor = [], None
    while True:
        page = catalogue.tracks.page(limit=2, cursor=cursor)
        walked += [(track.artist, track.title) for track in page.tracks]
        if (cursor := page.next_cursor) is None:
            break

    assert walked == [("a", "a"), ("A", "y"), ("a", "z"), ("b", "x"), ("é", "q")]


@pytest.mark.parametrize("cursor", ["", "zzz", "WzEsMl0=", "bnVsbA==", "\N{SNOWMAN}"])
def test_a_foreign_cursor_is_refused(catalogue, cursor):
    """What the service did not hand out is named in the error."""
    with pytest.raises(InvalidCursor):
        catalogue.tracks.page(cursor=cursor)


def test_search_wants_every_word_and_takes_wildcards_literally(catalogue, ready):
    """Words may stand in title, artist or album; % and _ are characters like others."""
    found = [catalogue.tracks.page(search=words).tracks for words in ("TITLE artist", "title nobody", "%", "_")]

    assert [len(tracks) for tracks in found] == [1, 0, 0, 0]


def test_names_resolve_to_track_ids(catalogue):
    """A track goes by its id and by its external ids; unknown names are left out."""
    catalogue.library.register(track_id(1), Tags("Title", ids={"isrc": "GBAYE0601498"}), stamp("a.mp3"))
    names = ["isrc:GBAYE0601498", track_id(1), track_id(2), "isrc:unknown", "words", ""]

    assert catalogue.tracks.resolve(names) == {
        "isrc:GBAYE0601498": track_id(1),
        track_id(1): track_id(1),
    }


def test_an_unknown_track_or_job_is_named(catalogue):
    """The error says which id was not found."""
    with pytest.raises(TrackNotFound, match=track_id(7)):
        catalogue.tracks.get(track_id(7))
    with pytest.raises(JobNotFound, match="nope"):
        catalogue.jobs.get("nope")


def test_a_job_ends_with_its_last_analysis(catalogue, ready):
    """Counts follow the tracks; the job is done when nothing waits any more."""
    job_id = catalogue.jobs.create(JobKind.SCAN, "/music")
    catalogue.jobs.begin(job_id, total=4)
    for number in (2, 3):
        catalogue.library.register(track_id(number), Tags("T"), stamp(f"{number}.mp3"))
        catalogue.jobs.add_track(job_id, f"/music/{number}.mp3", track_id(number))
    catalogue.jobs.add_failure(job_id, "/music/bad.mp3", "Not audio.")
    catalogue.analyses.record(track_id(2), analysis())
    catalogue.jobs.complete_listing(job_id, unchanged=1)
    before = catalogue.jobs.get(job_id)
    catalogue.analyses.refuse(track_id(3), "Too short.")
    after = catalogue.jobs.get(job_id)

    assert (before.state, before.done, before.failed) == (JobState.RUNNING, 2, 1)
    assert (after.state, after.done, after.failed, after.total) == (JobState.DONE, 2, 2, 4)
    assert {failure.reason for failure in after.failures} == {"Not audio.", "Too short."}
    assert after.finished_at is not None


def test_two_analyses_that_end_a_job_at_once_close_it(catalogue):
    """Neither waits for the other's item for ever."""
    for first in range(0, 40, 2):
        job_id = catalogue.jobs.create(JobKind.SCAN, "/music")
        catalogue.jobs.begin(job_id, total=2)
        for number in (first, first + 1):
            catalogue.library.register(track_id(number), Tags("T"), stamp(f"{number}.mp3"))
            catalogue.jobs.add_track(job_id, f"/music/{number}.mp3", track_id(number))
        ends = [
            partial(catalogue.analyses.record, track_id(first), analysis()),
            partial(catalogue.analyses.refuse, track_id(first + 1), "Silent."),
            partial(catalogue.jobs.complete_listing, job_id, unchanged=0),
        ]
        threads = [threading.Thread(target=end) for end in ends]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert catalogue.jobs.get(job_id).state == JobState.DONE


def test_an_item_added_after_its_analysis_ended_does_not_keep_the_job_waiting(catalogue, ready):
    """An item takes the state its track has at that moment."""
    job_id = catalogue.jobs.create(JobKind.SCAN, "/music")
    catalogue.jobs.begin(job_id, total=1)
    catalogue.jobs.add_track(job_id, "/music/a.mp3", ready)
    catalogue.jobs.complete_listing(job_id, unchanged=0)

    assert catalogue.jobs.get(job_id).state == JobState.DONE


def test_a_scan_that_begins_again_counts_anew(catalogue, ready):
    """A task delivered twice gives the same counts as once."""
    job_id = catalogue.jobs.create(JobKind.SCAN, "/music")
    for _ in range(2):
        catalogue.jobs.begin(job_id, total=2)
        catalogue.jobs.add_track(job_id, "/music/a.mp3", ready)
        catalogue.jobs.add_failure(job_id, "/music/bad.mp3", "Not audio.")
    catalogue.jobs.complete_listing(job_id, unchanged=0)
    job = catalogue.jobs.get(job_id)

    assert (job.done, job.failed, job.state) == (1, 1, JobState.DONE)


def test_a_scan_that_stands_still_is_found(catalogue):
    """A scan without progress is named once until it has stood still for as long again."""
    job_id = catalogue.jobs.create(JobKind.SCAN, "/music")

    assert catalogue.jobs.stale_scans(timedelta(hours=1)) == []
    assert catalogue.jobs.stale_scans(timedelta(0)) == [job_id]
    catalogue.jobs.begin(job_id, total=0)
    catalogue.jobs.complete_listing(job_id, unchanged=0)
    assert catalogue.jobs.stale_scans(timedelta(0)) == []


def test_every_ready_track_is_a_point_and_no_other(catalogue, ready):
    """What a rebuild reads is what the index should hold, whatever the batch size."""
    for number in range(2, 6):
        catalogue.library.register(track_id(number), Tags("T"), stamp(f"{number}.mp3"))
    for number in (2, 4):
        catalogue.analyses.record(track_id(number), analysis(axis=number))
    points = [change.track_id for batch in catalogue.indexing.ready(batch=2) for change in batch]

    assert points == [ready, track_id(2), track_id(4)]
    changes = catalogue.indexing.changes([ready, track_id(3), track_id(99)])
    assert [change.point is not None for change in changes] == [True, False, False]


def test_a_damaged_embedding_is_no_point_and_holds_up_no_other(catalogue, ready):
    """The damaged track leaves the index; the others are read as ever."""
    catalogue.library.register(track_id(2), Tags("T"), stamp("2.mp3"))
    catalogue.analyses.record(track_id(2), analysis())
    with catalogue.database.write() as session:
        session.get_one(TrackRow, track_id(2)).embedding = b"short"

    assert [change.track_id for batch in catalogue.indexing.ready() for change in batch] == [ready]
    assert [change.point for change in catalogue.indexing.pending(10)] == [None]


def test_each_rebuild_is_a_new_generation(catalogue):
    """Generations count up from 1."""
    assert catalogue.indexing.generation() == 1
    assert [catalogue.indexing.rebuild(), catalogue.indexing.rebuild()] == [2, 3]
    assert catalogue.indexing.generation() == 3


def test_a_database_that_is_not_there_is_unavailable(tmp_path):
    """The error says that the catalogue does not respond instead of leaking the driver's."""
    nowhere = Catalogue.open(f"postgresql+psycopg://segue@/x?host={tmp_path}")

    with pytest.raises(CatalogueUnavailable, match="does not respond"):
        nowhere.tracks.count_by_status()
