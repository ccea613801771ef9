"""Players beside tracks, and a map to pan, zoom, colour and listen to."""

from base64 import b64encode
from html import escape

import ipywidgets
import jscatter
import pandas as pd
from IPython.display import HTML, Audio, display

from segue_client import Segue
from segue_client.lab.figures import PALETTE, SEQUENTIAL, UNITS
from segue_client.lab.library import Library
from segue_client.lab.sound import CLIP_SECONDS, clip

NO_CLIP = "no player: the file cannot be read here"
COLOURS = ("group", "energy", "valence", "danceability", "acousticness", "instrumentalness", "tempo", "loudness")
SHOWN_DIGITS = 3
MAP_HEIGHT = 520
CAMERA_DISTANCE = 1.3
"""Shows all points with a margin."""


def players(client: Segue, rows: pd.DataFrame, *, seconds: float = CLIP_SECONDS) -> HTML:
    """Return a table of tracks, by their ids, with a player of a short clip in each row."""
    head = "".join(f"<th scope='col'>{escape(str(name).replace('_', ' '))}</th>" for name in rows.columns)
    body = "".join(
        f"<tr>{''.join(_cell(value) for value in row)}<td>{_player(client, str(track_id), seconds)}</td></tr>"
        for track_id, row in zip(rows.index, rows.to_numpy(), strict=True)
    )
    return HTML(f"<table><thead><tr>{head}<th scope='col'>listen</th></tr></thead><tbody>{body}</tbody></table>")


def explore(client: Segue, library: Library) -> ipywidgets.VBox:
    """Return the map of the library: pan and zoom, hover for names, colour by a menu, and click a track to hear it."""
    tracks = library.tracks.dropna(subset=["x", "y"])
    frame = tracks[["x", "y", "title", "artist", "top_tag", *COLOURS]].round(SHOWN_DIGITS).reset_index(drop=True)
    frame["group"] = pd.Categorical(frame["group"], frame["group"].unique())  # in the order of the figures
    scatter = jscatter.Scatter(data=frame, x="x", y="y", height=MAP_HEIGHT, size=8, legend=True, axes=False)
    scatter.camera(distance=CAMERA_DISTANCE)
    _colour(scatter, frame, "group")
    scatter.tooltip(enable=True, properties=["title", "artist", "top_tag", "energy", "valence"], histograms=False)
    menu = ipywidgets.Dropdown(options=COLOURS, value="group", description="Colour by")
    player = ipywidgets.Output()

    def play(change: dict[str, object]) -> None:
        chosen = scatter.selection()
        if change["new"] is not None and len(chosen):
            track = tracks.iloc[int(chosen[-1])]
            sound = clip(client, str(track.name))
            with player:
                player.clear_output(wait=True)
                print(f"{track['title']}, {track['artist']}" + ("" if sound else f": {NO_CLIP}"))  # noqa: T201
                if sound:
                    display(Audio(data=sound, autoplay=True))

    menu.observe(lambda change: _colour(scatter, frame, change["new"]), names="value")
    scatter.widget.observe(play, names="selection")
    return ipywidgets.VBox([menu, scatter.show(), player])


def _colour(scatter: jscatter.Scatter, frame: pd.DataFrame, name: str) -> None:
    """Colour the points as the figures do."""
    if name == "group":
        scatter.color(by=name, map=list(PALETTE[: frame["group"].nunique()]))
    else:
        limits = (frame[name].min(), frame[name].max()) if name in UNITS else (0, 1)
        scatter.color(by=name, map=SEQUENTIAL, norm=limits)


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"<td style='text-align:right'>{value:.2f}</td>"
    return f"<td>{escape(str(value))}</td>"


def _player(client: Segue, track_id: str, seconds: float) -> str:
    sound = clip(client, track_id, seconds)
    if sound is None:
        return NO_CLIP
    return f"<audio controls preload='none' src='data:audio/mpeg;base64,{b64encode(sound).decode()}'></audio>"
