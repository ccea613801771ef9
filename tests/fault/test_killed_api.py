"""An API process killed during writes keeps all acknowledged writes, and the same file stays one track."""

import random
import re
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from services.ingest.scan import request_scan
from tests.fakes.installation import installation, wait_until, write_song
from tests.fakes.library import record, write_tone

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the kernel ends orphans on Linux only")

SEED = 20261126
AT_ONCE = 20


class Uploads:
    """Writes through the API: an upload is acknowledged when 202 has been read.

    A class with the same two methods can test other writes that the API acknowledges.
    """

    def __init__(self, folder):
        folder.mkdir()
        self._folder = folder

    def write(self, http, number):
        """Send one write and return the id that must exist from now on."""
        tone = write_tone(self._folder / f"{number}.wav", 100 + number)
        with tone.open("rb") as stream:
            answer = http.post("/v1/tracks", files={"file": (tone.name, stream)})
        answer.raise_for_status()
        return answer.json()["tracks"][0]

    def is_there(self, http, acknowledged):
        """Return whether it exists."""
        return http.get(f"/v1/tracks/{acknowledged}").status_code == httpx.codes.OK


class Writer(threading.Thread):
    """Write continuously; writes that fail because the process died are not counted."""

    def __init__(self, kind, first):
        super().__init__()
        self._kind = kind
        self._numbers = iter(range(first, first + 1_000_000))
        self.url = None
        self.acknowledged = []
        self.stopping = threading.Event()

    def run(self):
        while not self.stopping.is_set():
            if self.url is None:
                time.sleep(0.01)
                continue
            try:
                with httpx.Client(base_url=self.url, trust_env=False, timeout=30) as http:
                    while not self.stopping.is_set():
                        self.acknowledged.append(self._kind.write(http, next(self._numbers)))
            except httpx.HTTPError:
                time.sleep(0.01)


@pytest.mark.parametrize(
    "kills", [3, pytest.param(20, marks=[pytest.mark.slow, pytest.mark.timeout(1800)])], ids="{} kills".format
)
def test_acknowledged_writes_survive_kill_9(tmp_path, kills):
    """After kills at random times every acknowledged write exists, and each ready track is one point."""
    moments = random.Random(SEED)  # noqa: S311  moments, not secrets
    uploads = Uploads(tmp_path / "tones")
    writer = Writer(uploads, first=0)
    writer.start()
    analysed = []
    try:
        with installation(tmp_path / "data") as here:
            for _ in range(kills):
                with here.api() as api:
                    before = len(writer.acknowledged)
                    writer.url = api.url
                    wait_until(lambda before=before: len(writer.acknowledged) > before)
                    # Recorded as by a worker, so that the indexer writes while the process is killed.
                    for track_id in writer.acknowledged[len(analysed) :]:
                        record(here.catalogue, track_id, len(analysed))
                        analysed.append(track_id)
                    time.sleep(moments.uniform(0, 1))
                    api.program.kill()
                    writer.url = None
            writer.stopping.set()
            writer.join()
            with here.api() as api:
                gone = [one for one in writer.acknowledged if not uploads.is_there(api.http, one)]

                assert gone == []
                assert len(set(writer.acknowledged)) == len(writer.acknowledged) > kills
                wait_until(lambda: api.points() == len(analysed))
                seed = analysed[0]
                similar = api.http.get(f"/v1/tracks/{seed}/similar", params={"limit": 100}).json()["tracks"]
                assert len({track["id"] for track in similar}) == min(len(analysed) - 1, 100)
    finally:
        writer.stopping.set()
        writer.join()


def test_the_same_file_twenty_times_at_once(tmp_path):
    """A recording uploaded and scanned many times at once, and analysed by two workers, is one track and one point."""
    song = write_song(tmp_path / "song.flac", 7)
    folders = [tmp_path / f"library-{number}" for number in range(4)]
    for folder in folders:
        folder.mkdir()
        for copy in range(3):
            shutil.copy(song, folder / f"{copy}.flac")
    with installation(tmp_path / "data") as here, here.api() as api, here.worker("--processes", "2"):

        def ask(number):
            if number % 5 == 4:
                return request_scan(here.catalogue, here.queue, str(folders[number // 5]))
            with httpx.Client(base_url=api.url, trust_env=False, timeout=60) as http:
                while True:  # a busy disk may cause 503 with Retry-After
                    answer = http.post("/v1/tracks", files={"file": ("a.flac", song.read_bytes())})
                    if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                        break
                    time.sleep(int(answer.headers["Retry-After"]))
            assert answer.status_code == httpx.codes.ACCEPTED, answer.text
            return answer.json()["id"]

        with ThreadPoolExecutor(AT_ONCE) as pool:
            jobs = list(pool.map(ask, range(AT_ONCE)))
        for job in jobs:
            wait_until(lambda job=job: here.catalogue.jobs.get(job).state in {"done", "failed"})
        wait_until(lambda: api.points() == 1)

        [track] = api.http.get("/v1/tracks").json()["tracks"]
        assert track["status"] == "ready"
        assert len(here.catalogue.tracks.files(track["id"])) == 1 + 4 * 3
        assert {here.catalogue.jobs.get(job).state for job in jobs} == {"done"}
        log = (here.settings.data_path / "worker.log").read_text()
        analyses = re.findall(r"Task segue\.analyse\[[^]]*\] received", log)
        assert len(analyses) > 1  # requests that come after the first analysis send none
