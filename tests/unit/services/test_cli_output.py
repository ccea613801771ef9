"""The output of the commands, made from plain objects and compared at 80 columns."""

import json
from datetime import UTC, datetime
from math import inf, nan

import pytest
from rich.console import Console

from services.api.schemas.jobs import Failure, Job
from services.api.schemas.media import SeenPicture
from services.api.schemas.moods import Mood
from services.api.schemas.status import (
    Analysis,
    FailurePage,
    FileFailure,
    IndexBuild,
    IndexStatus,
    Status,
    WorkerStatus,
)
from services.api.schemas.tracks import SimilarTrack, Track
from services.api.schemas.words import Understood
from services.cli import listings, output
from services.domain import words
from services.domain.access import ApiKey, Scope
from services.domain.failure import WHAT_TO_DO, FailedFile, FailureKind
from services.domain.filters import Filters, Range
from services.domain.job import JobKind, JobState
from services.domain.picture import PictureStatus
from services.domain.quiet import Pause, PausedBy
from services.domain.track import TrackStatus
from services.storage.archive import Manifest
from services.storage.backup import Restored
from services.words.moods import mood_named

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
QUIET = Pause(NOON, PausedBy.QUIET_HOURS)


@pytest.fixture(autouse=True)
def _narrow_terminal(monkeypatch, capsys):
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(output, "answers", Console(highlight=False, width=80))
    monkeypatch.setattr(output, "messages", Console(stderr=True, highlight=False, width=80))


@pytest.fixture
def printed(capsys):
    """The lines on stdout and those on stderr, without trailing spaces."""

    def lines():
        return tuple([line.rstrip() for line in text.splitlines()] for text in capsys.readouterr())

    return lines


def status(**changes):
    fields = {
        "version": "1.0",
        "url": "http://127.0.0.1:8765",
        "data_dir": "/data",
        "model_version": None,
        "tracks": {name.value: 0 for name in TrackStatus},
        "pictures": {name.value: 0 for name in PictureStatus},
        "failures": 0,
        "left_out": 0,
        "analysis": Analysis.of(waiting=0, unread=0, pause=None, per_minute=None),
        "index": IndexStatus(kind="embedded", points=5, pending=1),
        "workers": [WorkerStatus(name="segue@home", queues=["analyse"], processes=2, ffmpeg="7.1")],
        "question_processes": 1,
        "spaces": [],
        "ffmpeg": "7.1",
        "folders": [],
        "watched": True,
        "disk": None,
    }
    return Status(**fields | changes)


def job(**changes):
    fields = {"id": "j1", "kind": JobKind.SCAN, "state": JobState.DONE, "path": "/music", "total": 3, "done": 3}
    return Job.model_construct(**fields | {"failed": 0, "left_out": 0, "reason": None, "failures": []} | changes)


def track(title, artist=None, album=None, path="folder/a.mp3", **more):
    return SimilarTrack.model_construct(id="t1", title=title, artist=artist, album=album, path=path, **more)


def test_json_has_null_in_place_of_numbers_that_it_lacks(capsys):
    output.print_json({"lead": {"mean": 0.5, "low": -inf, "high": inf}, "means": (nan, 1)})

    found = capsys.readouterr().out
    assert json.loads(found) == {"lead": {"mean": 0.5, "low": None, "high": None}, "means": [None, 1]}


def test_what_was_understood_of_a_picture(printed):
    """The message names what the picture shows, if anything is recognised, how it looks, valence and energy."""
    for shows in (["seashore", "sandbar"], []):
        listings.print_seen(SeenPicture(shows=shows, looks="warm, calm", valence=0.7, energy=0.25))

    assert printed()[1] == [
        "Understood: shows seashore, sandbar; looks warm, calm; valence 0.70, energy 0.25.",
        "Understood: looks warm, calm; valence 0.70, energy 0.25.",
    ]


def test_the_status_of_a_running_service(printed):
    """Counts of zero are omitted, except that of ready tracks."""
    output.print_status(status(model_version="2026.11"), running=True)

    assert printed()[0] == [
        " data directory      /data",
        " service             running at http://127.0.0.1:8765",
        " version             1.0",
        " model version       2026.11",
        " ready tracks        0",
        " analysis            complete",
        " index               embedded, 5 points, 1 pending",
        " workers             1",
        " question processes  1",
        " folders             watched",
        " ffmpeg              7.1",
    ]


