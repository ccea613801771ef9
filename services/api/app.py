"""The HTTP application. `gunicorn 'services.api.app:create_app()'` serves it."""

import atexit
import gc
from collections.abc import Callable
from typing import Any

from flask import Flask, Response, request
from threadpoolctl import threadpool_limits

from services.api.compat import install_compat
from services.api.context import EXTENSION
from services.api.http.compression import install_compression
from services.api.http.idempotency import install_idempotency
from services.api.http.observability import METRICS_PATH, RequestObserver
from services.api.http.operation import operation
from services.api.http.pages import install_headers, reference, web
from services.api.http.prefix import install_prefix
from services.api.http.problems import register_problems
from services.api.http.rate_limits import install_limits
from services.api.http.streams import install_streams
from services.api.openapi.document import install_document
from services.api.request_limits import JSON_MAX_BYTES
from services.api.security.authentication import install_authentication
from services.api.security.exposure import refuse_exposure
from services.api.security.origins import install_cors, install_origin_checks
from services.api.transcoding import install_transcoding
from services.api.v1.comparisons import comparisons
from services.api.v1.covers import covers
from services.api.v1.events import events
from services.api.v1.experiments import experiments
from services.api.v1.export import export
from services.api.v1.health import health
from services.api.v1.jobs import jobs
from services.api.v1.keys import keys
from services.api.v1.libraries import libraries
from services.api.v1.library import library
from services.api.v1.map import music_map
from services.api.v1.media import media
from services.api.v1.media_tokens import media_tokens
from services.api.v1.own_data import own_data
from services.api.v1.own_features import own_features
from services.api.v1.pictures import pictures
from services.api.v1.playing import playing
from services.api.v1.playlists import playlists
from services.api.v1.quotas import quotas
from services.api.v1.radio import radio
from services.api.v1.recommendations import recommendations
from services.api.v1.search import search
from services.api.v1.service import service
from services.api.v1.session import people, session
from services.api.v1.tastes import tastes
from services.api.v1.tracks import audio, tracks
from services.api.v1.users import me, users
from services.composition import Services, compose
from services.logs import configure_logging
from services.settings import load_settings
from services.telemetry.tracing import start_tracing, stop_tracing


def limit_blas_threads() -> None:
    """Run each matrix product on one thread, because requests already run in parallel."""
    threadpool_limits(limits=1, user_api="blas")


def freeze_heap() -> None:
    """Exclude all existing objects from garbage collection, because they live as long as the process."""
    gc.collect()
    gc.freeze()


BLUEPRINTS = (
    tracks,
    library,
    audio,
    covers,
    media_tokens,
    pictures,
    music_map,
    recommendations,
    libraries,
    quotas,
    search,
    media,
    radio,
    playing,
    playlists,
    me,
    users,
    tastes,
    comparisons,
    experiments,
    own_data,
    own_features,
    jobs,
    keys,
    session,
    people,
    service,
    events,
    export,
    health,
    web,
    reference,  # one on a line, so that branches that add one do not conflict
)

METRICS_DESCRIPTION = (
    "Counters and latencies of requests in the Prometheus text format, added up over all API processes of the service, "
    "and gauges of the library and the index."
)
METRICS: dict[int, dict[str, Any]] = {
    200: {"description": "Prometheus text format", "content": {"text/plain": {"schema": {"type": "string"}}}}
}


class _App(Flask):
    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function as it is. None of Segue's is a coroutine, and Flask checks a dozen in each request."""
        return func

    def make_default_options_response(self) -> Response:
        """Return the methods of the matched route. Track ids may contain slashes, so other routes match as well."""
        route = request.url_rule
        alike = (rule for rule in self.url_map.iter_rules() if route is not None and rule.rule == route.rule)
        answer = self.response_class()
        answer.allow.update(method for rule in alike for method in rule.methods or ())
        return answer


def create_app(services: Services | None = None) -> Flask:
    """Create the application with the given services; without them, open services with the environment's settings.

    Raises:
        SegueError: a part cannot be opened, or the API would listen beyond this machine and there is no API key.
    """
    if services is None:
        app = create_app(_from_environment())
        limit_blas_threads()
        freeze_heap()
        return app
    app = _App(
        __name__,
        static_folder=None,  # `services.api.http.pages` serves the pages
    )
    app.config["MAX_CONTENT_LENGTH"] = JSON_MAX_BYTES
    app.extensions[EXTENSION] = services
    observer = RequestObserver(services)
    observer.install(app)
    install_prefix(app)
    install_compression(app)  # after the functions below have completed the response
    app.before_request(services.catalogue.spaces.pin)
    app.teardown_request(lambda _: services.catalogue.spaces.unpin())
    install_origin_checks(app, services.settings)
    install_authentication(app)
    install_limits(app, services.settings, observer.registry)
    install_headers(app)
    install_streams(app, services.settings.api_threads)
    install_transcoding(app, services.settings.api_threads)
    install_cors(app, services.settings)
    register_problems(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    install_compat(app)
    _serve_metrics(app, observer)
    install_idempotency(app)
    install_document(app)
    return app


def _serve_metrics(app: Flask, observer: RequestObserver) -> None:
    described = operation(
        "getMetrics", "Measurements for Prometheus", description=METRICS_DESCRIPTION, responses=METRICS
    )
    app.get(METRICS_PATH)(described(observer.exposition))


def _from_environment() -> Services:
    settings = load_settings()
    configure_logging(settings.log_level)
    start_tracing(settings, "segue-api")
    atexit.register(stop_tracing)
    services = compose(settings)
    atexit.register(services.close)
    refuse_exposure(settings, services.catalogue)
    return services
