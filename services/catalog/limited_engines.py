"""The engines whose statements are limited to libraries, over the connections of the unlimited one."""

import json
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import Engine, event, text

from services.catalog import tenancy

FEW_FILES = 5_000
"""Up to so many files SQLite begins with them; beyond, it looks for a file of each track that it finds.

At 100,000 tracks a page takes 0.1 ms the right way and 45 to 320 ms the other way.
"""

SIZE_SECONDS = 60.0
"""How long it is remembered whether libraries have few files."""

SIZES_MAX = 1_000

_FILES = text(
    "SELECT COUNT(*) FROM (SELECT 1 FROM locations WHERE library IN (SELECT value FROM json_each(:ids)) LIMIT :most)"
)


class LimitedEngines:
    """One engine for libraries with few files and one for others; on PostgreSQL, which plans both, one for all."""

    def __init__(self, engine: Engine, begin: Callable[[Any], None] | None) -> None:
        """Use the connections of an engine; `begin` begins a transaction of SQLite."""
        self._engine = engine
        self._begin = begin
        self._engines: dict[bool, Engine] = {}
        self._sizes: dict[frozenset[str], tuple[float, bool]] = {}

    def of(self, libraries: frozenset[str]) -> Engine:
        """Return the engine for statements that are limited to these libraries."""
        few = self._begin is None or self._have_few_files(libraries)
        if few not in self._engines:
            self._engine.connect().close()  # the first connection completes the dialect
            dialect = tenancy.limited_dialect(self._engine.dialect, few=few)
            made = Engine(self._engine.pool, dialect, self._engine.url, hide_parameters=True)
            if self._begin is not None:
                event.listen(made, "begin", self._begin)
            self._engines[few] = made
        return self._engines[few]

    def _have_few_files(self, libraries: frozenset[str]) -> bool:
        known_at, few = self._sizes.get(libraries, (-SIZE_SECONDS, True))
        if time.monotonic() - known_at < SIZE_SECONDS:
            return few
        with self._engine.connect() as connection:
            given = {"ids": json.dumps(sorted(libraries)), "most": FEW_FILES + 1}
            few = (connection.execute(_FILES, given).scalar() or 0) <= FEW_FILES
        if len(self._sizes) >= SIZES_MAX:
            self._sizes = {}
        self._sizes[libraries] = time.monotonic(), few
        return few
