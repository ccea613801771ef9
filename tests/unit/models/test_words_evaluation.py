"""The tests of words on made-up tracks, where the right result is known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.arrays import unit_rows
from models.evaluation.words.areas import name_areas, phrase_areas, rare_name_areas, tag_areas
from models.evaluation.words.lists import Label, Mixed, Negation, Phrase, Step, load_lists, name_label
from models.evaluation.words.page import comparison_table, page
from models.evaluation.words.photographs import Photograph
from models.evaluation.words.pictures import (
    FEEL_WEIGHTS,
    LOOKS_WEIGHTS,
    Estimate,
    Matched,
    Named,
    PicturesReport,
)
from models.evaluation.words.report import (
    Evaluated,
    WordsReport,
    as_json,
    measure,
    measure_held_out,
    metrics,
    requirements,
)
from models.evaluation.words.scorers import best, keyword_scorer, random_scorer, sentence_scorer, tower_scorer
from models.evaluation.words.searches import (
    LESS_FROM,
    LESS_WEIGHT,
    Share,
    added_words,
    captions,
    counted,
    mixed_search,
    negated_parts,
    negated_texts,
    rejected,
    search_captions,
    steering_words,
    understood,
)
from models.evaluation.words.truth import Truth
from models.evaluation.words.voices import Voices
from models.pictures.reading import Mix
from models.tag_balances import TagBalance
from services.recommend import steering

TRACKS = 50
NAMES = {"drums": ["mtt:drums"], "fast": ["mtt:fast"], "slow": ["mtt:slow"], "rare": ["mtt:opera", "mtt:choir"]}
TAGS = ["mtt:drums", "mtt:fast", "mtt:slow", "mtt:opera", "mtt:choir"]
SOUNDTRACKS = ["a"] * 25 + ["b"] * 25
CALM = Label("calm", "mood", TagBalance(("slow",), ("drums", "fast")))


@pytest.fixture
def axes():
    """Two coordinates of each track: drums and speed, both 0…1 and independent."""
    return np.random.default_rng(0).random((TRACKS, 2))


@pytest.fixture
def truth(axes):
    drums, fast = axes.T
    return Truth(np.stack([drums * 0.5, fast * 0.5, (1 - fast) * 0.5, drums * 0.08, drums * 0.01], axis=1), TAGS, NAMES)


@pytest.fixture
def score(axes):
    """A perfect search: each text adds the coordinates of the words in it, and "gibberish" is not understood."""
    directions = {"drums": (1, 0), "fast": (0, 1), "slow": (0, -1), "rare": (1, 0), "calm": (-1, -2)}

    def of(text):
        if "gibberish" in text:
            return None
        return axes @ np.sum([directions[word] for word in directions if word in text] or [(0, 0)], axis=0)

    return of


def test_names_share_the_greatest_probability(truth):
    """A name has the log-odds of the likeliest of its tags."""
    assert truth.odds("rare")[0] > np.log(0.01)
    assert truth.measurable(["drums", "rare"]) == ["drums"]
    assert truth.rare(["drums", "rare"]) == ["rare"]


def test_a_label_of_one_name_is_true_of_its_carriers(truth, axes):
    """Probability 0.15 is drums 0.3 here. A balance is true of the top fifth."""
    assert truth.is_true(name_label("drums")).tolist() == (axes[:, 0] * 0.5 >= 0.15).tolist()
    assert truth.is_true(CALM).sum() == truth.is_true(name_label("rare")).sum() == TRACKS // 5
    assert truth.balance(CALM)[truth.is_true(CALM)].min() >= truth.balance(CALM)[~truth.is_true(CALM)].max()


def test_a_name_that_all_carry_is_not_measurable():
    """A tag of every track distinguishes none."""
    truth = Truth(np.full((TRACKS, 1), 0.5), ["mtt:drums"], {"drums": ["mtt:drums"]})

    assert truth.measurable(["drums"]) == truth.rare(["drums"]) == []


def test_a_perfect_search_has_area_one(score, truth):
    """A text that is not understood counts as chance."""
    assert name_areas(score, ["drums", "slow"], truth).mean == 1.0
    assert rare_name_areas(score, ["rare"], truth).mean == 1.0
    assert phrase_areas(score, [Phrase("calm", CALM)], truth).mean > 0.9
    assert tag_areas(truth, [Phrase("calm", CALM)], truth).mean == 1.0
    missed = phrase_areas(score, [Phrase("gibberish", CALM)], truth)
    assert (missed.mean, missed.not_understood) == (0.5, 1)


def test_added_words_move_the_top_tracks(score, axes):
    """Adding "slow" lowers the tempo of the top 20, in one text or as a second one."""
    names = ["mtt:fast", "mtt:slow"]
    truth = Truth(np.stack([axes[:, 1], 1 - axes[:, 1]], axis=1), names, {name: [name] for name in names})
    steps = [Step("slow", "slow", "slow", "tempo", -1), Step("wrong", "slow", "slow", "tempo", 1)]

    for shares in (added_words(score, ["drums"], steps, truth), steering_words(score, ["drums"], steps, truth)):
        assert [share.value for share in shares] == [1.0, 0.0]
    assert added_words(score, ["gibberish"], steps, truth)[0].missed == ["gibberish, slow"]


def test_negations_lower_what_they_negate(score, truth):
    """The parts are combined by subtraction. The whole text has the word that it negates, and fails."""
    no_drums = Negation("fast, no drums", "fast", "drums", name_label("drums"), "drums")

    assert negated_parts(score, [no_drums], truth).value == 1.0
    assert negated_texts(score, [no_drums], truth).value == 0.0


def test_negations_weigh_as_in_the_recommender():
    """`models` cannot import the recommender's constants."""
    assert (LESS_WEIGHT, LESS_FROM) == (steering.LESS_WEIGHT, steering.LESS_FROM)


