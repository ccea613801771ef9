"""The mixes of a listener: which tracks each rule chooses, and what is wrong with a rule."""

from datetime import UTC, date, datetime, timedelta

import pytest

from services.domain.listening import EventKind, NewListen
from services.domain.vector_index import TRACKS
from services.index.exact import ExactIndex
from services.mixes.choose import Mixes
from services.mixes.rules import UnusableRules, read_rules, write_default
from services.recommend import Recommender
from services.recommend.path import Paths
from services.recommend.tastes import Tastes
from services.recommend.words import WordReader
from services.words.understand import understand
from tests.fakes.library import GENRES, open_catalogue, tower, track_id, write_library

LIBRARY_SIZE, FEELS = 48, len(GENRES)
DAY = date(2026, 6, 1)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory):
    folder = tmp_path_factory.mktemp("mixes")
    with open_catalogue(folder) as opened:
        write_library(opened, folder / "music", LIBRARY_SIZE)
        hear(opened, "ada", range(0, 16, FEELS), days=2)
        hear(opened, "ada", range(1, 12, FEELS), days=3)
        yield opened


@pytest.fixture(scope="module")
def mixes(catalogue):
    index = ExactIndex(catalogue.queue_of(TRACKS))
    recommender = Recommender(catalogue.tracks, index, half_life_days=30)
    words = WordReader(catalogue.tracks, tower(), understand)
    return Mixes(catalogue, recommender, Tastes(catalogue, recommender), words, Paths(catalogue.tracks, index))


def hear(catalogue, listener, numbers, *, days, kind=EventKind.PLAY):
    at = datetime(2026, 6, 1, tzinfo=UTC) - timedelta(days=days)
    names = [(track_id(number),) for number in numbers]
    listens = [NewListen(names=each, kind=kind, at=at + timedelta(minutes=place)) for place, each in enumerate(names)]
    catalogue.listens.add(listener, listens)


def rules_of(folder, text):
    (folder / "mixes.toml").write_text(text, encoding="utf-8")
    return read_rules(folder)


def numbers_of(mix):
    numbers = {track_id(number): number for number in range(LIBRARY_SIZE)}
    return [numbers[each] for each in mix.track_ids]


def feels_of(mix):
    return {number % FEELS for number in numbers_of(mix)}


def test_the_default_rules_make_every_kind_of_mix(mixes, tmp_path):
    """The file that a new installation gets is valid, and is written once."""
    file = write_default(tmp_path)
    found = mixes.choose("ada", read_rules(tmp_path), DAY)
    keys = [mix.key for mix in found]

    assert file == tmp_path / "mixes.toml"
    assert write_default(tmp_path) is None
    assert keys[:4] == ["daily:1", "daily:2", "discover", "rediscover"]
    assert keys[4:] == [*(f"moods:{mood}" for mood in read_rules(tmp_path)["moods"].moods), "path"]
    assert [mix.key for mix in found if not mix.track_ids] == ["rediscover"]
    assert found[3].problem == "No track fits."


def test_a_daily_mix_has_known_and_new_tracks_of_one_taste(mixes, tmp_path):
    """Half of the tracks are known by default, the others sound like them."""
    rules = rules_of(tmp_path, '[daily]\nkind = "taste"\nname = "Mix {number}"\ntracks = 4')
    first, second = mixes.choose("ada", rules, DAY)

    assert (first.name, second.name) == ("Mix 1", "Mix 2")
    assert (feels_of(first), feels_of(second)) == ({0}, {1})
    assert len(first.track_ids) == len(set(first.track_ids)) == 4
    assert len({0, 4, 8, 12}.intersection(numbers_of(first))) == 2


def test_mixes_last_a_day(mixes, tmp_path):
    """The same day has the same mixes, another day other ones."""
    rules = rules_of(tmp_path, '[daily]\nkind = "taste"\nname = "Mix"\ntracks = 6\nknown = 0.3')

    assert mixes.choose("ada", rules, DAY) == mixes.choose("ada", rules, DAY)
    assert mixes.choose("ada", rules, DAY) != mixes.choose("ada", rules, DAY + timedelta(days=1))


def test_discover_has_no_heard_track(mixes, tmp_path):
    """A track that was ever heard is not new."""
    rules = rules_of(tmp_path, '[new]\nkind = "discover"\nname = "New"\ntracks = 100')
    [mix] = mixes.choose("ada", rules, DAY)

    assert mix.problem is None
    assert {0, 4, 8, 12, 1, 5, 9}.isdisjoint(numbers_of(mix))
    assert len(mix.track_ids) == LIBRARY_SIZE - 7


