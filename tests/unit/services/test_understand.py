"""Texts become filters, examples, phrases to avoid and a rest, as `docs/words.md` shows."""

import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from models.evaluation.words.lists import load_lists
from services.catalog.database import is_storable
from services.domain.words import TEXT_USED_MAX
from services.words.lexicon import LANGUAGES, lexicon
from services.words.understand import understand
from tests.fakes.names import NamedCatalogue, summary

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "words.md").read_text(encoding="utf-8")
TABLES = re.findall(r"^### (\w+)\n\n\| text \| understood \|\n\|---\|---\|\n((?:\|.*\n?)+)", PAGE, re.MULTILINE)
ROWS = [tuple(row.strip("|\n ").split(" | ")) for _, table in TABLES for row in table.splitlines()]

# Texts that are made of the grammar's own phrases reach its rules; random characters hardly do.
PHRASES = sorted(
    {
        phrase
        for language in LANGUAGES
        for kind, phrases in lexicon().table[language].items()
        if kind not in {"numbers", "relative"}
        for phrase in phrases
    }
)
TEXTS = st.text() | st.lists(
    st.sampled_from(PHRASES)
    | st.sampled_from(("80", "1994", "90s", "bpm", "Blue Moon", "3/4", "Nirvana", "4:30", ",")),
    max_size=12,
).map(" ".join)

# Concepts of the training phrases that are facts, and words of other training phrases that state one.
STATED = {"vocals", "instrumental", "female_vocals", "male_vocals", "major_key", "minor_key"} | {
    "oldies", "sixties", "seventies", "eighties", "nineties", "two_thousands",
}  # fmt: skip
STATING = re.compile(
    r"\d ?bpm|138 uderzeń|\d{4}|\d0|twenty-minute songs|Stunde lang|uur lang|二分の曲|"
    r"gesungen|lyrics|\bsung\b|gezongen|śpiewan|cantadas|\binstru(mental)?\b|"
    r"ziger|ties\b|setenta|ochent|noventa|treinta|dos mil|\banni\b|\bjaren\b|lat czterdziestych|\banos\b|年代|"
    r"oitentista|e minor|cuatro por cuatro|quattro quarti|quatro por quatro|四四拍",
    re.IGNORECASE,
)


def parts(understood):
    return understood.filters, understood.targets, understood.like, understood.less


def warnings(text):
    return understand(text, NamedCatalogue()).warnings


def test_the_page_has_examples_in_every_language():
    """The tables have at least 120 texts, and at least eight in each language."""
    assert len(ROWS) >= 120
    assert len(TABLES) == len(LANGUAGES)
    assert min(len(table.splitlines()) for _, table in TABLES) >= 8


@pytest.mark.parametrize(("text", "expected"), ROWS)
def test_texts_are_understood_as_documented(text, expected):
    """The filters, examples, phrases to avoid and the rest are those of the page."""
    assert summary(text) == expected


@pytest.mark.parametrize("text", ["calm music from", "songs of", "canciones de", "utwory od"])
def test_a_text_may_end_before_a_name(text):
    """A word such as "from" at the end names nobody."""
    understood = understand(text, NamedCatalogue())

    assert understood.rest == text
    assert understood.warnings == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("churrasco no quintal", "rest churrasco no quintal"),
        ("house no shouting", "less shouting; rest house"),
        ("trance no vocal", "instrumentalness ≥ 0.5; rest trance"),
        ("je n'ai pas envie de dormir ce soir", "rest je n'ai pas envie de dormir ce soir"),
        ("je n'ai pas envie de guitare", "less guitare; rest je n'ai"),
        ("piano et rien d'autre", "rest piano et rien d'autre"),
        ("rock, nothing plugged in", "rest rock, nothing plugged in"),
        ("not cheesy", "less cheesy"),
        ("no whistling", "less whistling"),
        ("zonder techno", "less techno"),
        ("停不下来的节奏, 不要太快", "less 快; rest 停不下来的节奏"),
        ("我睡不着觉", "rest 我睡不着觉"),
    ],
)
def test_negations_of_actions_and_of_other_things_stay_in_the_rest(text, expected):
    """Only what music can have less of is avoided."""
    assert summary(text) == expected


