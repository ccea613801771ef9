"""Client of Segue, a self-hosted music recommendation service: history in, next tracks out.

`Segue` waits for each answer, and `AsyncSegue` has the same methods for asyncio:

    with Segue("http://127.0.0.1:8765", key="segue_…") as segue:
        after = segue.recommend(history=["id", ("id", "skip")], text="calmer")
        for track in segue.radio(seeds=[after.tracks[0].id]):
            print(track.title)
"""

from segue_client import models
from segue_client._async.client import AsyncSegue
from segue_client._async.radio import AsyncRadio
from segue_client._async.tables import AsyncTables
from segue_client._sync.client import Segue
from segue_client._sync.radio import Radio
from segue_client._sync.tables import Tables
from segue_client.errors import (
    Conflict,
    Forbidden,
    InvalidRequest,
    KeyRequired,
    NotFound,
    SegueError,
    ServiceUnreachable,
    TooLarge,
    TooManyRequests,
    Unavailable,
    Unsupported,
)

__all__ = [
    "AsyncRadio",
    "AsyncSegue",
    "AsyncTables",
    "Conflict",
    "Forbidden",
    "InvalidRequest",
    "KeyRequired",
    "NotFound",
    "Radio",
    "Segue",
    "SegueError",
    "ServiceUnreachable",
    "Tables",
    "TooLarge",
    "TooManyRequests",
    "Unavailable",
    "Unsupported",
    "models",
]
