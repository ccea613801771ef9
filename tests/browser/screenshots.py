"""Take the pictures of the page in docs/images from the demo library: `make screenshots`."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
from playwright.sync_api import Page, sync_playwright

from tests.fakes.serving import free_port

IMAGES = Path(__file__).parents[2] / "docs" / "images"
SEGUE = str(Path(sys.executable).with_name("segue"))
LISTENER = "ada"
VIEWS = {
    "home": "",
    "search": "search?q=calm%20and%20dreamy%2C%20no%20drums",
    "library": "library/albums",
    "map": "map",
    "taste": "taste",
}
SIZE = {"width": 1440, "height": 900}
DRAWN_MS = 2_500
"""Until covers and map are drawn."""
READY_SECONDS = 600


def main() -> None:
    """Take a picture of each view in each theme."""
    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder, served_demo(Path(folder)) as url, sync_playwright() as playwright:
        listen(url)
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--mute-audio", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
        )
        for theme in ("dark", "light"):
            page = browser.new_page(viewport=SIZE, locale="en-GB", color_scheme=theme)
            page.goto(url)
            page.evaluate(f"localStorage.setItem('segue.listener', '\"{LISTENER}\"')")
            page.reload()
            begin_radio(page)
            for name, address in VIEWS.items():
                page.goto(f"{url}/#/{address}")
                page.get_by_label("Loading…").first.wait_for(state="detached")
                page.wait_for_timeout(DRAWN_MS)
                page.screenshot(path=IMAGES / f"{name}-{theme}.png")
            page.close()


def begin_radio(page: Page) -> None:
    """Start the first radio of Home, so that the player shows a track."""
    page.get_by_role("button", name="Start radio").first.click()
    page.wait_for_timeout(DRAWN_MS)


@contextmanager
def served_demo(folder: Path) -> Iterator[str]:
    """Run `segue up` on the demo library until it is analysed."""
    demo = subprocess.run([SEGUE, "demo-library"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    environment = os.environ | {"SEGUE_DATA_DIR": str(folder / "data"), "SEGUE_PORT": str(port)}
    process = subprocess.Popen([SEGUE, "up", demo], env=environment, stdout=subprocess.DEVNULL, process_group=0)
    try:
        wait_until(lambda: is_analysed(httpx.get(f"{url}/v1/status", trust_env=False).json()["tracks"]))
        httpx.post(f"{url}/v1/map/refit", trust_env=False).raise_for_status()
        wait_until(lambda: not httpx.get(f"{url}/v1/map", trust_env=False).json()["requested"])
        yield url
    finally:
        process.terminate()
        process.wait()


def is_analysed(tracks: dict[str, int]) -> bool:
    """Whether some tracks are ready and none are pending."""
    return tracks["ready"] > 0 and tracks["pending"] == 0


def wait_until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true; a service that does not respond yet is not ready."""
    for _ in range(READY_SECONDS):
        time.sleep(1)
        with suppress(httpx.TransportError):
            if condition():
                return
    raise TimeoutError("The demo library was not ready in time.")


def listen(url: str) -> None:
    """Play the tracks with an artist, and some others, as the listener."""
    now = datetime.now(UTC)
    with httpx.Client(base_url=url, trust_env=False) as api:
        tracks = api.get("/v1/tracks", params={"status": "ready", "limit": 50}).json()["tracks"]
        tracks = [track for number, track in enumerate(tracks) if track["artist"] or number % 4 == 0]
        listens = [
            {"track_id": track["id"], "at": (now - timedelta(hours=hours)).isoformat(), "played_ms": 120_000}
            for hours, track in enumerate(tracks)
        ]
        api.post(f"/v1/users/{LISTENER}/listens", json={"listens": listens}).raise_for_status()


if __name__ == "__main__":
    main()
