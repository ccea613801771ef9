"""Forgetting a listener deletes every trace of them, in each table that there is."""

import sqlite3
from contextlib import closing
from itertools import count

import pytest
from sqlalchemy import JSON, DateTime, ForeignKeyConstraint, LargeBinary, String

from services.catalog.listeners import HISTORY, IDENTITY
from services.catalog.tables import Table
from services.domain.access import Scope

NAMES = {"listener", "listeners", "owner", "person", "user", "user_name", "users"}
"""Names of columns that may name a listener."""

NO_LISTENER = {"idempotency.owner": "the id of a run", "links.user": "a user of another server, deleted with the link"}

NAME, OTHER = "Augusta Ada King", "Charles Babbage"


def named_columns():
    """Return the columns of all tables that name a listener."""
    columns = [column for table in Table.metadata.sorted_tables for column in table.columns]
    return [each for each in columns if each.name in NAMES and str(each) not in NO_LISTENER]


@pytest.fixture
def filled(sqlite_catalogue):
    """A catalogue in which each table that can name a listener names two, also in the rows below theirs."""
    tables = {column.table for column in named_columns()}
    numbers, file = count(1), sqlite_catalogue.database.url.database
    with closing(sqlite3.connect(file)) as connection:  # foreign keys are off here
        for name in (NAME, OTHER):
            parents = {table: _insert(connection, table, name, next(numbers), {}) for table in tables}
            for table in set(Table.metadata.sorted_tables) - tables:
                for key in (each for each in table.constraints if isinstance(each, ForeignKeyConstraint)):
                    if key.referred_table in parents:
                        above = parents[key.referred_table]
                        given = {each.parent.name: above[each.column.name] for each in key.elements}
                        _insert(connection, table, name, next(numbers), given)
        connection.commit()
    return sqlite_catalogue


def _insert(connection, table, name, number, given):
    row = {column.name: _value(column, name, number) for column in table.columns} | given
    names = ", ".join(f'"{each}"' for each in row)
    marks = ", ".join("?" for _ in row)
    connection.execute(f"INSERT INTO {table.name} ({names}) VALUES ({marks})", list(row.values()))  # noqa: S608  no input
    return row


def _value(column, name, number):
    kind = column.type
    if isinstance(getattr(kind, "impl", kind), DateTime):
        return "2026-01-01 00:00:00.000000"
    if isinstance(kind, JSON):
        return f'["{name}"]'
    if isinstance(getattr(kind, "impl", kind), LargeBinary):
        return f"{name} {number}".encode()
    if isinstance(kind, String):
        return name if column.name in NAMES else f"{name} {number}"
    return number


def _tables_with(catalogue, name):
    """Return the tables that have a name in any value."""
    with closing(sqlite3.connect(catalogue.database.url.database)) as connection:
        return {
            table.name
            for table in Table.metadata.sorted_tables
            if any(name in _text(value) for row in connection.execute(f"SELECT * FROM {table.name}") for value in row)  # noqa: S608  no input
        }


def _text(value):
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)


def test_no_table_keeps_a_forgotten_listener(filled):
    """Also in rows below theirs. What is stored of another listener stays. A new table must be in one of the lists."""
    before = _tables_with(filled, OTHER)
    assert {column.table.name for column in named_columns()} <= before == _tables_with(filled, NAME)

    traces = filled.listeners.traces(NAME)
    assert filled.listeners.forget(NAME) == traces
    assert set(traces) == {column.table.name for column in named_columns()}
    assert _tables_with(filled, NAME) == set()
    assert _tables_with(filled, OTHER) == before
    assert filled.listeners.forget(NAME) == {}


def test_an_account_outlives_a_history(filled):
    """A listener who deletes what they heard can still sign in."""
    assert filled.listeners.forget_history(NAME) == 1

    assert {column.class_.__tablename__ for column in HISTORY}.isdisjoint(_tables_with(filled, NAME))
    assert {column.class_.__tablename__ for column in IDENTITY} <= _tables_with(filled, NAME)


def test_a_key_of_several_listeners_stays(sqlite_catalogue):
    """It no longer names the forgotten one, and so gives nobody access to a later listener of the same name."""
    made = sqlite_catalogue.keys.create("phones", [Scope.LISTEN], [NAME, OTHER])
    assert sqlite_catalogue.listeners.forget(NAME) == {"api_keys": 1}

    assert sqlite_catalogue.keys.get(made.id).listeners == {OTHER}
