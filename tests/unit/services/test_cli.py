"""The command line, without a service."""

import json
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version

import pytest
import segue_client
import typer
from segue_client import ServiceUnreachable
from segue_client.models import Track
from typer.testing import CliRunner

from services.catalog import Catalogue
from services.cli import reindexing
from services.cli.answers import Asked, Terms, list_recommendations
from services.cli.arguments import KEYWORD_HELP, RANGE_HELP, Destination, duration, interval
from services.cli.lookup import find_track
from services.cli.main import app
from services.domain.errors import IndexUnavailable, InvalidRequest, NotFound
from services.domain.filters import KEYWORD_FIELDS, RANGE_FIELDS, Filters, Range


def segue(*arguments, **variables):
    """Run a command in a new process."""
    return subprocess.run(
        [sys.executable, "-m", "services.cli.main", *arguments],
        env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent", **variables},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_help_lists_the_commands_of_every_package_and_imports_no_torch():
    """`segue --help` lists all commands, including entry points, without heavy imports."""
    code = (
        "import sys\nfrom services.cli.main import app\n"
        "try:\n    app(['--help'])\nexcept SystemExit:\n    pass\n"
        "heavy = {'torch', 'librosa', 'celery', 'sqlalchemy', 'flask'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert shown.returncode == 0, shown.stderr
    for command in ("up", "scan", "status", "similar", "recommend", "search", "path", "radio", "retry"):
        assert f" {command} " in shown.stdout
    for mounted in ("analyse", "demo-library", "worker"):
        assert f" {mounted} " in shown.stdout


def test_mounted_command_has_its_own_help():
    """A command from an entry point has help like the others."""
    shown = CliRunner().invoke(app, ["worker", "--help"])

    assert shown.exit_code == 0
    assert "--beat" in shown.output


def test_unknown_command_is_refused():
    """A misspelt command is an error."""
    assert CliRunner().invoke(app, ["recomend"]).exit_code == 2


def test_migrate_creates_the_tables(tmp_path):
    """`segue migrate` makes the catalogue of a new data directory, and changes nothing the second time."""
    environment = {"SEGUE_DATA_DIR": str(tmp_path / "data")}

    for _ in range(2):
        assert segue("migrate", **environment).returncode == 0
    with closing(Catalogue.open(f"sqlite+pysqlite:///{tmp_path / 'data' / 'catalogue.db'}")) as catalogue:
        assert catalogue.keys.all() == []


def test_status_without_a_service_reads_the_catalogue(tmp_path):
    """`segue status` shows the data directory and counts tracks while no service runs."""
    shown = segue("status", "--json", SEGUE_DATA_DIR=str(tmp_path / "data"))
    found = json.loads(shown.stdout)

    assert found["running"] is False
    assert found["data_dir"] == str(tmp_path / "data")
    assert found["tracks"]["ready"] == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("similar", "anything"), "Is `segue up` running?"),
        (("scan", "/"), "Is `segue up` running?"),
        (("worker",), "SEGUE_REDIS_URL is not set"),
        (("retry", "/music/none.mp3"), "No failed file has the id or path '/music/none.mp3'"),
        (("similar", " "), "is empty"),
        (("keys", "create", b"a\xff"), "not UTF-8"),
        (("export-listens", "a/b"), "Invalid listener name"),
        (("up", "/nonexistent/music"), "'/nonexistent/music' does not exist"),
    ],
)
def test_expected_error_is_one_line(tmp_path, arguments, says):
    """A user's mistake prints one line to stderr and exits with code 1."""
    shown = segue(*arguments, SEGUE_DATA_DIR=str(tmp_path), SEGUE_PORT="9")

    assert (shown.returncode, shown.stdout) == (1, "")
    assert shown.stderr.startswith("segue: ")
    assert says in shown.stderr
    assert shown.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("HOST", ""),
        ("URL", "http://[::1"),
        ("URL", "music.example"),
        ("API_KEY", "ä"),
        ("DATABASE_URL", "music"),
        ("DATA_DIR", "~nobody-of-this-name/segue"),
        ("LIBRARY_ROOTS", "~nobody-of-this-name/music"),
    ],
)
def test_wrong_setting_is_named(tmp_path, name, value):
    """The error has the name of the variable."""
    shown = segue("status", **{"SEGUE_DATA_DIR": str(tmp_path), f"SEGUE_{name}": value})

    assert shown.returncode == 1
    assert shown.stderr.startswith(f"segue: SEGUE_{name}: ")
    assert shown.stderr.count("\n") == 1


