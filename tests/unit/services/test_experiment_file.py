"""The file of experiments, and the assignment that follows from it."""

import re
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.domain.errors import NotConfigured
from services.domain.experiments import Experiment, Variant
from services.domain.tuning import Tuning
from services.experiments.assignment import Experiments
from services.experiments.file import read_experiments

FILE = """
[more-diverse]
share = 0.5
starts = 2026-12-01
ends = 2027-01-01T12:00:00+01:00

[more-diverse.variants.as-now]

[more-diverse.variants.diverse]
weight = 2
diversity = 0.4

[other]
salt = "more-diverse"
variants.b = {}
variants.a = { half_life_days = 90, exploration = 0.1 }
"""

TWO = "[one]\nvariants.a = {}\n"


@pytest.fixture
def read(tmp_path: Path):
    """Read experiments from a text."""

    def reading(text: str) -> tuple[Experiment, ...]:
        file = tmp_path / "experiments.toml"
        file.write_text(text, encoding="utf-8")
        return read_experiments(str(file))

    return reading


def test_a_file_describes_experiments(read):
    """Variants keep their order, dates are in UTC unless they say otherwise, and the salt is the name by default."""
    first, other = read(FILE)

    assert first == Experiment(
        name="more-diverse",
        share=0.5,
        salt="more-diverse",
        variants=(Variant(name="as-now"), Variant(name="diverse", tuning=Tuning(diversity=0.4), weight=2.0)),
        starts=datetime(2026, 12, 1, tzinfo=UTC),
        ends=datetime(2027, 1, 1, 11, tzinfo=UTC),
    )
    assert (other.salt, [variant.name for variant in other.variants]) == ("more-diverse", ["b", "a"])
    assert other.variants[1].tuning == Tuning(half_life_days=90.0, exploration=0.1)


def test_without_a_file_there_are_no_experiments():
    """The setting is optional."""
    assert read_experiments(None) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[one", "is wrong: "),
        ("a = " + "[" * 100_000, "is nested too deeply."),
        ("[one]", "is wrong at `experiments.one.variants`: Field required"),
        (TWO, "is wrong at `experiments.one.variants`: Dictionary should have at least 2 items"),
        (TWO + "variants.b = { divresity = 1 }", "`experiments.one.variants.b`: Unknown option 'divresity'. Options"),
        (TWO + "variants.b = { diversity = 2 }", "`experiments.one.variants.b`: 'diversity' must be at most 1"),
        (
            TWO + "variants.b = { weight = 0 }",
            "`experiments.one.variants.b.weight`: Input should be greater than or",
        ),
        (TWO + "variants.b = {}\nshare = 1.5", "`experiments.one.share`: Input should be less than or equal to 1"),
        (TWO + "variants.b = {}\nstart = 1", "`experiments.one.start`: Extra inputs are not permitted"),
        (TWO + "variants.b = {}\nstarts = 'soon'", "`experiments.one.starts`: write a date such as 2026-12-31"),
        (TWO + "variants.b = {}\nstarts = 2027-01-01\nends = 2026-01-01", "`experiments.one`: `ends` must be after"),
        (TWO + "variants.b = { weight = 1e308 }", "`experiments.one.variants.b.weight`: Input should be less than or"),
        ("[one]\nshare = true\nvariants.a = {}\nvariants.b = {}", "`experiments.one.share`: Input should be a valid"),
        (TWO + 'variants."b\\n" = {}', "is no name of variants"),
        (TWO + "variants.'b c' = {}", "`experiments.one.variants`: 'b c' is no name of variants"),
        ("['a/b']\nvariants.a = {}\nvariants.b = {}", "`experiments`: 'a/b' is no name of experiments"),
        ("one = 1", "`experiments.one`: Input should be a valid dictionary"),
    ],
)
def test_a_wrong_file_is_explained(read, text, message):
    """The error names the setting, the file, the key and what is wrong."""
    with pytest.raises(NotConfigured) as caught:
        read(text)

    assert caught.value.detail.startswith("SEGUE_EXPERIMENTS: '")
    assert message in caught.value.detail


def test_a_missing_file_is_an_error(tmp_path: Path):
    """A typing error in the setting must not end all experiments silently."""
    with pytest.raises(NotConfigured, match=r"SEGUE_EXPERIMENTS: '.*nothing.toml' cannot be read: No such file"):
        read_experiments(str(tmp_path / "nothing.toml"))


def test_the_documentation_lists_every_option():
    """Its row has the name, the limits, the default and the description of the option."""
    text = (Path(__file__).parents[3] / "docs/experiments.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]* to [^|]*) \| ([^|]*) \| (.*) \|$", text, re.MULTILINE)

    assert rows == [
        (
            option.name,
            f"{option.metadata.get('ge', 'more than 0')} to {option.metadata['le']:,g}",
            "" if option.default is None else f"{option.default:g}",
            option.metadata["description"],
        )
        for option in fields(Tuning)
    ]


def test_listeners_take_part_while_an_experiment_runs(read):
    """Before its start and after its end nobody does; without a listener and a session nobody ever does."""
    [experiment, _] = read(FILE.replace("share = 0.5", "share = 1.0"))
    times = [datetime(2026, month, 15, tzinfo=UTC) for month in (11, 12)] + [datetime(2027, 1, 2, tzinfo=UTC)]
    found = [Experiments([experiment], clock=lambda at=at: at).of("ann") for at in times]

    assert [each and each.experiment for each in found] == [None, "more-diverse", None]
    assert found[1].tuning == found[1].variant.tuning
    assert Experiments([experiment], clock=lambda: times[1]).of(None) is None
    assert Experiments().of("ann") is None


def test_a_listener_takes_part_in_one_experiment_at_a_time(read):
    """Those whom the first experiment leaves out are in the second."""
    experiments = Experiments(read(FILE), clock=lambda: datetime(2026, 12, 15, tzinfo=UTC))
    found = {experiments.of(f"listener {number}").experiment for number in range(50)}

    assert found == {"more-diverse", "other"}
