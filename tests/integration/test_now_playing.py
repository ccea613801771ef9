"""What listeners play now, in a real Valkey."""

from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from services.domain.listening import Description
from services.tasks import now_playing
from services.tasks.now_playing import NowPlaying, Playing
from services.tasks.queue import TaskQueue
from tests.fakes.installation import wait_until
from tests.fakes.serving import free_port

RAIN = Description(artist="Choir", title="Rain", album="Weather", duration_ms=180_000)


@pytest.fixture
def now():
    return datetime.now(UTC)


@pytest.fixture
def redis(broker_url):
    with Redis.from_url(broker_url) as client:
        client.flushall()
        yield client


@pytest.fixture
def playing(redis, broker_url):
    return NowPlaying(TaskQueue(broker_url))


def test_a_listener_plays_one_track(playing, now):
    """The latest one; the list of all has the latest first."""
    before = now - timedelta(seconds=1)
    first = Playing(listener="ann", track_id="a", started_at=before)
    second = Playing(listener="bob", described=RAIN, client="mpd", started_at=before, duration_ms=180_000)
    third = Playing(listener="ann", track_id="b", started_at=now)
    for each in (first, second, third):
        playing.set(each)

    assert playing.all() == [third, second]
    assert playing.all(["bob", "eve"]) == [second]
    assert playing.all([]) == []
    playing.clear("ann")
    playing.clear("eve")
    assert playing.all() == [second]


def test_a_track_does_not_start_in_the_future(playing, now):
    """Clocks of clients may be ahead."""
    playing.set(Playing(listener="ann", track_id="a", started_at=now + timedelta(days=1)))

    [found] = playing.all()
    assert now <= found.started_at <= datetime.now(UTC)


def test_a_track_stops_playing_at_its_end(playing, redis, now):
    """One that has ended already is not stored, and nothing is left in the broker of one that ends."""
    ended = Playing(listener="ann", track_id="a", started_at=now - timedelta(minutes=10))
    short = Playing(listener="bob", track_id="a", started_at=datetime.now(UTC), duration_ms=500)
    playing.set(ended)
    playing.set(short)
    wait_until(lambda: playing.all() == [])

    assert redis.exists(now_playing.PLAYING_KEY, now_playing.ENDS_KEY) == 0


def test_a_track_of_unknown_length_plays_ten_minutes(playing, redis, now):
    """Its end is ten minutes after its start."""
    playing.set(Playing(listener="ann", track_id="a", started_at=now - timedelta(minutes=5)))
    [(_, end)] = redis.zrange(now_playing.ENDS_KEY, 0, -1, withscores=True)
    seconds, _ = redis.time()

    assert 0 < end / 1000 - seconds <= 301


def test_only_so_many_listeners_play(playing, monkeypatch, now):
    """The track that would end first makes room for another."""
    monkeypatch.setattr(now_playing, "LISTENERS_MAX", 2)
    for listener, minutes in (("ann", 30), ("bob", 20), ("eve", 40)):
        playing.set(Playing(listener=listener, started_at=now, duration_ms=minutes * 60_000))

    assert {each.listener for each in playing.all()} == {"ann", "eve"}


def test_nothing_is_written_to_the_append_only_file(playing, redis, now):
    """The broker replicates none of the commands, so the file does not grow."""
    redis.config_set("appendonly", "yes")
    working = ("aof_rewrite_in_progress", "aof_rewrite_scheduled")
    wait_until(lambda: not any(redis.info("persistence")[each] for each in working))
    before = redis.info("persistence")["aof_current_size"]
    playing.set(Playing(listener="ann", track_id="a", started_at=now))
    playing.clear("ann")
    size = redis.info("persistence")["aof_current_size"]
    redis.set("written", "1")
    grown = redis.info("persistence")["aof_current_size"]
    redis.config_set("appendonly", "no")

    assert before == size < grown


def test_a_broker_that_is_away_fails_no_scrobble(capsys):
    """Setting and clearing are logged; only reading fails."""
    playing = NowPlaying(TaskQueue(f"redis://127.0.0.1:{free_port()}"))
    playing.set(Playing(listener="ann", track_id="a", started_at=datetime.now(UTC)))
    playing.clear("ann")

    assert capsys.readouterr().out.count("now_playing_not_changed") == 2
    with pytest.raises(Exception, match="The broker is unavailable"):
        playing.all()
