"""Every command and every line of code of the tutorials runs, and its output is the one that is shown."""

import doctest
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sybil import Document, Example
from sybil.evaluators.doctest import NUMBER
from sybil.parsers.myst import CodeBlockParser, PythonCodeBlockParser

from tests.browser.conftest import context, page
from tests.fakes.serving import free_port

__all__ = ["context", "page"]

ROOT = Path(__file__).resolve().parents[2]
TUTORIALS = ROOT / "docs" / "tutorials"
BIN = Path(sys.executable).parent
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | NUMBER
STOP_SECONDS = 30

DECIMAL = re.compile(r"-?\d+\.\d+")
PIECES = re.compile(rf"(\.\.\.|{DECIMAL.pattern}|\s+)")
# Pages show two decimals. The last bits of a score depend on the processor.
TOLERANCE = 0.02
# A command with its continued lines, and the lines of its output.
COMMAND = re.compile(r"^\$ (.*(?:\n> .*)*)\n?((?:(?!\$ ).*\n?)*)", re.MULTILINE)
CONTINUED = re.compile(r"\n> ")
PRINTED = re.compile(r"^// → (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Terminal:
    """Shells with the same variables, in the repository, with a home directory of their own."""

    home: Path
    environment: dict[str, str]
    started: str
    """The output of `make up`, which runs already."""

    def __call__(self, example: Example) -> None:
        """Run the commands of a block, and compare their output where the block shows one."""
        for typed, shown in COMMAND.findall(str(example.parsed)):
            command = CONTINUED.sub("\n", typed)
            ran = self.started if command.startswith("make up") else self.run(command)
            assert_shown(shown, ran, command)

    def run(self, command: str) -> str:
        """Return what a command prints."""
        variables = self.home / "variables"
        variables.touch()
        script = f'. "{variables}"; set -a; {command}\nstatus=$?; export -p >"{variables}"; exit $status'
        ran = subprocess.run(
            ["bash", "-c", script],
            cwd=ROOT,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"{command}\n{ran.stdout}"
        return ran.stdout


def assert_shown(shown: str, printed: str, command: str) -> None:
    """Compare an output with what a page shows: `...` stands for any text, and decimal numbers may differ a little."""
    if not shown.strip():
        return
    pattern = "".join(_as_pattern(piece) for piece in PIECES.split(shown.strip()))
    match = re.fullmatch(pattern, printed.strip(), re.DOTALL)
    assert match is not None, f"{command}\nshown:\n{shown}\nprinted:\n{printed}"
    numbers = [float(piece) for piece in PIECES.split(shown) if DECIMAL.fullmatch(piece)]
    assert [float(number) for number in match.groups()] == pytest.approx(numbers, abs=TOLERANCE), command


def _as_pattern(piece: str) -> str:
    if piece == "...":
        return ".*?"
    if DECIMAL.fullmatch(piece):
        return f"({DECIMAL.pattern})"
    return r"\s+" if piece.isspace() else re.escape(piece)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory) -> Iterator[Terminal]:
    """Run `make up MUSIC=~/Music` on the synthesised demo library, and stop it with Ctrl-C at the end."""
    home = tmp_path_factory.mktemp("home")
    environment = os.environ | {
        "HOME": str(home),
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "SEGUE_PORT": str(free_port()),
        "COLUMNS": "120",
    }
    for name in ("XDG_DATA_HOME", "XDG_CACHE_HOME"):
        environment.pop(name, None)
    subprocess.run([BIN / "segue", "demo-library", home / "Music", "--synthesised"], env=environment, check=True)
    # The tests' own environment counts as installed.
    make = ["make", "--no-print-directory", f"VENV={BIN.parent}", "-o", f"{BIN.parent}/.installed-up", "up"]
    process = subprocess.Popen(
        [*make, f"MUSIC={home}/Music"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        process_group=0,
    )
    try:
        started = "".join(_until(process, "Ctrl-C"))
        yield Terminal(home, environment, started)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        try:
            process.communicate(timeout=STOP_SECONDS)
        finally:
            process.kill()


def _until(process: subprocess.Popen[str], words: str) -> Iterator[str]:
    for line in process.stdout or ():
        yield line
        if words in line:
            return


def run_page(path: Path, terminal: Terminal, *parsers) -> int:
    """Run the blocks of a page in their order, and return their number. The service's port replaces the page's."""
    text = path.read_text(encoding="utf-8").replace(":8765", f":{terminal.environment['SEGUE_PORT']}")
    document = Document(text, str(path))
    for parser in (CodeBlockParser("console", terminal), PythonCodeBlockParser(doctest_optionflags=FLAGS), *parsers):
        for region in parser(document):
            document.add(region)
    examples = list(document.examples())
    for example in examples:
        example.evaluate()
    return len(examples)


def test_listen_to_your_own_music(terminal):
    """Someone with music starts Segue and uses it on the command line."""
    assert run_page(TUTORIALS / "listen.md", terminal) >= 8


def test_the_request_of_the_readme(terminal):
    """The README shows a request and its real answer."""
    assert run_page(ROOT / "README.md", terminal) == 1


def test_build_a_player(terminal, page):
    """A developer uses the API with curl, in Python and in the console of a browser."""
    page.goto(f"http://127.0.0.1:{terminal.environment['SEGUE_PORT']}")

    def paste(example: Example) -> None:
        code, printed = str(example.parsed), []
        page.on("console", lambda message: printed.append(message.text))
        page.evaluate(f"async () => {{ {code} }}")
        assert printed == PRINTED.findall(code)

    assert run_page(TUTORIALS / "player.md", terminal, CodeBlockParser("js", paste)) >= 10


def test_analyse_a_library(terminal):
    """An analyst reads the library into a table and measures it."""
    assert run_page(TUTORIALS / "analysis.md", terminal) >= 5


def test_make_playlists(terminal):
    """A page about playlists shows how to make, continue, export and import them."""
    assert run_page(ROOT / "docs" / "playlists.md", terminal) == 5
