"""The log format of all processes: one JSON object per line, with the fields bound to the request."""

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO, cast

import structlog
from structlog.types import Processor

# Adds the fields that every line has besides its event.
COMMON: Sequence[Processor] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


class StandardError:
    """Standard error, without the errors of writing to it: a log on a full disk must not fail a request."""

    def write(self, text: str) -> None:
        """Write a text, or discard it."""
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        """Write what is buffered, or keep it until there is space."""
        with suppress(OSError):
            sys.stderr.flush()


def formatter() -> logging.Formatter:
    """Return a formatter that renders records of `logging`, of libraries and of structlog alike, as JSON."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*COMMON, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )


def configure_logging(level: str) -> None:
    """Log one JSON object per line to standard error, with the context of the request."""
    structlog.configure(
        processors=[
            *COMMON,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.WriteLoggerFactory(cast("TextIO", StandardError())),
        cache_logger_on_first_use=True,
    )
