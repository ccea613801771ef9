"""Search by a text, and texts in requests for recommendations, over HTTP."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.library import GENRES, track_id
from tests.fakes.serving import LIBRARY_SIZE

URL = "/v1/recommendations"
NONSENSE = "qwrtz blorp"


def search(api, text, **query):
    answer = api.get("/v1/search", query_string={"text": text, **query})
    assert answer.status_code == 200, answer.json
    return answer.json


def recommend(api, **body):
    answer = api.post(URL, json={"max_per_artist": None, "max_per_album": None, **body})
    assert answer.status_code == 200, answer.json
    return answer.json


def genres(answer):
    return {track["genre"] for track in answer["tracks"]}


def ids(answer):
    return [track["id"] for track in answer["tracks"]]


def test_a_description_finds_tracks_that_sound_like_it(api):
    """The tracks of the described kind come first, with the words as their reason."""
    answer = search(api, "folk", limit=6)

    assert genres(answer) == {"Folk"}
    assert {track["match"] for track in answer["tracks"]} == {"vibe"}
    assert all(track["because_of"] == ["words:folk"] and track["score"] > 0 for track in answer["tracks"])
    assert answer["understood"]["rest"] == answer["text"] == "folk"


@pytest.mark.parametrize("text", ["Title 005", "tïtle 005!", "Title 005 Artist 1", "ARTIST 1 - title 005"])
def test_a_title_comes_first(api, text):
    """Case, accents and punctuation do not matter, and the artist may be part of the text."""
    first = search(api, text)["tracks"][0]

    assert (first["id"], first["match"], first["score"], first["because_of"]) == (track_id(5), "title", None, [])


def test_an_artist_comes_first(api):
    """All tracks of an artist are found by the name, before those of others."""
    answer = search(api, "artist 2", limit=LIBRARY_SIZE)

    assert {(track["artist"], track["match"]) for track in answer["tracks"]} == {("Artist 2", "artist")}
    assert len(answer["tracks"]) == LIBRARY_SIZE / len(GENRES)


def test_the_start_of_a_title_finds_it(api):
    """A search box can send what was typed so far."""
    assert {track["id"] for track in search(api, "title 01")["tracks"]} == {track_id(n) for n in range(10, 20)}


def test_names_and_descriptions_are_found_together(api):
    """Tracks that are named come before those that are described, and no track comes twice."""
    answer = search(api, "title folk", limit=12)

    assert [track["match"] for track in answer["tracks"]] == ["vibe"] * 12
    mixed = search(api, "title 00 folk", limit=12)
    assert len(set(ids(mixed))) == 12


def test_filters_hold_for_named_and_described_tracks(api):
    """The query's filters apply to both parts of the answer."""
    assert search(api, "artist 2", min_year=2010, limit=50)["tracks"] != []
    for text in ("artist 2", "folk"):
        assert all(track["year"] >= 2010 for track in search(api, text, min_year=2010, limit=50)["tracks"])


def test_a_text_that_is_not_understood_finds_names_only(api):
    """Without a name there are no tracks, and a warning says why."""
    answer = search(api, NONSENSE)

    assert answer["tracks"] == []
    assert answer["understood"]["rest"] is None
    assert NONSENSE in answer["understood"]["warnings"][0]


@pytest.mark.parametrize("text", ["!!!", "🎉🎉", "   "])
def test_a_text_without_words_gets_a_warning(api, text):
    """Nothing remains of it, and the warning says so."""
    answer = search(api, text)

    assert answer["tracks"] == []
    [warning] = answer["understood"]["warnings"]
    assert warning.startswith(f"“{text}” was not understood and is ignored.")


def test_words_need_no_history(api):
    """The words are the only taste and the reason of each track."""
    answer = recommend(api, text="industrial", limit=5)

    assert genres(answer) == {"Industrial"}
    assert [(taste["label"], taste["plays"]) for taste in answer["tastes"]] == [("industrial", [])]
    assert all(track["because_of"] == ["words:industrial"] for track in answer["tracks"])
    assert [(each["text"], each["weight"], each["rest"]) for each in answer["understood"]] == [
        ("industrial", 1.0, "industrial")
    ]


def test_words_steer_a_history(api):
    """Words bring in another kind of tracks, a larger weight more of them, and plays remain reasons."""
    history = [{"track_id": "test:0"}, {"track_id": "test:4"}]
    plain = recommend(api, history=history, limit=4)
    steered = recommend(api, history=history, text={"text": "folk", "weight": 5}, limit=5)

    assert genres(plain) == {"Ambient"}
    assert "Folk" in genres(steered)
    assert any("words:folk" in track["because_of"] for track in steered["tracks"])
    assert any(track_id(0) in track["because_of"] for track in steered["tracks"])


