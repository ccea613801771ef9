/** Die Texte der Seite auf Deutsch. */

import type { Texts } from ".";

const count = (number: number, one: string, many: string) =>
  `${number.toLocaleString("de")} ${number === 1 ? one : many}`;

export const de: Texts = {
  nav: {
    main: "Hauptmenü",
    home: "Start",
    search: "Suche",
    library: "Bibliothek",
    map: "Karte",
    playlists: "Playlists",
    taste: "Geschmack",
    service: "Dienst",
    skip: "Zum Inhalt springen",
    player: "Player",
    settings: "Einstellungen",
  },
  actions: {
    play: "Abspielen",
    playTitle: (title) => `${title} abspielen`,
    pause: "Pause",
    retry: "Erneut versuchen",
    close: "Schließen",
    cancel: "Abbrechen",
    undo: "Rückgängig",
    remove: "Entfernen",
    save: "Speichern",
    more: "Weitere Aktionen",
    moreFor: (title) => `Weitere Aktionen für ${title}`,
  },
  trackMenu: {
    playNext: "Als Nächstes abspielen",
    addToQueue: "An die Warteschlange anhängen",
    startRadio: "Radio starten",
    showOnMap: "Auf der Karte zeigen",
  },
  counts: {
    tracks: (number) => count(number, "Titel", "Titel"),
    albums: (number) => count(number, "Album", "Alben"),
    artists: (number) => count(number, "Künstler", "Künstler"),
    plays: (number) => count(number, "Wiedergabe", "Wiedergaben"),
  },
  match: ["Entfernt verwandt", "Etwas ähnlich", "Ähnlich", "Sehr ähnlich", "Klingt fast gleich"],
  settings: {
    title: "Einstellungen",
    theme: "Darstellung",
    themes: { system: "Wie das System", dark: "Dunkel", light: "Hell" },
    language: "Sprache",
  },
  key: {
    title: "API-Schlüssel eingeben",
    label: "API-Schlüssel",
    hint: "Mit „segue keys create NAME“ wird einer erzeugt.",
    refused: "Dieser Schlüssel ist falsch oder wurde widerrufen.",
    submit: "Weiter",
  },
  errors: {
    away: "Segue antwortet nicht. Prüfe, ob es noch läuft.",
    status: (status) => `Segue meldet einen Fehler (${status}).`,
    loading: "Das konnte nicht geladen werden",
    view: "Diese Seite gibt es nicht",
    viewHint: "Die Adresse ist vielleicht alt oder unvollständig.",
    toHome: "Zur Startseite",
  },
  loading: "Wird geladen …",
  unknownArtist: "Unbekannter Künstler",
  unknownAlbum: "Unbekanntes Album",
};
