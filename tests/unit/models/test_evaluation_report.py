"""The report says what was measured, what was demanded, and whether it was reached."""

import json
from dataclasses import replace

import numpy as np
import pytest

from models.evaluation import baselines, page, plots
from models.evaluation.demands import Verdict, verdicts
from models.evaluation.direction import Direction
from models.evaluation.fidelity import Fidelity
from models.evaluation.listening import HALF_WHITENED, RANDOM, SHIPPED, Similarities
from models.evaluation.mood import Area, Mood
from models.evaluation.report import as_json, metrics, retrieval_report
from models.evaluation.robustness import Determinism, Robustness

SOUNDTRACKS = ["a"] * 12 + ["b"] * 12


def similarities(knows):
    """Of 24 tracks in two soundtracks, each also on an axis that its number gives."""
    random = np.random.default_rng(0).random((24, 24))
    same = np.array([[x == y for y in SOUNDTRACKS] for x in SOUNDTRACKS], dtype=float)
    matrix = random + knows * (same + np.eye(24))
    return Similarities(matrix, matrix)


@pytest.fixture(scope="module")
def report():
    """Random, teachers that know something, and an encoder that knows everything but fails elsewhere."""
    found = {RANDOM: similarities(0.0), HALF_WHITENED: similarities(0.5), SHIPPED: similarities(2.0)}
    ranks = {"energy": np.linspace(0, 1, 24), "valence": np.linspace(1, 0, 24)}
    first = retrieval_report(found, SOUNDTRACKS, ranks, "v-1", "f" * 64)
    area = Area(0.8, 0.6, 0.9)
    return replace(
        first,
        fidelity=Fidelity(0.7, 0.9, 0.81),
        robustness=(Robustness("mp3 64 kbit/s", 0.99, {SHIPPED: 0.98}, {SHIPPED: 24}, 0.01, 0.05),),
        mood=(Mood("both", ["a/battle"], ["b/calm"], {"energy": area}), Mood("none", [], [], {})),
        direction=Direction(60, 1.0, 0.5, 1.0),
        determinism=Determinism(1.0, 1.0, 0.9),
        notes=("musly is left out: its wheel is not installed.",),
    )


def test_verdicts_follow_the_figures(report):
    """What lies on the right side is reached; everything else is said to be missed."""
    reached = {verdict.test: verdict.reached for verdict in verdicts(report)}

    assert reached["same-track R@1 (teachers + .04)"]
    assert not reached["robustness R@1, mp3 64 kbit/s"]
    assert not reached["stability of energy and valence, mp3 64 kbit/s"]  # the worse of the two decides
    assert not reached["mood AUC, energy (both)"]
    assert reached["direction, faster: share of pairs"]
    assert not reached["direction, minor: share of pairs"]
    assert not reached["fidelity, cosine to the teachers"]
    assert reached["fidelity, tag correlation"]
    assert not reached["determinism over restart, cosine"]


def test_the_teachers_set_the_bar(report):
    """Retrieval must exceed the teachers' own figures of the same run, and the feel stay below theirs."""
    teachers = report.row(HALF_WHITENED)
    demanded = {verdict.test: verdict for verdict in verdicts(report)}

    assert demanded["same-track R@1 (teachers + .04)"].least == pytest.approx(teachers.same_track_r1.value + 0.04)
    assert demanded["same-soundtrack P@10 (teachers − .01)"].least == pytest.approx(
        teachers.soundtrack_p10.value - 0.01
    )
    feel = demanded["feel, energy: rank distance (.9 × teachers)"]
    assert feel.most == pytest.approx(0.9 * teachers.feel["energy"].value)


def test_a_limit_itself_is_reached():
    """At least and at most include the limit."""
    assert Verdict("x", 0.9, least=0.9).reached
    assert Verdict("x", 0.6, most=0.6).reached
    assert not Verdict("x", 0.61, most=0.6).reached
    assert Verdict("x", 0.61, most=0.6).demand == "≤ 0.6"


def test_the_page_hides_nothing(report):
    """Every demand stands on the page with its verdict, and so do the notes and the moods without tracks."""
    text = page.page(report)

    for verdict in verdicts(report):
        assert verdict.test in text
    assert text.count("**not reached**") == sum(not verdict.reached for verdict in verdicts(report))
    assert "`v-1`" in text
    assert "musly is left out" in text
    assert "One side has no tracks: not measured." in text


def test_a_similarity_that_is_no_number_is_refused():
    """A representation that divides by zero fails loudly instead of being scored."""
    with pytest.raises(ValueError, match="finite"):
        Similarities(np.ones((2, 2)), np.array([[1.0, np.nan], [0.0, 1.0]]))


def test_json_and_card_carry_the_same_figures(report):
    """Both name the command; the card holds the shipped encoder's row."""
    stored = json.loads(as_json(report))

    assert stored["command"] == metrics(report)["command"] == "python -m models.evaluation"
    assert metrics(report)["tracks"] == 24
    assert stored["rows"][-1]["same_track_r1"]["value"] == metrics(report)["same_track_r1"]["value"]


def test_a_quick_report_has_a_page_too():
    """Without teachers and trials the page says what was not measured."""
    quick = retrieval_report({SHIPPED: similarities(1.0)}, SOUNDTRACKS, {}, "v-1", "f" * 64)

    assert page.page(quick).count("Not measured") == 3


def test_plots_are_drawn(report, tmp_path):
    """Each plot that the page shows is written."""
    plots.draw(report, tmp_path)

    text = page.page(report)
    drawn = sorted(file.name for file in tmp_path.iterdir())
    assert drawn == ["hubness.png", "retrieval.png", "robustness.png", "soundtracks.png"]
    assert all(f"({name})" in text for name in drawn)


@pytest.mark.parametrize("module", ["bliss_audio", "pymusly"])
def test_rivals_find_a_twin(module):
    """Where a rival is installed, each of three kinds of sound is nearest to another stretch of its own kind."""
    pytest.importorskip(module)
    random = np.random.default_rng(0)
    time = np.arange(320_000) / 16_000

    def sounds():
        hiss = random.standard_normal(320_000)
        tones = sum(np.sin(2 * np.pi * f * time) for f in (220, 277, 330))
        pulses = hiss * (np.sin(2 * np.pi * 2 * time) > 0.9)
        return [(0.1 * x + 0.001 * hiss).astype(np.float32).reshape(2, -1) for x in (hiss, tones, pulses)]

    first, second = sounds(), sounds()
    if module == "bliss_audio":
        similarity = baselines.euclidean(
            np.stack([*map(baselines.bliss, first)]), np.stack([*map(baselines.bliss, second)])
        )
    else:
        similarity = baselines.musly_similarity(
            [*map(baselines.musly_model, first)], [*map(baselines.musly_model, second)]
        )

    assert similarity.argmax(axis=1).tolist() == [0, 1, 2]
