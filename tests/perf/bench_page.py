"""The page with 100,000 tracks in Chromium: first view on a slow processor, scrolling, the map, and memory.

Frames are drawn by the renderer that is printed. Without a graphics card that is SwiftShader, whose frames per second
on the map say nothing about other machines; the script time of a frame does.
"""

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from models.layout.fit import PCA, fit
from services.catalog import Catalogue
from services.domain.map import Placed
from services.settings import Settings
from tests.fakes.mapped import write_mixture
from tests.fakes.serving import api_process, free_port
from tests.fakes.valkey import started_valkey
from tests.perf.verdicts import at_least, at_most, show

COUNT = 100_000
SIZE: ViewportSize = {"width": 1280, "height": 900}
SLOWDOWN = 4
SETTLED_MS = 2_000
DRAGS = 4
STEPS = 30
SCRIPT = ("FireAnimationFrame", "EventDispatch", "FunctionCall", "TimerFire", "RunMicrotasks")
IDLE_MS = 0.1
"""A frame with less script did nothing."""
FLAGS = ("--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--mute-audio")
RENDERER = """() => {
  const context = document.createElement("canvas").getContext("webgl2");
  return context.getParameter(context.getExtension("WEBGL_debug_renderer_info").UNMASKED_RENDERER_WEBGL);
}"""


PAINTED = """() => new Promise((resolve) => {
  const observer = new PerformanceObserver((list) => resolve(list.getEntries().at(-1).startTime));
  observer.observe({ type: "largest-contentful-paint", buffered: true });
})"""
SCROLL = """async () => {
  const view = document.querySelector("main");
  const begin = performance.now();
  let frames = 0;
  while (performance.now() - begin < 3000) {
    view.scrollTop += 120;
    await new Promise(requestAnimationFrame);
    frames += 1;
  }
  return frames / ((performance.now() - begin) / 1000);
}"""


@contextmanager
def library() -> Iterator[str]:
    """Serve a library with a map, and return the address."""
    with tempfile.TemporaryDirectory(prefix="segue-bench-map-") as folder:
        catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
        write_mixture(catalogue, Path(folder), COUNT)
        tracks = [track for batch in catalogue.map.tracks() for track in batch]
        vectors = np.array([track.vector for track in tracks])
        points = fit(vectors, np.full((len(tracks), 2), np.nan), PCA)
        placed = (Placed(track.id, x, y, None) for track, (x, y) in zip(tracks, points.tolist(), strict=True))
        catalogue.map.publish(placed, [], method=PCA, model_version="bench")
        catalogue.close()
        broker, port = started_valkey(), free_port()
        with api_process(Path(folder), broker.connection_url, port, timeout=900):
            yield f"http://127.0.0.1:{port}"
        broker.stop()


def drag_and_zoom(page: Page) -> None:
    """Move the map to and fro, and zoom in and out."""
    page.get_by_role("button", name="Zoom in").click()
    page.mouse.move(900, 650)
    for number in range(DRAGS):
        page.mouse.down()
        page.mouse.move(900 - 200 * (-1) ** number, 500, steps=STEPS)
        page.mouse.up()
        for _ in range(STEPS // 3):
            page.mouse.wheel(0, 40 * (-1) ** number)
            page.wait_for_timeout(16)


def script_of_frames(trace: Path) -> list[float]:
    """Return the milliseconds of script of each frame that ran any.

    It is the time of the processor, so other programs do not count. Events inside others count once.
    """
    events = json.loads(trace.read_text())["traceEvents"]
    main = {(each["pid"], each["tid"]) for each in events if each["name"] == "FireAnimationFrame"}
    here = [each for each in events if (each["pid"], each["tid"]) in main and "tdur" in each]
    runs = sorted((each["tts"], each["tdur"], each["name"]) for each in here if each["name"] in SCRIPT)
    totals, end = [0.0], 0.0
    for begin, length, name in runs:
        if name == "FireAnimationFrame":
            totals.append(0.0)
        totals[-1] += max(0.0, begin + length - max(begin, end)) / 1000
        end = max(end, begin + length)
    return [total for total in totals[1:] if total > IDLE_MS]


def first_view(browser: Browser, url: str) -> float:
    """Return the seconds until the largest element is painted, on a processor that is `SLOWDOWN` times slower."""
    page = browser.new_page(viewport=SIZE)
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    page.goto(url)
    page.get_by_role("heading", level=1).wait_for()
    page.wait_for_timeout(SETTLED_MS)
    seconds = float(page.evaluate(PAINTED)) / 1000
    page.close()
    return seconds


def scrolled(page: Page, url: str) -> float:
    """Return the frames per second while the list of songs is scrolled."""
    page.goto(f"{url}/#/library/songs")
    page.get_by_role("button", name="More actions for").first.wait_for()
    page.wait_for_timeout(SETTLED_MS)
    return float(page.evaluate(SCROLL))


def mapped(browser: Browser, page: Page, url: str) -> list[float]:
    """Return the milliseconds of script of each frame while the map is dragged and zoomed."""
    page.goto(f"{url}/#/map")
    page.get_by_role("region", name="Legend").wait_for(timeout=300_000)
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace.json"
        browser.start_tracing(page=page, path=trace, categories=["devtools.timeline", "v8.execute"])
        drag_and_zoom(page)
        browser.stop_tracing()
        return script_of_frames(trace)


def main() -> None:
    """Measure, and print the figures beside their targets."""
    with library() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(FLAGS))
        painted = first_view(browser, url)
        page = browser.new_page(viewport=SIZE, locale="en-GB")
        frames_per_second = scrolled(page, url)
        frames = mapped(browser, page, url)
        heap = page.evaluate("performance.memory.usedJSHeapSize") / 1e6
        renderer = page.evaluate(RENDERER)
        browser.close()
    show(
        f"The page with {COUNT:,} tracks, drawn by {renderer}",
        ("measure", "value"),
        [
            (f"first view on a processor {SLOWDOWN} times slower, s", at_most(painted, 1)),
            ("scrolling songs, frames a second", at_least(frames_per_second, 50)),
            ("script of a frame of the map, median, ms", at_most(float(np.median(frames)), 8)),
            ("script of a frame of the map, 95 %, ms", at_most(float(np.quantile(frames, 0.95)), 8)),
            ("memory of scripts, MB", at_most(heap, 400)),
        ],
    )


if __name__ == "__main__":
    main()
