"""A gunicorn worker that does not wait long for clients."""

from services.api.http.gunicorn_worker import ProblemWorker


class ImpatientWorker(ProblemWorker):
    """Cuts clients off after a second."""

    patience_seconds = 1.0
