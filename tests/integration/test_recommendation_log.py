"""The recommendation log over HTTP: what is logged, which listens follow, and questions that are asked again."""

import itertools
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.api.app import create_app
from services.catalog.questions import question_of
from services.catalog.radio_documents import state_of
from services.domain.tuning import EXPLORATION_MAX
from services.recommend.answer_log import AnswerLog
from services.settings.recommending import LogMode
from tests.fakes.library import track_id
from tests.fakes.serving import TIMEOUT_SECONDS

names = (f"listener {number}" for number in itertools.count())


@pytest.fixture
def user():
    return next(names)


def logged(services, recommendation_id):
    """Return the answer with this id, once the thread has written it, with the listens that followed."""
    until = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < until:
        for answer, outcomes in services.catalogue.recommendation_log.outcomes():
            if answer.id == recommendation_id:
                return answer, outcomes
        time.sleep(0.05)
    raise AssertionError(f"{recommendation_id} was not written")


def ids_of(response):
    return [track["id"] for track in response.json["tracks"]]


def recommended(api, **body):
    return api.post("/v1/recommendations", json={"history": [{"track_id": "test:1"}], "limit": 5} | body)


def test_recommendations_are_logged_with_ranks_scores_and_reasons(api, services, user):
    """The log has what the response has, the listener, and the versions."""
    response = recommended(api, user=user)

    answer, outcomes = logged(services, response.json["recommendation_id"])

    assert (answer.kind, answer.listener, outcomes) == ("recommendations", user, [])
    assert answer.model_version == (services.catalogue.spaces.view().served or "")
    assert [(each.track_id, each.rank, each.score, each.reason) for each in answer.tracks] == [
        (track["id"], rank, track["score"], track["because_of"][0])
        for rank, track in enumerate(response.json["tracks"], start=1)
    ]


@pytest.mark.parametrize("body", [{"private": True}, {"private": True, "text": [{"text": "calm"}]}])
def test_a_private_answer_is_not_logged(api, services, user, body):
    """It has no id; the answer after it has one, so the thread has seen both."""
    response = recommended(api, user=user, **body)
    later = recommended(api, user=user)
    logged(services, later.json["recommendation_id"])

    assert response.json["recommendation_id"] is None
    assert len(list(services.catalogue.recommendation_log.answers(listener=user))) == 1


def test_a_listen_is_attached_by_the_id_or_by_the_track(api, services, user):
    """A player may send the id; a scrobbler that does not know it sends the track and the time."""
    response = recommended(api, user=user)
    first, second, *_ = ids_of(response)
    name = response.json["recommendation_id"]
    logged(services, name)
    listens = [
        {"track_id": first, "event": "skip", "played_ms": 500, "recommendation_id": name},
        {"track_id": second, "recommendation_id": "no such id"},
    ]

    assert api.post(f"/v1/users/{user}/listens", json={"listens": listens}).status_code == 200

    _, outcomes = logged(services, name)
    assert [(each.rank, each.kind, each.played_ms) for each in outcomes] == [(1, "skip", 500), (2, "play", None)]


def test_a_logged_question_can_be_asked_again(api, services, user):
    """Listens that were stored later do not count; with the same listens the answer is the same."""
    listens = [{"track_id": "test:3", "event": "like"}, {"track_id": "test:4", "event": "ban"}]
    api.post(f"/v1/users/{user}/listens", json={"listens": listens})
    response = recommended(api, user=user, text="calm", targets={"energy": 0.5}, variety=0.4)
    answer, _ = logged(services, response.json["recommendation_id"])
    api.post(f"/v1/users/{user}/listens", json={"listens": [{"track_id": "test:9", "event": "like"}]})

    question = question_of(answer.question, services.catalogue.listens)
    again = services.recommender.recommend(question)

    assert [each.track_id for each in again.recommendations] == ids_of(response)


def test_a_question_cannot_be_asked_again_without_its_listens(api, services, user):
    """The log names the stored listens; if one is deleted, it says that the question has changed."""
    body = {"listens": [{"track_id": "test:3", "event": "like"}]}
    [stored] = api.post(f"/v1/users/{user}/listens", json=body).json["listens"]
    answer, _ = logged(services, recommended(api, user=user).json["recommendation_id"])

    api.delete(f"/v1/users/{user}/listens/{stored['id']}")

    assert question_of(answer.question, services.catalogue.listens) is None


def test_each_answer_of_a_radio_session_is_logged_once(api, services, user):
    """A repeated call has the id of the first one; the state before the answer gives the same tracks."""
    started = api.post("/v1/radio", json={"seeds": ["test:1"], "user": user, "limit": 3, "variety": 0.5})
    call = {"events": [{"track_id": ids_of(started)[0], "event": "play"}], "limit": 4, "call": "one"}
    path = f"/v1/radio/{started.json['id']}/next"
    following, repeated = api.post(path, json=call), api.post(path, json=call)

    first, [heard] = logged(services, started.json["recommendation_id"])
    second, _ = logged(services, following.json["recommendation_id"])

    assert repeated.json["recommendation_id"] == following.json["recommendation_id"]
    assert (first.kind, first.session, first.listener) == ("radio", started.json["id"], user)
    assert (heard.rank, heard.kind) == (1, "play")
    assert [track.track_id for track in second.tracks] == ids_of(following)
    assert [track.taste for track in second.tracks] == [track["direction"] for track in following.json["tracks"]]
    picks = services.radio.ask(*state_of(second.session, second.question))
    assert [pick.recommendation.track_id for pick in picks] == ids_of(following)


