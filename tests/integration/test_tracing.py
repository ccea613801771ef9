"""Traces of a real API process and a real worker, received by a collector on loopback."""

import os
import socket
import subprocess
import sys

import pytest

from services.domain.errors import NotConfigured
from services.settings import Settings
from services.telemetry.tracing import start_tracing
from tests.fakes.collector import collector
from tests.fakes.installation import installation, wait_until, write_song
from tests.fakes.serving import ROOT

CALLER = {"traceparent": f"00-{'1' * 32}-{'2' * 16}-01"}


@pytest.fixture(scope="module")
def traced(tmp_path_factory):
    """An installation whose processes send their traces to a collector."""
    folder = tmp_path_factory.mktemp("traced")
    with collector() as received, installation(folder / "data") as here:
        here.environment |= {"SEGUE_TRACES_URL": received.url, "SEGUE_LIBRARY_ROOTS": str(folder)}
        write_song(folder / "music" / "song.flac")
        with here.worker(), here.api() as api:
            response = api.http.post("/v1/scans", json={"path": str(folder / "music")}, headers=CALLER)
            assert response.status_code == 202, response.text
            wait_until(lambda: received.named("segue.analyse"))
            api.http.post("/v1/recommendations", json={"history": [], "limit": 1})
            wait_until(lambda: received.named("POST /v1/recommendations"))
            received.log = api.program.output
        yield received


def test_a_trace_leads_from_the_request_to_the_stages_of_the_analysis(traced):
    """The request continues the trace of its client, the scan that of the request, the analysis that of the scan."""
    [(service, request)] = traced.named("POST /v1/scans")
    scan = traced.children(request)["segue.scan"]
    analysis = traced.children(scan)["segue.analyse"]
    stages = traced.children(analysis)
    steps = traced.children(stages["analyse"])

    assert service == "segue-api"
    assert {sender for sender, span in traced.spans if span in (scan, analysis)} == {"segue-worker"}
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == ("1" * 32, "2" * 16)
    assert {span.trace_id for span in (scan, analysis, *stages.values(), *steps.values())} == {request.trace_id}
    assert stages.keys() == {"claim", "analyse", "record", "place", "cover"}
    assert list(steps) == ["decode", "describe", "encode"]
    ordered = [
        stages["analyse"].start_time_unix_nano,
        *(time for step in steps.values() for time in (step.start_time_unix_nano, step.end_time_unix_nano)),
    ]
    assert ordered == sorted(ordered)


def test_a_request_has_its_parts(traced):
    """With the route and the status; a request without a trace begins one."""
    [(_, request)] = traced.named("POST /v1/recommendations")
    attributes = {each.key: each.value for each in request.attributes}

    assert {"history", "search", "rank", "present"} <= traced.children(request).keys()
    assert attributes["http.route"].string_value == "/v1/recommendations"
    assert attributes["http.response.status_code"].int_value == 200
    assert not request.parent_span_id
    assert f'"trace_id": "{request.trace_id.hex()}"' in traced.log
    assert request.trace_id.hex() != "1" * 32


def test_without_a_collector_no_exporter_is_imported():
    """It would stay in the memory of the API process. redis-py imports what it measures with, which takes 1.4 MB."""
    program = "import sys, services.api.app; sys.exit('opentelemetry.exporter' in sys.modules)"

    subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=os.environ, check=True)


def test_a_missing_extra_is_named(monkeypatch):
    """The message says what to install."""
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)

    with pytest.raises(NotConfigured, match=r"Install segue\[tracing\]"):
        start_tracing(Settings(traces_url="http://127.0.0.1:4318/v1/traces"), "segue-api")


def test_a_collector_that_does_not_respond_delays_nothing(tmp_path):
    """It accepts connections and is silent. The API answers, and ends in time."""
    with socket.create_server(("127.0.0.1", 0)) as silent, installation(tmp_path / "data") as here:
        here.environment["SEGUE_TRACES_URL"] = f"http://127.0.0.1:{silent.getsockname()[1]}/v1/traces"
        with here.api() as api:
            assert api.http.get("/healthz").status_code == 200
            api.program.process.terminate()
            assert api.program.process.wait(timeout=10) == 0
