"""The report: figures, requirements, page, plots and JSON."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models.evaluation import page
from models.evaluation.demands import Requirement, requirements
from models.evaluation.direction import Direction
from models.evaluation.metrics import Area, Fidelity
from models.evaluation.mood import Mood
from models.evaluation.report import as_json, metrics, retrieval_report
from models.evaluation.representations import HALF_WHITENED, RANDOM, SHIPPED, Similarities
from models.evaluation.robustness import Determinism, Robustness
from models.tag_balances import MOOD_BALANCES, OTHER_MOOD_BALANCES

SOUNDTRACKS = ["a"] * 12 + ["b"] * 12


def similarities(weight):
    """Random similarities of 24 tracks, plus a weight for tracks of the same soundtrack."""
    random = np.random.default_rng(0).random((24, 24))
    same = np.array([[x == y for y in SOUNDTRACKS] for x in SOUNDTRACKS], dtype=float)
    matrix = random + weight * (same + np.eye(24))
    return Similarities(matrix, matrix)


@pytest.fixture(scope="module")
def report():
    """Random similarities, teachers with better ones, and an encoder with perfect retrieval and other failures."""
    found = {RANDOM: similarities(0.0), HALF_WHITENED: similarities(0.5), SHIPPED: similarities(2.0)}
    ranks = {name: np.linspace(0, 1, 24) for name in (*MOOD_BALANCES, *OTHER_MOOD_BALANCES)}
    first = retrieval_report(found, SOUNDTRACKS, ranks, "v-1", "f" * 64)
    area = Area(0.8, 0.6, 0.9)
    return replace(
        first,
        fidelity=Fidelity(0.7, 0.9, 0.81),
        robustness=(Robustness("mp3 64 kbit/s", 0.99, {SHIPPED: 0.98}, {SHIPPED: 24}, 0.01, 0.05),),
        mood=(Mood("both", ["a/battle"], ["b/calm"], {"energy": area}), Mood("none", [], [], {})),
        direction=Direction(60, 1.0, 0.5, 1.0),
        determinism=Determinism(1.0, 1.0, 0.9),
        notes=("musly is omitted, because its wheel is not installed.",),
    )


def test_requirements_are_met_or_not_by_their_figures(report):
    """Figures within their limits meet the requirement, others do not."""
    met = {each.test: each.met for each in requirements(report)}

    assert met["same-track R@1"]
    assert not met["mood distance, energy, other tags"]
    assert not met["robustness R@1, mp3 64 kbit/s"]
    assert not met["change of energy and valence, mp3 64 kbit/s"]  # the greater of the two changes counts
    assert met["direction, faster: share of pairs"]
    assert not met["direction, minor: share of pairs"]
    assert not met["fidelity, cosine to the teachers"]
    assert met["fidelity, tag correlation"]
    assert not met["determinism over restart, cosine"]


def test_precision_is_compared_with_the_teachers(report):
    """Its limit follows the teachers of the same run, and the difference is taken track by track."""
    shipped, teachers = report.row(SHIPPED), report.row(HALF_WHITENED)
    required = {each.test: each for each in requirements(report)}

    limit = required["same-soundtrack P@10 (teachers − 0.01)"].least
    assert limit == pytest.approx(teachers.soundtrack_p10.value - 0.01)
    difference = report.p10_above_teachers
    assert difference.value == pytest.approx(shipped.soundtrack_p10.value - teachers.soundtrack_p10.value)
    assert difference.package_low <= difference.value <= difference.package_high
    assert f"{difference.value:+.3f}" in page.page(report)


def test_limits_are_inclusive():
    """A figure equal to its limit meets the requirement."""
    assert Requirement("x", 0.9, least=0.9).met
    assert Requirement("x", 0.6, most=0.6).met
    assert not Requirement("x", 0.61, most=0.6).met
    assert Requirement("x", 0.61, most=0.6).limit == "≤ 0.6"


def test_the_page_has_every_requirement(report):
    """The page has every requirement with its result, the notes, and sets of tracks without a mood."""
    text = page.page(report)

    for each in requirements(report):
        assert each.test in text
    assert text.count("**not met**") == sum(not each.met for each in requirements(report))
    assert "`v-1`" in text
    assert "musly is omitted" in text
    assert "Not measured, because one class has no tracks." in text


def test_similarities_must_be_finite():
    """A NaN among the similarities raises a ValueError."""
    with pytest.raises(ValueError, match="finite"):
        Similarities(np.ones((2, 2)), np.array([[1.0, np.nan], [0.0, 1.0]]))


def test_json_and_card_carry_the_same_figures(report):
    """Both have the command; the card has the shipped encoder's figures."""
    stored = json.loads(as_json(report))

    assert stored["command"] == metrics(report)["command"] == "python -m models.evaluation"
    assert metrics(report)["tracks"] == 24
    assert stored["rows"][-1]["same_track_r1"]["value"] == metrics(report)["same_track_r1"]["value"]


def test_a_quick_report_has_a_page():
    """Without teachers and other tests, the page states what was not measured."""
    quick = retrieval_report({SHIPPED: similarities(1.0)}, SOUNDTRACKS, {}, "v-1", "f" * 64)

    assert page.page(quick).count("Not measured") == 3


def test_plots_are_drawn(report, tmp_path):
    """Every plot on the page is written."""
    page.draw_plots(report, tmp_path)

    text = page.page(report)
    drawn = sorted(file.name for file in tmp_path.iterdir())
    assert drawn == ["hubness.png", "retrieval.png", "robustness.png", "soundtracks.png"]
    assert all(f"({name})" in text for name in drawn)
