"""The typed client against the real application."""

import dataclasses
import socket
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from services.api.app import create_app
from services.api.schemas.service import Problem
from services.client import SegueClient
from services.connection import ProblemError, error_of
from services.domain.access import Scope
from services.domain.errors import (
    InsufficientScope,
    InvalidRequest,
    KeyRequired,
    NotFound,
    PathNotScannable,
    RadioNotFound,
    SegueError,
    ServiceUnreachable,
    TrackNotFound,
    Unavailable,
    UnsupportedAudio,
)
from services.domain.filters import Filters, Range
from services.domain.job import JobState
from services.domain.listening import Description, EventKind, ListenEvent, ListenFilter, NewListen, TrackKnown, plays
from services.domain.question import Exclusion, Order, Question
from services.domain.radio import RadioStart, Seeds
from services.settings import Settings
from tests.fakes.library import track_id, write_tone
from tests.fakes.questions import answering
from tests.fakes.serving import LIBRARY_SIZE


@pytest.fixture
def client(app):
    with SegueClient("http://localhost", transport=httpx.WSGITransport(app=app)) as made:
        yield made


def test_a_key_is_sent_and_refusals_are_errors(services):
    """The client sends its key; a missing key or scope raises the error of the response."""
    settings = Settings(**(services.settings.model_dump() | {"require_keys": True}))
    locked = httpx.WSGITransport(app=create_app(dataclasses.replace(services, settings=settings)))
    key = services.catalogue.keys.create("client", [Scope.READ]).text
    with SegueClient("http://localhost", key=key, transport=locked) as client:
        assert client.track("test:1").id == track_id(1)
        with pytest.raises(InsufficientScope, match="ingest"):
            client.job("none")
    with (
        SegueClient("http://localhost", transport=locked) as client,
        pytest.raises(KeyRequired, match="segue keys create"),
    ):
        client.status()


def test_tracks_iterates_over_all_pages(client):
    """The iterator yields the whole library, whatever the page size."""
    assert len({track.id for track in client.tracks(page=5)}) == LIBRARY_SIZE
    assert [track.title for track in client.tracks("title 007")] == ["Title 007"]


def test_files_are_searched_with(client, broker_url, tmp_path):
    """A picture and a clip get tracks, with what was understood; a picture joins a request for recommendations."""
    picture, clip = tmp_path / "picture.jpg", tmp_path / "clip.wav"
    picture.write_bytes(b"\xff\xd8\xff")
    write_tone(clip, 440)
    wanted = Filters({"tempo": Range(84, 90)})
    with answering(broker_url):
        fitting = client.search_image(picture, limit=3, filters=wanted)
        alike = client.search_audio(clip, limit=3, filters=wanted)
        mixed = client.recommend(Question(history=plays(["test:1"]), limit=3), pictures=[picture])

    assert (fitting.understood.looks, alike.understood.descriptors.tempo) == ("warm, calm", 120.0)
    assert len(fitting.tracks) == len(alike.tracks) == len(mixed.tracks) == 3
    assert all(84 <= track.descriptors.tempo <= 90 for track in (*fitting.tracks, *alike.tracks))
    assert mixed.pictures == [fitting.understood]


def test_similar_sends_filters(client):
    """Ranges and keywords reach the service."""
    wanted = Filters({"tempo": Range(84, 90)}, {"genre": ("Ambient", "folk")})
    found = client.similar("test:2", limit=100, filters=wanted)

    assert {track.id for track in found.tracks} == {track_id(number) for number in (4, 5, 8, 9)}


def test_recommend_sends_every_option(client):
    """Every part of a question reaches the service."""
    question = Question(
        history=(*plays(["test:1", "nobody"]), ListenEvent("test:5", EventKind.LIKE, played_ms=2000)),
        limit=3,
        filters=Filters(any_of={"genre": ("Folk",)}),
        targets={"tempo": 90},
        exclude=Exclusion(tracks=("test:9",), artists=("Artist 2",)),
        order=Order.ENERGY_UP,
        half_life_days=7,
    )
    found = client.recommend(question)

    assert found.unknown == ["nobody"]
    assert len(found.tracks) == 3
    assert track_id(9) not in {track.id for track in found.tracks}
    assert all(track.genre == "Folk" and track.because_of for track in found.tracks)