def test_rediscover_has_loved_tracks_that_were_not_heard_lately(mixes, catalogue, tmp_path):
    """Liked or often played, last heard before the period, and not disliked since."""
    for days in (200, 150, 100):
        hear(catalogue, "eve", [0, 1, 2, 3], days=days)
    hear(catalogue, "eve", [4], days=100, kind=EventKind.LIKE)
    hear(catalogue, "eve", [5], days=100)  # once
    hear(catalogue, "eve", [1], days=80)
    hear(catalogue, "eve", [2], days=99, kind=EventKind.DISLIKE)
    rules = rules_of(tmp_path, '[again]\nkind = "rediscover"\nname = "Again"')
    [mix] = mixes.choose("eve", rules, DAY)

    assert sorted(numbers_of(mix)) == [0, 3, 4]


def test_a_mood_mix_follows_the_preset_and_may_have_heard_tracks(mixes, tmp_path):
    """One mix for each preset, named by it."""
    text = '[moods]\nkind = "mood"\nname = "Für {mood}"\nlanguage = "de"\nmoods = ["focus", "sleep"]\ntracks = 40'
    focus, sleep = mixes.choose("ada", rules_of(tmp_path, text), DAY)

    assert (focus.key, focus.name, sleep.name) == ("moods:focus", "Für Konzentration", "Für Schlaf")
    assert {0, 4, 8, 12}.intersection(numbers_of(focus))
    assert feels_of(sleep) <= {0, 1, 2}  # energy of at most 0.5


def test_a_path_has_the_ends_of_its_rule_or_leads_between_tastes(mixes, tmp_path):
    """The ends are named by any id."""
    rules = rules_of(tmp_path, '[path]\nkind = "path"\nname = "Path"\nfrom = "test:2"\nto = "test:3"\ntracks = 8')
    [given] = mixes.choose("ada", rules, DAY)
    [between] = mixes.choose("ada", rules_of(tmp_path, '[path]\nkind = "path"\nname = "Path"\ntracks = 8'), DAY)
    [alone] = mixes.choose("nobody", rules_of(tmp_path, '[path]\nkind = "path"\nname = "Path"'), DAY)

    assert numbers_of(given)[0] == 2
    assert numbers_of(given)[-1] == 3
    assert {number % FEELS for number in (numbers_of(between)[0], numbers_of(between)[-1])} == {0, 1}
    assert "two tastes" in alone.problem


def test_mixes_have_only_the_tracks_that_the_server_has(mixes, tmp_path):
    """A full answer is looked for among them."""
    write_default(tmp_path)
    only = {track_id(number) for number in range(24, LIBRARY_SIZE)} | {track_id(0)}
    found = mixes.choose("ada", read_rules(tmp_path), DAY, only)

    assert {each for mix in found for each in mix.track_ids} <= only
    assert len(next(mix for mix in found if mix.key == "discover").track_ids) == 24


def test_mixes_keep_to_the_library_of_the_listener(mixes, catalogue, tmp_path):
    """A listener who is bound to a named library gets its tracks."""
    hear(catalogue, "bob", [0, 4], days=1)
    catalogue.libraries.put("empty", [str(tmp_path / "elsewhere")], ["bob"])
    rules = rules_of(tmp_path, '[new]\nkind = "discover"\nname = "New"\n[daily]\nkind = "taste"\nname = "Daily"')

    assert [mix.track_ids for mix in mixes.choose("bob", rules, DAY)] == [(), ()]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("# My mixes\n[daily", r"\(at end of document\): `\[daily`\."),
        ('[daily]\nname = "Daily\n', r"line 2, column 14\): `name = \"Daily`\."),
        ('[daily]\nkind = "tastes"\nname = "Daily"', r"\[daily\] has the kind `tastes`; kinds are taste, discover, "),
        ('[daily]\nname = "Daily"', r"\[daily\] has no field `kind`; kinds are taste"),
        ('[daily]\nkind = "taste"', r"\[daily\] has no field `name`\."),
        ('[daily]\nkind = "taste"\nname = "Daily"\nsize = 5', r"\[daily\] has an unknown field `size`\."),
        ('[daily]\nkind = "taste"\nname = "Daily"\ntracks = 0', r"\[daily\]: `tracks` must be at least 1\."),
        ('[moods]\nkind = "mood"\nname = "Moods"\nmoods = "focus"', r"\[moods\]: `moods` must be an array\."),
        ("size = 5", "`size` must be a table"),
        ("a = " + "[" * 100_000, "It is nested too deeply"),
        ('[moods]\nkind = "mood"\nname = "Moods"\nmoods = ["fokus"]', "fokus"),
        ('[path]\nkind = "path"\nname = "Path"\nfrom = "test:1"', "Give `from` and `to` together"),
    ],
)
def test_a_wrong_rule_is_named(tmp_path, text, problem):
    """The message has the file, the rule and the reason."""
    with pytest.raises(UnusableRules, match=problem) as raised:
        rules_of(tmp_path, text)

    assert str(tmp_path / "mixes.toml") in str(raised.value)
