"""`Idempotency-Key` over HTTP: one execution and one response, across processes and crashes."""

import io
import threading
from datetime import timedelta

import httpx
import psutil
import pytest
from sqlalchemy import update

from services.api.http.idempotency import install_idempotency
from services.api.security.permissions import needs
from services.catalog import Catalogue
from services.catalog.database import now
from services.catalog.tables import IdempotencyRow
from services.domain.access import Scope
from services.domain.errors import BrokerUnavailable
from services.settings import Settings
from services.tasks.queue import SCAN_TASK
from tests.fakes.library import write_tone
from tests.fakes.serving import api_process, free_port

KEY = {"Idempotency-Key": "9f1c6c0e-1"}


def without_request(answer):
    """Return the headers that do not depend on the individual request."""
    own = ("X-Request-ID", "Idempotency-Replayed", "Date")
    return {name: value for name, value in answer.headers.items() if name not in own}


def test_a_repeated_scan_is_one_scan(locked, services, key_for, tmp_path):
    """Status, body and headers are those of the first response; there is one job and one task."""
    mine = key_for("ingest") | KEY
    waiting = services.queue.count_waiting(SCAN_TASK)
    first, second = (locked.post("/v1/scans", json={"path": str(tmp_path)}, headers=mine) for _ in range(2))

    assert (first.status_code, second.status_code) == (202, 202)
    assert second.data == first.data
    assert without_request(second) == without_request(first)
    assert second.headers["Location"] == f"/v1/jobs/{first.json['id']}"
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert second.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert services.queue.count_waiting(SCAN_TASK) == waiting + 1


def test_another_body_is_422(locked, key_for, tmp_path):
    """A key that was used for another request is refused."""
    mine = key_for("ingest") | KEY | {"Idempotency-Key": "other-body"}
    locked.post("/v1/scans", json={"path": str(tmp_path)}, headers=mine)
    answer = locked.post("/v1/scans", json={"path": str(tmp_path.parent)}, headers=mine)

    assert (answer.status_code, answer.json["type"]) == (422, "urn:segue:problem:idempotency-key-reused")


def test_idempotency_keys_belong_to_an_api_key_and_a_route(locked, key_for, tmp_path):
    """Two API keys, or two routes, may use the same text and get their own responses."""
    request = {"json": {"path": str(tmp_path)}}
    one = locked.post("/v1/scans", headers=key_for("ingest") | KEY, **request)
    mine = key_for("admin") | KEY
    two = locked.post("/v1/scans", headers=mine, **request)
    elsewhere = locked.post("/v1/recommendations", json={}, headers=mine)

    assert one.json["id"] != two.json["id"]
    assert elsewhere.status_code == 422
    assert elsewhere.json["type"] == "urn:segue:problem:invalid-fields"


def test_a_replay_needs_a_valid_api_key(locked, services, key_for, tmp_path):
    """A revoked API key does not get the stored response."""
    headers = key_for("ingest")
    locked.post("/v1/scans", json={"path": str(tmp_path)}, headers=headers | KEY)
    services.catalogue.keys.revoke(headers["Authorization"].split("_")[1])

    assert locked.post("/v1/scans", json={"path": str(tmp_path)}, headers=headers | KEY).status_code == 401


def test_an_error_is_not_stored(locked, key_for, tmp_path):
    """The client can send a corrected request with the same key."""
    mine = key_for("ingest") | KEY
    folder = tmp_path / "later"
    refused = locked.post("/v1/scans", json={"path": str(folder)}, headers=mine)
    folder.mkdir()
    taken = locked.post("/v1/scans", json={"path": str(folder)}, headers=mine)

    assert (refused.status_code, taken.status_code) == (422, 202)


def test_a_503_is_not_stored(locked, services, key_for, tmp_path, monkeypatch):
    """The client can retry with the same key."""
    mine = key_for("ingest") | KEY

    def refuse(*_arguments):
        raise BrokerUnavailable("down")

    with monkeypatch.context() as broken:
        broken.setattr(type(services.queue), "scan", refuse)
        first = locked.post("/v1/scans", json={"path": str(tmp_path)}, headers=mine)
    second = locked.post("/v1/scans", json={"path": str(tmp_path)}, headers=mine)

    assert (first.status_code, second.status_code) == (503, 202)


