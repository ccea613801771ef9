"""Health, status, metrics, headers and errors of the API."""

import gzip
import re

import pytest
from structlog.testing import capture_logs

from services.api.app import create_app
from services.api.security.permissions import public
from services.composition import compose
from services.domain.errors import BrokerUnavailable, CatalogueUnavailable, IndexUnavailable, NotConfigured
from services.settings import Settings
from services.telemetry.measures import ANALYSIS_BUCKETS, ANALYSIS_SECONDS
from services.telemetry.relay import Relay
from services.telemetry.stages import Outcome, Part, Stage
from tests.fakes.library import MODEL
from tests.fakes.serving import LIBRARY_SIZE, wait_until_indexed


def test_a_healthy_service_is_ready(api):
    """Both checks get 200, and every part is ok."""
    assert api.get("/healthz").json == {"status": "ok"}
    answer = api.get("/readyz")

    assert answer.status_code == 200
    assert answer.json["ready"] is True
    assert {name for name, part in answer.json["parts"].items() if part["ok"]} == {
        "catalogue", "broker", "index", "indexer", "storage",
    }  # fmt: skip


def test_readiness_names_the_missing_part(tmp_path):
    """Without a broker the service is alive but not ready."""
    services = compose(Settings(data_dir=tmp_path, redis_url="redis://127.0.0.1:1/0"))
    api = create_app(services).test_client()
    try:
        alive, ready = api.get("/healthz"), api.get("/readyz")
    finally:
        services.close()

    assert alive.status_code == 200
    assert (ready.status_code, ready.content_type) == (503, "application/problem+json")
    assert ready.json["parts"]["broker"]["ok"] is False
    assert ready.json["parts"]["catalogue"]["ok"] is True
    assert "broker" in ready.json["detail"]
    assert "127.0.0.1" not in ready.text
    assert "Retry-After" in ready.headers


def test_a_stopped_indexer_is_not_ready(tmp_path, broker_url):
    """The readiness check fails when the indexer has stopped."""
    services = compose(Settings(data_dir=tmp_path, redis_url=broker_url))
    try:
        wait_until_indexed(services)  # stop() does not wait for the end of a build
        services.embedded.indexer.stop()
        parts = create_app(services).test_client().get("/readyz").json["parts"]
    finally:
        services.close()

    assert parts["indexer"]["ok"] is False


def test_status_counts_the_library(api, library_dir):
    """The status has counts, the model version, the index and the data directory."""
    status = api.get("/v1/status").json

    assert status["tracks"]["ready"] == LIBRARY_SIZE
    assert status["index"].items() >= {"kind": "embedded", "points": LIBRARY_SIZE, "pending": 0}.items()
    assert (status["model_version"], status["data_dir"]) == (MODEL, str(library_dir))


def test_metrics_count_tracks_and_time_requests(api):
    """Tracks by status, the index, and latencies by route rather than by path."""
    api.get("/v1/tracks/test:1")
    api.get("/made/up")
    lines = api.get("/metrics").text.splitlines()

    assert f'segue_tracks{{status="ready"}} {LIBRARY_SIZE}.0' in lines
    assert f"segue_index_points {LIBRARY_SIZE}.0" in lines
    assert "segue_index_pending 0.0" in lines
    counted = (
        'segue_http_request_duration_seconds_count{endpoint="/v1/tracks/<path:track_id>",method="GET",status="200"}'
    )
    assert any(line.startswith(counted) for line in lines)
    assert not any("/made/up" in line for line in lines)


def test_metrics_time_the_parts_of_a_recommendation(api):
    """One observation of each part, and the diversity of the list."""

    def counted():
        text = api.get("/metrics").text
        return dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("segue_recommendation_"))

    parts = [f'segue_recommendation_seconds_count{{part="{part}"}}' for part in Part]
    before = counted()
    api.post("/v1/recommendations", json={"history": [{"track_id": "test:1", "event": "like"}], "limit": 5})
    after = counted()

    assert all(float(after[part]) > float(before.get(part, 0)) for part in parts)
    lists = "segue_recommendation_diversity_count"
    assert float(after[lists]) == float(before[lists]) + 1


def test_metrics_contain_what_workers_have_measured(api, services):
    """Sums over all workers, with the kind of each metric; buckets in ascending order."""
    relay = Relay(services.queue)
    ANALYSIS_SECONDS.labels(Stage.DECODE, Outcome.OK).observe(0.3)
    relay.send()
    relay.send()
    lines = api.get("/metrics").text.splitlines()
    buckets = [line for line in lines if line.startswith("segue_analysis_seconds_bucket{le=")]

    assert "# TYPE segue_analysis_seconds histogram" in lines
    assert 'segue_analysis_seconds_count{outcome="ok",stage="decode"} 1.0' in lines
    assert [float(line.rsplit(" ", 1)[1]) for line in buckets] == [0.0] * 5 + [1.0] * 9
    assert [line.split('"')[1] for line in buckets] == [*(str(bound) for bound in ANALYSIS_BUCKETS), "+Inf"]


