"""MP3s are replaced by FLACs of the same recordings: what a listener has played, liked and banned stays so."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import mutagen
import numpy as np
import pytest
import soundfile

from models.analysis import analyse
from services.domain.listening import EventKind, NewListen
from services.domain.question import Question
from services.domain.track import Analysis, TrackStatus
from services.domain.vector_index import TRACKS
from services.index.exact import ExactIndex
from services.ingest.scan import request_scan, run_scan
from services.recommend import Recommender
from tests.fakes.queue import RecordingQueue
from tests.fakes.tagged import frame, id3, text

COUNT, SECONDS, RATE = 6, 8, 44100
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
KINDS = (EventKind.LIKE, EventKind.PLAY, EventKind.BAN, EventKind.DISLIKE)
"""What the listener did with the first four pieces."""


def mbid(piece: int) -> str:
    return f"cccccccc-0000-4000-8000-{piece:012d}"


def music(seed: int) -> np.ndarray:
    draw, time = np.random.default_rng(seed), np.arange(SECONDS * RATE) / RATE
    beat = time * draw.uniform(1.5, 6)
    notes = draw.choice((55, 110, 220, 440)) * 2 ** (draw.integers(0, 24, int(beat[-1]) + 1) / 12)
    phase = 2 * np.pi * notes[beat.astype(int)] * time
    tune = sum(np.sin(number * phase) * draw.uniform(0, 1) / number for number in (1, 2, 3, 5))
    hiss = draw.normal(0, draw.uniform(0, 0.2), len(time)) * np.exp(-20 * (beat % 1))
    return 0.2 * (tune * np.exp(-draw.uniform(0, 6) * (beat % 1)) + hiss)


def write_mp3(folder: Path, piece: int, *, with_id: bool) -> None:
    path = folder / f"piece {piece}.mp3"
    soundfile.write(path, music(70 + piece), RATE, format="MP3")
    frames = [text("TIT2", f"Piece {piece}"), text("TPE1", "Replaced"), text("TALB", "Pieces")]
    frames += [frame("TXXX", b"\x03MusicBrainz Track Id\0" + mbid(piece).encode())] if with_id else []
    path.write_bytes(id3(b"".join(frames)) + path.read_bytes())


def replace_by_flac(folder: Path, piece: int, *, with_id: bool) -> None:
    (folder / f"piece {piece}.mp3").unlink()
    path = folder / f"piece {piece}.flac"
    soundfile.write(path, music(70 + piece), RATE)
    file = mutagen.File(path)
    file.update({"title": [f"Piece {piece}"], "artist": ["Replaced"], "album": ["Pieces"]})
    file.update({"musicbrainz_trackid": [mbid(piece).upper()]} if with_id else {})
    file.save()


@pytest.fixture
def scan(sqlite_catalogue, tmp_path):
    """Scan the folder and analyse what is new with the encoder."""

    def run() -> None:
        queue = RecordingQueue()
        run_scan(sqlite_catalogue, queue, request_scan(sqlite_catalogue, queue, str(tmp_path / "music")))
        for track_id in queue.analyses:
            [file] = sqlite_catalogue.tracks.files(track_id)
            found = analyse(Path(file.path))
            descriptors = dict(found.descriptors)
            sqlite_catalogue.analyses.record(
                track_id,
                Analysis(
                    found.embedding, found.dispersion, found.attributes, descriptors, found.tags, found.model_version
                ),
            )

    (tmp_path / "music").mkdir()
    return run


@pytest.mark.parametrize("with_id", [True, False], ids=["with ids", "by names and sound"])
def test_the_history_of_replaced_files_continues(sqlite_catalogue, tmp_path, scan, with_id):
    """With MusicBrainz ids in both tags, and without."""
    catalogue, folder = sqlite_catalogue, tmp_path / "music"
    recommender = Recommender(catalogue.tracks, ExactIndex(catalogue.queue_of(TRACKS)), lambda: NOON, half_life_days=30)
    for piece in range(COUNT):
        write_mp3(folder, piece, with_id=with_id)
    scan()
    before = {track.title: track.id for track in catalogue.browsing.page().tracks}
    listens = [
        NewListen(names=(before[f"Piece {piece}"],), kind=kind, at=NOON - timedelta(hours=1))
        for piece, kind in enumerate(KINDS)
    ]
    catalogue.listens.add("anna", listens)
    remembered = catalogue.listens.remembered("anna", repeat_after=timedelta(0))
    old = recommender.profile(remembered)

    for piece in range(COUNT):
        replace_by_flac(folder, piece, with_id=with_id)
    scan()

    names = [*before.values(), *([f"mbid:{mbid(piece)}" for piece in range(COUNT)] if with_id else [])]
    there = {track.id for track in catalogue.browsing.page().tracks if track.status == TrackStatus.READY}
    assert {track.id for track in catalogue.tracks.ready(names).values()} == there
    assert there.isdisjoint(before.values())
    for name in names:
        assert recommender.similar(name, limit=3)
    sent = [NewListen(names=(name,), at=NOON) for name in names]
    assert {recorded.track_id for recorded in catalogue.listens.add("ben", sent)} == there

    remembered = catalogue.listens.remembered("anna", repeat_after=timedelta(0))
    new = recommender.profile(remembered)
    assert [len(taste.plays) for taste in new.tastes] == [len(taste.plays) for taste in old.tastes]
    for one, other in zip(new.tastes, old.tastes, strict=True):
        assert one.vector @ other.vector > 0.9
    answer = recommender.recommend(Question(remembered=remembered, history=()))
    titles = {catalogue.tracks.get(each.track_id).title for each in answer.recommendations}
    assert titles == {"Piece 0", "Piece 1", "Piece 4", "Piece 5"}
    unknown = recommender.recommend(Question(history=tuple(remembered.events))).unknown
    assert unknown == ()