def test_the_same_file_is_the_same_upload(locked, key_for, tmp_path):
    """Forms have a new boundary each time, so their fields and the file's content are compared."""
    mine = key_for("ingest") | KEY
    audio = write_tone(tmp_path / "a.wav", 440).read_bytes()

    def send(content, name="a.wav"):
        form = {"file": (io.BytesIO(content), name)}
        return locked.post("/v1/tracks", data=form, headers=mine, content_type="multipart/form-data")

    first, second = send(audio), send(audio)
    other, renamed = send(audio[:-2]), send(audio, "b.wav")

    assert first.status_code == 202, first.text
    assert (second.json["id"], second.headers.get("Idempotency-Replayed")) == (first.json["id"], "true")
    assert (other.status_code, renamed.status_code) == (422, 422)


def test_concurrent_requests_run_once(locked, key_for):
    """The second request is told to retry while the first runs; afterwards it gets the stored response."""
    going, go_on = threading.Event(), threading.Event()

    def slow():
        going.set()
        go_on.wait(10)
        return {"done": True}, 201, {"X-Own": "kept"}

    app = locked.application
    app.add_url_rule("/slow", endpoint="slow", methods=["POST"], view_func=needs(Scope.READ)(slow))
    install_idempotency(app)
    mine, responses = key_for("read") | KEY, []
    first = threading.Thread(target=lambda: responses.append(app.test_client().post("/slow", headers=mine)))
    first.start()
    going.wait(10)
    meanwhile = app.test_client().post("/slow", headers=mine)
    go_on.set()
    first.join()
    afterwards = app.test_client().post("/slow", headers=mine)

    assert (meanwhile.status_code, meanwhile.headers["Retry-After"]) == (409, "1")
    assert meanwhile.json["type"] == "urn:segue:problem:request-still-running"
    assert (responses[0].status_code, afterwards.status_code, afterwards.json) == (201, 201, {"done": True})
    assert afterwards.headers["X-Own"] == "kept"


@pytest.mark.parametrize("key", ["", " ", "a b", "é", "x" * 256, "a\tb"])
def test_an_invalid_key_is_refused(locked, key_for, key):
    """An empty, too long or unprintable key."""
    answer = locked.post(
        "/v1/recommendations", json={"history": []}, headers=key_for("read") | {"Idempotency-Key": key}
    )

    assert (answer.status_code, answer.json["type"]) == (422, "urn:segue:problem:invalid-idempotency-key")


def test_get_ignores_the_key(locked, key_for):
    """Responses to GET are not stored."""
    assert "Idempotency-Replayed" not in locked.get("/v1/tracks", headers=key_for("read") | KEY).headers


def test_it_survives_a_crash_and_works_across_processes(broker_url, tmp_path):
    """Another process replays the response after kill -9; a killed request holds its key until the lease ends."""
    port = free_port()
    data_dir = tmp_path / "segue"
    catalogue = Catalogue.open(Settings(data_dir=data_dir).catalogue_url)
    request = {"json": {"path": str(tmp_path)}, "headers": {"Idempotency-Key": "crash"}}
    with api_process(data_dir, broker_url, port) as process:
        first = httpx.post(f"http://127.0.0.1:{port}/v1/scans", trust_env=False, **request)
        workers = psutil.Process(process.pid).children()
        for each in (process, *workers):
            each.kill()
        psutil.wait_procs(workers)
    # As if another process had been killed during the request.
    running = {"Idempotency-Key": "died"}
    with api_process(data_dir, broker_url, port):
        second = httpx.post(f"http://127.0.0.1:{port}/v1/scans", trust_env=False, **request)
        httpx.post(f"http://127.0.0.1:{port}/v1/scans", trust_env=False, json=request["json"], headers=running)
        with catalogue.database.write() as session:
            session.execute(
                update(IdempotencyRow).values(
                    lease_until=now() - timedelta(seconds=1), status=None, body=None, headers=None
                )
            )
        again = httpx.post(f"http://127.0.0.1:{port}/v1/scans", trust_env=False, json=request["json"], headers=running)
    catalogue.close()

    assert first.status_code == 202
    assert (second.json()["id"], second.headers["Idempotency-Replayed"]) == (first.json()["id"], "true")
    assert again.status_code == 202
    assert "Idempotency-Replayed" not in again.headers
