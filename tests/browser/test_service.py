"""The view of the service, and the page of a service that goes away, comes back or needs a key."""

from contextlib import contextmanager

import psutil
import pytest
from playwright.sync_api import expect

from services.catalog import Catalogue
from services.catalog.index_builds import BuildPhase
from services.catalog.library import FileStamp
from services.domain.access import Scope
from services.domain.failure import WHAT_TO_DO, Cause, FailureKind
from services.domain.job import JobKind
from services.domain.track import Tags
from services.settings import Settings
from tests.fakes.installation import write_song
from tests.fakes.library import record, register, track_id, write_library, write_tone
from tests.fakes.serving import api_process, free_port

SONG_SECONDS = 60


@contextmanager
def opened(folder):
    catalogue = Catalogue.open(Settings(data_dir=folder).catalogue_url)
    try:
        yield catalogue
    finally:
        catalogue.close()


@pytest.fixture(scope="module")
def library_dir(tmp_path_factory):
    """A data directory with a few tracks."""
    folder = tmp_path_factory.mktemp("segue")
    with opened(folder) as catalogue:
        write_library(catalogue, folder / "music", 4)
    return folder


@pytest.fixture
def catalogue(library_dir):
    with opened(library_dir) as found:
        yield found


@pytest.fixture
def failed(catalogue, library_dir):
    """A silent track and a file in a format that is not supported."""
    silent = register(catalogue, write_tone(library_dir / "music" / "silent.wav", 400), 400)
    catalogue.analyses.refuse(silent, "The file is silent", kind=FailureKind.LEFT_OUT)
    folder = str(library_dir / "music")
    cause = Cause("MP4 audio is not supported", FailureKind.UNSUPPORTED)
    catalogue.failures.add(f"{folder}/letter.m4a", JobKind.SCAN, folder, cause)


def test_every_failed_file_is_named_and_can_be_retried(page, url, failed):
    """With file, reason and advice. A retried track leaves the list without a reload."""
    page.goto(f"{url}/#/service")
    failures = page.get_by_role("region", name="Files that failed or were left out (2)")
    row = failures.get_by_role("row").filter(has_text="silent.wav")
    expect(row).to_contain_text("The file is silent")
    expect(row).to_contain_text(WHAT_TO_DO[FailureKind.LEFT_OUT].split(":")[0])
    expect(failures.get_by_role("row").filter(has_text="letter.m4a")).to_contain_text("MP4 audio is not supported")

    row.get_by_role("button", name="Try silent.wav again").click()

    expect(page.get_by_role("status").filter(has_text="1 file is tried again.")).to_be_visible()
    expect(page.get_by_role("region", name="Files that failed or were left out (1)")).not_to_contain_text("silent.wav")


def test_selected_failures_are_retried(page, url, failed, catalogue):
    """Files that are no tracks are scanned again."""
    page.goto(f"{url}/#/service")
    page.get_by_role("checkbox", name="Select all that are shown").check()
    page.get_by_role("button", name="Try 2 again").click()

    expect(page.get_by_role("status").filter(has_text="2 files are tried again.")).to_be_visible()
    expect(page.get_by_role("list", name="Running now")).to_contain_text("/music")


def test_progress_is_shown_live(page, url, catalogue):
    """A scan appears in the view and in the navigation while it runs, and a pause shows at once."""
    page.goto(f"{url}/#/service")
    expect(page.get_by_role("region", name="Analysis")).to_be_visible()
    job = catalogue.jobs.create(JobKind.SCAN, "/music/new")
    catalogue.jobs.begin(job, total=4)
    catalogue.jobs.add_failure(job, "/music/new/bad.mp3", "Not audio.", FailureKind.UNSUPPORTED)
    running = page.get_by_role("list", name="Running now").get_by_role("listitem").filter(has_text="/music/new")
    expect(running).to_contain_text("1 of 4 files · 1 failed")
    expect(page.get_by_role("navigation", name="Main").get_by_role("progressbar", name="Analysis")).to_be_visible()

    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.get_by_text("Analysis paused").first).to_be_visible()
    assert catalogue.pause.began_at() is not None
    catalogue.pause.end()
    expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()

    catalogue.jobs.complete_listing(job, unchanged=3)
    expect(running).to_have_count(0)
    expect(page.get_by_role("region", name="Scans and uploads")).to_contain_text("/music/new")


def test_a_folder_that_cannot_be_scanned_is_named(context, url):
    """The dialog stays open with the reason. A folder that exists is scanned."""
    page = context.new_page()  # the browser logs the refusal as an error
    page.goto(f"{url}/#/service")
    page.get_by_role("button", name="Add music").click()
    dialog = page.get_by_role("dialog", name="Add music")
    dialog.get_by_label("Folder on the machine").fill("/nowhere")
    dialog.get_by_role("button", name="Scan").click()

    expect(dialog.get_by_role("alert")).to_contain_text("'/nowhere' does not exist")


def test_a_key_is_shown_once_and_can_be_revoked(page, url, catalogue):
    """The secret is in the dialog only; the new key works until it is revoked."""
    page.goto(f"{url}/#/service")
    page.get_by_role("button", name="Create key").click()
    page.get_by_label("Name").fill("Ada's phone")
    page.get_by_label("Only for the listener").fill("ada")
    page.get_by_role("dialog").get_by_role("button", name="Create key").click()
    shown = page.get_by_role("dialog", name="The new key").get_by_role("code")
    expect(shown).to_contain_text("segue_")
    secret = shown.inner_text()
    key = next(each for each in catalogue.keys.all() if secret.startswith(f"segue_{each.id}_"))
    assert (key.scopes, key.listeners) == (frozenset({Scope.READ, Scope.LISTEN}), frozenset({"ada"}))
    page.get_by_role("button", name="Done").click()
    expect(page.get_by_text(secret)).to_have_count(0)

    page.get_by_role("button", name="Revoke Ada's phone").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()

    expect(page.get_by_text("1 revoked key")).to_be_visible()
    assert catalogue.keys.find(key.id) is None


def test_a_third_page_polls(context, url, catalogue):
    """The service streams to two pages. Another one shows changes as well."""
    pages = [context.new_page() for _ in range(3)]
    for each in pages:
        each.goto(f"{url}/#/service")
        expect(each.get_by_role("button", name="Pause", exact=True)).to_be_visible()
    catalogue.pause.begin()
    try:
        for each in pages:
            expect(each.get_by_role("button", name="Resume")).to_be_visible()
    finally:
        catalogue.pause.end()


AWAY = "Segue does not respond."


@contextmanager
def suspended(process):
    parts = parts_of(process)
    for part in parts:
        part.suspend()
    try:
        yield
    finally:
        for part in parts:
            part.resume()


def parts_of(process):
    main = psutil.Process(process.pid)
    return [*main.children(recursive=True), main]


def seconds_played(page):
    return float(page.get_by_role("slider", name="Position").input_value())


@pytest.fixture
def song_dir(tmp_path):
    """A data directory with a song that is long enough to be heard for a while."""
    file = write_song(tmp_path / "music" / "long.wav", seconds=SONG_SECONDS)
    stamp = FileStamp(str(file), str(file.parent), file.stat().st_size, file.stat().st_mtime_ns)
    with opened(tmp_path) as catalogue:
        catalogue.migrate()
        tags = Tags("Long song", artists=("Ada",), duration_ms=SONG_SECONDS * 1000)
        catalogue.library.register(track_id(0), tags, stamp)
        record(catalogue, track_id(0), 0)
    return tmp_path


def test_the_page_survives_a_service_that_goes_away(context, song_dir, broker_url):
    """A frozen and a killed service are noticed, what plays plays on, and the page goes on by itself."""
    port = free_port()
    page = context.new_page()
    with api_process(song_dir, broker_url, port) as process:
        page.goto(f"http://127.0.0.1:{port}/#/search?q=Long")
        page.get_by_role("button", name="Play Long song").click()
        expect(page.get_by_role("button", name="Pause", exact=True)).to_be_visible()
        page.goto(f"http://127.0.0.1:{port}/#/service")
        expect(page.get_by_role("region", name="Analysis")).to_be_visible()
        with suspended(process):
            expect(page.get_by_role("alert")).to_contain_text(AWAY, timeout=60_000)
            before = seconds_played(page)
            page.wait_for_function(
                "old => document.title && performance.now() > old + 2000", arg=page.evaluate("performance.now()")
            )
            assert seconds_played(page) > before
        expect(page.get_by_text(AWAY)).to_have_count(0)
        for part in parts_of(process):
            part.kill()
        expect(page.get_by_role("alert")).to_contain_text(AWAY, timeout=60_000)
        page.get_by_role("link", name="Playlists").click()
        expect(page.get_by_role("button", name="Try again")).to_be_visible()
    with api_process(song_dir, broker_url, port):
        expect(page.get_by_text(AWAY)).to_have_count(0, timeout=60_000)
        expect(page.get_by_text("No playlists yet")).to_be_visible()


