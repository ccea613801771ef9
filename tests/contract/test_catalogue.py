"""The catalogue's stores, on SQLite and on PostgreSQL."""

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
from services.domain.filters import ATTRIBUTES
from services.domain.job import JobKind, JobState
from services.domain.library import Selection
from services.domain.track import Analysis, Tags, TrackStatus
from tests.fakes.spaces import serve_space

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
    catalogue.library.register(
        track_id(1), Tags("Title", ("Artist",), "Album", year=2001, genres=("Rock",)), stamp("a.mp3")
    )
    catalogue.analyses.record(track_id(1), analysis())
    catalogue.indexing.clear(catalogue.indexing.pending(10))
    return track_id(1)


def test_migrations_create_exactly_the_declared_tables(catalogue):
    """The migrated schema has every declared column and index; migrating twice changes nothing."""
    catalogue.migrate()
    found = MetaData()
    found.reflect(catalogue.database.engine)

    declared = {name: set(table.columns.keys()) for name, table in Table.metadata.tables.items()}
    built = {name: set(table.columns.keys()) for name, table in found.tables.items() if name != "alembic_version"}

    assert declared == built
    for name, table in Table.metadata.tables.items():
        assert {index.name for index in table.indexes} <= {index.name for index in found.tables[name].indexes}


def test_an_analysis_makes_a_track_ready_and_marks_it_for_the_index(catalogue):
    """An analysis sets embedding, attributes, status and index mark together."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))

    assert claim(catalogue, track_id(1)).files == [TrackFile("/music/a.mp3", "/music")]
    catalogue.analyses.record(track_id(1), analysis(axis=3))

    track = catalogue.tracks.get(track_id(1))
    assert (track.status, track.duration_ms, track.path) == (TrackStatus.READY, 200_500, "a.mp3")
    assert track.attributes == {**dict.fromkeys(ATTRIBUTES), "energy": 0.5}
    assert np.array_equal(catalogue.tracks.embedded([track_id(1)])[track_id(1)].vector, UNIT[3])
    [change] = catalogue.indexing.pending(10)
    assert change.point.payload == {"energy": 0.5, "tempo": 120.0, "key": 9, "duration_ms": 200_500, "tags": ["rock"]}


@pytest.mark.parametrize(
    "embedding", [np.zeros(128), np.full(128, np.nan), np.full(128, np.inf), np.ones(128), np.ones(5)]
)
def test_only_a_finite_unit_vector_is_recorded(catalogue, embedding):
    """An embedding that is not a finite unit vector is refused, and the track does not change."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))

    with pytest.raises(ValueError, match="has a vector of"):
        catalogue.analyses.record(track_id(1), analysis(embedding=embedding))

    assert catalogue.tracks.get(track_id(1)).status == TrackStatus.PENDING


def test_a_mark_survives_a_change_during_indexing(catalogue, ready):
    """A track that changes after the indexer read it stays marked."""
    catalogue.library.register(ready, Tags("New title"), stamp("a.mp3"))
    [change] = catalogue.indexing.pending(10)
    catalogue.library.register(ready, Tags("Newer title"), stamp("a.mp3"))
    catalogue.indexing.clear([change])

    assert [change.id for change in catalogue.indexing.pending(10)] == [ready]
    assert catalogue.indexing.count_pending() == 1


def test_a_slow_indexer_marks_what_a_faster_one_has_written(catalogue, ready):
    """It may have written an older state over a newer one."""
    catalogue.library.register(ready, Tags("New title"), stamp("a.mp3"))
    slow = catalogue.indexing.pending(10)
    catalogue.library.register(ready, Tags("Newer title"), stamp("a.mp3"))
    catalogue.indexing.clear(catalogue.indexing.pending(10))
    assert catalogue.indexing.count_pending() == 0

    catalogue.indexing.clear(slow)

    assert [change.id for change in catalogue.indexing.pending(10)] == [ready]


def test_registering_the_same_tags_again_sets_no_mark(catalogue, ready):
    """A rescan of an unchanged library marks no track for the index."""
    registered = catalogue.library.register(
        ready, Tags("Title", ("Artist",), "Album", year=2001, genres=("Rock",)), stamp("a.mp3", size=1001)
    )

    assert not registered.is_new
    assert catalogue.indexing.pending(10) == []


def test_a_moved_file_keeps_its_track_and_analysis(catalogue, ready):
    """A file that is found at a new path and gone from the old one belongs to the same ready track."""
    catalogue.library.register(ready, Tags("Title"), stamp("moved/a.mp3"))
    catalogue.library.forget_files(["/music/a.mp3"])

    assert catalogue.tracks.get(ready).path == "moved/a.mp3"
    assert catalogue.tracks.get(ready).status == TrackStatus.READY


def test_a_track_without_files_is_missing_until_a_file_is_found(catalogue, ready):
    """A track leaves the index with its last file, and a new file makes it ready with its old analysis."""
    catalogue.library.forget_files(["/music/a.mp3"])
    assert catalogue.tracks.get(ready).status == TrackStatus.MISSING
    assert [change.point for change in catalogue.indexing.pending(10)] == [None]

    registered = catalogue.library.register(ready, Tags("Title"), stamp("b.mp3"))
    assert registered.status == TrackStatus.READY
    assert catalogue.indexing.pending(10)[0].point is not None


def test_a_file_with_other_audio_belongs_to_another_track(catalogue, ready):
    """If the audio at a path changes, the path belongs to the new track, and the old track is missing."""
    catalogue.library.register(track_id(2), Tags("Other"), stamp("a.mp3", size=5))

    assert catalogue.tracks.get(ready).status == TrackStatus.MISSING
    assert catalogue.tracks.files(track_id(2)) == [TrackFile("/music/a.mp3", "/music")]


def test_paths_that_are_not_utf8_are_kept_to_the_byte(catalogue):
    """The stored path has the original bytes, and the displayed path is valid text."""
    name = b"caf\xe9\n.mp3".decode("utf-8", "surrogateescape")
    catalogue.library.register(track_id(1), Tags("Title"), stamp(name))

    assert catalogue.tracks.files(track_id(1)) == [TrackFile(f"/music/{name}", "/music")]
    assert catalogue.tracks.get(track_id(1)).path == "caf\ufffd\n.mp3"


def test_the_same_audio_registered_at_once_is_one_track(catalogue):
    """Twenty threads that register copies of one recording create one track with twenty files."""
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


def test_each_claim_counts_as_an_attempt(catalogue):
    """Each claim is one more attempt; a track that failed, or that does not exist, cannot be claimed."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))

    assert [claim(catalogue, track_id(1)).attempt for _ in range(2)] == [1, 2]
    catalogue.analyses.refuse(track_id(1), "The audio is silent.")
    assert claim(catalogue, track_id(1)) is None
    assert claim(catalogue, track_id(99)) is None
    assert catalogue.tracks.get(track_id(1)).reason == "The audio is silent."


def test_a_claim_excludes_other_tasks_until_its_lease_expires(catalogue):
    """While a task holds the claim on a track, no other task gets it; after the lease expires, one does."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))

    assert claim(catalogue, track_id(1), "one", lease=timedelta(0)).attempt == 1
    assert claim(catalogue, track_id(1), "two").attempt == 2
    assert claim(catalogue, track_id(1), "three") is None
    assert claim(catalogue, track_id(1), "two", worker="another") is None
    assert catalogue.turns.take_back(timedelta(0)) == 0
    assert catalogue.turns.take(10) == []


def test_one_of_many_concurrent_claims_succeeds(catalogue):
    """Of twenty concurrent claims on one track, one succeeds."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    with ThreadPoolExecutor(20) as pool:
        claims = list(pool.map(lambda number: claim(catalogue, track_id(1), str(number)), range(20)))

    assert [found.attempt for found in claims if found is not None] == [1]


def test_a_task_takes_over_the_claim_of_the_task_it_replaces(catalogue):
    """A task that replaces the task of a killed child gets its claim before the lease expires."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    claim(catalogue, track_id(1), "dead")

    assert claim(catalogue, track_id(1), "next", replaces_task="another") is None
    assert claim(catalogue, track_id(1), "next", worker="foreign", replaces_task="dead") is None
    assert claim(catalogue, track_id(1), "next", replaces_task="dead").attempt == 2


