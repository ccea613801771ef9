"""Fit a map in a process of its own: `python -m models.layout METHOD`, arrays on standard input and output.

The process ends after one fit, because UMAP takes memory that Python does not return, and it runs with the lowest
priority. Workers start it; `models.layout.messages` has the messages.
"""

import os
import sys

from models.layout.fit import fit
from models.layout.messages import Fitted, Order
from models.layout.regions import regions

NICENESS = 10
"""Above that of analyses, which come first. At 19 a fit would not end on a machine that is always busy."""


def main() -> None:
    """Read an order, fit the map, and write it."""
    os.nice(NICENESS)
    order = Order.decode(sys.stdin.buffer.read())
    points = fit(order.vectors, order.previous, sys.argv[1])
    named = regions(points, order.heard, order.tags)
    sys.stdout.buffer.write(Fitted(points, tuple(named)).encode())


if __name__ == "__main__":
    main()
