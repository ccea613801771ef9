"""Limit statements to the rows of some libraries.

A request whose key is bound to libraries sets them with `limited_to`, and every statement of the catalogue then sees
the rows of these libraries only: the compiler of the database's dialect puts the condition of `RULES` into each table
of a statement. It does so for statements of the object-relational mapper and for others, in subqueries and in UPDATE
and DELETE too, so no query can forget it. Workers, commands and keys of all libraries have no limit, and their
statements are compiled as if this module did not exist.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from copy import copy
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import ARRAY, Dialect, Table, Text, bindparam, text
from sqlalchemy.sql.compiler import SQLCompiler

_LIBRARIES: ContextVar[frozenset[str] | None] = ContextVar("libraries", default=None)

Part = TypeVar("Part")


def libraries() -> frozenset[str] | None:
    """Return the ids of the libraries that statements of this context are limited to; None is no limit."""
    return _LIBRARIES.get()


def own_library() -> str | None:
    """Return the library that new rows of this context belong to: the first of those it is limited to, or None."""
    return min(_LIBRARIES.get() or (), default=None)


def limit_to(ids: frozenset[str] | None) -> None:
    """Limit the statements of this context from now on; None removes the limit."""
    _LIBRARIES.set(ids)


@contextmanager
def limited_to(ids: frozenset[str] | None) -> Iterator[None]:
    """Limit the statements of a block; None removes the limit for the block."""
    before = _LIBRARIES.set(ids)
    try:
        yield
    finally:
        _LIBRARIES.reset(before)


def limited_parts(parts: Iterable[Part]) -> Iterator[Part]:
    """Return an iterator whose steps are limited as this context is now, wherever they run."""
    ids, remaining = _LIBRARIES.get(), iter(parts)

    def steps() -> Iterator[Part]:
        try:
            while True:
                with limited_to(ids):
                    try:
                        part = next(remaining)
                    except StopIteration:
                        return
                yield part
        finally:
            close = getattr(remaining, "close", None)
            if close is not None:  # a generator: the client has gone
                close()

    return steps()


# Conditions of rows. `{here}` is the name of the table, `{ours}` follows a library id, `{held}` is whether a track has
# a file in one of the libraries, given the column of the track.
_PLACED = "{here}.library_id {ours}"
_OF_TRACK = "{here}.track_id"
_OF_MEMBER = "{here}.listener IN (SELECT listener FROM library_members WHERE library_id {ours})"
_OF_LINK = "{here}.link IN (SELECT name FROM links WHERE library_id {ours})"
_OF_ANSWER = "{here}.answer IN (SELECT number FROM recommendation_answers WHERE library_id {ours})"
_OF_SESSION = "{here}.session_id IN (SELECT id FROM radio_sessions WHERE library_id {ours})"

HELD: Mapping[str, str] = MappingProxyType(
    {
        "tracks": "{here}.id",
        **dict.fromkeys(("track_artists", "track_genres", "heard_tags", "external_ids", "map_points"), _OF_TRACK),
        **dict.fromkeys(("space_analyses", "own_values"), _OF_TRACK),
    }
)
"""Tables of tracks, with the column of the track: one is seen if a file of it is in one of the libraries."""

RULES: Mapping[str, str] = MappingProxyType(
    {
        "locations": "{here}.library {ours}",
        "libraries": "{here}.id {ours}",
        "library_roots": "{here}.library IN (SELECT name FROM libraries WHERE id {ours})",
        "library_members": _PLACED,
        "library_deletions": _PLACED,
        "library_quotas": _PLACED,
        "library_usage": _PLACED,
        "listens": _PLACED,
        "comparisons": _PLACED,
        "waiting_names": "{here}.listen_id IN (SELECT id FROM listens WHERE library_id {ours})",
        "playlists": _PLACED,
        # Whatever their tracks, because a change of a playlist writes all of its entries.
        "playlist_entries": "{here}.playlist_id IN (SELECT id FROM playlists WHERE library_id {ours})",
        "recommendation_answers": _PLACED,
        **dict.fromkeys(("recommended_tracks", "recommendation_outcomes"), _OF_ANSWER),
        "radio_sessions": _PLACED,
        "radio_tracks": _OF_SESSION,
        "radio_events": _OF_SESSION,
        "jobs": _PLACED,
        "job_items": "{here}.job_id IN (SELECT id FROM jobs WHERE library_id {ours})",
        "failed_files": _PLACED,
        "pictures": _PLACED,
        "links": _PLACED,
        **dict.fromkeys(("link_songs", "link_runs", "link_opinions", "mix_playlists"), _OF_LINK),
        **dict.fromkeys(("listener_starts", "listener_tastes", "removed_tracks", "annotations"), _OF_MEMBER),
        **dict.fromkeys(("play_queues", "accounts", "listener_libraries"), _OF_MEMBER),
        # Also the name of a feature is known only to those who see a track with a value.
        "own_features": "EXISTS (SELECT 1 FROM own_values AS own JOIN locations AS held ON held.track_id = own.track_id"
        " WHERE own.feature_id = {here}.id AND held.library {ours})",
    }
)
"""The condition of each other table with rows of libraries."""

OPEN: Mapping[str, str] = MappingProxyType(
    {
        "meta": "values of the installation, which no route returns",
        "api_keys": "read by its own id to authenticate a request; keys of libraries cannot have `admin`",
        **dict.fromkeys(("people", "sessions"), "read by the secret of the sender's cookie, and by owners"),
        "idempotency": "read by a hash of the sender's own key, of the route and of what the client sent",
        "deleted_tracks": "only leaves out tracks",
        "spaces": "names of model versions of the whole installation",
        "space_mappings": "maps between spaces of the whole installation",
        "maps": "places of the whole installation; `services.api.v1.map` leaves out regions without a visible track",
    }
)
"""Tables without a condition, with the reason."""

_HELD_BY_FEW = "{column} IN (SELECT track_id FROM locations WHERE library {ours})"
_HELD_BY_MANY = "EXISTS (SELECT 1 FROM locations AS held WHERE held.track_id = {column} AND held.library {ours})"

_PARAMETER = "segue_libraries"


def rule_of(name: str, *, few: bool = True) -> str:
    """Return the condition of a table, with the places `{here}` and `{ours}`, for libraries with few files or many."""
    held = _HELD_BY_FEW if few else _HELD_BY_MANY
    return held.replace("{column}", HELD[name]) if name in HELD else RULES[name]


def limited_dialect(dialect: Dialect, *, few: bool) -> Dialect:
    """Return a copy of a dialect that compiles statements with the condition of each table."""
    made = copy(dialect)
    made.statement_compiler = _limiting(dialect.statement_compiler, is_sqlite=dialect.name == "sqlite", few=few)
    return made


def _sorted_ids() -> list[str]:
    return sorted(_LIBRARIES.get() or ())


def _limiting(compiler: type[SQLCompiler], *, is_sqlite: bool, few: bool) -> type[SQLCompiler]:
    """Return a compiler that adds conditions, made from the one of a dialect."""
    # One value instead of a list of parameters, so that an executemany works too.
    ours = "IN (SELECT value FROM json_each(:{0}))" if is_sqlite else "= ANY(:{0})"
    ours = ours.format(_PARAMETER)
    kind = Text() if is_sqlite else ARRAY(Text())
    value: Callable[[], Any] = (lambda: json.dumps(_sorted_ids())) if is_sqlite else _sorted_ids

    def condition(name: str) -> Any:  # noqa: ANN401  a text clause
        written = rule_of(name, few=few).format(here=name, ours=ours)
        return text(written).bindparams(bindparam(_PARAMETER, callable_=value, type_=kind))

    class Limiting(compiler):  # type: ignore[misc, valid-type]
        def visit_table(self, table: Any, asfrom: bool = False, iscrud: bool = False, **options: Any) -> str:  # noqa: ANN401, FBT001, FBT002  SQLAlchemy's signature
            written: str = super().visit_table(table, asfrom=asfrom, iscrud=iscrud, **options)
            if not asfrom or iscrud or not _is_limited(table):
                return written
            within = f"(SELECT * FROM {written} WHERE {self.process(condition(table.name))})"  # noqa: S608  no input
            alias = options.get("enclosing_alias")  # also that of a subquery around the table
            is_named = alias is not None and alias.element is table
            return within if is_named else f"{within} AS {written}"

        def visit_update(self, update_stmt: Any, **options: Any) -> str:  # noqa: ANN401  SQLAlchemy's signature
            return super().visit_update(_changing(update_stmt), **options)  # type: ignore[no-any-return]

        def visit_delete(self, delete_stmt: Any, **options: Any) -> str:  # noqa: ANN401  SQLAlchemy's signature
            return super().visit_delete(_changing(delete_stmt), **options)  # type: ignore[no-any-return]

    def _changing(statement: Any) -> Any:  # noqa: ANN401  an UPDATE or a DELETE
        table = statement.table
        return statement.where(condition(table.name)) if _is_limited(table) else statement

    return Limiting


def _is_limited(table: object) -> bool:
    return isinstance(table, Table) and (table.name in RULES or table.name in HELD)
