"""The Python client against a real service, synchronous and asynchronous."""

import asyncio
import subprocess
import sys
import threading
from itertools import islice

import httpx
import pytest
from segue_client import AsyncSegue, InvalidRequest, NotFound, Segue, SegueError, ServiceUnreachable, models

from tests.fakes import asynchronous
from tests.fakes.library import track_id
from tests.fakes.serving import free_port

FORBIDDEN = {"services", "models", "workers", "flask", "numpy", "sqlalchemy"}


class Interrupted(httpx.HTTPTransport):
    """Loses the next answer, or holds it back, once the service has given it."""

    lose = False
    held: threading.Event | None = None

    def __init__(self):
        super().__init__()
        self.answered = threading.Event()

    def handle_request(self, request):
        """Send a request."""
        response = super().handle_request(request)
        self.answered.set()
        if self.held is not None:
            self.held.wait()
        if self.lose:
            self.lose = False
            response.close()
            raise httpx.ReadError("lost")
        return response


@pytest.fixture
def segue(url):
    with Segue(url) as client:
        yield client


def test_the_client_needs_no_server_code():
    """Importing the client brings in nothing of the service, wherever it is installed."""
    program = "import sys, segue_client; print(sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True)

    assert not FORBIDDEN & set(eval(done.stdout))  # noqa: S307  a list that Python printed


def test_a_history_and_a_text_are_answered(segue):
    """Events are ids, pairs or models, and terms are arguments."""
    liked = models.ListenEvent(track_id="test:5", event="like")
    found = segue.recommend(
        ["test:1", ("test:2", "skip"), liked, "nobody"], filters={"tempo": {"min": 84}}, exclude_artists=["Artist 2"]
    )

    assert found.unknown == ["nobody"]
    assert found.tracks
    assert all(track.descriptors.tempo >= 84 and track.artist != "Artist 2" for track in found.tracks)


def test_a_loop_over_a_radio_reports_what_happened(segue):
    """Each track is reported as played when the next one is asked for, unless something else was said about it."""
    radio = segue.radio(seeds=["test:0"], seed=5)
    heard = []
    for number, track in enumerate(islice(radio, 5)):
        heard.append(track.id)
        if number == 1:
            radio.skip(played_ms=1500)
        elif number == 2:
            radio.like()
        elif number == 3:
            radio.ban()
    played = [(each.track_id, each.event, each.played_ms) for each in segue.resume_radio(radio.id).session.played]

    assert len(set(heard)) == 5
    assert sorted(played, key=lambda each: (heard.index(each[0]), each[1])) == [
        (heard[0], "play", None),
        (heard[1], "skip", 1500),
        (heard[2], "like", None),
        (heard[2], "play", None),
        (heard[3], "ban", None),
    ]
    radio.steer(mood="party", text="folk")
    next(radio)
    assert (radio.answer.mood, radio.answer.understood[0].rest) == ("party", "folk")
    radio.end()
    with pytest.raises(NotFound, match="radio session"):
        next(radio)


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("seeds", lambda segue: segue.radio(seeds="test:0")),
        ("history", lambda segue: segue.recommend("test:0")),
        ("history", lambda segue: segue.next_radio_tracks("any", "test:0")),
        ("pictures", lambda segue: segue.recommend(pictures="test:0")),
        ("track_ids", lambda segue: segue.audio_features_of("test:0")),
        ("tracks", lambda segue: segue.create_playlist("A name", "test:0")),
        ("tracks", lambda segue: segue.add_to_playlist("any", "test:0")),
        ("track_ids", lambda segue: segue.export_tracks("test:0", "A name")),
        ("listens", lambda segue: segue.listen("ada", "test:0")),
        ("moods", lambda segue: segue.start("ada", moods="test:0")),
        ("artists", lambda segue: segue.start("ada", artists="test:0")),
        ("tracks", lambda segue: segue.start("ada", tracks="test:0")),
        ("scopes", lambda segue: segue.create_key("A name", scopes="test:0")),
        ("users", lambda segue: segue.create_key("A name", ["read"], users="test:0")),
    ],
)
def test_one_id_instead_of_a_list_is_refused(segue, name, call):
    """Its characters are no ids; the error names the argument."""
    with pytest.raises(InvalidRequest, match=rf"{name}=\['test:0'\]"):
        call(segue)


def test_an_invalid_report_does_not_block_a_radio(segue):
    """A time that the service refuses is an error at once; words that cannot be sent are replaced by later ones."""
    with segue.radio(seeds=["test:0"]) as radio:
        heard = [next(radio).id]
        for played_ms in (-1, 86_400_001, 1.5, "1"):
            with pytest.raises(ValueError, match=f"played_ms={played_ms!r}"):
                radio.skip(played_ms=played_ms)
        radio.skip(played_ms=86_400_000)
        for words in ({"limit": 5}, {"text": object()}, {"text": float("nan")}):
            radio.steer(**words)
            with pytest.raises((TypeError, ValueError)):
                next(radio)
        radio.steer(mood="party")
        heard.append(next(radio).id)
        played = [(each.track_id, each.event) for each in segue.resume_radio(radio.id).session.played]

        assert len(set(heard)) == 2
        assert radio.answer.mood == "party"
        assert played == [(heard[0], "skip")]


