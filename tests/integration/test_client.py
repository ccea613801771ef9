"""The typed client against the real application."""

import dataclasses
import socket
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from segue_client import (
    Conflict,
    Forbidden,
    InvalidRequest,
    KeyRequired,
    NotFound,
    Segue,
    SegueError,
    ServiceUnreachable,
    TooManyRequests,
    Unavailable,
    Unsupported,
    models,
)
from segue_client.arguments import RecommendationTerms, Terms
from segue_client.errors import error_of

from services.api.app import create_app
from services.api.schemas.radio import RadioRequest
from services.api.schemas.recommendations import RecommendationRequest
from services.domain.access import Scope
from services.settings import Settings
from tests.fakes.library import track_id, write_tone
from tests.fakes.questions import answering
from tests.fakes.serving import LIBRARY_SIZE

SLOW_FOLK = {"tempo": {"min": 84, "max": 90}}


@pytest.fixture
def client(app):
    with Segue("http://localhost", transport=httpx.WSGITransport(app=app)) as made:
        yield made


def test_a_key_is_sent_and_refusals_are_errors(services):
    """The client sends its key; a missing key or scope raises the error of the response."""
    settings = Settings(**(services.settings.model_dump() | {"require_keys": True}))
    locked = httpx.WSGITransport(app=create_app(dataclasses.replace(services, settings=settings)))
    key = services.catalogue.keys.create("client", [Scope.READ]).text
    with Segue("http://localhost", key=key, transport=locked) as client:
        assert client.track("test:1").id == track_id(1)
        with pytest.raises(Forbidden, match="ingest"):
            client.job("none")
    with (
        Segue("http://localhost", transport=locked) as client,
        pytest.raises(KeyRequired, match="segue keys create"),
    ):
        client.status()


def test_tracks_iterates_over_all_pages(client):
    """The iterator yields the whole library, whatever the page size."""
    assert len({track.id for track in client.tracks(page=5)}) == LIBRARY_SIZE
    assert [track.title for track in client.tracks("title 007")] == ["Title 007"]


def test_the_highlight_of_a_track_has_a_url(client):
    """The audio that it names is that of the track; the request sends no fragment."""
    found = client.highlight("test:2")

    assert (found.start, found.end) == (0.0, 2.0)
    assert client.request("GET", found.audio_url).content == client.audio("test:2")


def test_files_are_searched_with(client, broker_url, tmp_path):
    """A picture and a clip get tracks, with what was understood; a picture joins a request for recommendations."""
    picture, clip = tmp_path / "picture.jpg", tmp_path / "clip.wav"
    picture.write_bytes(b"\xff\xd8\xff")
    write_tone(clip, 440)
    wanted = models.Filters(tempo=models.TempoRange(min=84, max=90))
    with answering(broker_url):
        fitting = client.search_image(picture, limit=3, filters=wanted)
        alike = client.search_audio(clip, limit=3, filters=wanted)
        mixed = client.recommend(["test:1"], limit=3, pictures=[picture])

    assert (fitting.understood.looks, alike.understood.descriptors.tempo) == ("warm, calm", 120.0)
    assert len(fitting.tracks) == len(alike.tracks) == len(mixed.tracks) == 3
    assert all(84 <= track.descriptors.tempo <= 90 for track in (*fitting.tracks, *alike.tracks))
    assert mixed.pictures == [fitting.understood]


def test_similar_sends_filters(client):
    """Ranges and keywords reach the service."""
    wanted = SLOW_FOLK | {"genre": ["Ambient", "folk"]}
    found = client.similar("test:2", limit=100, filters=wanted)

    assert {track.id for track in found.tracks} == {track_id(number) for number in (4, 5, 8, 9)}


