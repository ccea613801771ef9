"""Evaluate the recommender with simulated listeners, a real catalogue and a real index."""
