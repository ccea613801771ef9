"""What `deploy/monitoring` has for Prometheus and Grafana: alerts, their runbooks, and the dashboard."""

import json
import runpy
import shutil
import subprocess

import pytest
import yaml

from tests.conftest import missing
from tests.fakes.serving import ROOT

FOLDER = ROOT / "deploy" / "monitoring"
ALERTS = {
    rule["alert"]: rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
}
TESTS = yaml.safe_load((FOLDER / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
RUNBOOKS = ROOT / "docs" / "runbooks"


def promtool(*arguments):
    if shutil.which("promtool") is None:
        missing("promtool")
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    "arguments",
    [
        ("check", "config", "--syntax-only", FOLDER / "prometheus.yml"),
        ("check", "rules", "--lint-fatal", FOLDER / "alerts.yml"),
        ("test", "rules", FOLDER / "alerts_test.yml"),
    ],
    ids=lambda arguments: " ".join(map(str, arguments[:2])),
)
def test_promtool_accepts(arguments):
    """The configuration and the alerts are valid, and each alert fires when it should."""
    checked = promtool(*arguments)

    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_is_tested(name):
    """In one test at least it fires; `promtool` checks that no other installation of that test sets it off."""
    checks = [check for test in TESTS for check in test["alert_rule_test"] if check["alertname"] == name]

    assert any(check["exp_alerts"] for check in checks)


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_has_a_runbook(name):
    """The page names the alert, and says what it means, how to find the cause, and what to do."""
    page = (ROOT / ALERTS[name]["annotations"]["runbook"]).read_text(encoding="utf-8")

    assert page.startswith(f"# {name}\n")
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## Meaning", "## Cause", "## Remedy"]


def test_every_runbook_belongs_to_an_alert():
    """And no page is left over."""
    named = {(ROOT / rule["annotations"]["runbook"]).name for rule in ALERTS.values()}

    assert {path.name for path in RUNBOOKS.glob("*.md")} == named


def test_the_dashboard_is_current():
    """`python deploy/monitoring/dashboard.py` writes it."""
    made = runpy.run_path(str(FOLDER / "dashboard.py"))["dashboard"]()

    assert json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8")) == made


def test_panels_fill_the_grid_without_overlap():
    """Each row of 24 columns is full, so no panel leaves a gap."""
    panels = json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert set(cells) == {(x, y) for x in range(24) for y in range(max(y for _, y in cells) + 1)}