def test_a_released_claim_is_not_an_attempt(catalogue):
    """A stopping worker releases the claims of its unfinished tasks, and none of another worker."""
    for number in (1, 2, 3):
        catalogue.library.register(track_id(number), Tags("Title"), stamp(f"{number}.mp3"))
    claim(catalogue, track_id(1), worker="stopped")
    claim(catalogue, track_id(2), worker="running")
    claim(catalogue, track_id(3), worker="stopped")
    catalogue.analyses.record(track_id(3), analysis())

    assert catalogue.analyses.release_worker("stopped") == 1
    assert claim(catalogue, track_id(1), "again").attempt == 1
    assert claim(catalogue, track_id(2), "again") is None


def test_a_finished_attempt_is_not_released(catalogue):
    """Attempts that timed out, expired or whose child died still count after their worker stops."""
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
    assert claim(catalogue, track_id(2), "next", worker="stopped", replaces_task="dead").attempt == 2
    assert claim(catalogue, track_id(3), "again").attempt == 2
    assert claim(catalogue, track_id(4), "again").attempt == 1


def test_an_attempt_released_uncounted_does_not_count(catalogue):
    """A released or continued attempt is counted once; a task cannot release the attempt of another."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    claim(catalogue, track_id(1), "one")
    catalogue.analyses.release_uncounted(track_id(1), "another/task")
    assert claim(catalogue, track_id(1), "two") is None
    catalogue.analyses.release_uncounted(track_id(1), "worker/one")

    assert claim(catalogue, track_id(1), "two").attempt == 1
    assert claim(catalogue, track_id(1), "three", continues_attempt="worker/one") is None
    assert claim(catalogue, track_id(1), "three", worker="foreign", continues_attempt="worker/two").attempt == 1
    assert claim(catalogue, track_id(1), "four", replaces_task="three", worker="foreign").attempt == 2


def test_releasing_all_claims_keeps_the_attempts(catalogue):
    """After all claims are released, tracks can be claimed at once, and their attempts still count."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    claim(catalogue, track_id(1))

    assert catalogue.analyses.release_all() == 1
    assert catalogue.turns.take(10) == [track_id(1)]
    assert claim(catalogue, track_id(1), "again").attempt == 2


def test_a_track_that_could_not_be_sent_waits_for_its_turn(catalogue):
    """If the broker refuses the task of a track, the next pass sends it again."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    catalogue.turns.not_sent(catalogue.turns.take(10))

    assert catalogue.turns.take(10) == [track_id(1)]
    assert catalogue.turns.take(10) == []


def test_a_track_is_not_missing_if_a_file_was_added_during_its_analysis(catalogue):
    """A track that is moved during its analysis stays pending; it is missing only when every file was tried."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("old.mp3"))
    begun = claim(catalogue, track_id(1))
    catalogue.library.register(track_id(1), Tags("Title"), stamp("new.mp3"))
    catalogue.library.forget_files(["/music/old.mp3"])

    new = TrackFile("/music/new.mp3", "/music")
    assert catalogue.analyses.refuse(track_id(1), "Gone.", TrackStatus.MISSING, tried=begun.files) == [new]
    assert catalogue.tracks.get(track_id(1)).status == TrackStatus.PENDING
    assert catalogue.analyses.refuse(track_id(1), "Gone.", TrackStatus.MISSING, tried=[*begun.files, new]) == []
    assert catalogue.tracks.get(track_id(1)).status == TrackStatus.MISSING


def test_retry_resets_failed_tracks(catalogue):
    """After a retry a failed track can be claimed again, as a first attempt."""
    catalogue.library.register(track_id(1), Tags("Title"), stamp("a.mp3"))
    catalogue.analyses.refuse(track_id(1), "Damaged.")

    assert catalogue.failures.reset().total == 1
    assert claim(catalogue, track_id(1)).attempt == 1
    assert catalogue.tracks.get(track_id(1)).reason is None


