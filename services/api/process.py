"""A process that does nothing but serve the API."""

import gc

from threadpoolctl import threadpool_limits


def settle() -> None:
    """Have the process answer evenly; called once everything is loaded.

    Requests run side by side already: a matrix product that is split among threads takes time from other requests and
    gains little. And what exists by now stays to the end, so the garbage collector need not look through it again and
    again while someone waits.
    """
    threadpool_limits(limits=1, user_api="blas")
    gc.collect()
    gc.freeze()
