"""Write the Grafana dashboard: `python deploy/monitoring/dashboard.py` writes `dashboard.json` beside this file."""  # noqa: INP001  a script, not a package

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OUTPUT = Path(__file__).with_suffix(".json")

# Grafana divides the width of a dashboard into this many columns.
COLUMNS = 24
SCHEMA_VERSION = 39  # of Grafana 11

JOB = 'job=~"$job"'
"""In each selector, because one Prometheus may watch several installations."""

READY, NOT_READY = 'status="ready"', 'status!="ready"'
NOT_SERVED = 'role!="served"'
SERVER_ERROR = 'status=~"5.."'
FAILED = 'outcome="failed"'
PARTS_OF_ANALYSIS = 'stage!="analyse", outcome="ok"'
"""The stage `analyse` contains others."""
RECOMMEND = 'endpoint="/v1/recommendations"'

REQUESTS = "segue_http_request_duration_seconds"


@dataclass(frozen=True, slots=True)
class Query:
    """A PromQL expression, and the name of its lines."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel: what it shows, in which unit of Grafana, and how."""

    title: str
    queries: Sequence[Query]
    unit: str = "short"
    kind: str = "timeseries"
    width: int = 8
    height: int = 8
    description: str = ""
    stacked: bool = False


def of(metric: str, labels: str = "") -> str:
    """Return a selector of a metric in the chosen job."""
    return f"{metric}{{{', '.join(filter(None, (JOB, labels)))}}}"


def rate(metric: str, labels: str = "") -> str:
    """Return the rate of a counter in each second."""
    return f"rate({of(metric, labels)}[$__rate_interval])"


def of_requests(quantile: float, labels: str = "", by: str = "le") -> str:
    """Return a quantile of the time that requests take, over all API containers."""
    return f"histogram_quantile({quantile}, sum by ({by}) ({rate(f'{REQUESTS}_bucket', labels)}))"


def of_workers(quantile: float, metric: str, by: str, labels: str = "") -> str:
    """Return a quantile of what workers measured. Each API container has the same sums, so one of them counts."""
    return f"histogram_quantile({quantile}, max by (le, {by}) ({rate(f'{metric}_bucket', labels)}))"


def used(resource: str) -> str:
    """Return how much of a resource each named library uses."""
    selector = of("segue_library_usage", f'resource="{resource}"')
    return f"max by (library) ({selector})"


def of_stages(labels: str) -> str:
    """Return the mean time of each stage of an analysis."""
    total, count = (f"max by (stage) ({rate(f'segue_analysis_seconds_{each}', labels)})" for each in ("sum", "count"))
    return f"{total} / {count}"


QUOTA_USED = f"{of('segue_library_usage')} / {of('segue_library_quota')}"
ALL = rate(f"{REQUESTS}_count")
ERRORS = f"(sum({rate(f'{REQUESTS}_count', SERVER_ERROR)}) or vector(0)) / sum({ALL})"