def test_recommend_sends_every_option(client):
    """Every part of a question reaches the service."""
    found = client.recommend(
        ["test:1", "nobody", models.ListenEvent(track_id="test:5", event="like", played_ms=2000)],
        limit=3,
        filters={"genre": ["Folk"]},
        targets={"tempo": 90},
        exclude_tracks=["test:9"],
        exclude_artists=["Artist 2"],
        order="energy_up",
        half_life_days=7,
    )

    assert found.unknown == ["nobody"]
    assert len(found.tracks) == 3
    assert track_id(9) not in {track.id for track in found.tracks}
    assert all(track.genre == "Folk" and track.because_of for track in found.tracks)


def test_every_option_of_a_request_is_an_argument():
    """The arguments are the fields of the requests; those of `exclude` have names of their own."""
    excluded = {"exclude_tracks", "exclude_artists", "exclude_seed_artists"}

    for terms, request, own in (
        (RecommendationTerms, RecommendationRequest, {"history", "pictures"}),
        (Terms, RadioRequest, {"history", "seeds", "limit"}),
    ):
        assert terms.__optional_keys__ - excluded == set(request.model_fields) - own - {"exclude"}
    assert excluded == {f"exclude_{name}" for name in models.Exclude.model_fields}


def test_path_sends_every_option(client):
    """Ends, steps and filters reach the service."""
    found = client.path("test:0", "test:3", steps=5, filters={"genre": ["Folk"]})

    assert [track.id for track in (found.tracks[0], found.tracks[-1])] == [track_id(0), track_id(3)]
    assert {track.genre for track in found.tracks[1:-1]} == {"Folk"}


def test_a_radio_session_is_started_continued_and_ended(client):
    """The client sends terms and events, repeats a call, and ends the session."""
    terms = {"filters": {"tempo": {"min": 90}}, "exclude_artists": ["Artist 2"], "seed": 5}
    session = client.radio(["test:0"], history=["test:4"], **terms)
    first = client.next_radio_tracks(session.id, limit=4, call="1")
    second = client.next_radio_tracks(session.id, [(first.tracks[0].id, "skip")], limit=4)

    assert session.session.seed == 5
    assert client.next_radio_tracks(session.id, limit=4, call="1").tracks == first.tracks
    tracks = first.tracks + second.tracks
    assert len({track.id for track in tracks}) == 8
    assert all(track.artist != "Artist 2" and track.descriptors.tempo >= 90 for track in tracks)
    assert [played.event for played in client.resume_radio(session.id).session.played] == ["skip"]
    assert client.next_radio_tracks(session.id, text=["folk"], mood="party", limit=1).understood[0].rest == "folk"
    assert client.next_radio_tracks(session.id, mood=None, limit=1).mood is None
    client.end_radio(session.id)
    for gone in (client.resume_radio, client.end_radio):
        with pytest.raises(NotFound, match="radio session"):
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

    assert client.wait_for(job, finish, timeout=10).state == "done"
    assert (seen[0], seen[-1]) == ("queued", "done")


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
        (lambda client, _: client.track("nobody"), NotFound),
        (lambda client, _: client.track("a/b?c#d"), NotFound),
        (lambda client, _: client.scan("nowhere"), InvalidRequest),
        (lambda client, _: client.similar("test:1", limit=0), InvalidRequest),
        (lambda client, folder: client.upload(folder / "text.mp3"), Unsupported),
    ],
)
def test_problems_are_raised_by_their_status(client, tmp_path, call, kind):
    """A problem of the service is raised as the class of its status, with all that the service said."""
    (tmp_path / "text.mp3").write_text("no audio")
    with pytest.raises(SegueError) as caught:
        call(client, tmp_path)

    assert type(caught.value) is kind
    assert caught.value.detail == caught.value.problem.detail
    assert caught.value.problem.type.startswith("urn:segue:problem:")


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, NotFound),
        (409, Conflict),
        (422, InvalidRequest),
        (429, TooManyRequests),
        (503, Unavailable),
        (418, SegueError),
    ],
)
def test_an_unknown_problem_is_raised_by_its_status(status, kind):
    """A problem that this version does not know has the class of its status, too."""
    problem = models.Problem(
        type="urn:new", title="New", status=status, detail="Details.", instance="/", request_id="1"
    )
    error = error_of(problem, retry_after=3)

    assert (type(error), error.detail, error.retry_after) == (kind, "Details.", 3)


