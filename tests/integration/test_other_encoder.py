"""An encoder of another package, with longer vectors, is filled beside the shipped one and then served."""

from pathlib import Path

import httpx
import numpy as np
import soundfile

from models.checkpoint import DEFAULT_VERSION
from tests.fakes.encoder_package import DIMENSION, NAME, VERSION, write_package
from tests.fakes.installation import installation, wait_until
from tests.fakes.upgrading import is_complete, vectors_in

RATE = 22_050
TIME = np.arange(8 * RATE) / RATE
NOISE = np.random.default_rng(1).normal(size=TIME.size)
SOUNDS = {
    "bass": np.sin(2 * np.pi * 90 * TIME),
    "whistle": np.sin(2 * np.pi * 2_500 * TIME),
    "hiss": np.diff(NOISE, prepend=0.0),
    "rumble": np.cumsum(NOISE - NOISE.mean()),
    "clicks": NOISE * (TIME % 0.25 < 0.01),
}
SONGS = len(SOUNDS)


def write_sounds(folder: Path) -> None:
    """Write sounds that no encoder takes for copies of each other."""
    folder.mkdir()
    for name, samples in SOUNDS.items():
        soundfile.write(folder / f"{name}.flac", 0.5 * samples / np.abs(samples).max(), RATE)


def similar(api, track: str) -> dict[str, float]:
    answer = api.http.get(f"/v1/tracks/{track}/similar", params={"limit": SONGS}).raise_for_status()
    return {each["id"]: each["score"] for each in answer.json()["tracks"]}


def test_an_encoder_of_another_package_is_served(tmp_path):
    """The shipped encoder answers first; after the switch neighbours, features and radio are of the other one."""
    write_sounds(tmp_path / "music")
    with installation(tmp_path / "data") as here:
        here.environment |= {"SEGUE_NEXT_MODEL": NAME, "PYTHONPATH": str(write_package(tmp_path / "package"))}
        with here.api() as api, here.worker():
            assert api.http.post("/v1/scans", json={"path": str(tmp_path / "music")}).status_code == 202
            wait_until(lambda: is_complete(here.catalogue, VERSION, SONGS))
            first, other = vectors_in(here.catalogue, DEFAULT_VERSION), vectors_in(here.catalogue, VERSION)
            track = min(first)
            before = similar(api, track)
            here.catalogue.space_store.serve(VERSION)
            wait_until(lambda: api.http.get("/v1/status").json()["model_version"] == VERSION)
            after = similar(api, track)
            features = api.http.get(f"/v1/audio-features/{track}").raise_for_status().json()
            listens = [{"track_id": track, "event": "like"}]
            answer = api.http.post("/v1/recommendations", json={"history": listens}).raise_for_status().json()
            surprise = api.http.post("/v1/recommendations", json={"user": "new"}).raise_for_status().json()
            session = api.http.post("/v1/radio", json={}).raise_for_status().json()
            words = api.http.post("/v1/recommendations", json={"text": "calm piano"}).raise_for_status().json()
            cover = api.http.get(f"/v1/tracks/{track}/cover")

    assert {vector.shape for vector in first.values()} == {(128,)}
    assert {vector.shape for vector in other.values()} == {(DIMENSION,)}
    for vectors, scores in ((first, before), (other, after)):
        assert len(scores) == SONGS - 1
        for name, score in scores.items():
            assert abs(score - float(vectors[track] @ vectors[name])) < 0.01
    assert len(features["embedding"]) == DIMENSION
    np.testing.assert_allclose(features["embedding"], other[track], atol=1e-5)
    assert features["model_version"] == VERSION
    assert features["energy"] is None
    assert answer["tracks"]
    assert surprise["tracks"]
    assert session["id"]
    nearest = max(other, key=lambda name: other[name][len("calm piano")])
    assert words["tracks"][0]["id"] == nearest
    assert cover.status_code == httpx.codes.OK
