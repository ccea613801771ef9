"""What listeners play now: the broker's memory holds it until the track ends, and the append-only file never does."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import structlog
from pydantic import BaseModel, ConfigDict

from services.domain.errors import BrokerUnavailable
from services.domain.listening import Description
from services.tasks.queue import TaskQueue

UNKNOWN_LENGTH = timedelta(minutes=10)
"""How long a track of unknown length counts as playing."""

LISTENERS_MAX = 1_000
"""Listeners that play at a time. With descriptions of the maximum length they take 3 MB of the broker's memory."""

PLAYING_KEY = "segue.now_playing"
"""Hash: what each listener plays, as JSON."""
ENDS_KEY = "segue.now_playing.ends"
"""Sorted set: the listeners by the time at which their tracks end."""

# The broker's clock is the only one, so clocks of machines may differ.
_START = """
redis.set_repl(redis.REPL_NONE)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function remove(listeners)
    for _, listener in ipairs(listeners) do
        redis.call('HDEL', KEYS[1], listener)
        redis.call('ZREM', KEYS[2], listener)
    end
end
remove(redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now))
"""

# Arguments: listener, JSON, milliseconds, maximum.
_SET = (
    _START
    + """
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
remove(redis.call('ZRANGE', KEYS[2], 0, -1 - ARGV[4]))
"""
)

# Arguments: listener.
_CLEAR = _START + "remove({ARGV[1]})"

_ALL = _START + "return redis.call('HVALS', KEYS[1])"

log = structlog.get_logger(__name__)


class Playing(BaseModel):
    """What a listener plays: a track of the library, or one that is only described."""

    model_config = ConfigDict(frozen=True)

    listener: str
    track_id: str | None = None
    described: Description | None = None
    """As the client describes the track; None if the client sent an id only."""
    client: str | None = None
    """The name of the player or scrobbler."""
    started_at: datetime
    duration_ms: int | None = None

    @property
    def ends_at(self) -> datetime:
        """When it is no longer playing."""
        length = UNKNOWN_LENGTH if self.duration_ms is None else timedelta(milliseconds=self.duration_ms)
        return self.started_at + length


class NowPlaying:
    """What each listener plays, one track at a time. A broker that does not respond delays a caller by its timeout."""

    def __init__(self, queue: TaskQueue) -> None:
        self._queue = queue

    def set(self, playing: Playing) -> None:
        """Replace what a listener plays until the track ends. A broker that does not respond is logged."""
        now = datetime.now(UTC)
        playing = playing.model_copy(update={"started_at": min(playing.started_at, now)})  # another clock may be ahead
        left = round((playing.ends_at - now) / timedelta(milliseconds=1))
        if left > 0:
            self._try(_SET, playing.listener, playing.model_dump_json(), left, LISTENERS_MAX)

    def clear(self, listener: str) -> None:
        """Forget what a listener plays. A broker that does not respond is logged."""
        self._try(_CLEAR, listener)

    def all(self, listeners: Collection[str] | None = None) -> list[Playing]:
        """Return what these listeners play, or all without `listeners`, latest first.

        Raises:
            BrokerUnavailable: the broker does not respond.
        """
        found = [Playing.model_validate_json(each) for each in self._run(_ALL)]
        wanted = [playing for playing in found if listeners is None or playing.listener in listeners]
        return sorted(wanted, key=lambda playing: (playing.started_at, playing.listener), reverse=True)

    def _try(self, script: str, *arguments: str | int) -> None:
        try:
            self._run(script, *arguments)
        except BrokerUnavailable as error:
            log.warning("now_playing_not_changed", reason=error.detail)

    def _run(self, script: str, *arguments: str | int) -> list[bytes]:
        with self._queue.connection() as redis:
            found: list[bytes] = redis.eval(script, 2, PLAYING_KEY, ENDS_KEY, *arguments)
            return found