def test_a_returning_track_with_an_outdated_embedding_is_analysed_again(catalogue, ready):
    """A track that was missing while the model changed becomes pending, with no attempts."""
    catalogue.library.forget_files(["/music/a.mp3"])
    serve_space(catalogue, "m2")

    assert catalogue.library.register(ready, Tags("Title"), stamp("b.mp3")).status == TrackStatus.PENDING
    assert claim(catalogue, ready).attempt == 1


def test_a_quarantined_track_that_returns_is_pending(catalogue):
    """A quarantined track that was missing becomes pending, without attempts and reason."""
    catalogue.library.register(track_id(1), Tags("T"), stamp("a.mp3"))
    claim(catalogue, track_id(1))
    catalogue.analyses.refuse(track_id(1), "It died.", TrackStatus.QUARANTINED)
    catalogue.library.forget_files(["/music/a.mp3"])
    registered = catalogue.library.register(track_id(1), Tags("T"), stamp("b.mp3"))

    assert (registered.status, registered.reason) == (TrackStatus.PENDING, None)
    assert claim(catalogue, track_id(1)).attempt == 1


def test_known_files_are_those_inside_a_folder(catalogue):
    """Files in a folder whose name only starts with the given one are left out."""
    for name in ("a/1.mp3", "a/b/2.mp3", "a0/3.mp3", "a.mp3", "ab/4.mp3"):
        catalogue.library.register(track_id(1), Tags("T"), stamp(name))

    assert set(catalogue.library.known_files("/music/a")) == {"/music/a/1.mp3", "/music/a/b/2.mp3"}
    assert set(catalogue.library.known_files("/music/a.mp3")) == {"/music/a.mp3"}
    assert len(catalogue.library.known_files("/music")) == 5


def test_a_track_without_a_key_has_no_key_and_mode_in_the_index(catalogue):
    """A key of -1 means that none was found, so the payload has neither key nor mode."""
    catalogue.library.register(track_id(1), Tags("T"), stamp("a.mp3"))
    catalogue.analyses.record(track_id(1), analysis(descriptors={"key": -1, "mode": 1, "tempo": 90.0}))

    assert catalogue.indexing.pending(1)[0].point.payload == {"energy": 0.5, "tempo": 90.0, "tags": ["rock"]}


def test_pages_contain_every_track_once_in_order(catalogue):
    """Cursors neither skip nor repeat tracks."""
    names = [("b", "x"), ("A", "y"), ("a", "z"), ("é", "q"), ("a", "a")]
    for number, (artist, title) in enumerate(names):
        catalogue.library.register(track_id(number), Tags(title, (artist,)), stamp(f"{number}.mp3"))
    walked, cursor = [], None
    while True:
        page = catalogue.browsing.page(limit=2, cursor=cursor)
        walked += [(track.artist, track.title) for track in page.tracks]
        if (cursor := page.next_cursor) is None:
            break

    assert walked == [("a", "a"), ("A", "y"), ("a", "z"), ("b", "x"), ("é", "q")]


@pytest.mark.parametrize("cursor", ["", "zzz", "WzEsMl0=", "bnVsbA==", "\N{SNOWMAN}"])
def test_an_invalid_cursor_is_refused(catalogue, cursor):
    """A cursor that the service did not create raises InvalidCursor."""
    with pytest.raises(InvalidCursor):
        catalogue.browsing.page(cursor=cursor)


def test_search_matches_every_word_and_escapes_wildcards(catalogue, ready):
    """Each word may occur in title, artist or album; % and _ are ordinary characters."""
    found = [catalogue.browsing.page(Selection(words)).tracks for words in ("TITLE artist", "title nobody", "%", "_")]

    assert [len(tracks) for tracks in found] == [1, 0, 0, 0]


def test_names_resolve_to_track_ids(catalogue):
    """Track ids and external ids resolve to track ids; unknown names are left out."""
    catalogue.library.register(track_id(1), Tags("Title", ids={"isrc": ("GBAYE0601498",)}), stamp("a.mp3"))
    names = ["isrc:GBAYE0601498", track_id(1), track_id(2), "isrc:unknown", "words", ""]

    assert catalogue.tracks.resolve(names) == {
        "isrc:GBAYE0601498": track_id(1),
        track_id(1): track_id(1),
    }


