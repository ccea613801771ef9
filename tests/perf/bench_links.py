"""Measure how long the sync of a linked server takes.

    python tests/perf/bench_links.py [--songs 100000]

The server answers from memory, in this process. The library has as many tracks as the server has songs: each rule
matches a part of them, and one in twenty is no track. The first sync stores all songs, the second changes nothing.
"""

import argparse
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert

sys.path.insert(0, str(Path(__file__).parents[2]))  # `tests` is no installed package

from services.catalog import Catalogue
from services.catalog.database import batched
from services.catalog.tables import ExternalIdRow, LocationRow
from services.domain.links import Link, LinkKind
from services.domain.track import TrackStatus
from services.links.opening import server_of
from services.links.syncing import sync
from tests.fakes.media_server import PASSWORD, USER, media_server
from tests.fakes.rows import write_tracks
from tests.perf.verdicts import at_most, show

AIM_SECONDS = 300.0
ROWS_AT_ONCE = 1000
UNKNOWN = 20
"""One song in so many is no track."""
RULES = ("mbid", "isrc", "path", "names")
ROOT = "/music"


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=int, default=100_000)
    count = parser.parse_args().songs
    with tempfile.TemporaryDirectory(prefix="segue-bench-") as folder:
        catalogue = Catalogue.open(f"sqlite+pysqlite:///{folder}/catalogue.db")
        catalogue.migrate()
        for numbers in batched(range(count), ROWS_AT_ONCE):
            add_tracks(catalogue, numbers)
        with media_server([song(number) for number in range(count)]) as media:
            link = Link(name="bench", kind=LinkKind.SUBSONIC, url=media.url, user=USER, listener=USER)
            catalogue.links.add(link)
            server = server_of(link, PASSWORD)
            syncs = [seconds(lambda: sync(catalogue, link, server)) for _ in range(2)]
            listing = seconds(lambda: sum(1 for _ in server.songs()))
        counts = catalogue.links.counts(link.name)
        catalogue.close()
    rows = [("first sync", at_most(syncs[0], AIM_SECONDS)), ("second sync", at_most(syncs[1], AIM_SECONDS))]
    rows.append(("listing the songs alone", f"{listing:.2f}"))
    rows += [(f"songs matched by {rule}", str(number)) for rule, number in counts.matched.items()]
    show(f"{count} songs, seconds", ("step", "result"), [*rows, ("songs that are no tracks", str(counts.unmatched))])


def song(number: int) -> dict[str, Any]:
    """Return a song of the server; it has what one rule asks for."""
    rule = RULES[number % len(RULES)]
    known = number % UNKNOWN != UNKNOWN - 1
    found: dict[str, Any] = {"id": f"song-{number}", "artist": f"Artist {number // 100}", "duration": 200}
    found |= {"title": f"Title {number}" if known and rule == "names" else f"Another {number}"}
    found |= {"album": f"Album {number // 10}", "path": f"Artist/{number}.mp3", "size": 1}
    if known and rule == "mbid":
        found["musicBrainzId"] = mbid(number)
    if known and rule == "isrc":
        found["isrc"] = [isrc(number)]
    if known and rule == "path":
        found["size"] = size(number)
    return found


def add_tracks(catalogue: Catalogue, numbers: list[int]) -> None:
    """Add tracks with files and ids."""
    tracks, files, ids = [], [], []
    for number in numbers:
        track_id = str(uuid.uuid4())
        names = {"title": f"Title {number}", "artist": f"Artist {number // 100}", "album": f"Album {number // 10}"}
        tracks.append(
            {
                "id": track_id,
                **names,
                "duration_ms": 200_000,
                "status": TrackStatus.READY,
                "added_at": datetime.now(UTC),
            }
        )
        place = {"path": f"{ROOT}/Artist/{number}.mp3", "root": ROOT, "size": size(number), "mtime_ns": 1}
        files.append({"track_id": track_id, **place})
        ids += [
            {"track_id": track_id, "namespace": namespace, "value": value}
            for namespace, value in (("mbid", mbid(number)), ("isrc", isrc(number)))
        ]
    with catalogue.database.write() as session:
        write_tracks(session, tracks)
        session.execute(insert(LocationRow), files)
        session.execute(insert(ExternalIdRow), ids)


def mbid(number: int) -> str:
    """Return the MusicBrainz id of a track."""
    return f"aaaaaaaa-2222-4333-8444-{number:012x}"


def isrc(number: int) -> str:
    """Return the ISRC of a track."""
    return f"USRC{number:08d}"


def size(number: int) -> int:
    """Return the size of the file of a track; some are equal."""
    return 1000 + number // 2


def seconds(work: Callable[[], object]) -> float:
    """Return how long some work takes."""
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


if __name__ == "__main__":
    main()