@pytest.mark.parametrize("language", LANGUAGES)
def test_training_phrases_without_a_fact_make_no_filter(language):
    """A word that resembles a fact of another language is no fact."""
    file = ROOT / "models" / "training" / "words" / f"{language}.toml"
    table = tomllib.loads(file.read_text(encoding="utf-8"))
    phrases = {
        phrase
        for section in ("words", "phrases")
        for concept, listed in table[section].items()
        if concept not in STATED
        for phrase in listed
        if not STATING.search(phrase)
    }

    assert {phrase for phrase in phrases if understand(phrase, NamedCatalogue()).filters.ranges} == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("like Blue Moon by Elvis but 20 bpm slower", "tempo ≤ 92; like cover"),
        ("under 80 and over 60 bpm", "tempo 60 – 80"),
        ("at least 100 and at most 120 bpm", "tempo 100 – 120"),
        ("mindestens 100 und höchstens 120 bpm", "tempo 100 – 120"),
        ("au moins 100 et au plus 120 bpm", "tempo 100 – 120"),
        ("at least 3 and at most 5 minutes", "duration_ms 180000 – 300000"),
        ("less like Blue Moon", "less Blue Moon"),
        ("I don't like Blue Moon", "less Blue Moon"),
        ("weniger wie Blue Moon", "less Blue Moon"),
        ("no como Blue Moon", "less Blue Moon"),
        ("no vocals with vocals", "instrumentalness ≥ 0.5"),
        ("with slow strings", "rest with slow strings"),
        ("mit Slow", "rest mit Slow"),
        ("con slow", "rest con slow"),
        ("without slow parts", "less slow parts"),
        ("bez słów", "instrumentalness ≥ 0.5"),
        ("bez slow", "instrumentalness ≥ 0.5"),
        ("un sax qui chante", "rest un sax qui chante"),
        ("ten-minute journey", "rest ten-minute journey"),
        ("velvet over 808s", "rest velvet over 808s"),
        ("昭和四十年代の音", "rest 昭和四十年代の音"),
    ],
)
def test_facts_and_words_that_resemble_them(text, expected):
    """Bounds share a unit; words without their accents, parts of longer words and negated examples do not count."""
    assert summary(text) == expected


def test_the_negations_of_the_evaluation_are_found():
    """Nearly all of them, so that its figures for split texts hold for real requests."""
    negations = load_lists().negations
    found = [
        negation.text
        for negation in negations
        if any(negation.less.split()[-1] in phrase for phrase in understand(negation.text, NamedCatalogue()).less)
    ]

    assert len(found) >= 0.95 * len(negations)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("under 80 bpm over 120 bpm", ("under 80 bpm", "over 120 bpm")),
        ("unter 80 bpm, unter 90 bpm", ("unter 80 bpm", "unter 90 bpm")),
        ("under 80 bpm, under 80 bpm", ("under 80 bpm",)),
        ("in D minor, in C major", ("in D minor", "in C major")),
        ("no vocals, with vocals", ("no vocals", "with vocals")),
        ("music by Nobody Known", ("Nobody Known",)),
        ("von Niemand", ("Niemand",)),
        ("like a warm hug", ("a warm hug",)),
        ("like Blue Moon", ("Blue Moon", "Billie Holiday")),
        ("in 6/8", ("in 6/8",)),
        ("not from the 80s", ("not from the 80s",)),
        ("like Blue Moon by Elvis but 20 bpm slower", ("20 bpm",)),
        ("like Blue Moon by Elvis, slower by 20 bpm", ("20 bpm",)),
        ("wie Blue Moon von Elvis, aber 10 bpm schneller", ("10 bpm",)),
        ("nicht in d-Moll", ("nicht in d-Moll",)),
    ],
)
def test_a_warning_names_what_is_ignored(text, named):
    """Contradictions, repetitions, unknown names and impossible facts are named in one warning."""
    (warning,) = warnings(text)

    assert all(f"'{name}'" in warning for name in named)


def test_facts_that_complete_each_other_need_no_warning():
    """A lower and an upper limit are one range."""
    understood = understand("over 80 bpm and under 120 bpm", NamedCatalogue())

    assert (understood.filters.ranges["tempo"].min, understood.filters.ranges["tempo"].max) == (80, 120)
    assert understood.warnings == ()


def test_the_first_of_two_contradictory_facts_holds():
    """A filter that no track can meet is never made."""
    understood = understand("under 80 bpm over 120 bpm", NamedCatalogue())

    assert (understood.filters.ranges["tempo"].min, understood.filters.ranges["tempo"].max) == (None, 80)


def test_a_long_text_is_cut():
    """A warning says how much of the text was used."""
    text = "calm " * 200
    understood = understand(text, NamedCatalogue())

    assert understood.text == text
    assert len(understood.rest) <= TEXT_USED_MAX
    assert understood.warnings == ("The text has 1000 characters; the first 500 were used.",)


def test_texts_without_names_need_no_catalogue():
    """The catalogue is only read where a name may be."""
    catalogue = NamedCatalogue()
    understand("sad piano under 80 bpm without drums, no vocals", catalogue)

    assert catalogue.lookups == 0


@given(TEXTS)
@example("under 80 bpm ´")
@example("like \u0301")
def test_any_text_is_understood(text):
    """No text raises, and every part can be stored."""
    understood = understand(text, NamedCatalogue())
    texts = [understood.text, understood.rest or "", *understood.less, *understood.warnings]

    assert all(is_storable(each) for each in texts)
    assert understood.rest is None or understood.rest.strip()
    for wanted in understood.filters.ranges.values():
        assert wanted.min is None or wanted.max is None or wanted.min <= wanted.max


@given(TEXTS)
def test_the_rest_states_no_more_facts(text):
    """To understand the rest again yields nothing but the rest."""
    rest = understand(text, NamedCatalogue()).rest
    again = understand(rest or "", NamedCatalogue())

    assert parts(again) == parts(understand("", NamedCatalogue()))
    assert again.rest == rest