ROWS: dict[str, Sequence[Panel]] = {
    "Overview": (
        Panel(
            "Parts",
            [Query(f"min by (part) ({of('segue_part_up')})", "{{part}}")],
            kind="stat",
            unit="bool_on_off",
            width=6,
            height=5,
            description="Off: at least one API container cannot reach the part.",
        ),
        Panel("Requests", [Query(f"sum({ALL})")], "reqps", "stat", 3, 5),
        Panel("Errors", [Query(ERRORS)], "percentunit", "stat", 3, 5, "Share of the requests with a status of 5xx."),
        Panel("Recommendations, p95", [Query(of_requests(0.95, RECOMMEND))], "s", "stat", 4, 5),
        Panel("Tracks ready", [Query(f"max({of('segue_tracks', READY)})")], kind="stat", width=4, height=5),
        Panel("Free on the data disk", [Query(f"min({of('segue_data_free_bytes')})")], "bytes", "stat", 4, 5),
    ),
    "Requests": (
        Panel(
            "Requests by outcome",
            [Query(f"sum by (status) ({ALL})", "{{status}}")],
            "reqps",
            stacked=True,
        ),
        Panel(
            "Time of a response",
            [Query(of_requests(quantile), f"p{quantile * 100:.0f}") for quantile in (0.5, 0.95, 0.99)],
            "s",
        ),
        Panel(
            "Requests in flight",
            [Query(f"sum by (instance) ({of('segue_requests_in_flight')})", "{{instance}}")],
            description="Event streams count as long as they last.",
        ),
        Panel(
            "Busiest routes",
            [Query(f"topk(10, sum by (method, endpoint) ({ALL}))", "{{method}} {{endpoint}}")],
            "reqps",
            width=12,
        ),
        Panel(
            "Slowest routes, p95",
            [Query(f"topk(10, {of_requests(0.95, by='le, method, endpoint')})", "{{method}} {{endpoint}}")],
            "s",
            width=12,
        ),
    ),
    "Recommendations": (
        Panel(
            "Time by part, mean",
            [
                Query(
                    f"sum by (part) ({rate('segue_recommendation_seconds_sum')})"
                    f" / sum by (part) ({rate('segue_recommendation_seconds_count')})",
                    "{{part}}",
                )
            ],
            "s",
            stacked=True,
        ),
        Panel(
            "Time by part, p95",
            [
                Query(
                    f"histogram_quantile(0.95, sum by (le, part) ({rate('segue_recommendation_seconds_bucket')}))",
                    "{{part}}",
                )
            ],
            "s",
        ),
        Panel(
            "Diversity of lists",
            [
                Query(
                    f"sum({rate('segue_recommendation_diversity_sum')})"
                    f" / sum({rate('segue_recommendation_diversity_count')})",
                    "mean",
                ),
                Query(
                    f"histogram_quantile(0.1, sum by (le) ({rate('segue_recommendation_diversity_bucket')}))",
                    "least diverse tenth",
                ),
            ],
            description="Mean cosine distance between the tracks of a list.",
        ),
    ),
    "Queues": (
        Panel(
            "Messages",
            [Query(f"max by (queue) ({of('segue_queue_length')})", "{{queue}}")],
            description="Waiting, and received by a worker.",
        ),
        Panel("In work", [Query(f"max by (queue) ({of('segue_queue_unacknowledged')})", "{{queue}}")]),
        Panel(
            "Age of the oldest message", [Query(f"max by (queue) ({of('segue_queue_age_seconds')})", "{{queue}}")], "s"
        ),
        Panel(
            "Wait in the queue, p95",
            [Query(of_workers(0.95, "segue_queue_wait_seconds", "queue"), "{{queue}}")],
            "s",
            width=12,
        ),
        Panel(
            "Tasks by outcome",
            [Query(f"max by (task, outcome) ({rate('segue_tasks_total')}) > 0", "{{task}} {{outcome}}")],
            "ops",
            width=12,
        ),
    ),
    "Analyses": (
        Panel(
            "Analyses per minute",
            [Query(f"60 * max by (outcome) ({rate('segue_analyses_total')})", "{{outcome}}")],
            stacked=True,
        ),
        Panel(
            "Time by stage, mean",
            [Query(of_stages(PARTS_OF_ANALYSIS), "{{stage}}")],
            "s",
            stacked=True,
        ),
        Panel(
            "Time by stage, p95",
            [Query(of_workers(0.95, "segue_analysis_seconds", "stage", 'outcome="ok"'), "{{stage}}")],
            "s",
        ),
        Panel(
            "Tracks by status",
            [Query(f"max by (status) ({of('segue_tracks', NOT_READY)})", "{{status}}")],
            width=12,
        ),
        Panel(
            "Stages that fail",
            [Query(f"60 * max by (stage) ({rate('segue_analysis_seconds_count', FAILED)})", "{{stage}}")],
            width=12,
            description="Per minute.",
        ),
    ),
    "Libraries": (
        Panel(
            "Use of quotas",
            [Query(f"max by (library, resource) ({QUOTA_USED})", "{{library}} {{resource}}")],
            "percentunit",
        ),
        Panel("Tracks by library", [Query(used("tracks"), "{{library}}")], stacked=True),
        Panel("Analysis today", [Query(used("analysis_minutes"), "{{library}}")], "m", stacked=True),
        Panel("Requests today", [Query(used("requests"), "{{library}}")], width=12, stacked=True),
        Panel("Uploads by library", [Query(used("upload_bytes"), "{{library}}")], "bytes", width=12, stacked=True),
    ),
    "Index and model": (
        Panel("Changes that wait", [Query(f"max({of('segue_index_pending')})", "changes")], width=6),
        Panel(
            "Age of the oldest change",
            [Query(f"max({of('segue_index_lag_seconds')})", "age")],
            "s",
            width=6,
            description="Counted from the first scrape that sees the change.",
        ),
        Panel("Points", [Query(f"max({of('segue_index_points')})", "points")], width=6),
        Panel(
            "Model upgrade",
            [
                Query(
                    f"max by (model_version, state) ({of('segue_space_tracks', NOT_SERVED)})",
                    "{{model_version}} {{state}}",
                )
            ],
            width=6,
            description="Tracks in the spaces that are not served. Empty without an upgrade.",
        ),
    ),
}


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    panels: list[dict[str, Any]] = []
    top = 0
    for title, row in ROWS.items():
        panels.append({"type": "row", "title": title, "gridPos": place(0, top, COLUMNS, 1), "panels": []})
        top += 1
        left = 0
        for panel in row:
            if left + panel.width > COLUMNS:
                left, top = 0, top + panel.height
            panels.append(drawn(panel, place(left, top, panel.width, panel.height)))
            left += panel.width
        top += row[-1].height
    return {
        "title": "Segue",
        "uid": "segue",
        "tags": ["segue"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [DATASOURCE, JOBS]},
        "panels": [{"id": number, **panel} for number, panel in enumerate(panels, start=1)],
    }


SOURCE = {"type": "prometheus", "uid": "${datasource}"}
DATASOURCE = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
JOBS = {
    "name": "job",
    "label": "Job",
    "type": "query",
    "datasource": SOURCE,
    "query": {"query": "label_values(segue_part_up, job)", "refId": "jobs"},
    "refresh": 2,  # when the time range changes
    "includeAll": False,
    "multi": False,
}


def place(left: int, top: int, width: int, height: int) -> dict[str, int]:
    """Return a place in the grid."""
    return {"x": left, "y": top, "w": width, "h": height}


def drawn(panel: Panel, position: dict[str, int]) -> dict[str, Any]:
    """Return a panel as Grafana stores it."""
    custom: dict[str, Any] = {}
    if panel.kind == "timeseries":
        stacking = {"mode": "normal" if panel.stacked else "none", "group": "A"}
        custom = {"fillOpacity": 30 if panel.stacked else 0, "stacking": stacking, "showPoints": "never"}
    return {
        "type": panel.kind,
        "title": panel.title,
        "description": panel.description,
        "gridPos": position,
        "datasource": SOURCE,
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": custom}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}} if panel.kind == "timeseries" else {},
        "targets": [
            {
                "refId": chr(ord("A") + number),
                "datasource": SOURCE,
                "expr": query.expression,
                "legendFormat": query.legend,
            }
            for number, query in enumerate(panel.queries)
        ],
    }


if __name__ == "__main__":
    OUTPUT.write_text(json.dumps(dashboard(), indent=2) + "\n", encoding="utf-8")
