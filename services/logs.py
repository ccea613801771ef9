"""How Segue logs: one JSON object a line, from every process, with what is bound to the request."""

import logging
from collections.abc import Sequence

import structlog
from structlog.types import Processor

# What each line has besides its event.
COMMON: Sequence[Processor] = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def formatter() -> logging.Formatter:
    """Renders the records of `logging`, be they a library's or come through structlog, as the API renders its own."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*COMMON, structlog.stdlib.add_logger_name],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
    )
