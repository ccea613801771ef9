"""Tend the spaces of model versions: fill, switch, settle and delete them when that is due."""

import time

import structlog

from models.text.tower import DEFAULT_VERSION as TOWER_VERSION
from services.composition import drop_space
from services.domain.errors import SegueError
from services.domain.job import JobKind
from services.domain.spaces import Space
from services.domain.vector_index import TRACKS
from services.index.comparing import compare
from services.tasks.upgrading import begin_upgrades
from workers.lifecycle import ChildContext

# A space may lack this share of its tracks when it is served by itself: some files are always gone or damaged.
MISSING_SHARE = 0.01
# Tracks that came back meanwhile are looked for this often.
ENLIST_SECONDS = 600.0
# A task settles for this long, then others have their turn.
SETTLE_SECONDS = 45.0
SETTLE_PAUSE_SECONDS = 0.05

log = structlog.get_logger()

_enlisted_at: dict[str, float] = {}


def tend(context: ChildContext) -> None:
    """Do what is due for the spaces; it is called every minute."""
    catalogue, settings = context.catalogue, context.settings
    view = catalogue.spaces.refresh()
    if view.served == TOWER_VERSION:
        _read_pictures_again(context)
    if not view.others:
        return
    for version in view.live:
        if time.monotonic() - _enlisted_at.get(version, float("-inf")) > ENLIST_SECONDS:
            catalogue.space_analyses.enlist(version)
            _enlisted_at[version] = time.monotonic()
    begin_upgrades(catalogue, context.queue)
    if settings.model_switch == "automatic":
        for space in catalogue.space_store.all():
            if switches_itself(space):
                catalogue.space_store.serve(space.model_version)
                log.info("space_served", model_version=space.model_version, comparison=space.comparison)
    _settle(context)
    for version in catalogue.space_store.expired(settings.model_keep_days):
        if version != catalogue.spaces.latest().served:
            drop_space(settings, catalogue, version)
            log.info("space_dropped", model_version=version)


def switches_itself(space: Space) -> bool:
    """Return whether the automatic rule serves a space: complete, compared, never served, and nothing is lost."""
    if not space.can_serve or space.served_at is not None or space.comparison is None:
        return False
    is_whole = space.failed <= MISSING_SHARE * (space.ready + space.failed)
    return is_whole and bool(space.comparison.get("carries_words"))


def _settle(context: ChildContext) -> None:
    deadline = time.monotonic() + SETTLE_SECONDS
    try:
        while context.catalogue.space_store.settle() and time.monotonic() < deadline:
            time.sleep(SETTLE_PAUSE_SECONDS)
    except SegueError as error:
        log.warning("spaces_not_settled", reason=error.detail)  # the next pass goes on


def _read_pictures_again(context: ChildContext) -> None:
    """Read pictures again whose vectors were carried into the served space, once the text tower is of it."""
    catalogue = context.catalogue
    if catalogue.pictures.adopt_model(TOWER_VERSION):
        for root in catalogue.pictures.roots():
            context.queue.scan(catalogue.jobs.create(JobKind.PICTURES, root), JobKind.PICTURES)


def compare_spaces(context: ChildContext) -> None:
    """Compare spaces on a Qdrant server with the served one, once their indexes are built."""
    view = context.catalogue.spaces.latest()
    if view.served is None:
        return
    for space in set(view.filled) - {view.served, *view.compared}:
        indexes = {name: context.index_of(TRACKS, name) for name in (view.served, space)}
        compare(context.catalogue, view.served, space, indexes)
