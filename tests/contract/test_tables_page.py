"""docs/tables.md: its columns are those of the tables, and its queries run.

`UPDATE_TABLES=1 pytest tests/contract/test_tables_page.py` writes the columns into the page.
"""

import os
import re
from pathlib import Path

import duckdb
import pytest

from services.catalog import Catalogue
from services.export.run import Options, export
from services.export.tables import TABLES, ExportTable
from services.settings import Settings
from tests.fakes.library import track_id, write_library
from tests.fakes.listens import BEGUN, answer, listens

PAGE = Path("docs/tables.md")
HEADING = "## Columns\n"
QUERIES = re.findall(r"([^\n]+):\n\n```sql\n(.+?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


def described(table: ExportTable) -> str:
    """Return the part of the page about a table."""
    rows = [
        f"| `{each.name}` | {each.type} | {each.unit or ''} | "
        f"{f'{each.range[0]:g} to {each.range[1]:g}' if each.range else ''} | {each.meaning} |"
        for each in table.columns
    ]
    head = "| column | type | unit | range | meaning |\n|---|---|---|---|---|"
    return "\n".join([f"### {table.name}", "", f"{table.meaning}.", "", head, *rows, ""])


def test_the_page_has_every_column():
    """With type, unit, range and meaning."""
    written, _, found = PAGE.read_text(encoding="utf-8").partition(HEADING)
    expected = "\n" + "\n".join(map(described, TABLES.values()))
    if os.environ.get("UPDATE_TABLES"):
        PAGE.write_text(written + HEADING + expected, encoding="utf-8")
        return

    assert found == expected


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """The tables of a small library with two listeners."""
    folder = tmp_path_factory.mktemp("segue")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    write_library(catalogue, folder / "music", 24)
    catalogue.recommendation_log.add([answer(track_id(1), track_id(2), listener="ann", at=BEGUN)])
    for number, listener in enumerate(("ann", "bob")):
        catalogue.listens.add(listener, listens(number))
    catalogue.playlists.create("Mine", [track_id(3)], owner="ann")
    export(catalogue, folder / "tables", Options())
    catalogue.close()
    return folder / "tables"


def test_every_query_of_the_page_is_tested():
    """Each has a line above it that names it."""
    assert len(QUERIES) == PAGE.read_text(encoding="utf-8").count("```sql") > 0


EMPTY = {"Measured tempo compared with the tags"}
"""Queries that find nothing in this library: its tags have no tempo."""


@pytest.mark.parametrize(("title", "query"), QUERIES, ids=[title for title, _ in QUERIES])
def test_a_query_of_the_page_runs(exported, monkeypatch, title, query):
    """In the folder of an export, and it finds rows."""
    monkeypatch.chdir(exported)
    found = duckdb.connect().sql(query).fetchall()

    assert bool(found) == (title not in EMPTY)