def test_an_unreachable_service():
    """If no service listens, the error names the URL and how to start Segue."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        with Segue(url) as client, pytest.raises(ServiceUnreachable, match="segue up") as caught:
            client.status()

    assert url in caught.value.detail


def test_a_server_that_is_not_segue():
    """A response of another server raises ServiceUnreachable."""
    other = httpx.MockTransport(lambda _: httpx.Response(200, html="<h1>It works!</h1>"))
    with (
        Segue("http://other.test", transport=other) as client,
        pytest.raises(ServiceUnreachable, match="not Segue"),
    ):
        client.status()


def _problem(_):
    body = {"type": "t", "title": "t", "status": 404, "detail": "Gone.", "instance": "/", "request_id": "r"}
    return httpx.Response(404, json=body, headers={"Content-Type": "application/problem+json; charset=utf-8"})


def _damaged(_):
    return httpx.Response(200, content=b"no gzip", headers={"Content-Encoding": "gzip"})


@pytest.mark.parametrize(
    ("answer", "kind", "message"), [(_problem, NotFound, "Gone"), (_damaged, ServiceUnreachable, "damaged")]
)
def test_answers_that_a_proxy_changed_are_errors_of_the_client(answer, kind, message):
    """A proxy may add a charset to the type of a problem, or damage what it compresses."""
    transport = httpx.MockTransport(answer)
    with Segue("http://localhost", transport=transport) as client, pytest.raises(kind, match=message):
        client.moods()


def test_arguments_that_cannot_be_sent_are_refused(client):
    """A key that no header can carry, names that would make another path, and a client that is closed."""
    for key in ("clé", "a\nb", ""):
        with pytest.raises(KeyRequired, match="no API key"):
            Segue("http://localhost", key=key)
    for name in ("", ".", ".."):
        with pytest.raises(InvalidRequest, match="cannot be an id"):
            client.similar(name)
    client.close()
    with pytest.raises(SegueError, match="closed"):
        client.moods()


def test_values_of_a_newer_service_are_read():
    """A value that an enumeration got after this version is text like the others."""
    assert models.ListenOutcome.model_validate({"id": 1, "status": "merged", "track_id": None}).status == "merged"


def test_methods_of_stored_listeners(client):
    """Every method for stored listeners works with the service."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    sent = [
        models.ListenIn(track_id="test:1", at=at, played_ms=1900, key="k"),
        models.ListenIn(track_id="test:2", event="ban", at=at),
        models.ListenIn(artist="Nobody", title="Never heard", album="A", duration_ms=5, at=at + timedelta(days=1)),
    ]
    name = "Ada Lovelace?"
    recorded, again = client.listen(name, sent), client.listen(name, sent * 400)
    kept = list(client.listens(name, page=2))
    answer = client.recommend(user=name, limit=100)
    never = client.recommend(user=name, limit=100, repeat_after_days=None)
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
    assert [listen.event for listen in client.listens(name, events=["ban"])] == ["ban"]
    assert list(client.listens(name, since=at + timedelta(days=2), tracks="unknown")) == []
    assert client.taste(name).counts.unknown == 1
    assert client.forget(name).listens == 2


def test_external_ids_are_set_and_removed(client):
    """The response contains the new ids of the track."""
    assert client.set_ids("test:3", {"navidrome": "x/1"}).ids == {"test": "3", "navidrome": "x/1"}
    assert client.track("navidrome:x/1").id == track_id(3)
    assert client.set_ids("navidrome:x/1", {"navidrome": None}).ids == {"test": "3"}


def test_a_new_listener_starts_from_moods(client):
    """The moods of the service are accepted by recommendations, searches and starts."""
    mood = client.moods()[0].id

    assert client.started("newcomer") is None
    assert client.start("newcomer", moods=[mood], artists=["Artist 1"]).tracks
    assert client.started("newcomer").moods == [mood]
    assert client.recommend(mood=mood).tracks
    assert client.search("folk", mood=mood).tracks
