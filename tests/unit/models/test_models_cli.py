import csv
import json
import os
import subprocess
import sys

import pytest
import soundfile
import typer
from rich.console import Console
from typer.testing import CliRunner

from models.cli import analyse, demo_library
from models.corpus.corpus import packages
from models.corpus.demo import DemoUnavailable, fetch_demo
from models.corpus.synthesis import Piece, write

PIECE = Piece("Test", "Tests", tempo=100, tonic=48, minor=False, percussion=0.5, seconds=12)

app = typer.Typer()
app.command("analyse")(analyse)
app.command("demo-library")(demo_library)


@pytest.fixture
def song(tmp_path):
    """A short piece of music in a file whose name looks like rich markup."""
    path = tmp_path / "song [live].flac"
    write(PIECE, path)
    return path


@pytest.fixture
def text(tmp_path):
    """A text file with the name of a music file."""
    path = tmp_path / "notes.mp3"
    path.write_text("Dear diary, " * 100)
    return path


def test_analyse_json(song, text):
    """`analyse --json` prints one object per line, continues after a bad file and exits with status 1."""
    result = CliRunner().invoke(app, ["analyse", str(text), str(song), "--json"])
    failed, analysed = (json.loads(line) for line in result.stdout.splitlines())

    assert result.exit_code == 1
    assert failed == {"path": str(text), "error": "Not audio: plain text"}
    assert analysed["path"] == str(song)
    assert len(analysed["embedding"]) == 128
    assert analysed["descriptors"]["tempo"] == pytest.approx(100, rel=0.01)


def test_analyse_table(song, text):
    """`analyse` prints a table for each file, or the reason why it could not be analysed."""
    result = CliRunner().invoke(app, ["analyse", str(song), str(text)], env={"COLUMNS": "200"})

    assert result.exit_code == 1
    shown = " ".join(result.stdout.split())  # the title wraps at the width of the table
    assert all(part in shown for part in ("song [live].flac", "100.0 BPM", "C major", "energy"))
    assert "mtt:" not in shown
    assert "notes.mp3: Not audio: plain text" in result.stdout


def test_analyse_succeeds(song):
    """`analyse` exits with status 0 when every file was analysed."""
    assert CliRunner().invoke(app, ["analyse", str(song), "--json"]).exit_code == 0


def test_commands_do_not_import_torch():
    """Importing the commands imports none of torch, librosa and scipy."""
    script = "import sys, models.cli; print(sorted({'torch', 'librosa', 'scipy'} & sys.modules.keys()))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert result.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("command", "package"),
    [
        (["analyse", "song.flac"], "torch"),
        (["analyse", "song.flac"], "soundfile"),
        (["demo-library"], "soundfile"),
        (["demo-library", "--synthesised"], "soundfile"),
    ],
)
def test_commands_without_worker_packages(command, package):
    """Where a worker package is not installed, a command exits with one sentence and no traceback."""
    script = (
        "import sys\n"
        f"sys.modules[{package!r}] = None  # makes its import fail as if it were not installed\n"
        "import typer, models.cli\n"
        "app = typer.Typer()\n"
        "app.command('analyse')(models.cli.analyse)\n"
        "app.command('demo-library')(models.cli.demo_library)\n"
        "app()"
    )
    result = subprocess.run([sys.executable, "-c", script, *command], capture_output=True, text=True, check=False)

    assert result.returncode == 1
    assert result.stdout == ""
    assert result.stderr == (
        f"`segue {command[0]}` needs the worker packages ({package} is missing): install 'segue[worker]'.\n"
    )


def test_demo_library_without_packages(tmp_path):
    """Without apt-get, `demo-library` explains how to use your own music and synthesises a library."""
    environment = {"HOME": str(tmp_path), "PATH": "", "PYTHONPATH": os.pathsep.join(sys.path)}
    script = "import typer, models.cli; typer.run(models.cli.demo_library)"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    folder = tmp_path / ".cache" / "segue" / "demo-synthesised"
    music = [path for path in folder.rglob("*") if path.is_file()]

    assert result.stdout == f"{folder}\n"
    assert "make up MUSIC=~/Music" in result.stderr
    assert len(music) == 18
    assert all(soundfile.info(path).duration > 30 for path in music)


@pytest.fixture
def cache(tmp_path):
    """A corpus cache in which every demo package is already downloaded: two tracks each, in two folders."""
    root = tmp_path / "corpus"
    for package in packages("demo"):
        rows = [("package", "file", "title", "author", "licence", "seconds")]
        for name in ("one", "win/two"):
            track = root / package / "audio/usr/share/games" / package / f"{name}.flac"
            track.parent.mkdir(parents=True, exist_ok=True)
            write(PIECE, track)
            file = track.relative_to(root / package).as_posix()
            rows.append((package, file, f"Title of {name}", f"Author of {package}", "CC-BY-4.0", "12.0"))
        with (root / package / "CREDITS.csv").open("w", newline="") as stream:
            csv.writer(stream).writerows(rows)
    return root


def test_fetched_demo(cache, tmp_path, capsys):
    """Downloaded packages become a folder of regular files with credits; a second run changes nothing."""
    folder = tmp_path / "demo"
    fetch_demo(folder, Console(stderr=True, width=200), cache)
    shown = capsys.readouterr().err
    files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    written = {name: path.stat().st_mtime_ns for name, path in files.items() if name != "CREDITS.csv"}

    expected = {f"{package}/{name}.flac" for package in packages("demo") for name in ("one", "win/two")}
    assert files.keys() == expected | {"CREDITS.csv"}
    assert not any(path.is_symlink() for path in files.values())
    assert all(f"Author of {package}" in shown for package in packages("demo"))
    assert "CC-BY-4.0" in shown
    with files["CREDITS.csv"].open(newline="") as stream:
        assert {row["file"] for row in csv.DictReader(stream)} == expected

    fetch_demo(folder, Console(stderr=True), cache)

    assert {name: files[name].stat().st_mtime_ns for name in written} == written


def test_no_demo_package(tmp_path, monkeypatch):
    """If no package can be downloaded, the error gives the reason."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(DemoUnavailable, match="needs apt-get and dpkg"):
        fetch_demo(tmp_path / "demo", Console(stderr=True), tmp_path / "empty")
    assert not (tmp_path / "demo").exists()