def test_a_path_in_the_home_folder(tmp_path):
    """`~` is replaced in settings and arguments, also where a shell does not do it."""
    variables = {"HOME": str(tmp_path), "SEGUE_DATA_DIR": "~/data"}
    segue("reindex", **variables)
    made = segue("backup", "~/copy.zip", **variables)

    assert made.returncode == 0, made.stderr
    assert (tmp_path / "copy.zip").exists()
    assert (tmp_path / "data" / "catalogue.db").exists()


@pytest.mark.parametrize("arguments", [("scan", ""), ("scan", "~nobody-of-this-name/x"), ("search", "--image", "/")])
def test_wrong_path_is_a_wrong_argument(tmp_path, arguments):
    """The exit code is 2, and there is no traceback."""
    shown = segue(*arguments, SEGUE_DATA_DIR=str(tmp_path))

    assert shown.returncode == 2
    assert "Invalid value" in shown.stderr


def test_reindex_without_a_service_is_done_at_the_next_start(tmp_path):
    """Each `segue reindex` requests the next generation."""
    generations = [
        json.loads(segue("reindex", "--json", SEGUE_DATA_DIR=str(tmp_path)).stdout)["generation"] for _ in range(2)
    ]

    assert generations[1] == generations[0] + 1


def test_reindex_is_refused_while_a_build_runs(tmp_path):
    """The message says how far it is; the generation stays."""
    with closing(Catalogue.open(f"sqlite:///{tmp_path}/catalogue.db")) as catalogue:
        catalogue.migrate()
        catalogue.index_builds.begin("tracks", 1000)
        shown = segue("reindex", SEGUE_DATA_DIR=str(tmp_path))

        assert shown.returncode == 1
        assert "runs already (tracks: writing points, 0 of 1,000)" in shown.stderr
        assert catalogue.indexing.generation() == 1


def test_reindex_waits_for_what_a_builder_reports(sqlite_catalogue):
    """It ends once all collections are served, or with the reason why a build failed."""
    builds = sqlite_catalogue.index_builds
    for name in ("tracks", "pictures"):
        builds.settle(name, 2)
    assert reindexing._wait(sqlite_catalogue, 2)

    builds.begin("tracks", 10).fail("Too little memory.")
    with pytest.raises(IndexUnavailable, match="Too little memory"):
        reindexing._wait(sqlite_catalogue, 3)


class Library:
    """A client of a service with these titles."""

    def __init__(self, *titles, ids=None):
        self._tracks = [
            Track.model_construct(id=name, title=title, artist=None, album=None, path=f"{name}/a.mp3")
            for name, title in zip(ids or map(str, range(len(titles))), titles, strict=True)
        ]

    def track(self, name):
        for track in self._tracks:
            if track.id == name:
                return track
        raise segue_client.NotFound(name)

    def tracks(self, search="", id_prefix=""):
        named = [track for track in self._tracks if search.casefold() in track.title.casefold()]
        return iter([track for track in named if track.id.startswith(id_prefix)])


def test_track_is_named_by_its_id():
    """An id is tried before words."""
    assert find_track(Library("1", "Peace"), "1").title == "Peace"


def test_track_is_named_by_words_that_match_only_one():
    """Words that match one track are enough."""
    assert find_track(Library("Peace", "Battle"), "peac").title == "Peace"


def test_exact_title_wins_over_titles_that_contain_it():
    """A title is not ambiguous if a longer title contains it."""
    assert find_track(Library("Peace Again", "Peace"), "peace").title == "Peace"


def test_words_that_match_several_tracks_are_refused_with_candidates():
    """An ambiguous name is an error that lists the candidates."""
    with pytest.raises(InvalidRequest, match=r"matches several tracks(.|\n)*War and Peace"):
        find_track(Library("War and Peace", "Peace Again"), "peace")


