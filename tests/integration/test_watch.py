"""The watcher with a real worker, broker, catalogue and API: a folder that changes while Segue runs."""

import os
import shutil

import numpy as np
import pytest
import soundfile

from services.domain.job import JobKind, JobState
from services.domain.track import TrackStatus
from services.ingest.scan import request_scan
from tests.fakes.installation import SAMPLE_RATE, installation, wait_until, write_song


@pytest.fixture(scope="module")
def here(tmp_path_factory):
    """A watched folder with a song; shared because a worker takes seconds to start."""
    folder = tmp_path_factory.mktemp("watched")
    with installation(folder / "data") as made:
        music = folder / "music"
        write_song(music / "seed.flac", 0)
        (music / "Disk").mkdir()
        variables = {"SEGUE_SETTLE_SECONDS": "0.5", "SEGUE_DELETION_GRACE_SECONDS": "1"}
        with made.worker(), made.api() as api:
            job_id = request_scan(made.catalogue, made.queue, str(music))
            wait_until(lambda: made.catalogue.jobs.get(job_id).state == JobState.DONE)
            with made.watcher(**variables):  # it scans the folder once, for changes while it did not run
                wait_until(lambda: made.catalogue.jobs.page()[1] == 2 and not made.catalogue.jobs.unfinished())
                yield made, music, api


def write_tones(path, seed):
    """A recording that no other test writes: noise and a tone of its own pitch."""
    draw = np.random.default_rng(seed)
    axis = np.arange(6 * SAMPLE_RATE) / SAMPLE_RATE
    tone = np.sin(2 * np.pi * draw.uniform(200, 2000) * axis) * (1 + np.sin(draw.uniform(2, 30) * axis))
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, 0.1 * tone + draw.normal(0, draw.uniform(0.001, 0.05), len(axis)), SAMPLE_RATE)
    return path


def track_at(here, path):
    """The track of a file; None if the file is not known."""
    known = here.catalogue.library.known_files(str(path)).get(str(path))
    return None if known is None else here.catalogue.tracks.get(known.track_id)


def is_ready(here, path):
    track = track_at(here, path)
    return track is not None and track.status == TrackStatus.READY


def test_a_copied_file_is_recommended(here, tmp_path):
    """Without any request: the watcher takes it, the worker analyses it, the indexer adds it."""
    installed, music, api = here
    shutil.copy(write_tones(tmp_path / "new.wav", 1), music / "new.wav")
    seed = track_at(installed, music / "seed.flac").id

    def titles():
        answer = api.http.post("/v1/recommendations", json={"history": [{"track_id": seed}], "limit": 50})
        return [track["title"] for track in answer.json()["tracks"]]

    wait_until(lambda: "new" in titles())
    wait_until(lambda: any(job.kind == JobKind.WATCH for job in installed.catalogue.jobs.page(limit=99)[0]))
    wait_until(lambda: installed.catalogue.jobs.unfinished() == [])
    assert installed.catalogue.failures.count() == 0


def test_a_half_copied_file_waits(here, tmp_path):
    """A file that came later is ready before; the copy becomes one track, and no part of it is ever one."""
    installed, music, _ = here
    content = write_tones(tmp_path / "slow.wav", 2).read_bytes()
    before = sum(installed.catalogue.tracks.count_by_status().values())
    with (music / "slow.wav").open("wb") as copy:
        copy.write(content[: len(content) // 2])
        copy.flush()
        write_tones(tmp_path / "fast.wav", 3).rename(music / "fast.wav")
        wait_until(lambda: is_ready(installed, music / "fast.wav"))
        assert track_at(installed, music / "slow.wav") is None
        copy.write(content[len(content) // 2 :])
    wait_until(lambda: is_ready(installed, music / "slow.wav"))

    assert sum(installed.catalogue.tracks.count_by_status().values()) == before + 2
    assert installed.catalogue.failures.count() == 0


def test_a_folder_that_is_renamed_is_moved(here, tmp_path):
    """Its tracks keep their ids and are never missing; a file moved away and back in time stays too."""
    installed, music, _ = here
    paths = [write_tones(tmp_path / "Album" / f"{seed}.wav", seed) for seed in (4, 5)]
    shutil.copytree(tmp_path / "Album", music / "Album")
    wait_until(lambda: all(is_ready(installed, music / "Album" / path.name) for path in paths))
    ids = {track_at(installed, music / "Album" / path.name).id for path in paths}
    (music / "Album").rename(music / "...Renamed")

    def are_moved():
        assert installed.catalogue.tracks.count_by_status()[TrackStatus.MISSING] == 0
        return all(track_at(installed, music / "...Renamed" / path.name) for path in paths)

    wait_until(are_moved)
    assert {track_at(installed, music / "...Renamed" / path.name).id for path in paths} == ids
    wait_until(lambda: not installed.catalogue.library.known_files(str(music / "Album")))


def test_odd_names_are_taken_and_system_folders_are_not(here, tmp_path):
    """Names that are no UTF-8, dot files; and not what lies in a recycle bin or what patterns exclude."""
    installed, music, _ = here
    odd = music / os.fsdecode(b"caf\xe9 \xff") / ".hidden.wav"
    (music / "Talk").mkdir()
    (music / ".segueignore").write_text("Talk/\n")
    for seed, path in enumerate((music / "#recycle" / "a.wav", music / "Talk" / "b.wav", odd), 6):
        path.parent.mkdir(exist_ok=True)
        write_tones(tmp_path / "new.wav", seed).rename(path)
    wait_until(lambda: is_ready(installed, odd))

    assert track_at(installed, music / "#recycle" / "a.wav") is None
    assert track_at(installed, music / "Talk" / "b.wav") is None


def test_a_disk_inside_of_a_root_is_away_alone(here, tmp_path):
    """Its files were not deleted: they stay in the catalogue, and their tracks return with them."""
    installed, music, _ = here
    song = music / "Disk" / "song.wav"
    write_tones(tmp_path / "song.wav", 10).rename(song)
    wait_until(lambda: is_ready(installed, song) and not installed.catalogue.jobs.unfinished())
    installed.catalogue.folders.set_mounts({str(song.parent)})  # a disk was mounted there at the last scan
    away = song.rename(tmp_path / "song.wav")
    wait_until(lambda: [failure.path for failure in installed.catalogue.failures.page()] == [str(song.parent)])
    assert track_at(installed, song).status == TrackStatus.MISSING

    away.rename(song)
    wait_until(lambda: is_ready(installed, song))


def test_a_deleted_file_leaves_and_an_emptied_root_is_away(here, tmp_path):
    """A deletion is known after the grace period. When all files go, the disk is probably away: all are kept."""
    installed, music, _ = here
    song = write_tones(tmp_path / "song.wav", 9).rename(music / "song.wav")
    wait_until(lambda: is_ready(installed, song) and not installed.catalogue.jobs.unfinished())
    gone = track_at(installed, song)
    song.unlink()
    wait_until(lambda: installed.catalogue.tracks.get(gone.id).status == TrackStatus.MISSING)
    assert track_at(installed, song) is None

    known = installed.catalogue.library.known_files(str(music))
    disk = music.rename(music.with_name("disk"))
    music.mkdir()
    wait_until(lambda: installed.catalogue.tracks.count_by_status()[TrackStatus.READY] == 0)
    assert installed.catalogue.library.known_files(str(music)).keys() == known.keys()

    shutil.rmtree(music)
    disk.rename(music)
    wait_until(lambda: installed.catalogue.tracks.count_by_status()[TrackStatus.READY] == len(known))
