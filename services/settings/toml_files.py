"""TOML files that settings name: read at the start of a process, with errors that name what is wrong."""

import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from services.domain.errors import InvalidRequest, NotConfigured
from services.settings.library import expand


def read_toml(path: str) -> dict[str, Any]:
    """Return the content of a file; its errors are those that `explained` expects."""
    return tomllib.loads(Path(expand(path)).read_text(encoding="utf-8"))


@contextmanager
def explained(variable: str, path: str) -> Iterator[None]:
    """Turn errors of reading and checking a file into one that names the setting, the file and what is wrong.

    Raises:
        NotConfigured: the file cannot be read, or is wrong.
    """
    try:
        yield
    except (OSError, ValueError, RecursionError, InvalidRequest) as error:
        raise NotConfigured(f"{variable}: '{path}' {_reason(error)}") from error


def _reason(error: Exception) -> str:
    match error:
        case OSError():
            return f"cannot be read: {error.strerror}."
        case ValidationError():
            wrong = error.errors(include_url=False)[0]
            return f"is wrong at `{'.'.join(map(str, wrong['loc']))}`: {wrong['msg'].removeprefix('Value error, ')}."
        case RecursionError():
            return "is nested too deeply."
        case _:
            return f"is wrong: {str(error).rstrip('.')}."
