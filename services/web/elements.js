/* Builds elements. Text is never parsed as HTML. */

export function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Show a sentence as a hint or as an error; show nothing if it is empty. */
export function say(place, text, kind = "hint") {
  place.replaceChildren(...(text ? [element("p", { className: kind, textContent: text })] : []));
}

/** Colour by mood: blue (sad) to orange (happy), with more saturation for more energy. */
export function tint(place, track) {
  const valence = track.attributes?.valence ?? 0.5;
  const energy = track.attributes?.energy ?? 0.3;
  const hue = 215 + valence * 170;
  place.style.setProperty("--hue", String(hue % 360));
  place.style.setProperty("--strength", `${Math.round(30 + energy * 60)}%`);
}
