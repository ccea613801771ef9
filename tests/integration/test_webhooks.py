"""Webhooks that a real receiver gets, checked with the library of the Standard Webhooks specification."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from pydantic import ValidationError
from standardwebhooks import Webhook, WebhookVerificationError

from services.catalog.database import now
from services.domain.failure import FailureKind
from services.domain.job import JobKind
from services.ingest.scan import request_scan
from services.settings import Settings
from services.webhooks.delivery import BATCH, KEPT, RUN, Delivery, Sender
from tests.fakes.installation import installation, wait_until, write_song
from tests.fakes.library import record, register, track_id, write_tone

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"  # noqa: S105  of these tests
LATER = timedelta(minutes=1)


@dataclass
class Receiver:
    """The requests of a server, and the statuses that it answers next; then it answers 204."""

    url: str = ""
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    @property
    def events(self):
        """The events, after their signatures are checked."""
        return [Webhook(SECRET).verify(body, headers) for headers, body in self.received]

    @property
    def types(self):
        return [event["type"] for event in self.events]


@pytest.fixture
def receiver():
    """A server that keeps what it receives."""
    made = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(made.statuses.pop(0) if made.statuses else 204)
            self.send_header("Location", made.url)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    made.url = f"http://127.0.0.1:{server.server_port}/hooks"
    yield made
    server.shutdown()
    server.server_close()


@pytest.fixture
def deliver(catalogue):
    """Deliver to some addresses as if some time had passed."""

    def run(*urls, after=LATER):
        with Sender.open(SECRET) as sender:
            Delivery(catalogue.webhooks, sender, lambda: None, lambda: now() + after).run(urls)

    return run


def add_track(catalogue, folder, number):
    register(catalogue, write_tone(folder / f"{number}.wav", 200 + number), number)
    return track_id(number)


def test_a_receiver_is_told_what_happens(catalogue, deliver, receiver, tmp_path):
    """In order, signed, and each event once; nothing of the time before the first delivery, nor of what is left out."""
    record(catalogue, add_track(catalogue, tmp_path, 0), 0)
    deliver(receiver.url)
    assert receiver.received == []

    record(catalogue, add_track(catalogue, tmp_path, 1), 1)
    catalogue.analyses.refuse(add_track(catalogue, tmp_path, 2), "It is cut off.", kind=FailureKind.DAMAGED)
    catalogue.analyses.refuse(add_track(catalogue, tmp_path, 3), "It is silent.", kind=FailureKind.LEFT_OUT)
    job_id = catalogue.jobs.create(JobKind.SCAN, str(tmp_path))
    catalogue.jobs.fail(job_id, "The folder is gone.")
    upload = catalogue.jobs.create(JobKind.UPLOAD, str(tmp_path))
    catalogue.jobs.fail(upload, "An upload is no scan.")
    deliver(receiver.url)
    deliver(receiver.url)

    ready, failed, done = receiver.events
    assert receiver.types == ["track.ready", "track.failed", "scan.done"]
    assert ready["data"] == {
        "track_id": track_id(1),
        "title": "Title 001",
        "artist": "Artist 1",
        "album": "Album 1",
    }
    assert (failed["data"]["track_id"], failed["data"]["reason"], failed["data"]["kind"]) == (
        track_id(2),
        "It is cut off.",
        "damaged",
    )
    assert (done["data"]["job_id"], done["data"]["state"], done["data"]["path"]) == (job_id, "failed", str(tmp_path))


def test_new_events_wait_until_they_are_settled(catalogue, deliver, receiver, tmp_path):
    """Another transaction may still commit an earlier event."""
    deliver(receiver.url)
    record(catalogue, add_track(catalogue, tmp_path, 1), 1)

    deliver(receiver.url, after=timedelta())
    assert receiver.received == []
    deliver(receiver.url)

    assert receiver.types == ["track.ready"]


def test_a_forged_request_is_recognised(catalogue, deliver, receiver, tmp_path):
    """The signature covers the body, the id and the time."""
    deliver(receiver.url)
    record(catalogue, add_track(catalogue, tmp_path, 1), 1)
    deliver(receiver.url)
    [(headers, body)] = receiver.received

    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body.replace(b"Title", b"Evil!"), headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, headers | {"webhook-id": "evt_0"})


def test_an_unavailable_receiver_gets_the_event_later(catalogue, deliver, receiver, tmp_path):
    """The event is repeated with the same id after a pause, later events wait, and other receivers are not affected."""
    away = "http://127.0.0.1:9/hooks"
    deliver(receiver.url, away)
    for number in (1, 2):
        record(catalogue, add_track(catalogue, tmp_path, number), number)
    receiver.statuses = [503, 503]

    deliver(away, receiver.url)
    deliver(away, receiver.url)  # too early
    assert len(receiver.received) == 1
    deliver(away, receiver.url, after=2 * LATER)
    assert len(receiver.received) == 2
    deliver(away, receiver.url, after=4 * LATER)

    ids = [headers["webhook-id"] for headers, _ in receiver.received]
    assert [event["data"]["track_id"] for event in receiver.events] == [track_id(n) for n in (1, 1, 1, 2)]
    assert ids[0] == ids[1] == ids[2] != ids[3]


@pytest.mark.parametrize("status", [400, 410, 302])
def test_a_refused_event_is_dropped(catalogue, deliver, receiver, tmp_path, status):
    """A receiver that refuses one event still gets the next one, and a redirect is never followed."""
    deliver(receiver.url)
    for number in (1, 2):
        record(catalogue, add_track(catalogue, tmp_path, number), number)
    receiver.statuses = [status]

    deliver(receiver.url)

    assert [event["data"]["track_id"] for event in receiver.events] == [track_id(1), track_id(2)]


def test_an_old_event_is_dropped(catalogue, deliver, receiver, tmp_path):
    """After three days without a receiver, the next event has its turn."""
    deliver(receiver.url)
    record(catalogue, add_track(catalogue, tmp_path, 1), 1)
    receiver.statuses = [503]

    deliver(receiver.url, after=KEPT + LATER)
    deliver(receiver.url, after=KEPT + 2 * LATER)

    assert len(receiver.received) == 1


def test_a_backlog_is_sent_completely(catalogue, deliver, receiver, tmp_path):
    """More events than one batch, each once."""
    deliver(receiver.url)
    added = [add_track(catalogue, tmp_path, number) for number in range(BATCH + 5)]
    for number, each in enumerate(added):
        record(catalogue, each, number)

    deliver(receiver.url)

    assert [event["data"]["track_id"] for event in receiver.events] == added


def test_a_slow_receiver_delays_no_other(catalogue, receiver, tmp_path):
    """It continues in the next run, and each event arrives once. The clock advances by 3 s with each answer."""
    others = f"{receiver.url}/others"
    for url in (receiver.url, others):
        catalogue.webhooks.progress(url)
    added = [add_track(catalogue, tmp_path, number) for number in range(20)]
    for number, each in enumerate(added):
        record(catalogue, each, number)
    with Sender.open(SECRET) as sender:
        delivery = Delivery(
            catalogue.webhooks,
            sender,
            lambda: None,
            lambda: now() + LATER + len(receiver.received) * timedelta(seconds=3),
        )
        delivery.run([receiver.url, others])
        first = len(receiver.received)
        delivery.run([receiver.url, others])

    assert first * timedelta(seconds=3) < RUN + timedelta(seconds=6)
    assert sorted(event["data"]["track_id"] for event in receiver.events) == sorted([*added, *added])


def test_progress_is_stored_with_each_event(catalogue, receiver, tmp_path):
    """A run that the limit of a task ends is not repeated."""
    catalogue.webhooks.progress(receiver.url)
    for number in range(3):
        record(catalogue, add_track(catalogue, tmp_path, number), number)

    def renew():
        if len(receiver.received) == 2:
            raise SoftTimeLimitExceeded

    with Sender.open(SECRET) as sender:
        delivery = Delivery(catalogue.webhooks, sender, renew, lambda: now() + LATER)
        with pytest.raises(SoftTimeLimitExceeded):
            delivery.run([receiver.url])
        delivery.run([receiver.url])

    assert [event["data"]["track_id"] for event in receiver.events] == [track_id(n) for n in (0, 1, 1, 2)]


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"webhooks": "https://a.example/x"}, "webhook_secret"),
        ({"webhooks": "https://a.example/x", "webhook_secret": "short"}, "webhook_secret"),
        ({"webhooks": "ftp://a.example/token", "webhook_secret": SECRET}, "webhooks"),
    ],
)
def test_wrong_settings_are_refused(settings, named):
    """Receivers need a secret of sufficient length, and an address may hold a secret, so it is not shown."""
    with pytest.raises(ValidationError) as refused:
        Settings(**settings)

    assert [error["loc"][0] for error in refused.value.errors()] == [named]
    assert "token" not in str(refused.value)


def test_workers_deliver(receiver, tmp_path):
    """A worker with the scheduler tells a receiver about the tracks of a scan and its end."""
    write_song(tmp_path / "music" / "1.flac", 1)
    (tmp_path / "music" / "damaged.flac").write_bytes(b"fLaC" + bytes(200))
    with installation(tmp_path / "data") as served:
        served.environment |= {"SEGUE_WEBHOOKS": receiver.url, "SEGUE_WEBHOOK_SECRET": SECRET}
        served.catalogue.webhooks.progress(receiver.url)  # it is told what happens from now on
        with served.worker("--beat"):
            job_id = request_scan(served.catalogue, served.queue, str(tmp_path / "music"))
            wait_until(lambda: "scan.done" in receiver.types)

    [ready] = [event["data"] for event in receiver.events if event["type"] == "track.ready"]
    [done] = [event["data"] for event in receiver.events if event["type"] == "scan.done"]
    assert ready["title"] == "1"
    assert (done["job_id"], done["total"], done["done"], done["failed"]) == (job_id, 2, 1, 1)


def test_an_address_that_no_request_can_have_stops_no_other_receiver(catalogue, deliver, receiver, tmp_path):
    wrong = "http://127.0.0.1:80a/hooks"
    deliver(wrong, receiver.url)
    record(catalogue, add_track(catalogue, tmp_path, 1), 1)
    deliver(wrong, receiver.url)

    assert receiver.types == ["track.ready"]


def test_messages_are_json(catalogue, deliver, receiver, tmp_path):
    """With the type, the time and the data, in UTF-8."""
    deliver(receiver.url)
    record(catalogue, add_track(catalogue, tmp_path, 1), 1)
    deliver(receiver.url)
    [(headers, body)] = receiver.received

    assert headers["content-type"] == "application/json"
    assert set(json.loads(body)) == {"type", "timestamp", "data"}
