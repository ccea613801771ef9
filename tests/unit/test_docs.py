"""Settings, commands, packages and import rules are documented, and what is documented exists.

Run as a program, this file rewrites the table of `docs/settings.md`: `python tests/unit/test_docs.py`.
"""

import re
import tomllib
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from services.cli.main import ENTRY_POINT_GROUP, app
from services.settings import Settings
from services.settings.index import IndexSettings
from services.settings.library import LibrarySettings
from services.settings.recommending import RecommendationSettings
from services.settings.sign_in import SignInSettings

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
SETTINGS_PAGE = DOCS / "settings.md"
TABLE_HEAD = "| variable | default | meaning |\n|---|---|---|\n"
MACHINE_DEPENDENT = {"worker_processes": "number of processors"}

PAGES = [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]
RECORDS = sorted((DOCS / "adr").glob("*"))
ARCHITECTURE = (DOCS / "architecture.md").read_text(encoding="utf-8")


def settings_table() -> str:
    """Return the table of `docs/settings.md`, part by part: the service first, the library last."""
    parts = (LibrarySettings, IndexSettings, SignInSettings, RecommendationSettings)
    fields = sorted(Settings.model_fields.items(), key=lambda named: [named[0] in part.model_fields for part in parts])
    rows = [f"| `SEGUE_{name.upper()}` | {_default(name, field)} | {field.description} |" for name, field in fields]
    return TABLE_HEAD + "\n".join(rows) + "\n"


def _default(name, field):
    value = field.get_default(call_default_factory=True)
    if name in MACHINE_DEPENDENT:
        return MACHINE_DEPENDENT[name]
    if isinstance(value, tuple):
        value = ",".join(value) or None
    return "unset" if value is None else f"`{value}`"


def commands():
    own = {command.name or command.callback.__name__.replace("_", "-") for command in app.registered_commands}
    own |= {group.name for group in app.registered_groups}
    return sorted(own | {entry.name for entry in entry_points(group=ENTRY_POINT_GROUP)})


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_has_a_description(name):
    """The description of a setting is a sentence."""
    assert (Settings.model_fields[name].description or "").endswith(".")


def test_the_settings_page_matches_the_settings():
    """The page lists every variable with its default and its description, and no others."""
    page = SETTINGS_PAGE.read_text(encoding="utf-8")
    table = page[page.index(TABLE_HEAD) :]

    assert table == settings_table(), "run `python tests/unit/test_docs.py`"


@pytest.mark.parametrize("name", commands())
def test_every_command_is_documented(name):
    """Each command has a section with an example."""
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    section = re.search(rf"^## `segue {name}`\n\n(.+?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)

    assert section is not None
    assert re.search(rf"^segue {name}\b", section[1], re.MULTILINE)


def test_every_documented_command_exists():
    """The page has no section for a command that does not exist."""
    page = (DOCS / "cli.md").read_text(encoding="utf-8")

    assert sorted(re.findall(r"^## `segue (\S+)`$", page, re.MULTILINE)) == commands()


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.name)
def test_decision_records_are_numbered(record):
    """A decision record is called NNN-title.md and starts with its number."""
    number = re.match(r"(\d{3})-[a-z0-9-]+\.md$", record.name)
    title = record.read_text(encoding="utf-8").partition("\n")[0]

    assert number is not None
    assert re.match(rf"# 0*{int(number[1])}\b", title)


def test_decision_records_have_different_numbers():
    """No two records share a number."""
    numbers = [record.name[:3] for record in RECORDS]

    assert numbers
    assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_exist(page):
    """The target of every relative link exists."""
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    relative = [target.split("#")[0] for target in targets if not re.match(r"[a-z]+:|#", target)]

    assert [target for target in relative if not (page.parent / target).exists()] == []


def test_paths_in_the_architecture_page_exist():
    """A path in backticks is a file or a folder of the repository."""
    paths = re.findall(r"`(\.?\w[\w.-]*/[\w./-]*)`", ARCHITECTURE)

    assert len(paths) > 50
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_file_names_in_the_architecture_page_are_paths():
    """A Python file is named with its folder, so that the test above checks it."""
    assert re.findall(r"`\w+\.py`", ARCHITECTURE) == []


@pytest.mark.parametrize("root", ["models", "services", "workers"])
def test_every_package_is_in_the_architecture_page(root):
    """The table of packages has each package below `models`, `services` and `workers`, and no other."""
    listed = set(re.findall(rf"^\| `({root}/[^`]*)` \|", _section("Packages"), re.MULTILINE))
    packages = {f"{file.parent.relative_to(ROOT).as_posix()}/" for file in (ROOT / root).rglob("__init__.py")}
    packages -= {"services/"}

    assert packages <= listed
    assert [folder for folder in listed if not (ROOT / folder).is_dir()] == []


def test_modules_outside_packages_are_in_the_architecture_page():
    """The page names each module that lies directly in `services`."""
    modules = [file.relative_to(ROOT).as_posix() for file in (ROOT / "services").glob("*.py")]

    assert [path for path in modules if path != "services/__init__.py" and f"`{path}`" not in ARCHITECTURE] == []


def test_import_rules_are_the_contracts():
    """The table of import rules has the contracts that import-linter checks."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = [contract["name"] for contract in configuration["tool"]["importlinter"]["contracts"]]

    assert re.findall(r"^\| ([^|`]+?) \|", _section("Import rules"), re.MULTILINE)[1:] == contracts


def test_the_architecture_page_has_twenty_usual_changes():
    """The table has at least twenty rows that name a path."""
    rows = re.findall(r"^\| [^|]+ \| [^|]*`[^`|]+/[^`|]*`[^|]* \|$", _section("Where do I change …?"), re.MULTILINE)

    assert len(rows) >= 20


def _section(title):
    return ARCHITECTURE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


if __name__ == "__main__":
    text = SETTINGS_PAGE.read_text(encoding="utf-8")
    SETTINGS_PAGE.write_text(text.partition(TABLE_HEAD)[0] + settings_table(), encoding="utf-8")