def test_path_sends_every_option(client):
    """Ends, steps and filters reach the service."""
    found = client.path("test:0", "test:3", steps=5, filters=Filters(any_of={"genre": ("Folk",)}))

    assert [track.id for track in (found.tracks[0], found.tracks[-1])] == [track_id(0), track_id(3)]
    assert {track.genre for track in found.tracks[1:-1]} == {"Folk"}


def test_a_radio_session_is_started_continued_and_ended(client):
    """The client sends terms and events, repeats a call, and ends the session."""
    terms = Question(filters=Filters({"tempo": Range(90, None)}), exclude=Exclusion(artists=("Artist 2",)), seed=5)
    session = client.start_radio(RadioStart(seeds=Seeds(tracks=("test:0",)), history=plays(["test:4"]), terms=terms))
    first = client.next_radio_tracks(session.id, limit=4, call="1")
    second = client.next_radio_tracks(session.id, [ListenEvent(first.tracks[0].id, EventKind.SKIP)], limit=4)

    assert session.seed == 5
    assert client.next_radio_tracks(session.id, limit=4, call="1").tracks == first.tracks
    tracks = first.tracks + second.tracks
    assert len({track.id for track in tracks}) == 8
    assert all(track.artist != "Artist 2" and track.descriptors.tempo >= 90 for track in tracks)
    assert [played.event for played in client.radio(session.id).played] == [EventKind.SKIP]
    assert client.steer_radio(session.id, ["folk"], mood="party", limit=1).understood[0].rest == "folk"
    assert client.steer_radio(session.id, limit=1).mood is None
    client.end_radio(session.id)
    for gone in (client.radio, client.end_radio):
        with pytest.raises(RadioNotFound):
            gone(session.id)


def test_audio_features_are_attributes(client):
    """Each value of the analysis is an attribute."""
    found = client.audio_features("test:6")

    assert (found.tempo, found.key, found.tempo_confidence) == (86.0, 6, 0.8)


def test_status_and_readiness(client):
    """The client returns counts and readiness with types."""
    assert client.status().tracks["ready"] == LIBRARY_SIZE
    assert client.ready().ready


def test_wait_for_a_job(client, services, tmp_path):
    """`wait_for` reports progress and returns the finished job."""
    folder = tmp_path / "empty"
    folder.mkdir()
    job = client.scan(folder)
    services.catalogue.jobs.begin(job.id, total=0)
    seen = []

    def finish(state):
        seen.append(state.state)
        services.catalogue.jobs.complete_listing(job.id, unchanged=0)

    assert client.wait_for(job, finish, timeout=10).state == JobState.DONE
    assert (seen[0], seen[-1]) == (JobState.QUEUED, JobState.DONE)


def test_waiting_can_time_out(client, tmp_path):
    """A job that does not finish in time raises TimeoutError with its id."""
    job = client.scan(tmp_path)
    with pytest.raises(TimeoutError, match=job.id):
        client.wait_for(job, timeout=0)


