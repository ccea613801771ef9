"""Experiments over HTTP and on the command line."""

import json
import os
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime

import pytest

from services.api.app import create_app
from services.catalog import Catalogue
from services.domain.experiments import assign
from services.domain.listening import EventKind, NewListen
from services.domain.recommendation_log import AnswerKind, LoggedAnswer, LoggedTrack
from services.settings import Settings
from tests.fakes.library import track_id, write_library
from tests.fakes.serving import LIBRARY_SIZE, ROOT, TIMEOUT_SECONDS

FILE = """
[one]
starts = 2020-01-01
ends = 2020-02-01
[one.variants.as-now]
[one.variants.diverse]
diversity = 0.5

[two]
[two.variants.as-now]
[two.variants.diverse]
diversity = 0.5
skip_weight = 2

[three]
share = 0.5
starts = 2999-01-01
variants.a = {}
variants.b = {}
"""
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
EACH = 12


@pytest.fixture(scope="module")
def library_dir(tmp_path_factory):
    """A data directory with 24 tracks and the file of experiments."""
    folder = tmp_path_factory.mktemp("segue")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    write_library(catalogue, folder / "music", LIBRARY_SIZE)
    catalogue.close()
    (folder / "experiments.toml").write_text(FILE)
    return folder


@pytest.fixture(scope="module")
def app(services):
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
    return create_app(services)


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
def segue(library_dir):
    def run(*arguments, code=0, **variables):
        environment = {**os.environ, "SEGUE_DATA_DIR": str(library_dir), "COLUMNS": "200"}
        environment |= {"SEGUE_EXPERIMENTS": str(library_dir / "experiments.toml")} | variables
        command = [sys.executable, "-m", "services.cli.main", "experiment", *arguments]
        ran = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
        assert ran.returncode == code, ran.stderr
        return ran

    return run


def test_experiments_are_listed_over_http(api):
    """In the order of the file, with the options of each variant; those of the log only follow."""
    listed = api.get("/v1/experiments").json["experiments"]
    one, two, three, _ = listed

    assert [each["name"] for each in listed] == ["one", "two", "three", "old"]
    assert [each["running"] for each in listed] == [False, True, False, False]
    assert (one["starts"], one["ends"]) == ("2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z")
    assert (two["share"], two["ends"], three["share"]) == (1, None, 0.5)
    assert two["variants"] == [
        {"name": "as-now", "weight": 1, "options": {}},
        {"name": "diverse", "weight": 1, "options": {"diversity": 0.5, "skip_weight": 2}},
    ]


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
    answer = api.get("/v1/experiments/four")

    assert answer.status_code == 404
    assert answer.json["detail"] == "There is no experiment 'four'. There are: one, two, three, old."


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
    answer = api.get("/v1/experiments/three").json

    assert [variant["metrics"] for variant in answer["variants"]] == [[], []]
    assert len(answer["warnings"]) == 2


def logged(services, answer_id):
    """Return a logged answer, once the log's thread has written it."""
    until = time.monotonic() + TIMEOUT_SECONDS
    while not (found := [each for each in services.catalogue.recommendation_log.answers() if each.id == answer_id]):
        assert time.monotonic() < until
        time.sleep(0.05)
    return found[0]


def listener_of(services, variant):
    """Return the name of a listener with a variant of the running experiment."""
    names = map(str, range(99))
    return next(name for name in names if assign(services.experiments.known[1], name).name == variant)


@pytest.mark.parametrize(("variant", "diversity"), [("as-now", 0.2), ("diverse", 0.5)])
def test_answers_name_the_variant_of_their_listener(api, services, variant, diversity):
    """The question of the log has the options of the variant."""
    body = {"user": listener_of(services, variant), "history": [{"track_id": track_id(0)}], "limit": 3}
    answer = api.post("/v1/recommendations", json=body).json
    found = logged(services, answer["recommendation_id"])

    assert answer["experiment"] == {"name": "two", "variant": variant}
    assert (found.experiment, found.variant, found.question["question"]["diversity"]) == ("two", variant, diversity)


def test_a_request_keeps_what_it_states(api, services):
    """A variant replaces defaults only."""
    body = {"user": listener_of(services, "diverse"), "history": [{"track_id": track_id(0)}], "diversity": 0.1}
    answer = api.post("/v1/recommendations", json=body).json

    assert answer["experiment"]["variant"] == "diverse"
    assert logged(services, answer["recommendation_id"]).question["question"]["diversity"] == 0.1


def test_a_radio_session_keeps_its_variant(api, services):
    """All of its answers are of one variant, and its terms have the options."""
    started = api.post("/v1/radio", json={"user": listener_of(services, "diverse"), "limit": 2}).json
    following = api.post(f"/v1/radio/{started['id']}/next", json={"limit": 2}).json
    terms = services.catalogue.radio.load(started["id"]).session.terms

    assert started["experiment"] == following["experiment"] == {"name": "two", "variant": "diverse"}
    assert (terms.diversity, terms.tuning.skip_weight) == (0.5, 2)


def test_private_and_anonymous_answers_take_no_part(api):
    """Nothing of a private answer is logged, and without a listener nothing shows what came of it."""
    body = {"history": [{"track_id": track_id(0)}], "limit": 3}

    assert api.post("/v1/recommendations", json=body).json["experiment"] is None
    assert api.post("/v1/recommendations", json=body | {"user": "ada", "private": True}).json["experiment"] is None


def test_the_command_lists_and_reports(app, segue):
    """The command says the same as the API."""
    listed, report = segue("list").stdout, segue("report", "one").stdout

    assert "as-now, diverse diversity=0.5" in listed
    assert "diverse diversity=0.5: 12 listeners, 12 answers, 48 listens, 4 different tracks" in report
    assert "-50.0 pp" in report
    assert "Nothing is decided yet: every difference may be chance." in report
    assert "Careful: 'as-now' and 'diverse' have too few listeners" in report
    assert json.loads(segue("list", "--json").stdout)["experiments"][0]["name"] == "one"
    document = json.loads(segue("report", "one", "--json").stdout)
    assert document["variants"][1]["metrics"][0]["difference"]["value"] == pytest.approx(-0.5)


def test_the_command_explains_what_is_missing(segue, tmp_path):
    """Without a file there are no experiments; a wrong one is named with its key."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[one]\nvariants.a = {}\nvariants.b = { diversty = 1 }")

    empty = {"SEGUE_EXPERIMENTS": "", "SEGUE_DATA_DIR": str(tmp_path)}
    assert "There are no experiments." in segue("list", **empty).stderr
    assert "There is no experiment 'four'. There are: one, two" in segue("report", "four", code=1).stderr
    assert "Unknown option 'diversty'" in segue("list", code=1, SEGUE_EXPERIMENTS=str(wrong)).stderr