@pytest.mark.parametrize(
    ("seconds_left", "problem", "says"),
    [
        (None, None, "tracks: writing points, 300 of 1,000"),
        (150, None, "tracks: writing points, 300 of 1,000, about 2 min left"),
        (None, "Too little memory.", "Too little memory."),
    ],
)
def test_the_status_shows_a_build(printed, seconds_left, problem, says):
    """How far it is, or why it failed."""
    fields = {"collection": "tracks", "phase": "fill", "done": 300, "total": 1000}
    build = IndexBuild(**fields, seconds_left=seconds_left, problem=problem)
    index = IndexStatus(kind="embedded", points=5, pending=1, build=build)
    output.print_status(status(index=index), running=True)

    assert f" index build         {says}" in printed()[0]


def test_the_status_without_a_service_has_no_index(printed):
    """Only a running service can report on its index."""
    output.print_status(status(), running=False)
    out, _ = printed()

    assert " service         not running; start it with `segue up`" in out
    assert " model version   none yet" in out
    assert not [line for line in out if "index" in line]


def test_the_status_of_a_service_that_needs_another_key(printed):
    """The message names the variable for the key."""
    output.print_status(status(), running=True, refused=True)

    assert " index           unknown; set `SEGUE_API_KEY` to a key with the scope `read`" in printed()[0]


def test_the_status_of_a_service_that_may_be_another_one(printed):
    """A service that needs a key does not say which data directory it uses."""
    output.print_status(status(), running=True, refused=True, is_ours=False)

    shown = " ".join(" ".join(printed()[0]).split())
    assert "service running at http://127.0.0.1:8765, perhaps on another data directory" in shown


def test_failed_files_are_counted_in_the_status(printed):
    """The line names the command that lists them."""
    output.print_status(status(failures=3, left_out=1), running=False)
    out, _ = printed()

    assert " failed files    2; `segue status --failed` lists them with reasons" in out
    assert " left out files  1; `segue status --failed` lists them with reasons" in out


@pytest.mark.parametrize(
    ("analysis", "shown"),
    [
        ({"waiting": 90, "per_minute": 30.0}, "running, 30 tracks a minute, about 3 min left"),
        ({"waiting": 90, "per_minute": None}, "running; its speed is not known yet"),
        (
            {"waiting": 90, "per_minute": 30.0, "pause": Pause(NOON, PausedBy.QUIET_HOURS)},
            "paused for quiet hours since",
        ),
        ({"waiting": 90, "unread": 3600, "per_minute": 30.0}, "running, 30 tracks a minute, about 2 h 3 min left"),
        ({"waiting": 0, "per_minute": 30.0}, "complete"),
    ],
)
def test_the_progress_of_the_analysis(printed, analysis, shown):
    """The speed and the remaining time are shown where they are known."""
    output.print_status(status(analysis=Analysis.of(**{"pause": None, "unread": 0} | analysis)), running=False)

    assert [line for line in printed()[0] if line.startswith(f" analysis        {shown}")]


def test_failures_are_listed_with_reason_and_advice(printed):
    """Each file with all of its paths, why it fails, and what to do."""
    one = FailedFile(
        id="track:1",
        path="/music/[odd].mp3",
        copies=("/music/copy.mp3",),
        kind=FailureKind.DAMAGED,
        reason="It ends early",
        at=NOON,
        attempts=1,
        quarantined=False,
        track_id="1",
    )
    output.print_failures(FailurePage(failures=[FileFailure.of(one, hidden=None)], total=1, files=2))
    out, messages = printed()

    assert out[:3] == ["/music/[odd].mp3", "/music/copy.mp3", "  It ends early"]
    assert " ".join(line.strip() for line in out[3:]) == WHAT_TO_DO[FailureKind.DAMAGED]
    assert max(map(len, out)) <= 80
    assert messages == ["2 files cannot be used. `segue retry` tries them again."]


def test_no_failures(printed):
    """Without failures, a sentence is printed."""
    output.print_failures(FailurePage(failures=[], total=0, files=0))

    assert printed() == ([], ["There are no failed files."])


def test_a_finished_scan(printed):
    """A scan without failures prints one line."""
    output.print_job(job())

    assert printed()[1] == ["3 of 3 files are ready, 0 failed."]


def test_a_scan_with_failures(printed):
    """Failed files are listed up to a maximum, with each reason once; markup in a file name is printed unchanged."""
    failures = [
        Failure(path=f"/music/[b]{number}.mp3", reason="silent", kind=FailureKind.LEFT_OUT, what_to_do="Nothing.")
        for number in range(25)
    ]
    output.print_job(job(total=30, done=5, failed=25, left_out=23, failures=failures))
    _, err = printed()

    assert err[0] == "5 of 30 files are ready, 2 failed, 23 left out."
    assert err[1] == "/music/[b]0.mp3"
    assert sum(line.endswith(".mp3") for line in err) == output.FAILURES_SHOWN
    assert err[-3:-1] == ["  silent", "  Nothing."]
    assert err[-1] == "… and 5 more: `segue status --failed` lists all."