def test_words_that_match_no_track_are_refused():
    """A name without a match is an error that repeats the name."""
    with pytest.raises(NotFound, match="'jazz'"):
        find_track(Library("Peace"), "jazz")


FACADE, FACADES = "facade00-7565-5d75-b369-63207669626e", "facade00-9999-5d75-b369-63207669626e"


def test_track_is_named_by_the_first_characters_of_its_id():
    """Eight characters are enough, as the tables print them, also in capitals and before a title that looks alike."""
    library = Library("Peace", "facade00 remix", ids=[FACADE, "1"])

    assert find_track(library, "facade00").title == "Peace"
    assert find_track(library, "FACADE00-7565").title == "Peace"


def test_fewer_characters_are_words():
    """A short word such as “facade” never means an id."""
    assert find_track(Library("Peace", "Facade Song", ids=[FACADE, "1"]), "facade").title == "Facade Song"


def test_ambiguous_id_is_refused_with_longer_ids():
    """The message lists as many characters as tell the tracks apart, and the files of tracks with one name."""
    with pytest.raises(InvalidRequest) as refused:
        find_track(Library("Peace", "Peace", ids=[FACADE, FACADES]), "facade00")

    assert refused.value.detail.splitlines()[1:] == [
        f"  facade00-7  “Peace” ({FACADE})",
        f"  facade00-9  “Peace” ({FACADES})",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90..120", Range(90, 120)),
        ("-14..-8.5", Range(-14, -8.5)),
        ("..120", Range(None, 120)),
        ("0.5..", Range(0.5, None)),
        ("1994", Range(1994, 1994)),
    ],
)
def test_range_of_a_filter(text, expected):
    """Both ends are optional; a single number is both."""
    assert interval(text) == expected


def test_recommendations_for_a_filter_alone_are_asked_for(monkeypatch):
    """The service answers them, as it does for a client of the API."""
    monkeypatch.setenv("SEGUE_URL", "http://127.0.0.1:1")
    nothing = Asked(tracks=[], texts=[], mood=None, listener=None)

    with pytest.raises(ServiceUnreachable):
        list_recommendations(
            nothing, Terms(Filters(any_of={"genre": ("pop",)}), (), 5, include_fragments=False), Destination()
        )
    with pytest.raises(InvalidRequest, match="--genre"):
        list_recommendations(nothing, Terms(Filters(), (), 5, include_fragments=False), Destination())


@pytest.mark.parametrize("text", ["", "..", "90-120", "fast", "120..90", "nan", "1..2..3"])
def test_text_that_is_no_range_is_refused(text):
    """The message shows how to write one."""
    with pytest.raises(typer.BadParameter, match=r"LOW\.\.HIGH|smaller"):
        interval(text)


def test_range_of_lengths():
    """Lengths are written in minutes and seconds, or in seconds."""
    assert duration("3:05..240") == Range(185_000, 240_000)
    assert duration("..1:00") == Range(None, 60_000)


def test_every_field_of_a_filter_has_an_option():
    """`recommend`, `radio`, `path` and `similar` have them all."""
    assert {*RANGE_HELP} == {*RANGE_FIELDS}
    assert {*KEYWORD_HELP} == {*KEYWORD_FIELDS}
    for command in ("recommend", "radio", "path", "similar"):
        shown = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
        assert all(f"--{name}" in shown for name in ("genre", "artist", "tempo", "energy", "year", "duration"))


def test_version():
    """`segue --version` prints the version of the package."""
    assert CliRunner().invoke(app, ["--version"]).output == f"segue {version('segue')}\n"


def test_a_key_is_revoked_by_the_id_of_the_table(tmp_path):
    """Its first characters are enough, and fewer than the table shows are not."""
    data = {"SEGUE_DATA_DIR": str(tmp_path)}
    made = json.loads(segue("keys", "create", "phone", "--json", **data).stdout)

    assert segue("keys", "revoke", made["id"][:7], **data).returncode == 1
    assert segue("keys", "revoke", made["id"][:8], **data).returncode == 0
    assert json.loads(segue("keys", "list", "--json", **data).stdout)["keys"][0]["revoked_at"] is not None
