"""Fill the spaces of other model versions, one track a task."""

from typing import TYPE_CHECKING

import structlog
from celery.exceptions import SoftTimeLimitExceeded

from services.catalog.space_analyses import SpaceClaim
from services.ingest.roots import readable_roots
from workers.analysis import LEASE, Refusal, analyse_first_readable, retry_while_unavailable
from workers.encoders import first_space, known, newest
from workers.lifecycle import ChildContext

if TYPE_CHECKING:
    from models.encoders.interface import EncoderSource

log = structlog.get_logger()


def adopt(context: ChildContext) -> None:
    """Begin the space of the newest model version that this worker has, if there is none."""
    encoder = newest(context.settings.next_model)
    version = encoder.version
    view = context.catalogue.spaces.adopt(first_space(context.settings.next_model))
    if version != view.served and context.catalogue.spaces.begin(version, dimension=encoder.dimension):
        log.info("space_begun", model_version=version, served=view.served)
        context.catalogue.space_analyses.enlist(version)


def fill_one(context: ChildContext) -> bool:
    """Analyse one track that waits in a space whose encoder this worker has; return whether there was one."""
    if context.catalogue.pause.began_at() is not None:
        return False
    encoders = known(context.settings.next_model)
    view = context.catalogue.spaces.latest()
    for space in view.live:
        if space not in encoders:
            continue
        if (claim := context.catalogue.space_analyses.claim(space, LEASE)) is not None:
            _analyse(context, claim, encoders[space])
            return True
        if space not in view.filled:  # `finish` reads all tracks
            context.catalogue.space_analyses.finish(space)
    return False


def _analyse(context: ChildContext, claim: SpaceClaim, encoder: "EncoderSource") -> None:
    from models.errors import SandboxUnavailable  # noqa: PLC0415  only child processes may import torch

    store = context.catalogue.space_analyses
    try:
        outcome = analyse_first_readable(claim.files, readable_roots(context.settings), [encoder])
    except SoftTimeLimitExceeded:
        store.release(claim, counted=True)
        raise
    except SandboxUnavailable:
        store.release(claim, counted=False)
        raise
    if isinstance(outcome, Refusal):
        store.refuse(claim, outcome.reason)
    else:
        [analysis] = outcome
        retry_while_unavailable(lambda: store.record(claim.track_id, analysis))