def test_a_scan_that_failed(printed):
    """Only the reason is printed."""
    output.print_job(job(state=JobState.FAILED, reason="No such folder."))

    assert printed()[1] == ["The scan failed: No such folder."]


def test_tracks_are_printed_to_stdout(printed):
    """A missing tag is an empty column."""
    listings.print_tracks([track("Peace", artist="Ada", score=0.51234)])

    assert printed() == (["title  artist  album  score  id", "Peace  Ada            0.512  t1"], [])


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (track("Peace", "Ada", "One"), "“Peace” (Ada, One)"),
        (track("Peace", "Ada"), "“Peace” (Ada)"),
        (track("01"), "“01” (folder)"),
        (track("01", path="a.mp3"), "“01”"),
        (track("01", path=None), "“01”"),
    ],
)
def test_a_track_in_a_sentence(given, shown):
    """A track without tags is shown with its folder."""
    assert output.describe(given) == shown


def test_an_example(printed):
    """The first scan ends with recommendations for a track of the library."""
    output.print_example(Track.model_construct(title="A", artist="B", album=None, path=None), [track("C", score=0.7)])

    assert printed()[1] == ["For example, after “A” (B) play:", "  1. “C” (folder)  0.70"]


def test_keys_are_printed_without_their_secrets(printed):
    """A key without listeners is valid for all listeners."""
    key = ApiKey("k1", "phone", frozenset({Scope.READ, Scope.LISTEN}), None, NOON, None, None)
    output.print_keys([key])
    out, _ = printed()

    assert out[1].split()[:4] == ["phone", "listen", "read", "all"]
    assert out[1].endswith("k1")


def test_no_keys(printed):
    """Without keys, a sentence is printed instead of an empty table."""
    output.print_keys([])

    assert printed() == ([], ["There are no API keys."])


@pytest.mark.parametrize(
    ("revoked", "shown"),
    [
        (None, ["No previous catalogue shows which keys were revoked since. Check `segue keys list`."]),
        (0, []),
        (2, ["Keys that were revoked since the backup and stay revoked: 2."]),
    ],
)
def test_a_restore_reports_on_keys(printed, revoked, shown):
    """The message covers an unknown number and zero."""
    manifest = Manifest(1, "1.0", "0004", NOON.isoformat(), {"tracks": 2, "jobs": 1}, {})
    output.print_restored(Restored(manifest, None, None, revoked))
    _, err = printed()

    assert err[0].startswith("Restored the catalogue from the backup of 2026-03-01 ")
    assert err[0].endswith("(3 rows).")
    assert err[1:-1] == shown
    assert err[-1] == "Segue rebuilds the index when it starts."


def test_numbers_of_files():
    """The noun is singular for one file."""
    assert [output.count_files(count) for count in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


def test_what_was_understood_is_one_line_per_text(printed):
    """The line has the words, filters, targets, examples and phrases to avoid; warnings follow it."""
    filters = Filters(
        {"tempo": Range(None, 80), "year": Range(1990, 1999), "energy": Range(0.5, None)},
        {"artist": ("Anna", "Bert")},
        {"artist": ("Carl",)},
    )
    text = words.Understood(text="x", filters=filters, targets={"valence": 0.2}, less=("drums",), rest="calm piano")
    nothing = words.Understood(text="qwrtz", warnings=("“qwrtz” was not understood.",))
    listings.print_understood([Understood.of(words.WeightedText(each)) for each in (text, nothing)])
    out, err = printed()

    assert out == []
    assert err == [
        (
            "Understood: “calm piano”; energy at least 0.5; tempo at most 80; year 1990 to 1999; artist Anna, Bert; "
            "not by Carl; valence about 0.2; less “drums”."
        ),
        "Understood: nothing.",
        "“qwrtz” was not understood.",
    ]


def test_moods_are_listed_with_titles_and_words(capsys):
    """Words of which a mood wants less are marked."""
    listings.print_moods([Mood.of(mood_named("sleep"))])
    printed = " ".join(capsys.readouterr().out.split())

    assert printed.startswith("mood English German words sleep Sleep Schlaf very calm music to fall asleep; ")
    assert printed.endswith("less: drums")


@pytest.mark.parametrize(
    ("show", "message"),
    [
        (listings.print_found, "No track matches."),
        (listings.print_tracks, "No track matches."),
        (listings.print_pictures, "No picture matches."),
    ],
)
def test_an_empty_result_is_a_message_instead_of_a_table(printed, show, message):
    """A table would be only its header."""
    show([])

    assert printed() == ([], [message])
