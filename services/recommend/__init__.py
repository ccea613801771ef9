"""Recommendations: from a listening history to the tracks to play next."""

from services.recommend.recommender import Recommender

__all__ = ["Recommender"]
