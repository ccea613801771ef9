"""The autoscalers of the Helm chart ask for metrics that the API serves, and for what their names say."""

import json
import re
import shutil
import subprocess

import pytest

pytest.importorskip("helm_python", reason="its wheel for Linux is for x86-64 only")

from tests.conftest import missing
from tests.fakes.helm_chart import EXAMPLES, NAMESPACE, RELEASE, of_kind, rendered

OBJECTS = rendered("scaled")
TRIGGER = of_kind(OBJECTS, "ScaledObject")["worker"]["spec"]["triggers"][0]["metadata"]
OURS = f'namespace="{NAMESPACE}",service="{RELEASE}-api"'
OTHERS = f'namespace="{NAMESPACE}",service="other-api"'


def test_metrics_are_served(api):
    """Each metric of the autoscalers is one of `GET /metrics`, and KEDA asks the Prometheus of the values."""
    served = set(re.findall(r"^# TYPE (\w+)", api.get("/metrics").text, flags=re.MULTILINE))
    (pod_metric,) = of_kind(OBJECTS, "HorizontalPodAutoscaler")["api"]["spec"]["metrics"]

    assert pod_metric["pods"]["metric"]["name"] in served
    assert set(re.findall(r"segue_\w+", TRIGGER["query"])) <= served
    assert TRIGGER["serverAddress"] == EXAMPLES["scaled"]["metrics"]["prometheusUrl"]


@pytest.mark.parametrize(
    ("queued", "pending", "backlog"),
    [(0, 0, 0), (36, 5000, 5036), (0, 5000, 0), (4, 0, 4)],
    ids=["idle", "a new library", "a pause", "other tasks"],
)
def test_the_backlog_is_what_workers_can_do(tmp_path, queued, pending, backlog):
    """Prometheus adds the queue and the tracks that wait in the catalogue, which count as long as the queue is used.

    Two pods of the API report the same, and another release in the namespace does not count.
    """
    if shutil.which("promtool") is None:
        missing("promtool")
    series = [
        {"series": f"{metric},{labels},pod={pod}}}", "values": str(value)}
        for pod in ('"a"', '"b"')
        for metric, number in (
            ('segue_queue_length{queue="analyse"', queued),
            ('segue_tracks{status="pending"', pending),
        )
        for labels, value in ((OURS, number), (OTHERS, 10**6))
    ]
    expected = [{"expr": TRIGGER["query"], "eval_time": "0m", "exp_samples": [{"labels": "{}", "value": backlog}]}]
    test = {"tests": [{"input_series": series, "promql_expr_test": expected}]}
    (tmp_path / "test.json").write_text(json.dumps(test))  # JSON is YAML

    done = subprocess.run(
        ["promtool", "test", "rules", tmp_path / "test.json"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