def test_metrics_tell_which_part_is_down(library_dir):
    """Without a broker, the gauges of the broker are left out, and the others stay."""
    unreachable = Settings(data_dir=library_dir / "alone", redis_url="redis://127.0.0.1:1")
    services = compose(unreachable)
    try:
        lines = create_app(services).test_client().get("/metrics").text.splitlines()
    finally:
        services.close()

    assert {'segue_part_up{part="broker"} 0.0', 'segue_part_up{part="catalogue"} 1.0'} <= set(lines)
    assert {'segue_part_up{part="index"} 1.0', 'segue_part_up{part="storage"} 1.0'} <= set(lines)
    assert not any(line.startswith("segue_queue_length") for line in lines)
    assert any(line.startswith("segue_data_free_bytes ") for line in lines)


def test_requests_in_flight_are_those_without_a_complete_response(app):
    """An event stream counts until its client leaves; requests for metrics do not count."""

    def in_flight():
        text = app.test_client().get("/metrics").text
        return next(
            float(line.split()[1]) for line in text.splitlines() if line.startswith("segue_requests_in_flight ")
        )

    before = in_flight()
    stream = app.test_client().get("/v1/events", buffered=False)
    during = in_flight()
    stream.close()

    assert (during, in_flight()) == (before + 1, before)


def test_a_request_id_is_kept_or_made(api):
    """A valid X-Request-ID is returned and logged; any other is replaced."""
    with capture_logs() as logs:
        kept = api.get("/healthz", headers={"X-Request-ID": "abc-1"})
    made = api.get("/healthz", headers={"X-Request-ID": 'x"} forged'})

    assert kept.headers["X-Request-ID"] == "abc-1"
    assert len(made.headers["X-Request-ID"]) == 32
    assert [entry["path"] for entry in logs if entry["event"] == "request"] == ["/healthz"]


@pytest.mark.parametrize("path", ["/", "/docs", "/v1/tracks", "/nowhere", "/openapi.json", "/v1/tracks/test:1/audio"])
def test_every_response_has_security_headers(api, path):
    """Pages, data and errors."""
    headers = api.get(path).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in headers


def test_the_page_may_run_only_its_own_scripts(api):
    """The policy of the main page allows no inline script or style, and nothing from other hosts."""
    policy = api.get("/").headers["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize(
    "path",
    ["/", "/favicon.ico", "/web/icon.svg", "/web/manifest.webmanifest", "/docs", "/docs/assets/swagger-ui-bundle.js"],
)
def test_pages_are_served_from_this_process(api, path):
    """The page and the reference need no other host."""
    assert api.get(path).status_code == 200


def test_the_page_needs_little_transfer(api):
    """Files of the page are sent compressed, and hashed ones are kept by the browser."""
    page = api.get("/")
    script = re.search(r'src="\./(web/index-[^"]+\.js)"', page.text).group(1)

    plain, packed = api.get(f"/{script}"), api.get(f"/{script}", headers={"Accept-Encoding": "gzip"})

    assert page.cache_control.max_age == 0
    assert packed.cache_control.immutable
    assert (packed.content_encoding, packed.vary.as_set()) == ("gzip", {"accept-encoding"})
    assert gzip.decompress(packed.data) == plain.data
    assert packed.mimetype == plain.mimetype == "text/javascript"


@pytest.mark.parametrize(
    "path", ["/web/../client.py", "/web/%2e%2e/client.py", "/docs/assets/..%2f__init__.py", "/web/none.js"]
)
def test_no_other_file_is_served(api, path):
    """No path leaves the folders of the pages."""
    answer = api.get(path)

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_405_has_an_allow_header(api):
    """405 keeps its Allow header."""
    answer = api.delete("/v1/tracks")

    assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_an_unexpected_error_reveals_nothing(services):
    """It gets 500 with the request id; the traceback is in the log only."""
    app = create_app(services)
    app.add_url_rule("/defect", view_func=public(lambda: {}["secret detail"]))
    with capture_logs() as logs:
        answer = app.test_client().get("/defect")

    assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
    assert "secret" not in answer.text
    assert answer.json["request_id"] in answer.json["detail"]
    assert any(isinstance(entry.get("exc_info"), KeyError) for entry in logs)


def test_edge_refuses_several_processes(tmp_path, broker_url):
    """The embedded index with more than one API process is refused, and the message names the setting."""
    with pytest.raises(NotConfigured, match="SEGUE_QDRANT_URL"):
        compose(Settings(data_dir=tmp_path, redis_url=broker_url, api_processes=2))


def test_a_service_without_a_broker_setting_is_refused(tmp_path):
    """Without SEGUE_REDIS_URL nothing is created."""
    with pytest.raises(NotConfigured, match="SEGUE_REDIS_URL"):
        compose(Settings(data_dir=tmp_path))

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("kind", "part"), [(BrokerUnavailable, "broker"), (CatalogueUnavailable, "catalogue"), (IndexUnavailable, "index")]
)
def test_a_part_that_is_down_is_named_without_its_address(services, kind, part):
    """The driver's message, which may have addresses and paths, is in the log only."""
    app = create_app(services)

    def fail() -> None:
        raise kind("10.1.2.3:6379 refused /srv/secret")

    app.add_url_rule("/down", view_func=public(fail))
    with capture_logs() as logs:
        answer = app.test_client().get("/down")

    assert answer.status_code == 503
    assert part in answer.json["detail"]
    assert "10.1.2.3" not in answer.text
    assert "/srv" not in answer.text
    assert any("10.1.2.3" in str(entry.get("reason")) for entry in logs)