def test_negations_of_rare_names_do_not_count(truth):
    """A label always counts."""
    of = {name: Negation("", "", "", name_label(name), name) for name in ("drums", "rare")}
    mood = Negation("", "", "", CALM, None)

    assert counted([*of.values(), mood], truth) == [of["drums"], mood]


def test_words_and_history_are_nearer_to_both(axes, score):
    """Both gains are positive where history and words are independent."""
    embeddings = unit_rows(np.column_stack([axes - 0.5, np.repeat([1.0, -1.0], 25) * 0.3]))
    truth = Truth(axes * 0.5, ["mtt:drums", "mtt:fast"], {"drums": ["mtt:drums"], "fast": ["mtt:fast"]})
    fast = Phrase("fast", Label("fast", "mood", TagBalance(("fast",), ("drums",))))

    found = mixed_search(score, Mixed(5, 1, [fast]), embeddings, SOUNDTRACKS, truth)

    assert found.questions > 0
    assert found.to_words.value > 0
    assert found.to_history.value > 0
    assert found.both.value == 1.0


def test_captions_find_their_track():
    """Rank 1 for a search that knows the track, the middle for a caption that is not understood."""
    written = [[f"track {track}"] for track in range(TRACKS)]
    perfect = search_captions(lambda text: -np.abs(np.arange(TRACKS) - float(text.split()[1])), written, SOUNDTRACKS)
    nothing = search_captions(lambda _: None, written, SOUNDTRACKS)

    assert (perfect.recall.value, perfect.median_rank, perfect.not_understood) == (1.0, 1.0, 0.0)
    assert (nothing.recall.value, nothing.median_rank, nothing.not_understood) == (0.0, 26.0, 1.0)


def test_captions_name_what_is_salient(truth, axes):
    """The track with the most drums has drums in each caption, and the descriptors of its own fifth."""
    rules = load_lists().captions
    descriptors = dict.fromkeys(rules.words, axes[:, 0])

    written = captions(truth, ["drums"], descriptors, rules)

    highest, lowest = int(axes[:, 0].argmax()), int(axes[:, 0].argmin())
    assert all("drums" in caption for caption in written[highest])
    assert not any("drums" in caption for caption in written[lowest])
    for caption in written[highest]:
        assert sum(any(words in caption for words in grades[4]) for grades in rules.words.values()) == rules.descriptors
    assert written == captions(truth, ["drums"], descriptors, rules)


def test_texts_without_meaning_count(score):
    """`missed` lists the texts with the other result."""
    assert rejected(score, "", ["gibberish", "drums"]).missed == ["drums"]
    assert understood(score, "", ["gibberish", "drums"]).missed == ["gibberish"]


