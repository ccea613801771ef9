"""What is measured of recommendations in the API process, and of tasks and analyses in the workers."""

from prometheus_client import CollectorRegistry, Counter, Histogram

# From a step of a recommendation in memory to one that waits for a worker.
RECOMMENDATION_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.5, 5.0)
# From a statement of the catalogue to the time limit of an analysis.
ANALYSIS_BUCKETS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0)
# From a task without work to the scan of a large library.
TASK_BUCKETS = (0.01, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0)
# From an idle worker to a queue that a new library has filled.
WAIT_BUCKETS = (0.01, 0.1, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0, 7200.0, 36_000.0)
# Cosine distances are 0…2. The means of docs/evaluation/recommendations.md lie between 0.7 and 0.85.
DIVERSITY_BUCKETS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2)

PROCESS = CollectorRegistry()
"""Measured in the API process, which exposes it."""

RECOMMENDATION_SECONDS = Histogram(
    "segue_recommendation_seconds",
    "Time that a part of a recommendation takes.",
    ["part"],
    buckets=RECOMMENDATION_BUCKETS,
    registry=PROCESS,
)
RECOMMENDATION_DIVERSITY = Histogram(
    "segue_recommendation_diversity",
    "Mean cosine distance between the tracks of a list of recommendations.",
    buckets=DIVERSITY_BUCKETS,
    registry=PROCESS,
)

LOGGED_ANSWERS = Counter(
    "segue_logged_answers",
    "Answers for the recommendation log, by whether they were written or dropped.",
    ["outcome"],
    registry=PROCESS,
)

WORKERS = CollectorRegistry()
"""Measured in workers, which have no port: `services.telemetry.relay` adds it up in the broker. All of it has labels,
because a metric without them would be one of the API process as well."""

TASKS = Counter("segue_tasks", "Tasks that have ended.", ["task", "outcome"], registry=WORKERS)
TASK_SECONDS = Histogram(
    "segue_task_seconds", "Time that a task takes.", ["task"], buckets=TASK_BUCKETS, registry=WORKERS
)
QUEUE_WAIT_SECONDS = Histogram(
    "segue_queue_wait_seconds",
    "Time from sending a message until its task begins.",
    ["queue"],
    buckets=WAIT_BUCKETS,
    registry=WORKERS,
)
ANALYSES = Counter("segue_analyses", "Attempts to analyse a track that have ended.", ["outcome"], registry=WORKERS)
ANALYSIS_SECONDS = Histogram(
    "segue_analysis_seconds",
    "Time that a stage of an analysis takes.",
    ["stage", "outcome"],
    buckets=ANALYSIS_BUCKETS,
    registry=WORKERS,
)
