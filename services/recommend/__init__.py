"""From a listening history to what to play next."""

from services.recommend.recommender import Recommender

__all__ = ["Recommender"]