def test_a_private_session_is_not_logged(api):
    """The setting holds for all answers of the session."""
    started = api.post("/v1/radio", json={"seeds": ["test:1"], "limit": 1, "private": True})
    following = api.post(f"/v1/radio/{started.json['id']}/next", json={"limit": 1})

    assert started.json["private"] is True
    assert (started.json["recommendation_id"], following.json["recommendation_id"]) == (None, None)


def test_similar_tracks_and_extensions_of_playlists_are_logged(api, services, user):
    """Each has its kind, and the question names the track or the playlist's tracks."""
    similar = api.get("/v1/tracks/test:2/similar?limit=3")
    made = api.post("/v1/playlists", json={"name": "Mine", "owner": user, "tracks": ["test:5", "test:6"]}).json
    extension = api.post(f"/v1/playlists/{made['id']}/extend", json={"limit": 2})

    neighbours, _ = logged(services, similar.json["recommendation_id"])
    more, _ = logged(services, extension.json["recommendation_id"])

    assert (neighbours.kind, neighbours.question["similar_to"]) == ("similar", track_id(2))
    assert [track.track_id for track in neighbours.tracks] == ids_of(similar)
    assert (more.kind, more.listener) == ("playlist", user)
    assert [event[0] for event in more.question["history"]] == [track_id(5), track_id(6)]


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/api/similar_tracks?item_id=test:1&n=2", "similar"),
        ("/v1/compat/spotify/recommendations?seed_tracks=test:1&limit=2", "recommendations"),
        ("/rest/getSimilarSongs.view?c=t&v=1.16.1&f=json&count=2&id={}", "similar"),
    ],
)
def test_answers_of_other_apis_are_logged(api, services, path, kind):
    """Clients that cannot send an id get logged answers, too."""
    before = datetime.now(UTC)

    assert api.get(path.format(track_id(1))).status_code == 200

    until = time.monotonic() + TIMEOUT_SECONDS
    while not (found := list(services.catalogue.recommendation_log.answers(since=before))):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert [(answer.kind, len(answer.tracks)) for answer in found] == [(kind, 2)]


def test_forgetting_a_listener_deletes_the_log(api, services, user):
    """Also answers that are not written yet."""
    logged(services, recommended(api, user=user).json["recommendation_id"])
    recommended(api, user=user)

    assert api.delete(f"/v1/users/{user}").status_code == 200

    logged(services, recommended(api).json["recommendation_id"])
    assert list(services.catalogue.recommendation_log.answers(listener=user)) == []


@pytest.fixture
def exploring(services):
    """An application of the same library that explores as much as the setting allows."""
    catalogue = services.catalogue
    log = AnswerLog(catalogue, LogMode.ALL, services.experiments, exploration=EXPLORATION_MAX)
    yield create_app(replace(services, answer_log=log)).test_client()
    log.close()


def test_explored_answers_are_logged_with_their_propensities_and_can_be_repeated(exploring, services, user):
    """Some tracks are swapped, each with its probability; the id of the answer tells which."""
    plain = ids_of(recommended(exploring, user=user, limit=8, private=True))
    responses = [recommended(exploring, user=user, limit=8) for _ in range(10)]

    answers = [logged(services, response.json["recommendation_id"])[0] for response in responses]

    assert any(ids_of(response) != plain for response in responses)
    for response, answer in zip(responses, answers, strict=True):
        kept = [track.propensity for track in answer.tracks if track.propensity > 0.5]
        swapped = [track.propensity for track in answer.tracks if track.propensity < 0.5]
        assert len(kept) + len(swapped) == 8
        assert sum(each != mine for each, mine in zip(ids_of(response), plain, strict=True)) == len(swapped)
        question = question_of(answer.question, services.catalogue.listens)
        again = services.recommender.recommend(question).recommendations
        assert [(each.track_id, each.propensity) for each in again] == [
            (track.track_id, track.propensity) for track in answer.tracks
        ]


def test_radio_sessions_are_explored(exploring, services):
    """A private session is not: nothing would be learned from it."""
    found = {}
    for private in (False, True):
        started = exploring.post("/v1/radio", json={"seeds": ["test:1"], "limit": 8, "private": private, "seed": 1})
        found[private] = started.json["recommendation_id"]

    answer, _ = logged(services, found[False])

    assert {track.propensity < 1 for track in answer.tracks} == {True}
    assert found[True] is None
