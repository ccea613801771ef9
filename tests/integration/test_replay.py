"""`segue replay`: logged questions that are asked again, with the options that they had and with others."""

import json
import os
import subprocess
import sys
import uuid
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from services.catalog.database import now
from services.catalog.questions import question_as_json
from services.catalog.radio_documents import state_as_json
from services.cli.evaluating import print_replay
from services.composition import word_reader
from services.domain.listening import EventKind, ListenEvent, NewListen, plays
from services.domain.question import Question
from services.domain.radio import RadioStart, WordsChange
from services.domain.recommendation_log import AnswerKind, LoggedAnswer, LoggedTrack
from services.domain.tuning import Tuning
from services.domain.words import Words
from services.evaluation.replay import CHANGED, SIMILAR, Options, Replayer, sample
from services.evaluation.replay_report import EARNED, conclusion, report
from services.index.exact import ExactIndex
from services.radio.sessions import Radio
from services.recommend import Recommender
from tests.fakes.library import open_catalogue, tower, track_id, write_library
from tests.fakes.serving import ROOT

TRACKS, LISTENERS, HALF_LIFE = 80, 6, 30.0
OWN = Options("as logged", {})
VARIED = Options("varied", {"diversity": 0.9, "profile_weight": 0.0})


class Service:
    """Answers and logs questions as the API does, over a library with listeners."""

    def __init__(self, catalogue):
        self.catalogue, self.asked = catalogue, 0
        self.index = ExactIndex(catalogue.indexing)
        self.recommender = Recommender(catalogue.tracks, self.index, lambda: self.at, half_life_days=HALF_LIFE)
        self.words = word_reader(catalogue, tower())
        self.radio = Radio(catalogue, self.index, self.recommender, words=self.words)

    def question(self, listener=None, **options):
        question = Question(limit=10, **options)
        if listener is None:
            return question
        stored = self.catalogue.listens.remembered(listener, repeat_after=timedelta(days=30))
        return replace(question, remembered=stored)

    def begin(self):
        """Return the id of the next answer, which exploration is drawn from."""
        self.at, self.asked = now(), self.asked + 1
        return str(uuid.UUID(int=self.asked))

    def ask(self, question, listener=None, exploration=0.0):
        """Answer a question and log the answer; return both."""
        name = self.begin()
        question = replace(question.tuned(Tuning(exploration=exploration)), exploration_seed=name)
        found = self.recommender.recommend(question).recommendations
        return question, self.log(name, found, question_as_json(question), listener=listener)

    def next_tracks(self, session, events=(), **words):
        """Log the next tracks of a radio session, and return them."""
        name = self.begin()
        answer = self.radio.next(session, events, limit=8, recommendation_id=name, words=WordsChange(**words))
        found = [pick.recommendation for pick in answer.picks]
        return self.log(name, found, state_as_json(answer.asked, 8), session=session, kind=AnswerKind.RADIO)

    def log(self, name, found, document, kind=AnswerKind.RECOMMENDATIONS, **whose):
        tracks = [
            LoggedTrack(each.track_id, rank, each.score, propensity=each.propensity)
            for rank, each in enumerate(found, start=1)
        ]
        made_with = {"model_version": "test-1", "ranking_version": 1}
        logged = LoggedAnswer(
            id=name, at=self.at, kind=kind, question=document, tracks=tuple(tracks), **made_with, **whose
        )
        self.catalogue.recommendation_log.add([logged])
        return logged

    def replay(self, *arms):
        logged = sample(self.catalogue.recommendation_log.outcomes(), 10_000)
        replayed = Replayer(self.catalogue, self.index, self.words, HALF_LIFE).replay(
            logged, arms, lambda _done, _of: None
        )
        return replayed, report(self.catalogue, replayed, arms)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return tmp_path_factory.mktemp("replay")


@pytest.fixture(scope="module")
def library(data_dir):
    with open_catalogue(data_dir) as catalogue:
        write_library(catalogue, data_dir / "music", TRACKS)
        for listener in range(LISTENERS):
            numbers = np.random.default_rng(listener).permutation(np.arange(listener % 4, TRACKS, 4))[:6]
            catalogue.listens.add(
                f"listener {listener}",
                [NewListen(names=(track_id(each),), at=now() - timedelta(days=3)) for each in numbers],
            )
        yield catalogue


@pytest.fixture
def service(library):
    yield Service(library)
    library.recommendation_log.delete_before(now() + timedelta(days=1))


@pytest.fixture
def logged(service):
    """Answers for every listener, and for a history that a request brought."""
    for listener in range(LISTENERS):
        service.ask(service.question(f"listener {listener}"), f"listener {listener}")
    return service.ask(service.question(history=plays([track_id(1), track_id(6)]), seed=3))


def test_a_log_that_is_asked_again_as_it_was_has_not_changed(service, logged, capsys):
    """All answers come back in the same order, also to listeners who have heard more since."""
    service.catalogue.listens.add("listener 0", [NewListen(names=(track_id(9),), at=now())])

    replayed, found = service.replay(OWN, OWN)
    assert replayed.left_out == {}
    assert all(each.ids(0) == [track.track_id for track in each.logged.tracks] for each in replayed.asked)
    assert (found.asked, found.changed, found.reproduced) == (LISTENERS + 1, 0, 1)
    assert (found.overlap, found.rank_biased_overlap) == (1, pytest.approx(1))
    assert all(each.lead.mean == 0 for each in found.measures.values())
    print_replay(found)
    assert "No change" in capsys.readouterr().out


