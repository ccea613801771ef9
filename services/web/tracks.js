/* Renders tracks: rows of the library, cards of recommendations. */

import { element, tint } from "./elements.js";
import { icon } from "./icons.js";

const BARS = [
  ["energy", "Energy"],
  ["valence", "Mood"],
  ["danceability", "Dance"],
  ["acousticness", "Acoustic"],
];

const folder = (track) => track.path?.split("/").slice(0, -1).join("/");

/* Untagged tracks show their folder. */
export const credit = (track) =>
  [track.artist, track.album].filter(Boolean).join(" · ") || folder(track) || "Unknown artist";

function swatch(track) {
  const made = element("div", { className: "swatch", ariaHidden: "true" });
  tint(made, track);
  return made;
}

const words = (track) =>
  element(
    "div",
    { className: "words" },
    element("strong", { textContent: track.title, title: track.title }),
    element("span", { textContent: credit(track), title: credit(track) }),
  );

function button(label, sign, track, act, className = "round") {
  const made = element("button", { type: "button", className, title: label }, icon(sign));
  made.setAttribute("aria-label", `${label}: ${track.title}`);
  made.addEventListener("click", () => act(track));
  return made;
}

/** A track of the library; `actions` has `seed` and `play`. */
export function row(track, actions) {
  return element(
    "li",
    { className: "row" },
    swatch(track),
    words(track),
    button("Listen", "play", track, actions.play),
    button("Play similar", "plus", track, actions.seed, "round loud"),
  );
}

function bar(track, [name, label]) {
  const value = track.attributes?.[name];
  const known = typeof value === "number";
  const fill = element("span", { className: "fill" });
  fill.style.width = known ? `${Math.round(value * 100)}%` : "0";
  const made = element(
    "div",
    { className: "bar", title: known ? `${label} ${value.toFixed(2)}` : `${label} unknown` },
    element("span", { className: "bar-name", textContent: label }),
    element("span", { className: "trough" }, fill),
  );
  made.setAttribute("role", "img");
  made.setAttribute("aria-label", known ? `${label} ${Math.round(value * 100)} of 100` : `${label} unknown`);
  return made;
}

/* Cosine similarities: unrelated tracks are near 0. */
function match(score) {
  if (score >= 0.3) return "Close match";
  return score >= 0.1 ? "Related" : "Something different";
}

function facts(track) {
  const tempo = track.descriptors?.tempo;
  return [
    match(track.score),
    typeof tempo === "number" ? `${Math.round(tempo)} BPM` : null,
    track.genre,
    track.year,
  ]
    .filter(Boolean)
    .join(" · ");
}

/** A recommended track. `titleOf` returns the title for a track id; `actions` has `play`, `like` and `skip`. */
export function card(track, titleOf, actions) {
  const because = element("span", { className: "because" });
  if (track.because_of.length) because.textContent = `because of ${track.because_of.slice(0, 2).map(titleOf).join(" and ")}`;
  const made = element(
    "li",
    { className: "card" },
    element("div", { className: "card-head" }, swatch(track), words(track)),
    element("p", { className: "facts" }, facts(track), because),
    element("div", { className: "bars" }, ...BARS.map((which) => bar(track, which))),
    element(
      "div",
      { className: "verdicts" },
      button("Listen", "play", track, actions.play, "round loud"),
      button("Like", "like", track, actions.like),
      button("Skip", "skip", track, actions.skip),
    ),
  );
  made.dataset.track = track.id;
  return made;
}
