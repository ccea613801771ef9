"""What is installed is pinned."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def normalised(requirement: str) -> str:
    """The package's name as an index compares it."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def pins() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


DIRECT = sorted(
    {
        normalised(requirement)
        for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
        for requirement in group
    }
)


@pytest.mark.parametrize("name", DIRECT)
def test_direct_dependency_is_pinned(name):
    """Every direct dependency, whatever its extra, has an exact version in constraints.txt."""
    assert name in {normalised(pin) for pin in pins()}


@pytest.mark.parametrize("pin", pins())
def test_pin_is_exact(pin):
    """A constraint is one exact version, so that two installations a month apart are the same."""
    assert re.fullmatch(r'[A-Za-z0-9._-]+==[A-Za-z0-9.]+(; python_version (<|>=) "3\.\d+")?', pin)


def test_torch_and_torchaudio_are_the_pair_that_works():
    """torchaudio is compiled against one torch: these two were tried together."""
    assert {"torch==2.14.1", "torchaudio==2.11.0"} <= set(pins())
