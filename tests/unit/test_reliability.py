"""docs/reliability.md names existing tests, and it names every fault test."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs/reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(test_\w+)`", PAGE)))


@cache
def functions(folder):
    """Return the names of all tests in a folder."""
    return {
        node.name
        for file in folder.rglob("test_*.py")
        for node in ast.parse(file.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


@pytest.mark.parametrize("name", NAMED)
def test_every_named_test_exists(name):
    """Every test that the page names is defined in a test file."""
    assert name in functions(TESTS)


def test_every_guarantee_names_a_test():
    """Every row of a table names a test."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "| test |" not in line]

    assert len(rows) > 20
    assert [row for row in rows if "`test_" not in row and "the same" not in row] == []


def test_every_fault_test_is_named():
    """The page names every test that causes a failure."""
    files = ["test_frozen_parts.py", "test_killed_api.py", "test_killed_parts.py", "test_storage.py"]
    here = {
        node.name
        for file in files
        for node in ast.parse((TESTS / "fault" / file).read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }

    assert here <= set(NAMED)
