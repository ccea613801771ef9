"""Experiments over HTTP and on the command line."""

import json
import os
import subprocess
import sys
import uuid
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.api.app import create_app
from services.domain.listening import EventKind, NewListen
from services.domain.recommendation_log import AnswerKind, LoggedAnswer, LoggedTrack
from services.experiments.assignment import Experiments
from services.experiments.file import read_experiments
from tests.fakes.library import track_id
from tests.fakes.serving import ROOT

FILE = """
[one]
starts = 2026-01-01
[one.variants.as-now]
[one.variants.diverse]
diversity = 0.5

[two]
share = 0.5
variants.a = {}
variants.b = { skip_weight = 2 }
"""
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EACH = 12


@pytest.fixture(scope="module")
def file(library_dir):
    """The file of experiments."""
    path = library_dir / "experiments.toml"
    path.write_text(FILE)
    return path


@pytest.fixture(scope="module")
def app(services, file):
    """An application with these experiments and another one that only the log has.

    The first has twelve listeners of each variant; those of `diverse` skip less.
    """
    for variant, skips in (("as-now", 3), ("diverse", 1)):
        for number in range(EACH):
            answer = _answer("one", variant, f"{variant}-{number}")
            services.catalogue.recommendation_log.add([answer])
            kinds = [EventKind.SKIP if place < skips - number % 2 else EventKind.PLAY for place in range(4)]
            services.catalogue.listens.add(
                f"{variant}-{number}",
                [
                    NewListen(names=(track_id(place),), kind=kind, at=NOON, recommendation_id=answer.id)
                    for place, kind in enumerate(kinds)
                ],
            )
    services.catalogue.recommendation_log.add([_answer("old", name, name) for name in ("b", "a")])
    return create_app(replace(services, experiments=Experiments(read_experiments(str(file)))))


def _answer(experiment, variant, listener):
    return LoggedAnswer(
        id=str(uuid.uuid4()),
        at=NOON,
        kind=AnswerKind.RECOMMENDATIONS,
        listener=listener,
        question={},
        model_version="m",
        ranking_version=1,
        experiment=experiment,
        variant=variant,
        tracks=tuple(LoggedTrack(track_id(place), place + 1, 0.5) for place in range(4)),
    )


@pytest.fixture
def segue(library_dir, file):
    def run(*arguments, code=0, **variables):
        environment = {**os.environ, "SEGUE_DATA_DIR": str(library_dir), "COLUMNS": "200"}
        environment |= {"SEGUE_EXPERIMENTS_FILE": str(file)} | variables
        command = [sys.executable, "-m", "services.cli.main", "experiment", *arguments]
        ran = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
        assert ran.returncode == code, ran.stderr
        return ran

    return run


def test_experiments_are_listed_over_http(api):
    """In the order of the file, with the options of each variant; those of the log only follow."""
    one, two, _ = api.get("/v1/experiments").json["experiments"]

    assert (one["name"], one["running"], one["share"], one["ends"]) == ("one", True, 1, None)
    assert one["variants"] == [
        {"name": "as-now", "weight": 1, "options": {}},
        {"name": "diverse", "weight": 1, "options": {"diversity": 0.5}},
    ]
    assert (two["name"], two["share"], two["variants"][1]["options"]) == ("two", 0.5, {"skip_weight": 2})


def test_the_results_are_shown_over_http(api):
    """The first variant has no difference; of the other one, the skip rate is lower."""
    answer = api.get("/v1/experiments/one").json
    first, other = answer["variants"]
    metrics = {metric["metric"]: metric for metric in other["metrics"]}
    difference = metrics["skip_rate"]["difference"]

    assert [metric["difference"] for metric in first["metrics"]] == [None] * len(first["metrics"])
    assert (first["listens"], other["listens"]) == (48, 48)
    assert metrics["skip_rate"]["value"] == pytest.approx(6 / 48)
    assert difference["value"] == pytest.approx(-0.5)
    assert difference["daily_limits"]["low"] < difference["limits"]["low"] < -0.5 < difference["limits"]["high"] < 0
    assert not difference["decided"]  # one day is too short for a sequence
    assert difference["listeners_needed"] > EACH


def test_an_experiment_that_the_file_does_not_have_is_not_found(api):
    """The problem names those that it has."""
    answer = api.get("/v1/experiments/three")

    assert answer.status_code == 404
    assert answer.json["detail"] == "There is no experiment 'three'. There are: one, two, old."


def test_an_experiment_that_left_the_file_still_has_results(api):
    """The log has the names of its variants, and when it began and ended."""
    answer = api.get("/v1/experiments/old").json

    assert answer["experiment"] == {
        "name": "old",
        "share": 1,
        "starts": "2026-03-01T12:00:00Z",
        "ends": "2026-03-01T12:00:00Z",
        "running": False,
        "in_file": False,
        "variants": [{"name": name, "weight": 1, "options": {}} for name in ("a", "b")],
    }
    assert [variant["listeners"] for variant in answer["variants"]] == [1, 1]


def test_an_experiment_without_answers_has_no_metrics(api):
    """It has just begun; nothing is infinite in the document."""
    answer = api.get("/v1/experiments/two").json

    assert [variant["metrics"] for variant in answer["variants"]] == [[], []]
    assert len(answer["warnings"]) == 2


def test_the_command_lists_and_reports(app, segue):
    """The command says the same as the API."""
    listed, report = segue("list").stdout, segue("report", "one").stdout

    assert "as-now, diverse diversity=0.5" in listed
    assert "diverse diversity=0.5: 12 listeners, 12 answers, 48 listens, 4 different tracks" in report
    assert "-50.0 %" in report
    assert "Nothing is decided yet: every difference may be chance." in report
    assert "Careful: 'diverse' has too few listeners" in report
    assert [each["name"] for each in json.loads(segue("list", "--json").stdout)["experiments"]] == ["one", "two", "old"]
    document = json.loads(segue("report", "one", "--json").stdout)
    assert document["variants"][1]["metrics"][0]["difference"]["value"] == pytest.approx(-0.5)


def test_the_command_explains_what_is_missing(segue, tmp_path):
    """Without a file there are no experiments; a wrong one is named with its key."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[one]\nvariants.a = {}\nvariants.b = { diversty = 1 }")

    empty = {"SEGUE_EXPERIMENTS_FILE": "", "SEGUE_DATA_DIR": str(tmp_path)}
    assert "There are no experiments." in segue("list", **empty).stderr
    assert "There is no experiment 'three'. There are: one, two" in segue("report", "three", code=1).stderr
    assert "Unknown option 'diversty'" in segue("list", code=1, SEGUE_EXPERIMENTS_FILE=str(wrong)).stderr
