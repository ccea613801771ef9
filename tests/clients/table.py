"""The tables of docs/players.md: what each call of each third-party client returned in the tests."""

import os
from collections.abc import Sequence
from pathlib import Path

from tests.clients.environments import Call

PAGE = Path(__file__).parents[2] / "docs" / "players.md"
UPDATE = "UPDATE_TABLES"
"""Environment variable that makes the tests rewrite their tables."""


def check(section: str, calls: Sequence[Call]) -> None:
    """Check that the table of a section shows these calls, or write it if `UPDATE_TABLES` is set."""
    page = PAGE.read_text(encoding="utf-8")
    start = f"<!-- table: {section} -->\n"
    before, found, rest = page.partition(start)
    shown, end, after = rest.partition("<!-- end -->")
    assert found, f"docs/players.md has no section {start!r}"
    assert end, f"the table {section!r} of docs/players.md has no end"
    if os.environ.get(UPDATE):
        PAGE.write_text(before + start + table(calls) + end + after, encoding="utf-8")
        return
    assert shown == table(calls), f"run the test again with {UPDATE}=1, and read what changed in docs/players.md"


def table(calls: Sequence[Call]) -> str:
    """Return a table with a row for each call and a column for each client, both in order of appearance."""
    clients, names = dict.fromkeys(call.client for call in calls), dict.fromkeys(call.call for call in calls)
    results = {(call.call, call.client): call.result.replace("|", "\\|") for call in calls}
    assert len(results) == len(calls), "a client made the same call twice: give the second one another name"
    rows = [["call", *clients], ["---"] * (len(clients) + 1)]
    rows += [[f"`{name}`", *(results.get((name, client), "") for client in clients)] for name in names]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)
