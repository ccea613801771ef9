"""Installed versions are pinned, and torch can come from another index."""

import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def normalised(requirement: str) -> str:
    """Return the normalised name of the package."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


def pins() -> list[str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


TORCH = r"torch>=\d+\.\d+\.\d+,<=\d+\.\d+\.\d+"

DIRECT = sorted(
    {
        normalised(requirement)
        for group in (PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
        for requirement in group
    }
    - {"segue-client"}  # in this repository, with its version in pyproject.toml
)


@pytest.mark.parametrize("name", DIRECT)
def test_direct_dependency_is_pinned(name):
    """Every direct dependency, whatever its extra, has a version in constraints.txt."""
    assert name in {normalised(pin) for pin in pins()}


@pytest.mark.parametrize("pin", [pin for pin in pins() if not re.fullmatch(TORCH, pin)])
def test_pin_is_exact(pin):
    """A constraint is one exact version, so that installations at different times are the same."""
    assert re.fullmatch(r'[A-Za-z0-9._-]+==[A-Za-z0-9.]+(; python_version (<|>=) "3\.\d+")?', pin)


def test_torch_is_a_range():
    """An index of CPU builds may end at an older torch, so constraints.txt has a range for it."""
    assert [pin for pin in pins() if normalised(pin) == "torch"] == ["torch>=2.13.0,<=2.14.1"]


def test_workers_need_no_torchaudio():
    """torchaudio does not import beside a CPU build of torch, so only development installs it."""
    extras = {name: {*map(normalised, group)} for name, group in PROJECT["optional-dependencies"].items()}

    assert [name for name, packages in extras.items() if "torchaudio" in packages] == ["dev"]


def install_commands(target, tmp_path, torch_index):
    """The pip commands of a make target in a fresh virtual environment, as lists of arguments."""
    made = subprocess.run(
        ["make", "--dry-run", "--always-make", target, f"VENV={tmp_path / 'venv'}", f"TORCH_INDEX={torch_index}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return [shlex.split(line) for line in made.stdout.splitlines() if " -m pip install " in line]


@pytest.mark.parametrize("target", ["up", "check"])
def test_make_installs_only_torch_from_an_index(target, tmp_path):
    """With an index's address in TORCH_INDEX, one command installs torch from there, and no other package."""
    torch, segue = install_commands(target, tmp_path, "https://index.example/cpu")

    assert torch[-4:] == ["--no-deps", "--index-url", "https://index.example/cpu", "torch"]
    assert not any("index" in argument for argument in segue)


@pytest.mark.parametrize("target", ["up", "check"])
def test_make_installs_torch_from_a_folder(target, tmp_path):
    """With a folder of wheels in TORCH_INDEX, pip searches for torch only there."""
    torch, segue = install_commands(target, tmp_path, tmp_path)

    assert torch[-5:] == ["--no-deps", "--no-index", "--find-links", str(tmp_path), "torch"]
    assert not any("index" in argument for argument in segue)


@pytest.mark.parametrize("target", ["up", "check"])
def test_make_has_no_default_index(target, tmp_path):
    """Without TORCH_INDEX torch is installed with everything else."""
    assert len(install_commands(target, tmp_path, "")) == 1