def test_other_options_give_what_a_direct_run_gives(service, logged, capsys):
    """The replayed answers are those to the same questions with the options; diversity rises as it should."""
    question, answer = logged
    replayed, found = service.replay(OWN, VARIED)
    direct = service.recommender.recommend(question.tuned(Tuning.parse(VARIED.values))).recommendations
    [asked] = [each for each in replayed.asked if each.logged.id == answer.id]
    assert asked.ids(1) == [each.track_id for each in direct] != asked.ids(0)

    assert found.changed > 0
    assert found.overlap < 1
    assert found.measures["diversity"].lead.mean > 0
    print_replay(found)
    printed = capsys.readouterr().out
    assert conclusion(found) in printed
    assert "cannot tell what would have been played: no listen followed" in printed


def test_the_next_tracks_of_a_radio_session_are_asked_for_again(service):
    """They follow the plays, skips and words up to that call, also after later calls; other options change them."""
    session = service.radio.start(RadioStart(history=plays([track_id(1), track_id(2)]))).session.id
    first = service.next_tracks(session)
    events = [
        ListenEvent(first.tracks[0].track_id, EventKind.PLAY),
        ListenEvent(first.tracks[1].track_id, EventKind.SKIP),
    ]
    service.next_tracks(session, events)
    service.next_tracks(session, texts=(Words("folk"),))

    replayed, found = service.replay(OWN, VARIED)
    assert (found.asked, found.units, found.reproduced) == (3, 1, 1)
    assert all(each.ids(0) == [track.track_id for track in each.logged.tracks] for each in replayed.asked)
    assert found.changed > 0


def test_a_question_that_cannot_be_asked_again_is_counted(service, logged):
    """Deleted listens and questions for similar tracks are left out, with the reason."""
    _, answer = service.ask(service.question("listener 1"), "listener 1")
    similar = replace(answer, id=str(uuid.uuid4()), question={**answer.question, "similar_to": track_id(1)})
    service.catalogue.recommendation_log.add([similar])
    heard = service.catalogue.listens.page("listener 1", limit=1).listens[0]
    service.catalogue.listens.remove("listener 1", heard.id)

    _, found = service.replay(OWN, VARIED)
    assert found.left_out == {CHANGED: 2, SIMILAR: 1}
    assert found.asked == LISTENERS


def test_exploration_lets_the_log_tell_what_options_would_have_earned(service):
    """Listeners skip half of the tracks, the same ones always; the estimate contains what a direct run earns."""
    random = np.random.default_rng(1)
    wanted = {track_id(number) for number in range(TRACKS) if random.random() < 0.5}
    arm = Options("profile", {"profile_weight": 0.6})
    earned = []
    for number in range(60):
        history = plays([track_id(each) for each in random.permutation(TRACKS)[:4]])
        question, answer = service.ask(service.question(history=history), exploration=0.2)
        direct = replace(question, exploration_seed=None).tuned(Tuning.parse(arm.values))
        earned += [each.track_id in wanted for each in service.recommender.recommend(direct).recommendations]
        service.catalogue.listens.add(
            f"heard {number % 30}", [_listen(answer, track, wanted) for track in answer.tracks]
        )

    for number in range(30):  # these say little of other tracks, and are left out of the estimate
        service.ask(service.question(history=plays([track_id(number)])))
    _, found = service.replay(OWN, arm)
    own, other = (each.value for each in found.estimates)
    assert other.low <= np.mean(earned) <= other.high
    assert found.measures[EARNED].lead.low <= other.mean - own.mean <= found.measures[EARNED].lead.high
    assert found.reproduced == 1
    for number in range(30):
        service.catalogue.listeners.forget(f"heard {number}")


def _listen(answer, track, wanted):
    kind = EventKind.PLAY if track.track_id in wanted else EventKind.SKIP
    return NewListen(names=(track.track_id,), kind=kind, at=answer.at, recommendation_id=answer.id)


def test_a_sample_is_the_same_each_time_and_keeps_the_order():
    """Every item has a chance; a small stream is taken whole."""
    drawn = sample(iter(range(1_000)), 50)
    assert drawn == sample(iter(range(1_000)), 50) == sorted(set(drawn))
    assert max(drawn) > 500
    assert sample(iter(range(5)), 50) == list(range(5))


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{", "cannot be read as JSON"),
        ("[" * 100_000, "cannot be read as JSON"),
        ("[1]", "one JSON object"),
        ('{"depth": 3}', "Unknown option 'depth'"),
        ('{"diversity": 7}', "'diversity' must be at most 1"),
    ],
)
def test_a_wrong_file_of_options_is_named(data_dir, library, tmp_path, content, told):
    """The message says which file is wrong, and why."""
    file = tmp_path / "options.json"
    file.write_text(content)
    with pytest.raises(Exception, match=told) as refused:
        Options.read(file)
    assert str(file) in str(refused.value)


def test_the_command_compares_two_files(service, logged, data_dir, tmp_path):
    """With one file, the other arm is the log; three are refused."""
    for name, values in (("a", {}), ("b", VARIED.values)):
        (tmp_path / f"{name}.json").write_text(json.dumps(values))

    def segue(*files, code=0):
        environment = {**os.environ, "SEGUE_DATA_DIR": str(data_dir)}
        options = [part for file in files for part in ("--options", tmp_path / f"{file}.json")]
        command = [sys.executable, "-m", "services.cli.main", "replay", *options, "--json"]
        ran = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=240
        )
        assert ran.returncode == code, ran.stderr
        return ran

    found = json.loads(segue("a", "b").stdout)
    assert (found["arms"], found["asked"]) == (["a", "b"], LISTENERS + 1)
    assert found["changed"] > 0
    lead = found["measures"]["diversity"]["lead"]
    assert lead["limits"]["low"] <= lead["value"] <= lead["limits"]["high"]
    assert json.loads(segue("a").stdout)["conclusion"].startswith("No change")
    assert "one or two" in segue("a", "a", "b", code=2).stderr
