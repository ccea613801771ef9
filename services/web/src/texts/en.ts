/** The page's texts in English. Keys are grouped by view. */

const count = (number: number, one: string, many: string) =>
  `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

export const en = {
  nav: {
    main: "Main",
    home: "Home",
    search: "Search",
    library: "Library",
    map: "Map",
    playlists: "Playlists",
    taste: "Taste",
    service: "Service",
    skip: "Skip to the content",
    player: "Player",
    settings: "Settings",
  },
  actions: {
    play: "Play",
    playTitle: (title: string) => `Play ${title}`,
    pause: "Pause",
    retry: "Try again",
    close: "Close",
    cancel: "Cancel",
    undo: "Undo",
    remove: "Remove",
    save: "Save",
    more: "More actions",
    moreFor: (title: string) => `More actions for ${title}`,
  },
  trackMenu: {
    playNext: "Play next",
    addToQueue: "Add to queue",
    startRadio: "Start radio",
    showOnMap: "Show on the map",
  },
  counts: {
    tracks: (number: number) => count(number, "track", "tracks"),
    albums: (number: number) => count(number, "album", "albums"),
    artists: (number: number) => count(number, "artist", "artists"),
    plays: (number: number) => count(number, "play", "plays"),
  },
  match: ["Loosely related", "Somewhat similar", "Similar", "Very similar", "Almost identical in feel"],
  settings: {
    title: "Settings",
    theme: "Theme",
    themes: { system: "As the system", dark: "Dark", light: "Light" },
    language: "Language",
  },
  key: {
    title: "Enter API key",
    label: "API key",
    hint: "Create one with “segue keys create NAME”.",
    refused: "This key is wrong or was revoked.",
    submit: "Continue",
  },
  errors: {
    away: "Segue does not respond. Check whether it is still running.",
    status: (status: number) => `Segue returned an error (${status}).`,
    loading: "This could not be loaded",
    view: "There is no such page",
    viewHint: "The address may be old or incomplete.",
    toHome: "Go to Home",
  },
  loading: "Loading…",
  unknownArtist: "Unknown artist",
  unknownAlbum: "Unknown album",
};
