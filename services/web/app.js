/* The page: search the library, play tracks, and show recommendations with their reasons. */

import { findTracks, getStatus, getTrack, recommend } from "./api.js";
import { element, say } from "./elements.js";
import { icon } from "./icons.js";
import { Player } from "./player.js";
import { connectScan } from "./scan.js";
import { Session } from "./session.js";
import { card, row } from "./tracks.js";

const TYPING_MS = 200;
const STATUS_MS = 3000;

const place = (id) => document.getElementById(id);
const titles = new Map();
let upcoming = [];

const session = new Session(showSession);
const player = new Player({
  onVerdict: (event, track, playedMs) => session.add(event, track, playedMs),
  onEnd: playNext,
  onError: (text) => say(place("next-message"), text, "error"),
});

/* The library */

let search = new AbortController();
let cursor = null;

async function showLibrary({ more = false } = {}) {
  search.abort();
  search = new AbortController();
  const words = place("search-words").value.trim();
  const list = place("library");
  list.ariaBusy = "true";
  try {
    const page = await findTracks(words, more ? cursor : null, search.signal);
    cursor = page.next_cursor;
    const rows = page.tracks.map((track) => row(track, { play: listen, seed: (chosen) => session.add("play", chosen) }));
    if (more) list.append(...rows);
    else list.replaceChildren(...rows);
    place("more").hidden = cursor === null;
    say(place("library-message"), list.children.length ? "" : emptyLibrary(words));
    for (const track of page.tracks) titles.set(track.id, track.title);
  } catch (error) {
    if (error.name === "AbortError") return;
    say(place("library-message"), error.message, "error");
  }
  list.ariaBusy = "false";
}

const emptyLibrary = (words) =>
  words
    ? `No track matches “${words}”.`
    : "No track is ready yet. Use “Add music” to scan a folder; analysed tracks appear here.";

let typing;
place("search-words").addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(showLibrary, TYPING_MS);
});
place("search").addEventListener("submit", (event) => {
  event.preventDefault();
  showLibrary();
});
place("more").addEventListener("click", () => showLibrary({ more: true }));

/* The session */

function showSession() {
  const chips = session.heard.map((entry) => {
    const remove = element("button", { type: "button", title: "Remove" }, icon("dislike"));
    remove.setAttribute("aria-label", `Remove ${entry.track.title}`);
    remove.addEventListener("click", () => session.remove(entry));
    const chip = element("li", { className: `chip ${entry.event}` }, icon(entry.event), entry.track.title, remove);
    chip.title = entry.event;
    titles.set(entry.track.id, entry.track.title);
    return chip;
  });
  place("heard").replaceChildren(...chips.reverse());
  place("heard-empty").hidden = chips.length > 0;
  place("forget").hidden = chips.length === 0;
  document.body.classList.toggle("begun", chips.length > 0);
  answered = showNext();
}

place("forget").addEventListener("click", () => session.clear());

/* Recommendations */

let asked = 0;
let answered = Promise.resolve();

async function showNext() {
  const mine = (asked += 1);
  const list = place("recommendations");
  if (session.heard.length === 0) {
    upcoming = [];
    list.replaceChildren();
    say(place("next-message"), "Choose a track to get recommendations.");
    return;
  }
  list.ariaBusy = "true";
  if (!list.children.length) say(place("next-message"), "Loading …");
  try {
    const answer = await recommend(session.asHistory(), readFilters());
    if (mine !== asked) return; // a newer request was sent
    await learnTitles(answer.tracks.flatMap((track) => track.because_of.slice(0, 2)));
    if (mine !== asked) return;
    upcoming = answer.tracks;
    list.replaceChildren(...upcoming.map((track) => card(track, titleOf, verdicts)));
    say(
      place("next-message"),
      upcoming.length ? inWords(answer.tastes) : "No track meets the filters. Widen the filters, or like a track.",
    );
  } catch (error) {
    if (mine === asked) say(place("next-message"), error.message, "error");
  }
  if (mine === asked) list.ariaBusy = "false";
}

const verdicts = {
  play: listen,
  like: (track) => session.add("like", track),
  skip: (track) => session.add("skip", track, 0),
};
const inWords = (tastes) => {
  const labels = tastes.filter(({ plays }) => plays.length).map(({ label }) => label);
  return labels.length ? `Based on your taste: ${labels.join(" · ")}` : "Trying something different";
};
const titleOf = (id) => titles.get(id) ?? "a track you played";

async function learnTitles(ids) {
  const unknown = [...new Set(ids)].filter((id) => !titles.has(id));
  await Promise.allSettled(unknown.map(async (id) => titles.set(id, (await getTrack(id)).title)));
}

function readFilters() {
  const given = new FormData(place("filters"));
  const filters = {};
  for (const name of ["tempo", "energy"]) {
    const ends = {};
    for (const end of ["min", "max"]) {
      const value = given.get(`${name}-${end}`);
      if (value !== "") ends[end] = Number(value);
    }
    if (Object.keys(ends).length) filters[name] = ends;
  }
  const genre = given.get("genre").trim();
  if (genre) filters.genre = [genre];
  return filters;
}

place("filters").addEventListener("change", showNext);
place("filters").addEventListener("submit", (event) => event.preventDefault());
place("filters").addEventListener("reset", () => setTimeout(showNext));

/* Playback */

function listen(track) {
  titles.set(track.id, track.title);
  player.play(track);
}

async function playNext() {
  await answered; // the recommendations take the skip into account
  const next = upcoming.find((track) => track.id !== player.track?.id);
  if (next) listen(next);
  else player.stop();
}

/* Library status */

let known = "";

async function showStatus() {
  try {
    const { tracks } = await getStatus();
    const waiting = tracks.pending ? `, ${tracks.pending} being analysed` : "";
    place("library-state").textContent = `${tracks.ready} tracks ready${waiting}`;
    const now = JSON.stringify(tracks);
    if (known && now !== known && !place("library").contains(document.activeElement)) showLibrary();
    known = now;
  } catch (error) {
    place("library-state").textContent = error.message;
  }
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName)) return;
  event.preventDefault();
  place("search-words").focus();
});

connectScan(showStatus);
showLibrary();
showSession();
showStatus();
setInterval(() => document.hidden || showStatus(), STATUS_MS);