def test_less_of_something(api):
    """A negative weight removes the kind that the history would otherwise bring."""
    history = [{"track_id": "test:0"}, {"track_id": "test:1"}]
    answer = recommend(api, history=history, text=[{"text": "folk", "weight": -3}], limit=4)

    assert "Folk" not in genres(answer)


def test_what_was_understood_can_be_sent_back(api):
    """The answer to the parts is the answer to the text; edited parts count instead of the text."""
    first = recommend(api, text="folk", limit=5)
    again = recommend(api, text=first["understood"], limit=5)
    edited = recommend(
        api,
        text={**first["understood"][0], "rest": "ambient", "filters": {"tempo": {"max": 90}}, "targets": {"energy": 0}},
        limit=3,
    )

    assert ids(again) == ids(first)
    assert genres(edited) == {"Ambient"}
    assert all(track["descriptors"]["tempo"] <= 90 for track in edited["tracks"])
    [understood] = edited["understood"]
    assert (understood["filters"], understood["targets"]) == ({"tempo": {"max": 90.0}}, {"energy": 0.0})


def test_edited_examples_and_exclusions(api):
    """Examples act as plays, unknown ones are listed, and excluded artists are left out."""
    text = {"text": "x", "like": ["test:2", "test:999"], "exclude_artists": ["artist 2"]}
    answer = recommend(api, text=text, limit=5)

    assert answer["unknown"] == ["test:999"]
    assert "Artist 2" not in {track["artist"] for track in answer["tracks"]}
    assert all(track["because_of"] == [track_id(2)] for track in answer["tracks"])


def test_a_question_of_nonsense_only_gets_no_tracks(api):
    """With a history beside it, the answer is the history's, with the warning."""
    history = [{"track_id": "test:0"}]
    alone, beside, plain = (
        recommend(api, text=NONSENSE),
        recommend(api, text=NONSENSE, history=history),
        recommend(api, history=history),
    )

    assert alone["tracks"] == []
    assert ids(beside) == ids(plain) != []
    assert all(answer["understood"][0]["warnings"] for answer in (alone, beside))


def test_words_for_a_stored_listener(api):
    """`text` may be repeated; an unknown listener has no listens."""
    url = "/v1/users/nobody/recommendations"
    answer = api.get(url, query_string={"text": ["folk", NONSENSE], "limit": 2}).json

    assert genres(answer) == {"Folk"}
    assert [each["rest"] for each in answer["understood"]] == ["folk", None]


def test_contradictions_are_named(api):
    """Two texts that exclude each other get 422; a filter of the request replaces that of a text, with a warning."""
    slow = {"text": "slow", "filters": {"tempo": {"max": 80}}}
    fast = {"text": "fast", "filters": {"tempo": {"min": 120}}}
    refused = api.post(URL, json={"text": [slow, fast]})
    replaced = recommend(api, text=[slow], filters={"tempo": {"min": 90}})

    assert refused.status_code == 422
    assert "slow" in refused.json["detail"]
    assert "fast" in refused.json["detail"]
    assert replaced["tracks"]
    assert "tempo" in replaced["understood"][0]["warnings"][0]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"text": ""}, "#/text/0/text"),
        ({"text": ["x"] * 9}, "#/text"),
        ({"text": {"text": "x", "weight": 11}}, "#/text/0/weight"),
        ({"text": {"text": "x", "filters": {"tempo": {"max": -1}}}}, "#/text/0/filters/tempo/max"),
        ({"text": 7}, "#/text"),
        ({"text": ["x", 7]}, "#/text"),
        ({"text": "x" * 10_001}, "#/text/0/text"),
        ({}, "#/history"),
    ],
)
def test_invalid_texts_are_refused(api, body, pointer):
    """The error names the field."""
    answer = api.post(URL, json=body)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


@pytest.mark.parametrize("url", [URL, "/v1/radio"])
def test_a_text_of_another_type_is_told_what_a_text_may_be(api, url):
    """The message lists all forms of the field."""
    answer = api.post(url, json={"text": 5})

    assert answer.status_code == 422
    assert answer.json["detail"] == "`text` must be a string, an object, or a list of them."


ANY_TEXT = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(categories=("Cc", "Cf", "Co", "Cn", "Zl", "Zp")), min_size=1, max_size=20),
    st.sampled_from(
        ["🎹🎻" * 100, "a" * 10_000, "ﷺ" * 2_000, "\u202eabc\u202c", "\0", "%_\\'\";--", "like ", "by ", "\n\t"]
    ),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=ANY_TEXT)
def test_any_text_gets_an_answer_or_a_clear_error(api, text):
    """No text of any script, length or kind of character is an internal error."""
    for answer in (
        api.get("/v1/search", query_string={"text": text, "limit": 3}),
        api.post(URL, json={"text": [text, {"text": "folk", "rest": text or None}], "limit": 3}),
    ):
        assert answer.status_code in (200, 414, 422)
        assert answer.status_code == 200 or answer.json["detail"]
