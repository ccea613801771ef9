"""Functions of Segue's notebooks: a library as tables, measures of its space, players and figures.

They need the extra `lab`. Notebooks contain questions and answers; what takes more than 20 lines is here, with tests.
"""

from segue_client.lab import experiments, playlists
from segue_client.lab.altered import ALTERATIONS, robustness
from segue_client.lab.figures import (
    PALETTE,
    amount,
    direction_figure,
    distribution_figure,
    map_figure,
    mood_figure,
    show,
    style,
)
from segue_client.lab.library import Library, connect, load
from segue_client.lab.listening import (
    drift,
    interval_bars,
    interval_line,
    listeners,
    listening,
    mean_by_listener,
    not_found,
    simulated,
    taste_figure,
    vibes,
)
from segue_client.lab.sound import clipping
from segue_client.lab.spaces import (
    Directions,
    albums_by_homogeneity,
    compared,
    descriptor_space,
    directions,
    disagreeing_neighbours,
    duplicates,
    hubness,
    nearest,
    odd_ones_out,
    read_embeddings,
)
from segue_client.lab.widgets import explore, players

__all__ = [
    "ALTERATIONS",
    "PALETTE",
    "Directions",
    "Library",
    "albums_by_homogeneity",
    "amount",
    "clipping",
    "compared",
    "connect",
    "descriptor_space",
    "direction_figure",
    "directions",
    "disagreeing_neighbours",
    "distribution_figure",
    "drift",
    "duplicates",
    "experiments",
    "explore",
    "hubness",
    "interval_bars",
    "interval_line",
    "listeners",
    "listening",
    "load",
    "map_figure",
    "mean_by_listener",
    "mood_figure",
    "nearest",
    "not_found",
    "odd_ones_out",
    "players",
    "playlists",
    "read_embeddings",
    "robustness",
    "show",
    "simulated",
    "style",
    "taste_figure",
    "vibes",
]