def test_keyword_match_finds_names_of_tags(truth, axes):
    """Plural and case do not matter; a text without a name has no order."""
    score = keyword_scorer(truth, NAMES)

    assert best(score("Many DRUMS, please"), 1) == [axes[:, 0].argmax()]
    assert np.abs(score("drumstick")).max() < 1e-6
    assert score("opera") is not None


def test_an_untrained_sentence_encoder_searches_by_meaning(truth, axes):
    """The name that is nearest to the text in meaning decides."""
    meanings = dict(zip(NAMES, np.eye(4, dtype=np.float32), strict=True)) | {
        "percussion": np.eye(4, dtype=np.float32)[0]
    }

    score = sentence_scorer(lambda texts: np.stack([meanings[text] for text in texts]), truth)

    assert best(score("percussion"), 1) == [axes[:, 0].argmax()]


def test_random_scores_depend_on_the_text_only():
    """The baseline is the same in each run."""
    score = random_scorer(3)

    assert score("a").tolist() == score("a").tolist()
    assert score("a").tolist() != score("b").tolist()


def test_a_tower_is_asked_once_for_each_text():
    """Tests repeat texts, and encoding takes time."""
    texts = []

    def embed(text):
        texts.append(text)
        return np.eye(2, dtype=np.float32)[0] if text == "known" else None

    score = tower_scorer(embed, np.eye(2))

    assert [score("known").tolist(), score("known").tolist()] == [[1.0, 0.0]] * 2
    assert score("unknown") is None
    assert texts == ["known", "unknown"]


def pictures():
    """A report of a photograph with and without its background."""
    photograph = Photograph("p", "a.jpg", "a", Path("/cache/a.jpg"), "A", "CC0", ("cat",), False, "calm", "test")  # noqa: FBT003
    figure = Estimate.of_mean([0.5])
    tuning = {Mix(1.0, looks, feel): 0.5 for looks in LOOKS_WEIGHTS for feel in FEEL_WEIGHTS}
    cut_out = Named(replace(photograph, cut_out=True), ("dog",), is_right=False)
    named, matched = Named(photograph, ("cat",), is_right=True), Matched(photograph, "cat", 0.5, 0.1)
    return PicturesReport([named, cut_out], figure, figure, [matched], {"what it shows": figure}, tuning, tracks=TRACKS)


def test_a_report_has_a_page_and_figures():
    """Random scores on random tracks, with a few phrases of each list: the page names every requirement."""
    lists = load_lists()
    lists = replace(
        lists,
        phrases={language: phrases[:3] for language, phrases in lists.phrases.items()},
        queries=lists.queries[:3],
        negations=[negation for negation in lists.negations if negation.of is None][:3],
    )
    random = np.random.default_rng(0)
    names = sorted(tag for tags in lists.tags.values() for tag in tags)
    scales = np.geomspace(0.01, 1.0, len(names))  # the greatest probabilities: a third of the tags are rare
    random.shuffle(scales)
    truth = Truth(scales * random.random((TRACKS, len(names))) ** 3, names, lists.tags)
    embeddings = unit_rows(random.standard_normal((TRACKS, 8)))
    descriptors = {name: random.random(TRACKS) for name in lists.captions.words}
    on = Evaluated(lists, truth, embeddings, SOUNDTRACKS, captions(truth, lists.held_out, descriptors, lists.captions))
    row = measure("random", random_scorer(TRACKS), on)
    report = WordsReport(
        tower="1",
        sentences="none",
        sha256="0" * 64,
        tracks=TRACKS,
        soundtracks=2,
        rows=[row],
        best={language: tag_areas(truth, phrases, truth) for language, phrases in lists.phrases.items()},
        held_out=measure_held_out(random_scorer(TRACKS), on),
        voices=Voices(Share.of("no vocals", {"a track": True}), excluded=1.0, kept=0.5),
        pictures=pictures(),
    )

    written = page(report)

    assert all(each.test in written for each in requirements(report))
    assert metrics(report)["AUC, seen words"] == pytest.approx(row.names.mean, abs=1e-4)
    assert "AUC, seen words" in comparison_table([row, row])
    assert json.loads(as_json(report))["pictures"]["named"][0]["photograph"]["path"] == "a.jpg"