def test_a_radio_repeats_a_track_whose_answer_was_lost(segue, url):
    """After a request that failed, the same call returns the track that the session had chosen."""
    radio = segue.radio(seeds=["test:3"])
    lost = segue.next_radio_tracks(radio.id, limit=1, call="0")

    assert next(radio).id == lost.tracks[0].id
    assert next(radio).id != lost.tracks[0].id
    with pytest.raises(ValueError, match="No track"):
        segue.resume_radio(radio.id).skip()


def test_a_radio_goes_on_after_a_lost_answer_whatever_is_reported_meanwhile(url):
    """The lost request is repeated as it was; what was reported after it goes with the next one."""
    network = Interrupted()
    with Segue(url, transport=network) as segue, segue.radio(seeds=["test:0"]) as radio:
        first = next(radio)
        network.lose = True
        with pytest.raises(ServiceUnreachable, match="lost"):
            next(radio)
        radio.dislike()
        radio.steer(mood="party")
        second, mood = next(radio), radio.answer.mood
        third = next(radio)
        told = {(each.track_id, each.event) for each in segue.resume_radio(radio.id).session.played}

        assert len({first.id, second.id, third.id}) == 3
        assert told == {(first.id, "play"), (first.id, "dislike"), (second.id, "play")}
        assert (mood, radio.answer.mood) == (None, "party")
        radio.steer(mood="nonsense")
        with pytest.raises(InvalidRequest):
            next(radio)
        radio.steer(mood="sleep")
        assert next(radio)
        assert radio.answer.mood == "sleep"


def test_a_radio_is_asked_for_one_track_at_a_time(url):
    """A second thread gets an error instead of the same track; the first one gets its track."""
    network = Interrupted()
    with Segue(url, transport=network) as segue, segue.radio(seeds=["test:0"]) as radio:
        found = []
        network.answered.clear()
        network.held = threading.Event()
        asking = threading.Thread(target=lambda: found.append(next(radio)))
        asking.start()
        assert network.answered.wait(60)
        try:
            with pytest.raises(RuntimeError, match="one at a time"):
                next(radio)
        finally:
            network.held.set()
            asking.join()

        assert found == [radio.current]
        assert next(radio).id != found[0].id


def test_the_end_of_a_radio_keeps_the_error_of_its_block(segue):
    """A session that is gone, or a service, does not hide what went wrong in the block."""

    def fail():
        with segue.radio(seeds=["test:0"]) as radio:
            radio.end()
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        fail()
    with segue.radio(seeds=["test:0"]) as radio:
        radio.end()


def test_a_client_in_a_second_event_loop_says_so(url):
    """Its connections are those of the first loop."""
    client = AsyncSegue(url)

    asynchronous.run(client.request("GET", "/v1/moods"))
    with pytest.raises(SegueError, match="in one event loop"):
        asynchronous.run(client.moods())


def test_what_is_played_now_is_told_and_many_analyses_are_read_at_once(segue):
    """A listener plays a track until it is taken back; unknown ids are listed."""
    segue.set_now_playing("ada", "test:4", client="a test")
    playing = segue.now_playing()
    segue.clear_now_playing("ada")
    found = segue.audio_features_of(["test:1", "nobody", "test:2"])

    assert [(each.listener, each.client) for each in playing] == [("ada", "a test")]
    assert segue.now_playing() == []
    assert [each.id for each in found.audio_features] == [track_id(1), track_id(2)]
    assert found.unknown == ["nobody"]


def test_the_asynchronous_client_has_the_same_methods(url):
    """Questions run at once; iterations and sessions work with `async for`."""

    async def ask():
        async with AsyncSegue(url) as segue:
            answers = await asyncio.gather(*(segue.similar(f"test:{number}", limit=3) for number in range(8)))
            library = [track.id async for track in segue.tracks()]
            titles = []
            async with await segue.radio(seeds=["test:0"]) as radio:
                async for track in radio:
                    radio.skip()
                    titles.append(track.title)
                    if len(titles) == 3:
                        break
            with pytest.raises(NotFound):
                await segue.resume_radio(radio.id)
            return answers, library, titles

    answers, library, titles = asynchronous.run(ask())
    public = {name for name in dir(Segue) if not name.startswith("_")}

    assert [len(answer.tracks) for answer in answers] == [3] * 8
    assert track_id(7) in library
    assert len(set(titles)) == 3
    assert {name for name in dir(AsyncSegue) if not name.startswith("_")} == public - {"close"} | {"aclose"}


def test_an_asynchronous_client_reports_a_service_that_is_away():
    """The error names the address."""

    async def ask():
        async with AsyncSegue(f"http://127.0.0.1:{free_port()}") as segue:
            await segue.status()

    with pytest.raises(ServiceUnreachable, match="Is `segue up` running"):
        asynchronous.run(ask())
