"""`segue evaluate --listens`: planted listeners whose taste is, or is not, one of sound."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from services.cli.evaluating import print_report
from services.domain.listening import EventKind, NewListen
from services.evaluation.own_listeners import PAST_MIN, WANTED, OwnLibrary, read
from services.evaluation.own_methods import ARTIST_RADIO, BEST_SCORE, MEAN, POPULARITY, RANDOM, SEGUE, UNLIMITED
from services.evaluation.own_report import Verdict, conclusion, evaluate
from services.index.exact import ExactIndex
from tests.fakes.library import GENRES, open_catalogue, track_id, write_library
from tests.fakes.serving import ROOT

TRACKS, HEARD, LISTENERS = 120, 30, 8
BEGUN = datetime(2026, 3, 1, tzinfo=UTC)
HALF_LIFE = 30.0
FEELS = len(GENRES)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("evaluate")


@pytest.fixture(scope="module")
def library(data_dir):
    """A library with four kinds of music, 30 tracks of each, in a data directory."""
    with open_catalogue(data_dir) as catalogue:
        write_library(catalogue, data_dir / "music", TRACKS)
        yield catalogue


@pytest.fixture
def listening(library):
    """Records plays of listeners, one an hour, and forgets them after the test."""
    names = []

    def record(name, numbers, **changes):
        names.append(name)
        plays = [
            NewListen(names=(track_id(number),), at=BEGUN + timedelta(hours=hour), **changes)
            for hour, number in enumerate(numbers)
        ]
        library.listens.add(name, plays)

    yield record
    for name in names:
        library.listeners.forget(name)


def of_kind(kind, seed):
    """Return the numbers of some tracks of one kind in a random order."""
    return np.random.default_rng(seed).permutation(np.arange(kind, TRACKS, FEELS))[:HEARD]


def run(catalogue):
    return evaluate(catalogue, ExactIndex(catalogue.indexing), HALF_LIFE, at_most=50, tell=lambda _done, _of: None)


def test_listeners_of_one_kind_of_music_are_better_served_than_by_chance(library, listening, capsys):
    """Segue beats random and popularity; without maxima per artist, of which there are four, it finds more."""
    for number in range(LISTENERS):
        listening(f"listener {number}", of_kind(number % FEELS, number))

    report = run(library)
    assert (report.listeners, report.tracks) == (LISTENERS, TRACKS)
    assert report.periods == LISTENERS * (HEARD - PAST_MIN) // WANTED
    assert not report.by_listener
    assert {RANDOM, POPULARITY} <= set(report.those(Verdict.BETTER))
    found = {each.name: each.found for each in report.methods}
    assert found[UNLIMITED] > 2 * found[RANDOM]
    assert conclusion(report).startswith("Segue works here")

    print_report(report)
    printed = capsys.readouterr().out
    assert conclusion(report) in printed
    assert all(each.name in printed for each in report.methods)


def test_listeners_without_a_taste_are_not_said_to_be_served(library, listening):
    """With random plays, nothing is better than random, and the conclusion says so."""
    for number in range(12):
        listening(f"listener {number}", np.random.default_rng(number).permutation(TRACKS)[:50])

    report = run(library)
    assert report.by_listener
    assert set(report.those(Verdict.SAME)) >= {RANDOM, MEAN, BEST_SCORE, ARTIST_RADIO}
    assert "no better than random" in conclusion(report)


def test_few_listens_cannot_tell(library, listening):
    """One listener with one period is told what is needed, without figures."""
    listening("ada", of_kind(0, 0)[: PAST_MIN + WANTED])

    report = run(library)
    assert (report.periods, report.methods) == (1, ())
    assert "cannot tell" in conclusion(report)


def test_a_period_holds_only_what_was_heard_before_it(library, listening):
    """Wanted tracks were never heard before; repeats and skips are not wanted, and skipped tracks are barred later."""
    first, skipped, later = of_kind(1, 1)[:12], of_kind(2, 2)[:3], of_kind(1, 1)[12:22]
    listening("ada", [*first, *first])
    listening("ada", skipped, kind=EventKind.SKIP)
    library.listens.add(
        "ada", [NewListen(names=(track_id(number),), at=BEGUN + timedelta(days=9)) for number in (*first[:3], *later)]
    )

    offered = OwnLibrary.read(library)
    [period] = read(library, offered, ["ada"], HALF_LIFE).periods
    assert period.at == BEGUN + timedelta(days=9)
    assert {offered.ids[place] for place in period.wanted} == {track_id(number) for number in later}
    assert {offered.ids[place] for place in period.barred} == {track_id(number) for number in (*first, *skipped)}
    assert all(event.moment < period.at for event in period.past.events)


def test_members_of_a_named_library_are_offered_its_tracks_only(library, listening, tmp_path):
    """Every track outside of the library is barred."""
    listening("ada", of_kind(1, 1))
    library.libraries.put("Elsewhere", [str(tmp_path)], ["ada"])

    offered = OwnLibrary.read(library)
    assert read(library, offered, ["ada"], HALF_LIFE).periods == ()
    library.libraries.remove("Elsewhere")


def test_the_command_needs_nothing_but_the_catalogue(library, listening, data_dir):
    """It prints figures of all listeners; without an option that says what to evaluate on, it is refused."""
    for number in range(LISTENERS):
        listening(f"listener {number}", of_kind(number % FEELS, number))

    def segue(*options, code=0):
        environment = {**os.environ, "SEGUE_DATA_DIR": str(data_dir)}
        command = [sys.executable, "-m", "services.cli.main", "evaluate", *options]
        ran = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
        )
        assert ran.returncode == code, ran.stderr
        return ran

    found = json.loads(segue("--listens", "--json").stdout)
    assert (found["listeners"], found["intervals_by"]) == (LISTENERS, "period")
    assert found["methods"][0]["name"] == SEGUE
    lead = found["methods"][1]["lead"]
    assert lead["limits"]["low"] <= lead["value"] <= lead["limits"]["high"]
    assert found["conclusion"].startswith("Segue works here")
    assert "--listens" in segue(code=2).stderr
