"""A real Prometheus scrapes a real API; a real worker has analysed music."""

import json
import math
import re
import shutil
import subprocess

import pytest
import yaml

from services.domain.quotas import Quota
from services.domain.track import TrackStatus
from tests.conftest import missing
from tests.fakes.installation import installation, wait_until, write_noise, write_song
from tests.fakes.library import register
from tests.fakes.prometheus import prometheus
from tests.fakes.serving import ROOT

FOLDER = ROOT / "deploy" / "monitoring"
DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))
QUERIES = {
    f"{panel['title']} {target['refId']}": target["expr"]
    for panel in DASHBOARD["panels"]
    for target in panel.get("targets", ())
}
ALERTS = {
    rule["alert"]: rule["expr"]
    for rule in yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
}
SPEED = {"SegueSlowRecommendations"}
"""Alerts about the speed of the machine, which a busy one may exceed. `promtool` tests them with given values."""
# What Grafana puts in.
VARIABLES = {"$job": "segue", "$__rate_interval": "1m"}
SONGS = 2
QUESTION = {"text": "calm", "limit": SONGS, "include_fragments": True}  # the songs are short


def filled_in(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def values(server, expression):
    """Return the values of an expression that are numbers."""
    found = (float(each["value"][1]) for each in server.query(filled_in(expression)))
    return [value for value in found if not math.isnan(value)]


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """Prometheus, after two scrapes with different counts, and the text of the last scrape."""
    if shutil.which("prometheus") is None:
        missing("Prometheus")
    folder = tmp_path_factory.mktemp("watched")
    music = folder / "music"
    write_song(music / "chord.flac")
    write_noise(music / "noise.flac", 1, seconds=6)  # unlike the chord, so it is no copy of it
    damaged = write_song(folder / "damaged.flac")
    damaged.write_bytes(b"fLaC" + bytes(200))
    with (
        installation(folder / "data") as here,
        here.worker("--beat"),
        here.api(SEGUE_LIBRARY_ROOTS=str(music)) as api,
        prometheus(folder, api.url.removeprefix("http://")) as server,
    ):
        wait_until(lambda: server.number("segue_tasks_total{task='adopt_model'}") is not None)
        api.http.post("/v1/scans", json={"path": str(music)}).raise_for_status()
        wait_until(lambda: here.catalogue.tracks.count_by_status()[TrackStatus.READY] == SONGS)
        wait_until(lambda: server.number("segue_index_points") == SONGS)
        here.queue.analyse(register(here.catalogue, damaged, 1))

        here.catalogue.spaces.begin("next")
        here.catalogue.libraries.put("Kids", [str(music)], [])
        here.catalogue.quotas.put("Kids", Quota(tracks=10))

        def ask():
            api.http.get("/made/up")
            api.http.post("/v1/recommendations", json=QUESTION).raise_for_status()
            return all(values(server, QUERIES[name]) for name in ("Diversity of lists A", "Recommendations, p95 A"))

        wait_until(ask)
        wait_until(lambda: server.number("segue_analyses_total{outcome='failed'}") == 1)
        wait_until(lambda: values(server, QUERIES["Stages that fail A"]))
        yield server, api.http.get("/metrics").text


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_of_the_dashboard_finds_something(watched, name):
    """With the variables that Grafana replaces."""
    server, _ = watched

    assert "$" not in filled_in(QUERIES[name])
    assert values(server, QUERIES[name])


@pytest.mark.parametrize("name", sorted(ALERTS.keys() - SPEED))
def test_no_alert_fires_on_a_healthy_installation(watched, name):
    """Each expression is evaluated on the real measurements."""
    server, _ = watched

    assert server.query(ALERTS[name]) == []


@pytest.mark.parametrize("name", ALERTS)
def test_the_measurements_of_an_alert_exist(watched, name):
    """An alert on a misspelt name would never fire."""
    server, _ = watched
    metrics = set(re.findall(r"\b(?:segue_\w+|up)\b", ALERTS[name]))

    assert metrics
    assert [metric for metric in metrics if not server.query(f'{metric}{{job="segue"}}')] == []


def test_every_metric_is_documented(watched):
    """docs/monitoring.md lists what the API exposes, and nothing else."""
    _, text = watched
    exposed = set(re.findall(r"^# TYPE (segue_\w+) ", text, re.MULTILINE))
    documented = set(re.findall(r"^\| `(segue_\w+)", (ROOT / "docs/monitoring.md").read_text(), re.MULTILINE))

    assert {name for name in exposed if not name.endswith("_created")} == documented


def test_promtool_accepts_the_names(watched):
    """Names have units, counters end in `_total`, and each metric has a text."""
    _, text = watched
    checked = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr
