"""The player: queue, radio, audio, keyboard, and what outlasts a reload. The tracks are tones of two seconds."""

import json
import re
import time

import httpx
import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

# Audio elements are in no document: note each one that the page makes, and what happens to it.
NOTE_AUDIO = """
window.audios = [];
window.heard = [];
window.Audio = class extends window.Audio {
  constructor() {
    super();
    const number = audios.push(this) - 1;
    for (const name of ["playing", "ended"]) {
      this.addEventListener(name, () => heard.push({ number, name, at: performance.now(), others: audios.map(
        (audio) => ({ ready: audio.readyState, paused: audio.paused }))
      }));
    }
  }
};
"""
SECONDS = 20
LIKED = re.compile("Take back the like")


def opened(page: Page, url: str) -> Page:
    page.add_init_script(NOTE_AUDIO)
    page.goto(f"{url}/#/library/songs")
    expect(play_button(page, "Title 000")).to_be_visible()
    return page


@pytest.fixture
def player(page: Page, url: str) -> Page:
    """The list of songs, with nothing played yet."""
    return opened(page, url)


@pytest.fixture
def tolerant_player(context: BrowserContext, url: str) -> Page:
    """The same for tests in which requests fail: the browser writes each one to the console as an error."""
    return opened(context.new_page(), url)


def play_button(page: Page, title: str) -> Locator:
    return page.get_by_role("main").get_by_role("button", name=f"Play {title}")


def bar(page: Page) -> Locator:
    return page.get_by_role("region", name="Player")


def stored(page: Page, name: str) -> dict:
    return json.loads(page.evaluate("name => localStorage.getItem(`segue.${name}`)", name) or "null")


def until(page: Page, condition: str, arg: object = None) -> None:
    """Wait until a JavaScript function returns true. The page's policy forbids `wait_for_function`."""
    deadline = time.monotonic() + SECONDS
    while not page.evaluate(condition, arg):
        assert time.monotonic() < deadline, condition
        page.wait_for_timeout(50)


def titles(entries: list[dict]) -> list[str]:
    return [entry["track"]["title"] for entry in entries]


def wait_for_radio(page: Page, count: int = 5) -> list[str]:
    until(page, "count => JSON.parse(localStorage.getItem('segue.queue') ?? '{}').radio?.length >= count", count)
    return titles(stored(page, "queue")["radio"])


def start_radio(page: Page, title: str = "Title 000") -> list[str]:
    page.get_by_role("main").get_by_role("button", name=f"More actions for {title}").click()
    page.get_by_role("menuitem", name="Start radio").click()
    return wait_for_radio(page)


