"""Save the play queue in one player, to continue in another."""

from services.api.compat.ids import Namespace
from services.api.compat.subsonic.method import CHANGES, LISTENS, Method, Result
from services.api.compat.subsonic.schemas.parameters import SubsonicQuery
from services.api.compat.subsonic.schemas.queue import (
    QueueSongsQuery,
    SaveQueueByIndexQuery,
    SaveQueueQuery,
    SubsonicQueueState,
)
from services.api.compat.subsonic.songs import as_songs
from services.api.compat.subsonic.visible import required_ids, required_listener, visible_tracks
from services.api.context import services
from services.api.request_limits import NAMED_MAX
from services.domain.errors import InvalidRequest


class NotInQueue(InvalidRequest):
    """The current song is not one of the queue."""

    def __init__(self) -> None:
        super().__init__("The current song must be one of the songs in `id`.")


def save_play_queue(query: SaveQueueQuery) -> Result:
    """Save your play queue; it replaces the one that was saved before. Without songs, the queue is empty."""
    if query.current is None:
        return _save(query, 0)
    if query.current not in query.id:
        raise NotInQueue
    return _save(query, query.id.index(query.current))


def save_play_queue_by_index(query: SaveQueueByIndexQuery) -> Result:
    """Save your play queue, in which a song may occur twice."""
    current = query.currentIndex or 0
    if current and current >= len(query.id):
        raise NotInQueue
    return _save(query, current)


def get_play_queue(_: SubsonicQuery) -> Result:
    """Get the play queue that you saved last, in any player; nothing if you saved none."""
    state, current = _saved()
    if state is None:
        return {}
    current_id = {} if current is None else {"current": state["entry"][current]["id"]}
    return {"playQueue": {**current_id, **state}}


def get_play_queue_by_index(_: SubsonicQuery) -> Result:
    """Get the play queue that you saved last, with the place of the current song."""
    state, current = _saved()
    if state is None:
        return {}
    return {"playQueueByIndex": {**({} if current is None else {"currentIndex": current}), **state}}


def _save(query: QueueSongsQuery, current: int) -> Result:
    name = required_listener()
    track_ids = required_ids(query.id)
    services().catalogue.play_queues.save(
        name, track_ids, current if track_ids else None, query.position, (query.c or "")[:NAMED_MAX]
    )
    return {}


def _saved() -> tuple[Result | None, int | None]:
    """Return the saved queue without tracks that are gone, and the place of the current song or the next one left."""
    name = required_listener()
    queue = services().catalogue.play_queues.get(name)
    if queue is None:
        return None, None
    known = visible_tracks(queue.track_ids)
    before = [each for each in queue.track_ids[: queue.current or 0] if each in known]
    left = [known[each] for each in queue.track_ids if each in known]
    state = SubsonicQueueState(
        position=queue.position_ms, username=name, changed=queue.changed_at, changedBy=queue.changed_by, entry=[]
    ).model_dump(mode="json")
    return {**state, "entry": as_songs(left, Namespace())}, min(len(before), len(left) - 1) if left else None


METHODS = (
    Method("savePlayQueue", SaveQueueQuery, save_play_queue, "Save the play queue", CHANGES),
    Method(
        "savePlayQueueByIndex",
        SaveQueueByIndexQuery,
        save_play_queue_by_index,
        "Save the play queue, by places",
        CHANGES,
    ),
    Method("getPlayQueue", SubsonicQuery, get_play_queue, "Get the saved play queue", LISTENS),
    Method("getPlayQueueByIndex", SubsonicQuery, get_play_queue_by_index, "Get the play queue, by places", LISTENS),
)