def test_an_unknown_track_or_job_is_named(catalogue):
    """The error contains the id that was not found."""
    with pytest.raises(TrackNotFound, match=track_id(7)):
        catalogue.tracks.get(track_id(7))
    with pytest.raises(JobNotFound, match="nope"):
        catalogue.jobs.get("nope")


def test_a_job_ends_with_its_last_analysis(catalogue, ready):
    """A job counts its tracks and is done when no analysis is pending."""
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


def test_analyses_that_end_concurrently_finish_the_job(catalogue):
    """When the last two analyses and the listing end at the same time, the job is done."""
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


def test_an_item_whose_track_is_ready_is_done_when_added(catalogue, ready):
    """A new item of a job has the current state of its track."""
    job_id = catalogue.jobs.create(JobKind.SCAN, "/music")
    catalogue.jobs.begin(job_id, total=1)
    catalogue.jobs.add_track(job_id, "/music/a.mp3", ready)
    catalogue.jobs.complete_listing(job_id, unchanged=0)

    assert catalogue.jobs.get(job_id).state == JobState.DONE


def test_a_scan_that_runs_twice_counts_once(catalogue, ready):
    """A task that is delivered twice gives the same counts as one delivery."""
    job_id = catalogue.jobs.create(JobKind.SCAN, "/music")
    for _ in range(2):
        catalogue.jobs.begin(job_id, total=2)
        catalogue.jobs.add_track(job_id, "/music/a.mp3", ready)
        catalogue.jobs.add_failure(job_id, "/music/bad.mp3", "Not audio.")
    catalogue.jobs.complete_listing(job_id, unchanged=0)
    job = catalogue.jobs.get(job_id)

    assert (job.done, job.failed, job.state) == (1, 1, JobState.DONE)


def test_a_stalled_scan_is_stale(catalogue):
    """A scan without progress is returned as stale; a finished scan is not."""
    job_id = catalogue.jobs.create(JobKind.SCAN, "/music")

    assert catalogue.jobs.stale_scans(timedelta(hours=1)) == []
    assert catalogue.jobs.stale_scans(timedelta(0)) == [(job_id, JobKind.SCAN)]
    catalogue.jobs.begin(job_id, total=0)
    catalogue.jobs.complete_listing(job_id, unchanged=0)
    assert catalogue.jobs.stale_scans(timedelta(0)) == []


def test_a_rebuild_reads_exactly_the_ready_tracks(catalogue, ready):
    """`ready` yields every ready track once, and `changes` has a point only for ready tracks."""
    for number in range(2, 6):
        catalogue.library.register(track_id(number), Tags("T"), stamp(f"{number}.mp3"))
    for number in (2, 4):
        catalogue.analyses.record(track_id(number), analysis(axis=number))
    points = [change.id for batch in catalogue.indexing.ready(batch=2) for change in batch]

    assert points == [ready, track_id(2), track_id(4)]
    changes = catalogue.indexing.changes([ready, track_id(3), track_id(99)])
    assert [change.point is not None for change in changes] == [True, False, False]


def test_a_damaged_embedding_is_left_out(catalogue, ready):
    """A track with a damaged embedding leaves the index, and the other tracks are still read."""
    catalogue.library.register(track_id(2), Tags("T"), stamp("2.mp3"))
    catalogue.analyses.record(track_id(2), analysis())
    with catalogue.database.write() as session:
        session.get_one(TrackRow, track_id(2)).embedding = b"short"

    assert [change.id for batch in catalogue.indexing.ready() for change in batch] == [ready]
    assert [change.point for change in catalogue.indexing.pending(10)] == [None]


def test_each_rebuild_is_a_new_generation(catalogue):
    """Generations count up from 1."""
    assert catalogue.indexing.generation() == 1
    assert [catalogue.indexing.rebuild(), catalogue.indexing.rebuild()] == [2, 3]
    assert catalogue.indexing.generation() == 3


def test_a_missing_database_is_unavailable(tmp_path):
    """A database that cannot be reached raises CatalogueUnavailable instead of the driver's error."""
    nowhere = Catalogue.open(f"postgresql+psycopg://segue@/x?host={tmp_path}")

    with pytest.raises(CatalogueUnavailable, match="does not respond"):
        nowhere.tracks.count_by_status()
