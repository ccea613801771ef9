"""Names in the spellings that people use, from files to answers of the API with a real index."""

import unicodedata
from datetime import UTC, datetime
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

from services.api.app import create_app
from services.catalog import Catalogue
from services.composition import compose
from services.ingest.scan import request_scan, run_scan
from services.settings import Settings
from tests.fakes.library import record, tower
from tests.fakes.queue import RecordingQueue
from tests.fakes.serving import wait_until_indexed

RATE, SECONDS = 44_100, 6
AT = datetime(2026, 1, 1, tzinfo=UTC).isoformat()


def write(file: Path, seed: int, **tags: str | list[str]) -> None:
    random = np.random.default_rng(seed)
    soundfile.write(file, 0.2 * random.normal(size=RATE * SECONDS), RATE)
    tagged = mutagen.File(file)
    tagged.update(tags)
    tagged.save()


@pytest.fixture(scope="module")
def api(tmp_path_factory, broker_url):
    """The API of a library of four files: several artists, both forms of accents, a guest, punctuation."""
    folder = tmp_path_factory.mktemp("names")
    music = folder / "music"
    music.mkdir()
    form = unicodedata.normalize
    write(
        music / "two values.flac",
        1,
        title="One Title",
        artist=["Anna", "Bertil"],
        genre=["Rock", "Pop"],
        isrc=["USRC17607810", "GBAYE0601498"],
    )
    nfd = {
        name: form("NFD", text) for name, text in {"title": "Café", "artist": "Beyoncé Ö", "genre": "Électro"}.items()
    }
    nfc = {
        name: form("NFC", text)
        for name, text in {"title": "Übermut", "artist": "Künstlerin", "genre": "Électro"}.items()
    }
    write(music / "decomposed.flac", 2, **nfd)
    write(music / "composed.flac", 3, **nfc)
    write(music / "guest.flac", 4, title="Don\u2019t Stop (feat. Guest)", artist="Boss\u2010Band", genre="Rock; Soul")
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    catalogue.migrate()
    queue = RecordingQueue()
    run_scan(catalogue, queue, request_scan(catalogue, queue, str(music)))
    for number, track in enumerate(catalogue.browsing.page().tracks):
        record(catalogue, track.id, number)
    catalogue.close()
    services = compose(Settings(data_dir=folder, redis_url=broker_url), tower())
    wait_until_indexed(services)
    yield create_app(services).test_client()
    services.close()


def both_forms(*texts: str) -> list[str]:
    return [unicodedata.normalize(form, text) for form in ("NFC", "NFD") for text in texts]


def recommended(api, **filters: list[str]) -> set[str]:
    found = api.post("/v1/recommendations", json={"history": [], "filters": filters, "limit": 10}).json
    return {track["title"] for track in found["tracks"]}


@pytest.mark.parametrize("genre", ["Rock", "Pop", "pop", "SOUL", *both_forms("Électro", "électro")])
def test_each_genre_filters_recommendations_and_lists(api, genre):
    """A file may name several genres, in one tag or in two."""
    expected = {
        "rock": {"One Title", "Don\u2019t Stop (feat. Guest)"},
        "pop": {"One Title"},
        "soul": {"Don\u2019t Stop (feat. Guest)"},
    }.get(genre.lower(), {unicodedata.normalize("NFD", "Café"), "Übermut"})

    assert recommended(api, genre=[genre]) == expected
    assert {track["title"] for track in api.get("/v1/tracks", query_string={"genre": genre}).json["tracks"]} == expected


@pytest.mark.parametrize(
    ("artist", "title"),
    [
        ("Anna", "One Title"),
        ("bertil", "One Title"),
        ("Anna & Bertil", "One Title"),
        ("Anna; Bertil", "One Title"),
        ("Guest", "Don\u2019t Stop (feat. Guest)"),
        ("boss-band", "Don\u2019t Stop (feat. Guest)"),
        *((name, unicodedata.normalize("NFD", "Café")) for name in both_forms("Beyoncé Ö")),
        *((name, "Übermut") for name in both_forms("Künstlerin")),
    ],
)
def test_each_artist_filters_recommendations(api, artist, title):
    """As one of several, as the whole credit, and in both forms of accents."""
    assert recommended(api, artist=[artist]) == {title}


@pytest.mark.parametrize(
    ("text", "title"),
    [
        *((text, unicodedata.normalize("NFD", "Café")) for text in both_forms("Café", "beyoncé")),
        *((text, "Übermut") for text in both_forms("Übermut")),
        ("don't  stop", "Don\u2019t Stop (feat. Guest)"),
        ("boss-band", "Don\u2019t Stop (feat. Guest)"),
        ("bertil anna", "One Title"),
    ],
)
def test_a_search_finds_every_spelling(api, text, title):
    """Accents in both forms, apostrophes, hyphens and doubled spaces."""
    assert [track["title"] for track in api.get("/v1/tracks", query_string={"q": text}).json["tracks"]] == [title]


def test_listens_in_every_spelling_find_their_track(api):
    """The same listen in two spellings is one listen; one of several artists or all of them name a track."""
    spelled = [
        *(("One Title", each) for each in ("Anna", "Bertil", "Anna & Bertil", "Anna, Bertil", "Anna; Bertil")),
        *zip(both_forms("Café"), both_forms("Beyoncé Ö"), strict=True),
        *zip(both_forms("Übermut"), both_forms("Künstlerin"), strict=True),
        ("Don't stop", "Boss-Band"),
        ("Don't stop", "Boss-Band ft. Guest"),
    ]
    events = [{"artist": artist, "title": title, "at": AT} for title, artist in spelled]
    sent = api.post("/v1/users/ada/listens", json={"listens": events})

    assert sent.status_code == 200, sent.json
    assert (sent.json["recorded"], sent.json["unknown"]) == (4, 0)


def test_both_ids_of_a_tag_name_the_track(api):
    """A file may have two ISRCs."""
    names = ["isrc:USRC17607810", "isrc:gb-aye-06-01498"]

    assert {api.get(f"/v1/tracks/{name}").json["title"] for name in names} == {"One Title"}


def test_each_artist_and_genre_is_listed(api):
    """Artists link to their tracks, and genres count each track once."""
    [track] = api.get("/v1/tracks", query_string={"q": "one title"}).json["tracks"]
    genres = {each["name"]: each["tracks"] for each in api.get("/v1/genres").json["genres"] if each["source"] == "file"}
    artists = {each["name"]: each["id"] for each in api.get("/v1/artists").json["artists"]}

    assert (track["artist"], track["genres"]) == ("Anna, Bertil", ["Rock", "Pop"])
    assert {each["name"]: each["id"] for each in track["artists"]}.items() <= artists.items()
    assert {"Rock": 2, "Pop": 1, "Soul": 1}.items() <= genres.items()
    assert {"Anna", "Bertil", "Boss\u2010Band", "Guest", "Künstlerin"} < artists.keys()