def pause(page: Page) -> None:
    bar(page).get_by_role("button", name="Pause").click()
    expect(bar(page).get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_what_plays_is_marked_and_not_among_the_next(player):
    """The current track is marked in the list, named in the player, and stands outside of Next."""
    play_button(player, "Title 000").click()
    pause(player)
    player.get_by_role("button", name="Queue", exact=True).click()

    now = player.get_by_role("region", name="Now playing")
    expect(now.get_by_text("Title 000")).to_be_visible()
    expect(bar(player).get_by_text("Title 000")).to_be_visible()
    expect(player.get_by_role("region", name="Next").get_by_text("Title 000")).to_have_count(0)
    assert player.locator("main [aria-current=true]").inner_text().startswith("Title 000")


def test_tracks_follow_each_other_without_a_click(player):
    """The next track is loaded before the current one ends, and starts by itself, twice."""
    play_button(player, "Title 000").click()

    until(player, "heard.filter((each) => each.name === 'playing').length >= 3")
    ended = player.evaluate("heard.filter((each) => each.name === 'ended')")
    assert len(ended) >= 1
    for event in ended[:2]:
        other = event["others"][1 - event["number"]]
        assert other["ready"] >= 3
    assert len(stored(player, "queue")["past"]) >= 2


def test_a_reload_continues(player):
    """The same queue goes on at the same position of the same track."""
    play_button(player, "Title 000").click()
    until(player, "audios.some((audio) => audio.currentTime > 0.8)")
    pause(player)
    before, place = stored(player, "queue"), stored(player, "place")

    player.reload()

    expect(bar(player).get_by_text(before["now"]["track"]["title"])).to_be_visible()
    assert stored(player, "queue") == before
    bar(player).get_by_role("button", name="Play", exact=True).click()
    until(player, "seconds => heard.length && audios.some((a) => a.currentTime >= seconds)", place["seconds"])
    assert player.evaluate("audios.map((audio) => audio.currentSrc).filter(Boolean)")[0].find(
        before["now"]["track"]["id"]
    )


def test_a_reload_goes_on_playing(player):
    """What played before the reload plays after it, if the browser lets it."""
    play_button(player, "Title 000").click()
    until(player, "heard.length > 0")

    player.reload()

    until(player, "heard.some((each) => each.name === 'playing')")


def test_another_day_continues_paused(player, context: BrowserContext, url):
    """A new tab after the old one was closed shows the same queue, and waits for a click."""
    play_button(player, "Title 000").click()
    until(player, "audios.some((audio) => audio.currentTime > 0.5)")
    pause(player)
    before = stored(player, "queue")
    player.close()

    tab = context.new_page()
    tab.goto(url)

    expect(bar(tab).get_by_text(before["now"]["track"]["title"])).to_be_visible()
    expect(bar(tab).get_by_role("button", name="Play", exact=True)).to_be_enabled()
    assert titles(stored(tab, "queue")["next"]) == titles(before["next"])


def test_two_tabs_do_not_play_at_once(player, context: BrowserContext, url):
    """The tab that starts to play takes over, and the other one pauses and shows the same queue."""
    play_button(player, "Title 000").click()
    until(player, "heard.length > 0")
    other = context.new_page()
    other.goto(f"{url}/#/library/songs")

    other.get_by_role("main").get_by_role("button", name="Play Title 001").click()

    until(player, "audios.every((audio) => audio.paused)")
    expect(bar(player).get_by_role("button", name="Play", exact=True)).to_be_visible()
    expect(bar(player).get_by_text("Title 001")).to_be_visible()


def test_a_radio_fills_the_queue_at_once_and_says_why(player):
    """Five tracks are there as soon as the radio plays, each with its reason."""
    brought = start_radio(player)
    player.get_by_role("button", name="Queue", exact=True).click()

    region = player.get_by_role("region", name="Radio", exact=True)
    rows = region.get_by_role("listitem")
    expect(rows.nth(4)).to_be_visible()
    assert len(brought) == 5
    for text in rows.all_inner_texts()[:5]:
        assert "Calm" in text or "calm" in text
        assert re.search("sounds like|because", text, re.IGNORECASE)
    expect(bar(player).get_by_text("Title 000")).to_be_visible()


def test_skips_change_what_comes_and_nothing_shown_jumps(player):
    """After two skips, what was shown stands in the same order, and new tracks follow it."""
    shown = start_radio(player)

    for _ in range(2):
        bar(player).get_by_role("button", name="Skip to the next track").click()
    pause(player)
    until(
        player,
        "last => { const q = JSON.parse(localStorage['segue.queue']);"
        "  return q.radio.length >= 5 && q.radio.some((e) => e.track.title === last); }",
        arg=shown[-1],
    )

    queue = stored(player, "queue")
    played = [*titles(queue["past"]), queue["now"]["track"]["title"]]
    now = titles(queue["radio"])
    kept = [title for title in shown if title not in played]
    assert now[: len(kept)] == kept
    assert len(now) >= 5
    assert next(entry["outcome"]["event"] for entry in queue["past"] if entry["outcome"]) == "skip"


def test_a_like_leaves_what_is_shown(player):
    """A like adds to the queue; no entry that was shown moves."""
    shown = start_radio(player)
    pause(player)

    bar(player).get_by_role("button", name="Like", exact=True).click()

    assert wait_for_radio(player, 6)[:5] == shown


def test_many_skips_change_the_reason(player):
    """A session turns away from what is skipped, and the reasons follow."""
    start_radio(player)
    pause(player)
    reasons = set()
    for _ in range(14):
        wait_for_radio(player)
        reasons |= {json.dumps(entry["reason"]) for entry in stored(player, "queue")["radio"]}
        bar(player).get_by_role("button", name="Skip to the next track").click()
        until(player, "heard.at(-1)?.name === 'playing' && audios.some((a) => a.currentTime > 0.55)")

    assert len(reasons) > 1


def test_a_list_goes_on_with_a_radio(player, url):
    """At the end of a list, a radio continues from it, unless the listener switches that off."""
    player.goto(f"{url}/#/library/songs?q=Title+023")
    play_button(player, "Title 023").click()

    assert len(wait_for_radio(player)) == 5
    player.get_by_role("button", name="Queue", exact=True).click()
    player.get_by_role("checkbox", name="Continue with a radio when the list ends").uncheck()
    until(player, "JSON.parse(localStorage['segue.queue']).radio.length === 0")


def test_an_expired_session_is_replaced(tolerant_player, url):
    """The page says that the session has expired, and goes on with a new one."""
    start_radio(tolerant_player)
    pause(tolerant_player)
    session = stored(tolerant_player, "radio")["session"]
    httpx.delete(f"{url}/v1/radio/{session}", trust_env=False).raise_for_status()

    bar(tolerant_player).get_by_role("button", name="Like", exact=True).click()

    expect(tolerant_player.get_by_text("The radio had expired.")).to_be_visible()
    tolerant_player.keyboard.press("s")
    until(
        tolerant_player,
        "old => { const r = JSON.parse(localStorage['segue.radio']); return r.session && r.session !== old; }",
        arg=session,
    )


def test_liking_by_keyboard_keeps_the_focus(player):
    """The same button stays focused, and takes the like back."""
    play_button(player, "Title 000").click()
    like = bar(player).get_by_role("button", name="Like", exact=True)
    like.focus()

    player.keyboard.press("Enter")

    expect(bar(player).get_by_role("button", name=LIKED)).to_be_focused()
    player.keyboard.press("Enter")
    expect(like).to_be_focused()


def test_keys_control_the_player(player):
    """Single keys work wherever the focus is not on a control that needs them."""
    play_button(player, "Title 000").click()
    player.get_by_role("main").focus()

    player.keyboard.press("Space")
    expect(bar(player).get_by_role("button", name="Play", exact=True)).to_be_visible()
    player.keyboard.press("l")
    expect(bar(player).get_by_role("button", name=LIKED)).to_be_visible()
    player.keyboard.press("m")
    expect(bar(player).get_by_role("button", name="Unmute")).to_be_visible()
    player.keyboard.press("q")
    expect(player.get_by_role("complementary", name="Queue")).to_be_visible()
    second = titles(stored(player, "queue")["next"])[0]
    player.keyboard.press("s")
    expect(bar(player).get_by_text(second)).to_be_visible()
    player.keyboard.press("?")
    expect(player.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()


def test_arrow_keys_scroll_and_change_the_volume_with_shift(player):
    """Up and down alone are left to the browser, which scrolls with them."""
    play_button(player, "Title 000").click()
    main = player.get_by_role("main")
    main.focus()

    player.keyboard.press("ArrowDown")
    until(player, "document.querySelector('main').scrollTop > 0")
    assert stored(player, "volume") is None
    player.keyboard.press("Shift+ArrowDown")
    assert stored(player, "volume") == 0.95


def test_keys_do_not_shadow_controls(player):
    """The space bar presses a focused button, and letters are typed into fields."""
    play_button(player, "Title 000").click()
    pause(player)
    player.get_by_role("button", name="Queue", exact=True).focus()

    player.keyboard.press("Space")

    expect(player.get_by_role("complementary", name="Queue")).to_be_visible()
    expect(bar(player).get_by_role("button", name="Play", exact=True)).to_be_visible()
    player.evaluate(
        "document.querySelector('main').append(Object.assign(document.createElement('input'), {id: 'typed'}))"
    )
    player.locator("#typed").focus()
    player.keyboard.type("slmq ?")
    assert player.locator("#typed").input_value() == "slmq ?"
    expect(bar(player).get_by_role("button", name="Unmute")).to_have_count(0)


def test_round_buttons_stay_round(player):
    """The focus does not change the shape of a button."""
    play_button(player, "Title 000").click()
    button = bar(player).get_by_role("button", name="Pause")
    before = button.evaluate("(element) => getComputedStyle(element).borderRadius")

    player.keyboard.press("Tab")
    button.focus()

    assert button.evaluate("(element) => getComputedStyle(element).borderRadius") == before
    box = button.bounding_box()
    assert box["width"] == box["height"]


def test_the_queue_is_edited_by_keyboard(player):
    """Arrow keys move an entry, the focus follows it, and a removal can be undone."""
    play_button(player, "Title 000").click()
    pause(player)
    player.get_by_role("button", name="Queue", exact=True).click()
    first, second, *rest = titles(stored(player, "queue")["next"])

    player.get_by_role("button", name=f"Move {first}", exact=True).focus()
    player.keyboard.press("ArrowDown")

    expect(player.get_by_role("button", name=f"Move {first}", exact=True)).to_be_focused()
    assert titles(stored(player, "queue")["next"])[:2] == [second, first]
    player.get_by_role("button", name=f"Remove {second}").press("Enter")
    assert titles(stored(player, "queue")["next"]) == [first, *rest]
    player.get_by_role("button", name="Undo").click()
    assert titles(stored(player, "queue")["next"]) == [second, first, *rest]


def test_the_queue_is_edited_by_dragging(player):
    """A dragged entry takes the place where it is dropped."""
    play_button(player, "Title 000").click()
    pause(player)
    player.get_by_role("button", name="Queue", exact=True).click()
    before = titles(stored(player, "queue")["next"])
    grip = player.get_by_role("button", name=f"Move {before[0]}", exact=True).bounding_box()
    target = player.get_by_role("button", name=f"Move {before[2]}", exact=True).bounding_box()

    player.mouse.move(grip["x"] + 5, grip["y"] + 5)
    player.mouse.down()
    player.mouse.move(target["x"] + 5, target["y"] + target["height"], steps=8)
    player.mouse.up()

    after = titles(stored(player, "queue")["next"])
    assert after[:3] == [before[1], before[2], before[0]]


def test_a_missing_file_is_passed_over(tolerant_player, library_dir):
    """The page names the track, marks it, and plays the next one."""
    play_button(tolerant_player, "Title 000").click()
    pause(tolerant_player)
    following = stored(tolerant_player, "queue")["next"][1]["track"]  # the first is loaded already
    file = next((library_dir / "music").glob(f"{following['title'][-3:]}.wav"))
    hidden = file.rename(file.with_suffix(".hidden"))
    try:
        tolerant_player.keyboard.press("j")
        expect(tolerant_player.get_by_text(f"The file of “{following['title']}” is missing.")).to_be_visible()
        after = stored(tolerant_player, "queue")
        assert after["now"]["track"]["title"] != following["title"]
        assert following["title"] in [title for entry in after["past"] if entry["failed"] for title in titles([entry])]
        until(tolerant_player, "audios.some((audio) => !audio.paused && audio.currentTime > 0)")
    finally:
        hidden.rename(file)


def test_a_radio_follows_when_the_only_file_is_missing(tolerant_player, library_dir):
    """A list of one track whose file is gone does not end in silence, and the row of the track is marked."""
    file = library_dir / "music" / "007.wav"
    hidden = file.rename(file.with_suffix(".hidden"))
    try:
        tolerant_player.get_by_role("main").get_by_role("searchbox").fill("Title 007")
        expect(play_button(tolerant_player, "Title 000")).to_have_count(0)
        play_button(tolerant_player, "Title 007").click()
        expect(tolerant_player.get_by_text("The file of “Title 007” is missing.")).to_be_visible()
        until(tolerant_player, "audios.some((audio) => !audio.paused && audio.currentTime > 0)")
        expect(tolerant_player.get_by_role("main").get_by_role("img", name="Cannot be played")).to_be_visible()
    finally:
        hidden.rename(file)


def test_a_missing_file_that_nothing_follows_is_said(tolerant_player, library_dir, url):
    """Without a radio, the player says that the track failed, and shows no position."""
    file = library_dir / "music" / "022.wav"
    hidden = file.rename(file.with_suffix(".hidden"))
    try:
        tolerant_player.evaluate("localStorage.setItem('segue.continues', 'false')")
        tolerant_player.goto(f"{url}/#/library/songs?q=Title+022")
        tolerant_player.reload()
        play_button(tolerant_player, "Title 022").click()

        expect(bar(tolerant_player).get_by_text("Cannot be played")).to_be_visible()
        expect(bar(tolerant_player).get_by_role("slider", name="Position")).to_be_hidden()
        expect(bar(tolerant_player).get_by_role("button", name="Play", exact=True)).to_be_enabled()
    finally:
        hidden.rename(file)


def test_nothing_plays_after_several_missing_files(tolerant_player, library_dir):
    """The player stops after three failures in a row, and still shows where it is."""
    play_button(tolerant_player, "Title 000").click()
    pause(tolerant_player)
    following = titles(stored(tolerant_player, "queue")["next"])[1:4]  # the first is loaded already
    files = [library_dir / "music" / f"{title[-3:]}.wav" for title in following]
    hidden = [file.rename(file.with_suffix(".hidden")) for file in files]
    try:
        tolerant_player.keyboard.press("s")
        expect(tolerant_player.get_by_text("Several tracks in a row could not be played.")).to_be_visible()
        expect(bar(tolerant_player).get_by_role("button", name="Play", exact=True)).to_be_enabled()
    finally:
        for now, before in zip(hidden, files, strict=True):
            now.rename(before)


def test_a_phone_has_a_mini_player_that_opens(player):
    """The mini player opens a large view with all controls, and closing it leads back."""
    player.set_viewport_size({"width": 390, "height": 844})
    play_button(player, "Title 000").click()

    bar(player).get_by_role("link", name="Now playing").click()

    large = player.get_by_role("region", name="Now playing")
    expect(large.get_by_role("slider", name="Position")).to_be_visible()
    expect(large.get_by_role("button", name="Ban: never recommend this track again")).to_be_visible()
    expect(player.get_by_role("navigation", name="Main")).to_be_hidden()
    large.get_by_role("button", name="Close").click()
    expect(play_button(player, "Title 001")).to_be_visible()


def test_what_is_heard_is_stored_once(player, url):
    """A track that ends is one play, a skip one skip, and a like that is taken back is gone."""
    player.evaluate("localStorage.setItem('segue.listener', '\"ada\"')")
    player.reload()
    play_button(player, "Title 000").click()
    until(player, "JSON.parse(localStorage['segue.queue']).past.length >= 1")
    bar(player).get_by_role("button", name="Skip to the next track").click()
    pause(player)
    until(player, "localStorage['segue.unsent-listens'] === '[]'")

    listens = httpx.get(f"{url}/v1/users/ada/listens", trust_env=False).json()["listens"]

    queue = stored(player, "queue")
    heard = [entry for entry in queue["past"] if entry["outcome"]]
    assert len(heard) >= 2
    assert [listen["track_id"] for listen in reversed(listens)] == [entry["track"]["id"] for entry in heard]
    assert [listen["event"] for listen in reversed(listens)] == [entry["outcome"]["event"] for entry in heard]
    assert listens[-1]["event"] == "play"
