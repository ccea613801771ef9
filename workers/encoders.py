"""The encoders that this worker can analyse with, and those that an analysis needs now. Only child processes use it."""

from functools import cache

from models.checkpoint import DEFAULT_VERSION
from models.encoders.installed import source_named
from models.encoders.interface import EncoderSource
from models.encoders.vibe import SHIPPED_SOURCE, shipped_sources
from services.domain.errors import ReaderUnavailable
from services.domain.spaces import View
from services.settings.library import is_weights


@cache
def known(next_model: str | None) -> dict[str, EncoderSource]:
    """Return the encoders by version: those that Segue ships with, and that of `SEGUE_NEXT_MODEL`."""
    return {each.version: each for each in (*shipped_sources(), newest(next_model))}


def newest(next_model: str | None) -> EncoderSource:
    """Return the encoder that the library is to be analysed with in the end.

    Raises:
        CheckpointError: no installed package brings the encoder of `SEGUE_NEXT_MODEL`.
    """
    if next_model is None:
        return SHIPPED_SOURCE
    return source_named(next_model)


def first_space(next_model: str | None) -> str:
    """Return the version that a new library is analysed with first.

    An encoder of another package fills its space beside the shipped one: the map that carries words into it is fitted
    on tracks that both have analysed.
    """
    return newest(next_model).version if next_model is None or is_weights(next_model) else DEFAULT_VERSION


def needed(view: View, next_model: str | None) -> list[EncoderSource]:
    """Return the encoders for a new track: of the served space, then of the others, as far as this worker has them.

    Raises:
        ReaderUnavailable: it has none of them.
    """
    spaces = [view.served or DEFAULT_VERSION, *view.others]
    found = [known(next_model)[space] for space in spaces if space in known(next_model)]
    if not found:
        raise ReaderUnavailable(
            f"This worker has no encoder {' or '.join(spaces)}. Set SEGUE_NEXT_MODEL to its weights or its name."
        )
    return found
