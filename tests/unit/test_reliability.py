"""docs/reliability.md names tests that exist, and every test that breaks something stands behind a promise."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs/reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(test_\w+)`", PAGE)))


def functions(folder):
    """The names of all tests under a folder."""
    return {
        node.name
        for file in folder.rglob("test_*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("name", NAMED)
def test_every_test_that_is_named_exists(name):
    """A promise stands on a test that runs."""
    assert name in functions(TESTS)


def test_every_promise_names_a_test():
    """No row of a table is without one."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "| test |" not in line]

    assert len(rows) > 20
    assert [row for row in rows if "`test_" not in row and "the same" not in row] == []


def test_every_test_of_these_faults_is_named():
    """What is broken on purpose here is promised to hold."""
    files = ["test_frozen_parts.py", "test_killed_api.py", "test_killed_parts.py", "test_storage.py"]
    here = {
        node.name
        for file in files
        for node in ast.parse((TESTS / "fault" / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }

    assert here <= set(NAMED)
