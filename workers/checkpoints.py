"""The weights that this worker can analyse with, and those that an analysis needs now. Only child processes use it."""

from functools import cache
from pathlib import Path

from models.checkpoint import DEFAULT_VERSION, Checkpoint, checkpoints_in, version_of
from services.domain.errors import ReaderUnavailable
from services.domain.spaces import View


@cache
def known(next_model: str | None) -> dict[str, Checkpoint]:
    """Return the weights by version: those that Segue ships with, and those of `SEGUE_NEXT_MODEL`."""
    found = checkpoints_in()
    if next_model is not None:
        file = Path(next_model)
        found.append(Checkpoint(version_of(file), file.parent))
    return {each.version: each for each in found}


def newest(next_model: str | None) -> str:
    """Return the version that the library is to be analysed with in the end."""
    return DEFAULT_VERSION if next_model is None else version_of(Path(next_model))


def needed(view: View, next_model: str | None) -> list[Checkpoint]:
    """Return the weights for a new track: of the served space, then of the others, as far as this worker has them.

    Raises:
        ReaderUnavailable: it has none of them.
    """
    spaces = [view.served or DEFAULT_VERSION, *view.others]
    found = [known(next_model)[space] for space in spaces if space in known(next_model)]
    if not found:
        raise ReaderUnavailable(
            f"This worker has no weights of {' or '.join(spaces)}. Set SEGUE_NEXT_MODEL to their file."
        )
    return found
