"""Judges the recommender: simulated listeners, the real catalogue, the real index."""