@pytest.fixture(scope="module")
def locked(tmp_path_factory, broker_url):
    """A service that requires a key, and its catalogue."""
    folder, port = tmp_path_factory.mktemp("locked"), free_port()
    with opened(folder) as catalogue:
        catalogue.migrate()
        catalogue.keys.create("so that it starts", [Scope.ADMIN])
        with api_process(folder, broker_url, port, SEGUE_REQUIRE_KEYS="true"):
            yield f"http://127.0.0.1:{port}", catalogue


def enter(page, text):
    dialog = page.get_by_role("dialog", name="Enter API key")
    dialog.get_by_label("API key").fill(text)
    dialog.get_by_role("button", name="Continue").click()


def test_the_page_asks_for_a_key(context, locked):
    """Once; again after a wrong or a revoked one. A closed dialog stays closed until the listener opens it."""
    url, catalogue = locked
    key = catalogue.keys.create("the page", [Scope.READ])
    page = context.new_page()
    page.goto(f"{url}/#/service")
    dialog = page.get_by_role("dialog", name="Enter API key")
    dialog.get_by_role("button", name="Close").click()
    expect(page.get_by_text("A key is needed.")).to_be_visible()
    expect(dialog).to_have_count(0)

    page.get_by_role("button", name="Enter API key").click()
    enter(page, "segue_000000000000_wrong")
    expect(dialog.get_by_role("alert")).to_contain_text("wrong or was revoked")
    enter(page, key.text)
    expect(page.get_by_role("region", name="State")).to_be_visible()
    expect(page.get_by_role("region", name="API keys")).to_have_count(0)
    expect(dialog).to_have_count(0)
    assert key.text not in str(page.evaluate("Object.values(localStorage)"))

    page.reload()
    expect(page.get_by_role("region", name="State")).to_be_visible()
    expect(dialog).to_have_count(0)

    catalogue.keys.revoke(key.id)
    page.get_by_role("link", name="Playlists").click()
    expect(dialog).to_be_visible()


def test_a_key_can_be_kept_and_forgotten(context, locked):
    """A kept key works in another tab; a forgotten one in none."""
    url, catalogue = locked
    key = catalogue.keys.create("the page", [Scope.READ])
    page = context.new_page()
    page.goto(f"{url}/#/service")
    page.get_by_label("Keep it in this browser").check()
    enter(page, key.text)
    other = context.new_page()
    other.goto(f"{url}/#/service")
    expect(other.get_by_role("region", name="State")).to_be_visible()

    other.get_by_role("button", name="Forget the key of this browser").click()

    expect(other.get_by_role("dialog", name="Enter API key")).to_be_visible()
    assert key.text not in str(other.evaluate("Object.values(localStorage)"))


def test_the_build_of_an_index_is_shown(page, url, catalogue):
    """How far it is, without a reload; why it failed; and nothing after it."""
    page.goto(f"{url}/#/service")
    state = page.get_by_role("region", name="State")
    bar = state.get_by_role("progressbar", name="New index")
    expect(state.get_by_text("points", exact=False).first).to_be_visible()
    expect(bar).to_have_count(0)

    report = catalogue.index_builds.begin("tracks", 1000)
    report.show(BuildPhase.CELLS, 250, seconds_left=180)
    expect(bar).to_have_attribute("value", "0.25")
    expect(state.get_by_text("points are grouped, 25 % · about 3 minutes left")).to_be_visible()
    report.fail("The disk is full.")
    expect(state.get_by_text("A new index was not built: The disk is full.")).to_be_visible()
    catalogue.index_builds.drop("tracks")
    expect(state.get_by_text("A new index was not built")).to_have_count(0)