def test_an_upload_is_stored(client, tmp_path):
    """The client sends the file, and the job contains its track."""
    job = client.upload(write_tone(tmp_path / "new.wav", 444))

    assert client.track(job.tracks[0]).title == "new"


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (lambda client, _: client.track("nobody"), TrackNotFound),
        (lambda client, _: client.track("a/b?c#d"), TrackNotFound),
        (lambda client, _: client.scan("nowhere"), PathNotScannable),
        (lambda client, _: client.similar("test:1", limit=0), InvalidRequest),
        (lambda client, folder: client.upload(folder / "text.mp3"), UnsupportedAudio),
    ],
)
def test_problems_are_raised_as_their_own_errors(client, tmp_path, call, kind):
    """A problem of the service is raised as the same error class with its message."""
    (tmp_path / "text.mp3").write_text("no audio")
    with pytest.raises(SegueError) as caught:
        call(client, tmp_path)

    assert type(caught.value) is kind
    assert caught.value.detail


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (422, InvalidRequest), (503, Unavailable), (418, ProblemError)]
)
def test_an_unknown_problem_is_raised_by_its_status(status, kind):
    """An unknown problem type is raised as the error of its HTTP status."""
    problem = Problem(type="urn:new", title="New", status=status, detail="Details.", instance="/", request_id="1")
    error = error_of(problem)

    assert (type(error), error.detail) == (kind, "Details.")


def test_an_unreachable_service():
    """If no service listens, the error names the URL and how to start Segue."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with SegueClient(url) as client, pytest.raises(ServiceUnreachable, match="segue up") as caught:
            client.status()

    assert url in caught.value.detail


def test_a_server_that_is_not_segue():
    """A response of another server raises ServiceUnreachable."""
    other = httpx.MockTransport(lambda _: httpx.Response(200, html="<h1>It works!</h1>"))
    with (
        SegueClient("http://other.test", transport=other) as client,
        pytest.raises(ServiceUnreachable, match="not Segue"),
    ):
        client.status()


def test_methods_of_stored_listeners(client):
    """Every method for stored listeners works with the service."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    words = Description(artist="Nobody", title="Never heard", album="A", duration_ms=5)
    sent = [
        NewListen(names=("test:1",), at=at, played_ms=1900, key="k"),
        NewListen(names=("test:2",), kind=EventKind.BAN, at=at),
        NewListen(described=words, at=at + timedelta(days=1)),
    ]
    name = "Ada Lovelace?"
    recorded, again = client.listen(name, sent), client.listen(name, sent * 400)
    kept = list(client.listens(name, page=2))
    answer = client.user_recommendations(name, Question(limit=100))
    never = client.user_recommendations(name, Question(limit=100), repeat_after_days=None)
    client.take_back(name, kept[-1].id)
    with pytest.raises(NotFound, match="no listen"):
        client.take_back(name, kept[-1].id)

    assert (recorded.recorded, recorded.unknown) == (3, 1)
    assert (again.recorded, again.duplicates, len(again.listens)) == (0, 1200, 1200)
    assert [(listen.artist, listen.track_id) for listen in kept] == [
        ("Nobody", None),
        (None, track_id(2)),
        (None, track_id(1)),
    ]
    assert (kept[2].key, kept[2].played_ms, kept[2].at) == ("k", 1900, at)
    assert [len(found.tracks) for found in (answer, never)] == [LIBRARY_SIZE - 1, LIBRARY_SIZE - 2]
    assert [listen.event for listen in client.listens(name, ListenFilter(kinds=(EventKind.BAN,)))] == [EventKind.BAN]
    assert list(client.listens(name, ListenFilter(since=at + timedelta(days=2), track_known=TrackKnown.UNKNOWN))) == []
    assert client.taste(name).counts.unknown == 1
    assert client.forget(name).listens == 2


def test_external_ids_are_set_and_removed(client):
    """The response contains the new ids of the track."""
    assert client.set_ids("test:3", {"navidrome": "x/1"}).ids == {"test": "3", "navidrome": "x/1"}
    assert client.track("navidrome:x/1").id == track_id(3)
    assert client.set_ids("navidrome:x/1", {"navidrome": None}).ids == {"test": "3"}


def test_a_new_listener_starts_from_moods(client):
    """The moods of the service are accepted by recommendations, searches and starts."""
    mood = client.moods().moods[0].id

    assert client.started("newcomer") is None
    assert client.start("newcomer", moods=[mood], artists=["Artist 1"]).tracks
    assert client.started("newcomer").moods == [mood]
    assert client.recommend(Question(), mood=mood).tracks
    assert client.search("folk", mood=mood).tracks
